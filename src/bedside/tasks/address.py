"""Where tasks are to run, as a person writes it."""

import re
from typing import Final

from bedside.errors import RunError
from bedside.tasks.cluster import Cluster
from bedside.tasks.local import Local
from bedside.tasks.runner import Runner

_REMOTE: Final = re.compile(r"ray://(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


def runner_at(address: str) -> Runner:
    """The runner of an address; nothing is connected yet.

    Args:
        address: `local` for processes of this machine; `ray` for the Ray cluster that this machine is part of, or for
            Ray on this machine alone where it is part of none; `ray://HOST:PORT` for the cluster whose client server
            listens there.

    Raises:
        RunError: It is none of these.

    Example:
        >>> runner_at("local")
        Local()
        >>> runner_at("ray://head.example:10001")
        Cluster(host='head.example', port=10001)
    """
    if address == "local":
        return Local()
    if address == "ray":
        return Cluster()
    found = _REMOTE.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65536:
        msg = (
            f"--on {address} names nowhere that tasks can run; give local, ray, or ray://HOST:PORT (the port is 10001 "
            "as a rule)"
        )
        raise RunError(msg)
    return Cluster(found["host"], int(found["port"]))

"""A real Ray cluster of one machine: what runs there gives the same bytes as what runs here."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray
from tests.command import Bedside
from tests.study import tiny
from tests.tasks.test_runners import failing

from bedside.errors import FileProblem, RunError
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.readers.meds import Meds
from bedside.modalities.records.simulate.warehouse import simulate
from bedside.study.run import run
from bedside.tasks.cluster import Cluster

# Ray gives its own processes 15 seconds to start, which a machine busy with other tests does not always keep.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
COHORT = """
format = 1
name = "death_after_discharge"
eligibility = "Adults who leave hospital alive, at each discharge"
[index]
event = "discharge"
[predicates.discharge]
code = ["ENCOUNTER_END//HOME", "ENCOUNTER_END//SKILLED_NURSING", "ENCOUNTER_END//HOSPICE"]
[predicates.death]
code = "MEDS_DEATH"
[observation]
start = "index - 365d"
[outcome]
kind = "binary"
words = "Death from any cause, as simulated"
event = "death"
horizon = "365d"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def started(port: int, folder: Path) -> subprocess.Popen[bytes]:
    """A head with two processors and its client server, in a session of its own."""
    command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--disable-usage-stats"]
    command += ["--port=0", f"--ray-client-server-port={port}", "--num-cpus=2", f"--temp-dir={folder}"]
    command += ["--include-dashboard=false", f"--object-store-memory={80 * 2**20}"]
    own = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "head.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=own, start_new_session=True, cwd="/")


def host(head: subprocess.Popen[bytes], log: Path) -> str | None:
    """Where the head listens once it is up; on a busy machine Ray gives up starting after some seconds."""
    while head.poll() is None:
        told = log.read_text("utf-8")
        if "Ray runtime started" in told:
            return told.partition("Local node IP: ")[2].split()[0]
        time.sleep(0.1)
    return None


def reached(cluster: Cluster) -> bool:
    """Whether it takes tasks; what answers a client has seconds to start, too."""
    for _ in range(3):
        try:
            return list(cluster.run([int])) == [0]
        except RunError:
            ray.shutdown()
    return False


def stopped(head: subprocess.Popen[bytes]) -> None:
    head.send_signal(signal.SIGTERM)
    try:
        head.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Names of sockets are short: the folder of a test is too deep for them.
    for _ in range(3):
        folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        port = free_port()
        head = started(port, folder)
        try:
            found = host(head, folder / "head.log")
            if found is not None and reached(Cluster(found, port)):
                yield Cluster(found, port)
                return
        finally:
            ray.shutdown()
            stopped(head)
            shutil.rmtree(folder, ignore_errors=True)
    pytest.fail("no Ray could be started")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_tasks_run_in_other_processes_in_order(cluster: Cluster) -> None:
    assert list(cluster.run([partial(pow, 2, k) for k in range(5)], jobs=2)) == [1, 2, 4, 8, 16]
    assert sorted(cluster.run([partial(pow, 2, k) for k in range(3)], in_order=False)) == [1, 2, 4]
    assert os.getpid() not in set(cluster.run([os.getpid] * 3))


def test_what_a_task_raises_there_comes_unchanged(cluster: Cluster) -> None:
    with pytest.raises(FileProblem) as caught:
        list(cluster.run([failing]))
    assert str(caught.value) == "labs.csv is truncated; copy it again"
    with pytest.raises(RunError, match=r"does not see /away; a cluster needs a file system that all its machines"):
        list(cluster.run([int], folders=(Path("/away"),)))
    with pytest.raises(RunError, match=r"was lost .*; if memory ran out, ask for fewer at once \(--jobs\)"):
        list(cluster.run([partial(os._exit, 9)]))


def test_records_are_converted_and_drawn_as_here(cluster: Cluster, bedside: Bedside, tmp_path: Path) -> None:
    simulate(tmp_path / "source", 60, seed=1, jobs=1)
    for name, runner in (("here", None), ("there", cluster)):
        convert(Meds(tmp_path / "source"), tmp_path / name, shard_events=15_000, jobs=1, runner=runner)
    assert len(list((tmp_path / "here" / "data").iterdir())) > 1
    assert content(tmp_path / "here") == content(tmp_path / "there")
    (tmp_path / "cohort.toml").write_text(COHORT)
    for name, where in (("mine", "local"), ("theirs", str(cluster))):
        answer = bedside("records", "cohort", "cohort.toml", "here", "--out", name, "--jobs", 1, "--on", where)
        assert answer.code == 0, answer.err
    assert content(tmp_path / "mine") == content(tmp_path / "theirs")


def test_a_study_gives_the_same_evidence(cluster: Cluster, tmp_path: Path) -> None:
    for name, runner in (("here", None), ("there", cluster)):
        run(tiny.small(), out=tmp_path / name, root=tmp_path, jobs=1, runner=runner)
    assert content(tmp_path / "here" / "fits") == content(tmp_path / "there" / "fits")
    assert (tmp_path / "here" / "predictions.parquet").read_bytes() == (
        tmp_path / "there" / "predictions.parquet"
    ).read_bytes()

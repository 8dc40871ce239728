"""Classes by name, so that a folder can say what reads it; from packages that are trusted, and from no other."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from bedside.errors import ModelError


def address(of: type) -> str:
    """Where a class stands ("bedside.endpoints.binary.decoding:MeanProbability")."""
    return f"{of.__module__}:{of.__qualname__}"


def named(where: str, members: Sequence[str], packages: Sequence[str]) -> Any:  # noqa: ANN401 - the class itself
    """The class at an address.

    Args:
        where: As `address` gives it.
        members: Names that the class must have ("from_state").
        packages: That may be imported ("bedside").

    Raises:
        ModelError: It is of no such package, is not there, or is something else.
    """
    module, _, name = where.partition(":")
    if module.partition(".")[0] not in packages or not name.isidentifier():
        msg = f"a saved model asks for {where!r}, which is in none of the packages {list(packages)}; do not use it"
        raise ModelError(msg)
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        msg = f"a saved model asks for {where!r}, which is not installed; install the version that saved it"
        raise ModelError(msg) from error
    if not isinstance(found, type) or not all(hasattr(found, member) for member in members):
        msg = f"a saved model asks for {where!r}, which is no class with {', '.join(members)}; do not use it"
        raise ModelError(msg)
    return found

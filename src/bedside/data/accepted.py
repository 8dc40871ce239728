"""Files that are not the published ones, used because a person said so; what was used is written into the evidence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accepted:
    """One file that was used though it is not the published one.

    Attributes:
        path: Below the data folder.
        sha256: Of its content.
        reason: How it differs, as half a sentence.
    """

    path: str
    sha256: str
    reason: str


@dataclass(frozen=True)
class _Acceptance:
    """What may be used, and what was."""

    allowed: frozenset[str]
    used: dict[Accepted, None] = field(default_factory=dict)


_CURRENT: ContextVar[_Acceptance | None] = ContextVar("accepted checksums", default=None)


@contextmanager
def accepting(checksums: Sequence[str]) -> Iterator[dict[Accepted, None]]:
    """Inside, files of these SHA-256 hashes may stand for published ones; yields what was used, in order."""
    acceptance = _Acceptance(frozenset(each.strip().lower() for each in checksums))
    token = _CURRENT.set(acceptance)
    try:
        yield acceptance.used
    finally:
        _CURRENT.reset(token)


def taken(file: Accepted) -> bool:
    """Whether the file may be used; it is then noted."""
    acceptance = _CURRENT.get()
    if acceptance is None or file.sha256 not in acceptance.allowed:
        return False
    acceptance.used[file] = None
    return True

"""Conversions of public data that are kept, so that a study that is run again does not convert again."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

import bedside
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.reader import Reader

_CODE = Path(bedside.__file__).parent / "modalities" / "records"


def kept(name: str, contents: Sequence[str], reader: Callable[[], Reader], cache: Path) -> EventFolder:
    """A source as a folder of events, converted once for its content and for the code that converts it.

    Args:
        name: Of the source, for people who look into the cache.
        contents: What tells its content from any other: hashes of its files.
        reader: Opens it; called only where nothing is kept.
        cache: The folder in which conversions are kept; it may be emptied at any time.

    Raises:
        RecordsProblem: The source cannot be read.
        OutputProblem: The cache cannot be written or its disk is full.
    """
    key = hashlib.sha256("\n".join([*contents, _code()]).encode()).hexdigest()[:24]
    out = cache / f"{name}-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{name}-{key}.lock"):
        return EventFolder(out) if out.is_dir() else convert(reader(), out).folder


def _code() -> str:
    """Hash of the readers and of what makes tables of events."""
    digest = hashlib.sha256()
    for folder in ("events", "readers"):
        for path in sorted((_CODE / folder).rglob("*")):
            if path.suffix in {".py", ".toml"}:
                digest.update(path.relative_to(_CODE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()

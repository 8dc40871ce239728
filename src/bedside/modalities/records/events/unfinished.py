"""A folder of events in the making: hidden beside the one asked for, which appears whole or not at all."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bedside.errors import OutputProblem
from bedside.modalities.records.events.folder import DATA, DATASET, EventFolder
from bedside.modalities.records.events.writing import writing

_LOCK: Final = ".lock"
_PART: Final = ".part"
_BEGINNING: Final = 60.0
"""Seconds in which a folder without a lock may be one that another process has only just made."""


@contextmanager
def unfinished(out: Path, *, replace: bool = False) -> Iterator[Path]:
    """A folder with empty `data` and `metadata`; at the end it is opened as a table of events and put where asked for.

    What processes that were killed had left of the same folder is removed.

    Args:
        out: The folder to be made; it must not exist, or be empty.
        replace: Whether a folder of events that lies there is replaced.

    Raises:
        OutputProblem: The folder exists, cannot be written, or its disk is full. Nothing is kept.
        RecordsProblem: What was written is no table of events.
    """
    _refuse_existing(out, replace=replace)
    _remove_abandoned(out)
    folder = out.absolute().with_name(f".{out.name}.{os.getpid()}{_PART}")
    with writing(out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
        (folder / DATA).mkdir()
        (folder / "metadata").mkdir()
    try:
        yield folder
        EventFolder(folder)
        with writing(out):
            (folder / _LOCK).unlink()
        _put(folder, out)
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(out: Path) -> None:
    """Remove unfinished folders of the same name whose process lives no more: nobody holds their lock."""
    parent, begin = out.absolute().parent, f".{out.name}."
    if not parent.is_dir():
        return
    for folder in parent.iterdir():
        number = folder.name.removeprefix(begin).removesuffix(_PART)
        if folder.name != f"{begin}{number}{_PART}" or not number.isdecimal() or not folder.is_dir():
            continue
        if not (folder / _LOCK).exists() and time.time() - folder.stat().st_mtime < _BEGINNING:
            continue
        try:
            with FileLock(folder / _LOCK, timeout=0):
                pass
        except (Timeout, OSError):
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_existing(out: Path, *, replace: bool) -> None:
    if out.is_file():
        msg = f"{out} is a file; name a folder that does not exist yet"
        raise OutputProblem(msg)
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not replace:
        msg = f"{out} exists and is not empty; name another folder, or ask to replace it (--replace)"
        raise OutputProblem(msg)
    if not ((out / DATASET).is_file() and (out / DATA).is_dir()):
        msg = f"{out} is no folder of events and is not replaced; name another folder, or empty it yourself"
        raise OutputProblem(msg)


def _put(folder: Path, out: Path) -> None:
    """Put the finished folder where it was asked for."""
    aside = folder.with_suffix(".old")
    with writing(out):
        if out.is_dir() and any(out.iterdir()):
            out.rename(aside)
        folder.replace(out)
    shutil.rmtree(aside, ignore_errors=True)

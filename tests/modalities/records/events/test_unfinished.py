"""Folders in the making: whole or not at all, and nothing of the dead is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.unfinished import unfinished

KILLED = """
import os, signal, sys
from pathlib import Path
from bedside.modalities.records.events.unfinished import unfinished
with unfinished(Path(sys.argv[1])) as folder:
    (folder / "data" / "0000.parquet").write_bytes(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def hidden(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def attempt(out: Path) -> None:
    """An attempt that ends without a table: the folder that is handed out is empty."""
    with pytest.raises(RecordsProblem), unfinished(out):
        pass


def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "events")], check=False)
    assert done.returncode == -9
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".part")
    attempt(tmp_path / "other")
    assert hidden(tmp_path) == {left.name}, "it is of another folder"
    attempt(tmp_path / "events")
    assert hidden(tmp_path) == set()


def test_what_a_living_process_makes_is_left_alone(tmp_path: Path) -> None:
    living, begun, named = (tmp_path / name for name in (".events.1.part", ".events.2.part", ".events.mine.part"))
    for folder in (living, begun, named):
        folder.mkdir()
    with FileLock(living / ".lock"):
        attempt(tmp_path / "events")
        assert hidden(tmp_path) == {living.name, begun.name, named.name}
    os.utime(begun, (0, 0))
    attempt(tmp_path / "events")
    assert hidden(tmp_path) == {named.name}, "only folders of bedside's own naming are removed"


def test_a_finished_folder_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bedside.modalities.records.events.unfinished.EventFolder", lambda _: None)
    with unfinished(tmp_path / "events") as folder:
        (folder / "data" / "0000.parquet").write_bytes(b"all of it")
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")} == {
        "events",
        "events/data",
        "events/data/0000.parquet",
        "events/metadata",
    }

"""The folder of a run: where everything lies, written whole or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from bedside.errors import OutputProblem, RunLocked


def explain(error: OSError, folder: Path) -> OutputProblem:
    """Turn an operating-system error of writing into one that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputProblem(
            f"the disk that holds {folder} is full; free some space and run the same command again, it will resume"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputProblem(f"{folder} cannot be written ({error.strerror}); choose another folder with --out")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return OutputProblem(f"{folder} is not a folder; choose another one with --out")
    return OutputProblem(f"{folder} could not be written: {error.strerror or error}")


class RunFolder:
    """Paths of a run and atomic writes into it.

    Attributes:
        path: The folder that the person named.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def evidence(self) -> Path:
        """The frozen result."""
        return self.path / "evidence.json"

    @property
    def state(self) -> Path:
        """What this folder is a run of."""
        return self.path / "run.json"

    @property
    def plan(self) -> Path:
        """The frozen analysis plan, when there is one."""
        return self.path / "plan.json"

    @property
    def predictions(self) -> Path:
        """Every judged prediction."""
        return self.path / "predictions.parquet"

    @property
    def arrays(self) -> Path:
        """Outcomes and judged predictions that are arrays; absent where none is."""
        return self.path / "arrays.parquet"

    @property
    def contributions(self) -> Path:
        """One table a measure."""
        return self.path / "contributions"

    @property
    def artefacts(self) -> Path:
        """Card text and panels."""
        return self.path / "artefacts"

    @property
    def learned(self) -> Path:
        """Hashes of the cases that the models of the primary validation have learned from."""
        return self.path / "learned.npz"

    def fit(self, validation: str, split: str, learner: str) -> Path:
        """Where one fitted learner and its predictions lie."""
        return self.path / "fits" / _slug(validation) / _slug(split) / _slug(learner)

    @property
    def unfinished(self) -> Path:
        """Where fits under way keep their checkpoints and say how far they are; gone once all are done."""
        return self.path / "unfinished"

    def workplace(self, validation: str, split: str, learner: str) -> Path:
        """The part of `unfinished` that belongs to one fit."""
        return self.unfinished / _slug(validation) / _slug(split) / _slug(learner)

    def prepare(self) -> None:
        """Make the folder and prove that it can be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".probe"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise explain(error, self.path) from error

    def lock(self) -> FileLock:
        """Take the folder for this process; raises RunLocked when another one works in it."""
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            msg = f"another bedside run is working in {self.path}; wait for it, or choose another folder with --out"
            raise RunLocked(msg) from error
        except OSError as error:
            raise explain(error, self.path) from error
        return lock

    def write(self, path: Path, data: bytes | str) -> None:
        """Write a file whole or not at all."""
        content = data.encode() if isinstance(data, str) else data
        self.write_with(path, lambda temporary: temporary.write_bytes(content))

    def write_with(self, path: Path, write: Callable[[Path], object]) -> None:
        """Let `write` fill a temporary file, then put it in place in one step."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(temporary)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise explain(error, self.path) from error

    def fill(self, folder: Path, write: Callable[[Path], object]) -> None:
        """Let `write` fill a temporary folder, then put it in place; what stood there is replaced."""
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            write(temporary)
            if folder.exists():
                shutil.rmtree(folder)
            temporary.rename(folder)
        except OSError as error:
            raise explain(error, self.path) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def read_json(path: Path) -> object | None:
    """A JSON file's content, or None when it is absent or was cut short."""
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found


def canonical(value: object) -> str:
    """JSON with sorted keys and no spare space: equal content, equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _slug(text: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_.=" else "-" for c in text)
    return kept.strip(".") or "-"

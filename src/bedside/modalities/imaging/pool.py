"""Shaped images on disk, of all partitions together, mapped into memory by every process that works on them."""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np

from bedside.errors import OutputProblem
from bedside.modalities.imaging.image import Pixels
from bedside.modalities.imaging.shaped import Shaped
from bedside.types import Integers

VARIABLE = "BEDSIDE_CACHE"
"""The environment variable that names a folder in which shaped images outlive the run."""

KEPT_DAYS = 30
"""A pool in that folder which nobody opened for so long is deleted."""

_DIGEST = 16
_MARK = "in_use"


class Pool:
    """One file of equally large records, to which is only added, and one with the digest of each.

    A record is written before its digest, both under a lock, so that a process that dies leaves at most a record
    without a digest, which the next one overwrites. The digests say what is in the pool; nothing is ever changed.
    Without `BEDSIDE_CACHE` the pool lies in the temporary folder, readable by its owner only, and the last process
    that uses it deletes it: no picture of a patient outlives the run.

    Attributes:
        folder: Where both files lie.
        record: NumPy's type of a record: pixels and moments.
    """

    def __init__(self, folder: Path, record: np.dtype[Any]) -> None:
        self.folder, self.record = folder, record
        self._slots: dict[bytes, int] = {}

    @classmethod
    def opened(cls, key: bytes, kind: np.dtype[Any], shape: tuple[int, ...]) -> "Pool":
        """The pool for a plan, a type and this code, made when absent, and in use until this process ends.

        Raises:
            OutputProblem: The cache folder cannot be written.
        """
        name = hashlib.blake2b(key + kind.str.encode() + repr(shape).encode() + _code(), digest_size=16).hexdigest()
        record = np.dtype([("moments", "<f4", (4,)), ("pixels", kind, shape)])
        root = _root()
        with _writing(root):
            return cls(_joined(root / name), record)

    def obtain(
        self, digests: Sequence[bytes], make: Callable[[int], Shaped]
    ) -> tuple[np.memmap[Any, Any], Integers] | None:
        """All records, mapped, and where those with these digests lie; what is absent is made and added.

        Args:
            digests: One a case.
            make: From the place of a digest to its image.

        Returns:
            None when an image has finer values than the pool has room for.

        Raises:
            OutputProblem: The disk is full, or the folder cannot be written.
        """
        with self._locked() as (known, data):
            for place, digest in enumerate(digests):
                if digest not in self._slots:
                    made = make(place)
                    if made.pixels.dtype != self.record["pixels"].base and made.pixels.dtype != np.uint8:
                        return None
                    self._add(digest, made, known, data)
            slots = np.array([self._slots[digest] for digest in digests], dtype=np.int64)
            with _writing(self.folder):
                stored = np.memmap(data, dtype=self.record, mode="r", shape=(len(self._slots),))
        return stored, slots

    @contextlib.contextmanager
    def _locked(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Both files, open, what they hold known, and no other process in them."""
        with contextlib.ExitStack() as stack:
            with _writing(self.folder):
                known = stack.enter_context((self.folder / "digests").open("a+b", buffering=0))
                data = stack.enter_context((self.folder / "records").open("a+b", buffering=0))
                fcntl.flock(known, fcntl.LOCK_EX)
                self._learn(known, data)
            yield known, data

    def _learn(self, known: IO[bytes], data: IO[bytes]) -> None:
        """What other processes added since; a digest without its record does not count."""
        whole = min(known.seek(0, os.SEEK_END) // _DIGEST, data.seek(0, os.SEEK_END) // self.record.itemsize)
        known.truncate(whole * _DIGEST)
        known.seek(0)
        listed = known.read()
        self._slots = {listed[slot * _DIGEST : (slot + 1) * _DIGEST]: slot for slot in range(whole)}

    def _add(self, digest: bytes, made: Shaped, known: IO[bytes], data: IO[bytes]) -> None:
        record = np.zeros((), dtype=self.record)
        record["pixels"], record["moments"] = made
        with _writing(self.folder):
            data.truncate(len(self._slots) * self.record.itemsize)
            _append(data, record.tobytes())
            _append(known, digest)
        self._slots[digest] = len(self._slots)


def mapped(pixels: Pixels) -> Pixels:
    """A copy in a file without a name, mapped into memory, which the system takes back when it needs the room.

    Nobody else can open the file, and it is gone with the process, however that ends.

    Raises:
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    root = _root()
    with _writing(root), tempfile.TemporaryFile(dir=root, buffering=0) as file:
        _append(file, np.ascontiguousarray(pixels).data.cast("B"))
        return np.asarray(np.memmap(file, dtype=pixels.dtype, mode="r", shape=pixels.shape))


def _append(file: IO[bytes], content: bytes | memoryview) -> None:
    # Not buffered: what a full disk refused would be written again, and refused again, when the file is closed.
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


@cache
def _code() -> bytes:
    """A hash of the code that reads and shapes images, and of the libraries that decode them."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    decoders = ("pillow", "pydicom", "python-gdcm", "pylibjpeg-openjpeg", "nibabel", "tifffile")
    for library in ("numpy", "scipy", "scikit-image", *decoders):
        digest.update(f"{library} {version(library)}".encode())
    return digest.digest()


def _named() -> str:
    return os.environ.get(VARIABLE, "").strip()


def _root() -> Path:
    """The cache folder, private to its owner."""
    named = _named()
    root = Path(named).expanduser() if named else Path(tempfile.gettempdir()) / f"bedside-images-{os.getuid()}"
    with _writing(root):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        strange = root.is_symlink() or root.stat().st_uid != os.getuid()
    if not named and strange:
        msg = f"{root} belongs to somebody else; set {VARIABLE} to a folder of your own"
        raise OutputProblem(msg)
    return root


_USED: dict[Path, tuple[IO[bytes], bool]] = {}
"""Pools that this process uses: the open file whose shared lock says so, and whether the pool outlives the run."""


def _joined(folder: Path) -> Path:
    """The folder, marked as used by this process until it ends."""
    if folder in _USED and (folder / _MARK).exists():
        return folder
    _sweep(folder.parent)
    while True:
        # Another process may delete the folder between any two of these lines.
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(mode=0o700, exist_ok=True)
            mark = (folder / _MARK).open("a+b")
            fcntl.flock(mark, fcntl.LOCK_SH)
            if os.fstat(mark.fileno()).st_ino == (folder / _MARK).stat().st_ino:
                break
            mark.close()
    os.utime(folder / _MARK)
    if not _USED:
        atexit.register(leave)
    _USED[folder] = mark, bool(_named())
    return folder


def leave() -> None:
    """Give up all pools of this process; those in the temporary folder are deleted by whoever leaves them last."""
    for folder, (mark, outlives) in list(_USED.items()):
        mark.close()
        del _USED[folder]
        if not outlives:
            _delete_unused(folder)


def _sweep(root: Path) -> None:
    """Delete pools that a killed process left in the temporary folder, or that nobody opened for long."""
    for mark in root.glob(f"*/{_MARK}"):
        with contextlib.suppress(FileNotFoundError):
            if not _named() or time.time() - mark.stat().st_mtime > KEPT_DAYS * 86400:
                _delete_unused(mark.parent)


def _delete_unused(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / _MARK).open("r+b") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into a message that tells what to do."""
    try:
        yield
    except OSError as error:
        msg = (
            f"decoded images cannot be kept in {folder} ({error.strerror}); free space there, or set {VARIABLE} to a "
            "folder with room, or declare a smaller size"
        )
        raise OutputProblem(msg) from error

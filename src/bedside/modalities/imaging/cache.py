"""Images of a partition, decoded and shaped once in a process, however many trials, folds and learners ask for them."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image, Pixels, Readable
from bedside.modalities.imaging.intensity import Moments
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.pool import Pool
from bedside.modalities.imaging.shaped import Shaped, shaped
from bedside.types import Integers

MEMORY_BYTES = 1 << 30
"""A partition that takes more is kept on disk and mapped into memory; so much is remembered between partitions."""

_CHUNK = 256
_DIGEST = 16


@dataclass(frozen=True, eq=False)
class Records:
    """Shaped images of one partition, in order.

    Attributes:
        stored: Shape (stored, channels, *size), uint8 or float32, in memory or mapped from disk.
        slots: Where in `stored` each case lies, shape (cases,); None where they are the same.
        moments: What each image is standardised by where each is by itself, shape (cases, 4).
    """

    stored: Pixels
    slots: Integers | None
    moments: Moments

    def __len__(self) -> int:
        return len(self.moments)

    @property
    def shape(self) -> tuple[int, ...]:
        """(cases, channels, *size)."""
        return (len(self), *self.stored.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or float32."""
        return self.stored.dtype

    def take(self, positions: Integers) -> Pixels:
        """A copy of the images at these positions."""
        return np.asarray(self.stored[positions if self.slots is None else self.slots[positions]])

    def __iter__(self) -> Iterator[Pixels]:
        """All images in order, a few at a time."""
        for start in range(0, len(self), _CHUNK):
            yield self.take(np.arange(start, min(start + _CHUNK, len(self))))


class Made(Protocol):
    """What is made of an image, with the pixels that take the room."""

    @property
    def pixels(self) -> Pixels:
        """Of any shape."""
        ...


M = TypeVar("M", bound=Made)


class Shelf(Generic[M]):
    """Prepared images of this process by what they were made from, the least recently used given up first.

    Attributes:
        limit: Bytes that are kept.
        held: Bytes that are held now.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0
        self._kept: OrderedDict[bytes, M] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> M | None:
        """What was made under this key, if it is still here."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: bytes, made: M) -> None:
        """Keep what was made, and give up the oldest while there is too much."""
        with self._lock:
            if key in self._kept or made.pixels.nbytes > self.limit:
                return
            self._kept[key] = made
            self.held += made.pixels.nbytes
            while self.held > self.limit:
                self.held -= self._kept.popitem(last=False)[1].pixels.nbytes

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self.held = 0


SHELF: Shelf[Shaped] = Shelf(MEMORY_BYTES)


def records(plan: ImagePlan, predictors: Sequence[Readable], *, memory_bytes: int = MEMORY_BYTES) -> Records:
    """The images of a partition as the plan wants them.

    Args:
        plan: What is declared.
        predictors: Images in memory or in files.
        memory_bytes: What a partition may take in memory; a larger one goes through the cache folder.

    Raises:
        FileProblem: An image cannot be used; the message tells which and why.
        OutputProblem: The cache folder cannot be written.
    """
    cells = plan.channels * int(np.prod(plan.size))
    if len(predictors) == 0:
        return Records(np.empty((0, plan.channels, *plan.size), np.float32), None, np.empty((0, 4), np.float32))
    making = _Making(plan, predictors)
    kind = making.one(0).pixels.dtype
    if len(predictors) * cells * kind.itemsize <= memory_bytes:
        return _in_memory(making, kind)
    return _on_disk(making, kind)


class _Making:
    """Makes the images of one partition, or finds them on the shelf."""

    def __init__(self, plan: ImagePlan, predictors: Sequence[Readable]) -> None:
        self.plan, self.predictors = plan, predictors
        self.key = json.dumps(plan.state(), sort_keys=True).encode()

    def one(self, place: int) -> Shaped:
        """The image at a place."""
        readable = self.predictors[place]
        image = None if _path(readable) is not None else readable.read()
        key = self._salted(identity(image or readable))
        found = SHELF.get(key)
        if found is None:
            image = image or readable.read()
            try:
                found = shaped(image, self.plan)
            except FileProblem as problem:
                raise named(problem, readable, place, len(self.predictors)) from problem
            SHELF.put(key, found)
        return found

    def digest(self, place: int) -> bytes:
        """What the image at a place is made from: its content and the plan."""
        return self._salted(identity(self.predictors[place]))

    def _salted(self, content: bytes) -> bytes:
        return hashlib.blake2b(content + self.key, digest_size=_DIGEST).digest()


def _in_memory(making: _Making, kind: np.dtype[Any]) -> Records:
    cases = len(making.predictors)
    stored: NDArray[Any] = np.empty((cases, making.plan.channels, *making.plan.size), dtype=kind)
    own = np.empty((cases, 4), dtype=np.float32)
    for place in range(cases):
        made = making.one(place)
        if made.pixels.dtype != stored.dtype and stored.dtype == np.uint8:
            stored = stored.astype(np.float32)
        stored[place], own[place] = made
    return Records(stored, None, own)


def _on_disk(making: _Making, kind: np.dtype[Any]) -> Records:
    cases = range(len(making.predictors))
    shape = (making.plan.channels, *making.plan.size)
    digests = [making.digest(place) for place in cases]
    kept = Pool.opened(making.key, kind, shape).obtain(digests, making.one)
    if kept is None:  # an image with finer values came after one of 8 bits
        kept = Pool.opened(making.key, np.dtype(np.float32), shape).obtain(digests, making.one)
    if kept is None:
        msg = "images of a float32 pool are neither of 8 bits nor float32"
        raise AssertionError(msg)
    stored, slots = kept
    return Records(stored["pixels"], slots, np.asarray(stored["moments"][slots]))


def identity(readable: Readable) -> bytes:
    """What changes when the content of an image does, 16 bytes.

    Pixels and geometry of an image in memory; of a file, or a folder of files, how it is read with each file's size
    and time of change, so that nothing is decoded to find that it was decoded before.
    """
    path = _path(readable)
    if path is None:
        return _content(readable.read())
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        facts = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns, stat.st_ino) for file in files]
    except OSError:
        facts = []  # reading says what is wrong
    named = [(each.name, repr(getattr(readable, each.name))) for each in fields(readable)]  # type: ignore[arg-type]
    how = repr((type(readable).__qualname__, named, str(path.absolute()), facts))
    return hashlib.blake2b(how.encode(), digest_size=_DIGEST).digest()


def named(problem: FileProblem, readable: Readable, place: int, count: int) -> FileProblem:
    """The problem with the file it is of, or with the place of an image in memory among so many."""
    return FileProblem(f"{_path(readable) or f'image {place + 1} of {count}'}: {problem}")


def _path(readable: Readable) -> Path | None:
    """Of a dataclass whose content is what lies at its path."""
    given: Any = readable
    path = getattr(given, "path", None)
    return path if isinstance(path, Path) and is_dataclass(given) else None


def _content(image: Image) -> bytes:
    geometry = image.geometry
    affine = None if geometry is None or geometry.affine is None else geometry.affine.tolist()
    facts = (image.pixels.shape, image.pixels.dtype.str, None if geometry is None else geometry.spacing, affine)
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=_DIGEST)
    digest.update(np.ascontiguousarray(image.pixels).data)
    return digest.digest()

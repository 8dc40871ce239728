"""Boxes around things in an image: those that are there, and those that a model found.

Coordinates are pixels of the image in the order of its axes (rows, columns; or i, j, k), pixel centres at whole
numbers: a box around the first ten pixels of an axis reaches from -0.5 to 9.5.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.errors import BedsideError, OutcomeProblem, StatisticsError
from bedside.types import Booleans, Floats, Integers

Corners = NDArray[np.float32]
"""Shape (n, 2 * dimensions): all starts, then all ends."""

MOSTLY = 0.5
"""A box of which less than this share lies inside an image is no longer one of its boxes."""


@dataclass(frozen=True, eq=False)
class Aside:
    """Boxes around what is there and is not judged: finding it is neither right nor wrong, and so is missing it.

    Attributes:
        corners: As those of `Boxes`.
        kinds: Shape (m,).
        crowds: Which are crowds, of which any part may be found (COCO); the others are single things that are hard to
            tell (VOC's difficult ones); shape (m,).

    Raises:
        OutcomeProblem: A box is turned inside out, empty or not finite, or marks are not one a box.
    """

    corners: NDArray[Any]
    kinds: NDArray[Any]
    crowds: NDArray[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners", _corners(self.corners, "a box set aside", OutcomeProblem))
        object.__setattr__(self, "kinds", _kinds(self.kinds, len(self.corners), "boxes set aside", OutcomeProblem))
        crowds = np.asarray(self.crowds, dtype=np.bool_)
        if crowds.shape != self.kinds.shape:
            msg = f"marks of {len(self.corners)} boxes set aside have shape {crowds.shape}; give one a box"
            raise OutcomeProblem(msg)
        object.__setattr__(self, "crowds", crowds)

    def __len__(self) -> int:
        return len(self.corners)

    @property
    def codes(self) -> Integers:
        """Kind and whether it is a crowd as one number from -2 downwards, as stored and learned; shape (m,)."""
        return -2 - 2 * self.kinds - self.crowds.astype(np.int64)

    @classmethod
    def coded(cls, corners: NDArray[Any], codes: Integers) -> "Aside | None":
        """The inverse of `codes`; None where there is no box."""
        return cls(corners, (-2 - codes) // 2, (-codes) % 2 == 1) if len(codes) else None

    def placed(self, placement: Placement) -> "Aside | None":
        """What is left of them on a prepared grid."""
        cut = _clipped(_moved(self.corners, placement, back=False), placement.after)
        kept = (sides(cut) > 0).all(axis=1)
        return Aside(cut[kept], self.kinds[kept], self.crowds[kept]) if kept.any() else None

    def covered(self, found: "Found", limit: float) -> Booleans:
        """Which found boxes lie on one of their kind, shape (found,).

        The limit is of intersection over union, and in a crowd of the share of the found box that lies in it.
        """
        if not len(found):
            return np.zeros(0, dtype=np.bool_)
        single, crowded = overlaps(found.corners, self.corners), shares(found.corners, self.corners)
        overlap = np.where(self.crowds[None], crowded, single)
        return np.asarray(((overlap >= limit) & (found.kinds[:, None] == self.kinds[None])).any(axis=1))


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes of one image.

    Attributes:
        corners: Shape (n, 2 * dimensions): starts along all axes, then ends, in pixels; kept in single precision.
        kinds: Number of each box's kind, shape (n,).
        size: Pixels of the image along each axis; None where it is not said.
        prepared: Whether the image is a prepared one, on whose grid the boxes were placed.
        aside: Boxes that are there besides and not judged; None for none.

    Raises:
        OutcomeProblem: A box is turned inside out, empty, not finite, or reaches out of the image.
    """

    corners: NDArray[Any]
    kinds: NDArray[Any]
    size: tuple[int, ...] | None = None
    prepared: bool = False
    aside: Aside | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners", _corners(self.corners, "a box", OutcomeProblem))
        object.__setattr__(self, "kinds", _kinds(self.kinds, len(self.corners), "boxes", OutcomeProblem))
        if self.aside is not None and self.aside.corners.shape[1] != self.corners.shape[1]:
            msg = "boxes set aside have other dimensions than those that are judged; give both as many axes"
            raise OutcomeProblem(msg)
        if self.size is None:
            return
        object.__setattr__(self, "size", tuple(int(length) for length in self.size))
        if len(self.size) != self.dimensions:
            msg = f"boxes of {self.dimensions} dimensions lie in an image of {len(self.size)}; give one length an axis"
            raise OutcomeProblem(msg)
        every = np.concatenate([self.corners, *([] if self.aside is None else [self.aside.corners])])
        outside = int((np.abs(_clipped(every, self.size) - every).max(axis=1, initial=0.0) > 0).sum())
        if outside:
            msg = (
                f"{outside} of {len(every)} boxes reach out of an image of {self.size} pixels; starts from -0.5 "
                "and ends up to the size less 0.5 are allowed: correct them, or cut them with Boxes.inside()"
            )
            raise OutcomeProblem(msg)

    @classmethod
    def parted(
        cls, corners: NDArray[Any], kinds: NDArray[Any], size: tuple[int, ...], aside: Booleans, *, crowds: bool
    ) -> "Boxes":
        """Boxes of which some are set aside.

        Args:
            corners: Of all, shape (n, 2 * dimensions).
            kinds: Shape (n,).
            size: Pixels of the image along each axis.
            aside: Which are set aside, shape (n,).
            crowds: Whether those are crowds, as COCO's are, or single things, as VOC's are.

        Raises:
            OutcomeProblem: As for boxes.
        """
        rest = Aside(corners[aside], kinds[aside], np.full(int(aside.sum()), crowds)) if aside.any() else None
        return cls(corners[~aside], kinds[~aside], size, aside=rest)

    @classmethod
    def inside(cls, corners: NDArray[Any], kinds: NDArray[Any], size: tuple[int, ...]) -> "Boxes":
        """Boxes cut at the borders of their image.

        Raises:
            OutcomeProblem: A box is turned inside out, empty or not finite, or lies wholly outside the image.
        """
        whole = cls(np.asarray(corners), np.asarray(kinds))
        cut = _clipped(whole.corners, size)
        gone = int((sides(cut) <= 0).any(axis=1).sum())
        if gone:
            msg = f"{gone} of {len(cut)} boxes lie wholly outside an image of {size} pixels; correct or leave them out"
            raise OutcomeProblem(msg)
        return cls(cut, whole.kinds, size)

    @property
    def dimensions(self) -> int:
        """Two for an image, three for a volume."""
        return int(self.corners.shape[1]) // 2

    def __len__(self) -> int:
        return len(self.corners)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Boxes):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        rest = None if self.aside is None else (self.aside.corners.tobytes(), self.aside.codes.tobytes())
        return self.corners.shape, self.corners.tobytes(), self.kinds.tobytes(), self.size, rest

    def placed(self, placement: Placement) -> "Boxes":
        """The boxes on a prepared grid, cut at its borders; a box that is mostly cut away is left out."""
        moved = _moved(self.corners, placement, back=False)
        cut = _clipped(moved, placement.after)
        kept = is_kept(cut, moved)
        rest = None if self.aside is None else self.aside.placed(placement)
        return Boxes(cut[kept], self.kinds[kept], placement.after, prepared=True, aside=rest)


@dataclass(frozen=True, eq=False)
class Found:
    """What a model found in one image, the most certain first.

    Attributes:
        corners: As those of `Boxes`.
        kinds: Shape (n,).
        scores: How certain each is, 0 to 1, shape (n,).

    Raises:
        StatisticsError: A box is turned inside out or empty, or a number is not finite or out of its range.
    """

    corners: NDArray[Any]
    kinds: NDArray[Any]
    scores: NDArray[Any]

    def __post_init__(self) -> None:
        corners = _corners(self.corners, "a found box", StatisticsError)
        kinds = _kinds(self.kinds, len(corners), "found boxes", StatisticsError)
        scores = np.asarray(self.scores, dtype=np.float32)
        if scores.shape != kinds.shape or not ((scores >= 0) & (scores <= 1)).all():
            msg = f"scores of {len(corners)} found boxes have shape {scores.shape}; give each a number from 0 to 1"
            raise StatisticsError(msg)
        # One order for the same boxes, however they were found: sums and ties then fall alike.
        order = np.lexsort((*corners.T[::-1], kinds, -scores))
        for name, values in (("corners", corners), ("kinds", kinds), ("scores", scores)):
            object.__setattr__(self, name, values[order])

    @classmethod
    def nothing(cls, dimensions: int) -> "Found":
        """No box at all."""
        return cls(np.zeros((0, 2 * dimensions), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))

    @property
    def dimensions(self) -> int:
        """Two for an image, three for a volume."""
        return int(self.corners.shape[1]) // 2

    def __len__(self) -> int:
        return len(self.corners)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Found):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return self.corners.shape, self.corners.tobytes(), self.kinds.tobytes(), self.scores.tobytes()

    def returned(self, placement: Placement) -> Self:
        """Boxes found on a prepared grid as boxes of the image, cut at its borders; none remains outside it."""
        cut = _clipped(_moved(self.corners, placement, back=True), placement.before)
        kept = (sides(cut) > 0).all(axis=1)
        return replace(self, corners=cut[kept], kinds=self.kinds[kept], scores=self.scores[kept])


def sides(corners: NDArray[Any]) -> NDArray[Any]:
    """Lengths along each axis, shape (n, dimensions)."""
    half = corners.shape[1] // 2
    return np.asarray(corners[:, half:] - corners[:, :half])


def overlaps(ours: Corners, others: Corners) -> Floats:
    """Intersection over union of every box with every other one, shape (n, m)."""
    one, two = ours.astype(np.float64), others.astype(np.float64)
    shared = _shared(one, two)
    both = sides(one).prod(axis=1)[:, None] + sides(two).prod(axis=1)[None, :]
    found: Floats = shared / (both - shared)
    return found


def shares(ours: Corners, others: Corners) -> Floats:
    """Share of every box that lies in every other one, shape (n, m)."""
    one, two = ours.astype(np.float64), others.astype(np.float64)
    found: Floats = _shared(one, two) / sides(one).prod(axis=1)[:, None]
    return found


def is_kept(cut: NDArray[Any], whole: NDArray[Any]) -> Booleans:
    """Whether enough of each box is left after it was cut at the borders of an image, shape (n,)."""
    left = np.maximum(sides(cut), 0.0).prod(axis=1)
    kept: Booleans = (left > 0) & (left >= MOSTLY * sides(whole).prod(axis=1))
    return kept


def _shared(one: Floats, two: Floats) -> Floats:
    half = one.shape[1] // 2
    starts = np.maximum(one[:, None, :half], two[None, :, :half])
    ends = np.minimum(one[:, None, half:], two[None, :, half:])
    found: Floats = np.maximum(ends - starts, 0.0).prod(axis=2)
    return found


def _clipped(corners: Corners, size: tuple[int, ...]) -> Corners:
    ends = np.tile(np.asarray(size, dtype=np.float32), 2) - np.float32(0.5)
    return np.clip(corners, np.float32(-0.5), ends)


def _moved(corners: Corners, placement: Placement, *, back: bool) -> Corners:
    """Corners in the other grid; an axis that is turned round changes starts and ends."""
    half = corners.shape[1] // 2
    of = placement.points_back if back else placement.points
    ends = [of(part.astype(np.float64)) for part in (corners[:, :half], corners[:, half:])]
    return np.concatenate([np.minimum(*ends), np.maximum(*ends)], axis=1).astype(np.float32)


def _corners(given: NDArray[Any], what: str, error: type[BedsideError]) -> Corners:
    corners = np.asarray(given, dtype=np.float32)
    if corners.ndim != 2 or corners.shape[1] not in (4, 6):
        msg = f"corners have shape {corners.shape}; (boxes, 4) for images and (boxes, 6) for volumes are allowed"
        raise error(msg)
    if not np.isfinite(corners).all():
        msg = f"{what} has a corner that is not finite; give starts and ends in pixels, or leave the box out"
        raise error(msg)
    wrong = int((sides(corners) <= 0).any(axis=1).sum())
    if wrong:
        msg = (
            f"{wrong} of {len(corners)} boxes end where they start, or before; every end must lie beyond its start: "
            "correct them (starts of all axes come first, then ends), or leave them out"
        )
        raise error(msg)
    return corners


def _kinds(given: NDArray[Any], count: int, what: str, error: type[BedsideError]) -> Integers:
    kinds = np.asarray(given)
    if kinds.shape != (count,) or (kinds.size and (kinds.dtype.kind not in "iu" or kinds.min() < 0)):
        msg = f"kinds of {count} {what} are {kinds.dtype} of shape {kinds.shape}; give each a whole number from 0"
        raise error(msg)
    return kinds.astype(np.int64)

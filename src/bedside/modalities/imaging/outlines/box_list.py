"""Boxes drawn around what was found in an image, as a file of annotations gives them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image
from bedside.types import Booleans, Floats

Corners: TypeAlias = NDArray[np.float32]

OVERSHOOT = 2.0
"""Pixels by which a box may reach over the border of its image; it is cut at the border, and counted."""


@dataclass(frozen=True, eq=False)
class BoxList:
    """The boxes of one image, checked.

    Attributes:
        corners: Shape (n, 2 * dims): all starts, then all ends, in the order of the image's spatial axes (rows first).
            Pixel centres are whole numbers, borders of pixels half numbers: a box around the one pixel (3, 5) is
            (2.5, 4.5, 3.5, 5.5).
        names: What is in each box.
        size: Of the image, in pixels along each spatial axis.
        aside: Boxes marked as not to be judged one by one: COCO's crowds, VOC's difficult objects; shape (n,).
        clipped: How many boxes were cut at the border of the image.
        crowds: Whether boxes set aside are crowds, of which any part may be found (COCO), or single things (VOC).
    """

    corners: Corners = field(repr=False)
    names: tuple[str, ...]
    size: tuple[int, ...]
    aside: Booleans = field(repr=False)
    clipped: int = 0
    crowds: bool = False

    def __post_init__(self) -> None:
        if self.corners.shape != (len(self.names), 2 * len(self.size)) or self.aside.shape != (len(self.names),):
            msg = (
                f"{len(self.names)} names and {self.aside.size} marks came with corners of the shape "
                f"{self.corners.shape}; (boxes, {2 * len(self.size)}) and one name and mark a box are allowed"
            )
            raise FileProblem(msg)

    @classmethod
    def of(
        cls,
        corners: Floats,
        names: Sequence[str],
        size: tuple[int, ...],
        where: str,
        *,
        aside: Booleans | None = None,
        numbers: Sequence[int] | None = None,
        overshoot: float = OVERSHOOT,
        crowds: bool = False,
    ) -> "BoxList":
        """Checked boxes.

        Args:
            corners: Shape (n, 2 * dims), as in the attribute.
            names: One a box.
            size: Of the image.
            where: The file, for messages.
            aside: Boxes that are not judged one by one; None for none.
            numbers: Which box of the file each one is, for messages; None counts them from 1.
            overshoot: Pixels by which a box may reach over the border of the image, where it is cut.
            crowds: As in the attribute.

        Raises:
            FileProblem: A box is not finite, empty or inverted, or reaches too far out of the image; the message
                says which.
        """
        corners = np.asarray(corners, dtype=np.float64).reshape(len(names), 2 * len(size))
        counted = list(range(1, len(names) + 1)) if numbers is None else list(numbers)
        starts, ends = np.split(corners, 2, axis=1)
        border = np.array(size) - 0.5
        _refuse(~np.isfinite(corners).all(axis=1), corners, counted, where, "has corners that are not finite numbers")
        _refuse(
            (ends <= starts).any(axis=1),
            corners,
            counted,
            where,
            "ends where it starts or before: it is empty or inverted",
        )
        far = (starts < -0.5 - overshoot) | (ends > border + overshoot)
        out = np.asarray((far | (starts >= border) | (ends <= -0.5)).any(axis=1))
        shown = " x ".join(str(n) for n in size)
        words = f"reaches out of its image of {shown} pixels (rows first) by more than {overshoot:g}, or lies outside"
        _refuse(out, corners, counted, where, words)
        cut = np.concatenate([np.maximum(starts, -0.5), np.minimum(ends, border)], axis=1)
        return cls(
            corners=cut.astype(np.float32),
            names=tuple(names),
            size=tuple(size),
            aside=np.zeros(len(names), dtype=np.bool_) if aside is None else aside,
            clipped=int((cut != corners).any(axis=1).sum()),
            crowds=crowds,
        )

    def on(self, image: Image, where: str) -> "BoxList":
        """Itself, once it is known to be of an image of this size; raises FileProblem otherwise."""
        if self.size != image.size:
            told, own = (" x ".join(str(n) for n in size) for size in (self.size, image.size))
            msg = (
                f"{where} was drawn on an image of {told} pixels (rows first) and the image has {own}; give the image "
                "that was annotated: boxes do not follow when it is turned, cut or made smaller"
            )
            raise FileProblem(msg)
        return self


def _refuse(wrong: Booleans | np.bool_, corners: Floats, numbers: Sequence[int], where: str, what: str) -> None:
    wrong = np.atleast_1d(wrong)
    if not wrong.any():
        return
    first = int(np.flatnonzero(wrong)[0])
    starts, ends = np.split(corners[first], 2)
    shown = " to ".join("(" + ", ".join(f"{x:g}" for x in one) + ")" for one in (starts, ends))
    msg = (
        f"box {numbers[first]} in {where} {what}: {shown}, in pixels, rows first; correct it "
        f"({int(wrong.sum())} of the {len(corners)} boxes of its image are like it)"
    )
    raise FileProblem(msg)

"""What may be drawn over the picture of a case, so that an endpoint says it and a modality draws it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedside.types import Booleans, Floats

Role: TypeAlias = Literal["reference", "predicted", "missed", "added"]
"""What was the case, what was predicted, and where the two differ: only in the first, only in the second."""


@dataclass(frozen=True, eq=False)
class Mark:
    """Places or boxes in the image of one case; exactly one of `inside` and `corners` is given.

    Attributes:
        role: Decides how they are drawn: "missed" and "added" are filled, the others are lines.
        number: Of the structure or kind, from 0: predicted ones differ in colour.
        inside: Places of the image, shape (*size).
        corners: Boxes, shape (n, 2 * axes): where each starts along every axis, then where it ends, in pixels whose
            centres are whole numbers.
    """

    role: Role
    number: int = 0
    inside: Booleans | None = None
    corners: Floats | None = None


@dataclass(frozen=True, eq=False)
class Layer:
    """One picture of a case.

    Attributes:
        label: What is drawn ("outlines").
        marks: In the order in which they are drawn.
        places: How much of something each place has, never negative, shape (*grid); None for nothing.
    """

    label: str
    marks: tuple[Mark, ...] = ()
    places: "NDArray[np.float32] | None" = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """How a prediction and its outcome are shown.

    Attributes:
        caption: What was predicted and how good it was, in a sentence.
        layers: Pictures of the case, beside the case as it is.
    """

    caption: str
    layers: tuple[Layer, ...]

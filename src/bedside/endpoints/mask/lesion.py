"""Which lesions were found: connected parts of an outline, one by one.

Pixels that touch, be it by a corner, belong to one part. A lesion is found where any of its pixels is predicted; a
predicted part is false where it touches no lesion. A wide prediction thus finds much: read it beside Dice and the
false ones.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bedside.endpoints.mask.surface import bounds
from bedside.types import Booleans, Integers


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of one structure in one case.

    Attributes:
        lesions: How many there are.
        found: How many of them were found.
        false: How many predicted parts touch none.
    """

    lesions: int
    found: int
    false: int


def lesion_counts(drawn: Booleans, said: Booleans) -> LesionCounts:
    """Lesions drawn and found.

    Args:
        drawn: Where lesions are, shape (*size).
        said: Where they were predicted, same shape.
    """
    true_parts, lesions = parts(drawn)
    said_parts, predicted = parts(said)
    touched = np.unique(true_parts[said & drawn])
    right = np.unique(said_parts[said & drawn])
    return LesionCounts(lesions=lesions, found=int(touched.size), false=predicted - int(right.size))


def parts(there: Booleans) -> tuple[Integers, int]:
    """Number of the connected part of each pixel (0 where nothing is), shape (*size), and how many parts there are."""
    numbers = np.zeros(there.shape, dtype=np.int64)
    box = bounds(there)
    numbers[box], count = ndimage.label(there[box], structure=np.ones((3,) * there.ndim))
    return numbers, int(count)

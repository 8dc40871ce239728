"""Pixels that stand for all of an image where all would be too many."""

import math
from collections.abc import Sequence


def step(shape: Sequence[int], most: int) -> int:
    """From one flattened value to the next so that at most `most` are taken, at every place along every axis.

    A step that shared a divisor with the length of a row would fall on few of its columns, of a volume on the air at
    its border.

    Args:
        shape: Of the array that is flattened.
        most: Values.

    Example:
        >>> step((64, 64, 64), 4_096)
        65
    """
    found = max(1, -(-math.prod(shape) // most))
    while any(math.gcd(found, length) > 1 for length in shape):
        found += 1
    return found

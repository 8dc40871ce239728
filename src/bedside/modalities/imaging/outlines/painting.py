"""Structures painted one after another into a label map, with a rule for pixels that two of them claim."""

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.imaging.outlines.label_map import Labels, stored
from bedside.types import Booleans


class Painting:
    """A label map in the making.

    Attributes:
        labels: Shape (*size), 16 bits.
    """

    def __init__(self, size: tuple[int, ...], where: str, *, first_wins: bool) -> None:
        self.labels: NDArray[np.uint16] = np.zeros(size, dtype=np.uint16)
        self._where = where
        self._first_wins = first_wins
        self._claimed_twice = 0

    def paint(self, part: NDArray[np.uint16], mask: Booleans, number: int) -> None:
        """Give pixels to a structure; of two that claim one the lower number gets it, whichever is painted first.

        Args:
            part: A view of `labels`.
            mask: Of the shape of `part`.
            number: Of the structure.
        """
        other = mask & (part != 0) & (part != number)
        self._claimed_twice += int(other.sum())
        part[mask & ~(other & (part < number))] = number

    def finished(self) -> Labels:
        """The labels in the smallest type; raises FileProblem where structures overlap and none may win."""
        if self._claimed_twice and not self._first_wins:
            msg = (
                f"structures of {self._where} overlap in {self._claimed_twice} pixels, and a label map has one "
                "structure a pixel; name the structures that are meant and do not overlap, or ask that the lower "
                "number wins"
            )
            raise FileProblem(msg)
        return stored(self.labels, int(self.labels.max()))

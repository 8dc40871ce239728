"""Sums over pairs of cases under many weightings: one matrix of pairs serves every replicate.

Exact for all weightings of up to `EXACT` cases, and for a handful of weightings of any number. For more replicates of
more cases the sum is linearised about their mean weights, as a U-statistic is by Hajek's projection (Serfling 1980,
chapter 5): what is left out is of order 1 / n beside the sum.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.types import Floats

EXACT = 5_000
"""Up to so many cases every weighting is exact."""

FEW = 8
"""So many weightings are exact however many cases there are."""

_CELLS = 1 << 22
"""Pairs held at once: 16 MiB in single precision."""

_WHOLE = float(1 << 22)
"""Sums of whole numbers and halves up to here are exact in single precision."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """A matrix K of pairs, by parts.

    Attributes:
        ours: How many cases may be first in a pair.
        others: How many may be second.
        part: Rows of K, by slice of `ours`, shape (rows, others): 0, 1/2 or 1 each.
    """

    ours: int
    others: int
    part: Callable[[slice], NDArray[np.float32]]

    def sums(self, first: Floats, second: Floats) -> Floats:
        """Sum of first_i K_ij second_j for each weighting, shape (b,); first (b, ours), second (b, others)."""
        if self.others <= EXACT or len(first) <= FEW:
            return self._exact(first, second)
        centre = first.mean(axis=0), second.mean(axis=0)
        by_first, by_second = np.zeros(self.ours), np.zeros(self.others)
        for rows, matrix in self._parts():
            by_first[rows] = matrix @ centre[1]
            by_second += centre[0][rows] @ matrix
        linear: Floats = first @ by_first + second @ by_second - centre[0] @ by_first
        return linear

    def _exact(self, first: Floats, second: Floats) -> Floats:
        total = np.zeros(len(first))
        whole = bool((second == np.rint(second)).all() and second.sum(axis=1).max(initial=0.0) < _WHOLE)
        given = second.astype(np.float32) if whole else second
        for rows, matrix in self._parts():
            reached = given @ (matrix.T if whole else matrix.T.astype(np.float64))
            total += np.einsum("ij,ij->i", first[:, rows], reached, dtype=np.float64)
        return total

    def _parts(self) -> "Iterator[tuple[slice, NDArray[np.float32]]]":
        step = max(1, _CELLS // max(self.others, 1))
        for start in range(0, self.ours, step):
            rows = slice(start, min(start + step, self.ours))
            yield rows, self.part(rows)

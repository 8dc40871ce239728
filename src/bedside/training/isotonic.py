"""Isotonic recalibration: the best rising curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.optimize import isotonic_regression

from bedside.training.probability import normalised
from bedside.types import Booleans, Floats, Integers, Json


@dataclass(frozen=True, eq=False)
class Isotonic:
    """Each class's probability through a rising curve of its own, then normalised (Zadrozny and Elkan, KDD 2002).

    With two classes one curve, the second class's, serves both.

    Attributes:
        curves: For each class, or the second of two: probabilities (2, m), given above and recalibrated below.
    """

    curves: tuple[Floats, ...]

    def __call__(self, probabilities: Floats) -> Floats:
        """Recalibrated probabilities, shape (n, k); linear between the cases that were calibrated on."""
        if len(self.curves) == 1:
            positive = np.interp(probabilities[:, 1], *self.curves[0])
            return normalised(np.column_stack([1 - positive, positive]))
        columns = zip(probabilities.T, self.curves, strict=True)
        return normalised(np.column_stack([np.interp(column, *curve) for column, curve in columns]))

    @classmethod
    def fit(cls, probabilities: Floats, index: Integers, weights: Floats | None = None) -> "Isotonic":
        """The rising curves of least squared error.

        Args:
            probabilities: Shape (n, k).
            index: Class numbers, shape (n,).
            weights: How many cases each stands for, shape (n,); None for one each.
        """
        classes = probabilities.shape[1]
        chosen = (1,) if classes == 2 else range(classes)
        return cls(tuple(_curve(probabilities[:, k], index == k, weights) for k in chosen))

    def state(self) -> dict[str, Json]:
        """The curves."""
        return {"curves": cast("Json", [curve.tolist() for curve in self.curves])}

    @classmethod
    def from_state(cls, state: Mapping[str, Json]) -> "Isotonic":
        """The inverse of `state`."""
        curves = tuple(np.array(curve, dtype=np.float64) for curve in cast("list[Any]", state["curves"]))
        if any(curve.ndim != 2 or len(curve) != 2 for curve in curves):
            msg = "a curve is not two rows of numbers"
            raise ValueError(msg)
        return cls(curves)


def _curve(scores: Floats, hit: Booleans, weights: Floats | None) -> Floats:
    points, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place, weights=weights).astype(np.float64)
    shares = np.bincount(place, weights=hit if weights is None else hit * weights) / counts
    rising = np.asarray(isotonic_regression(shares, weights=counts).x, dtype=np.float64)
    # Only the ends of each level are needed; a straight line joins them.
    ends = np.ones(len(rising), dtype=bool)
    ends[1:-1] = (rising[1:-1] != rising[:-2]) | (rising[1:-1] != rising[2:])
    return np.stack([points[ends], rising[ends]])

"""Venn-Abers recalibration: two probabilities, of which one is calibrated whatever the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.optimize import isotonic_regression

from bedside.errors import ModelError
from bedside.training.probability import normalised
from bedside.types import Floats, Integers, Json

BINS = 500
"""Most levels of the score. Scores are grouped by quantiles beyond it, which leaves validity untouched: a Venn
predictor may group as it likes."""


@dataclass(frozen=True, eq=False)
class VennAbers:
    """The inductive Venn-Abers predictor for two classes (Vovk and Petej, UAI 2014).

    The case is added to the calibration cases once with each outcome, and isotonic regression is fitted each time.

    Attributes:
        edges: Limits between levels of the score, ascending, shape (m - 1,).
        low: Probability at each level where the case is added without the outcome, shape (m,).
        high: The same with the outcome.
    """

    edges: Floats
    low: Floats
    high: Floats

    def __call__(self, probabilities: Floats) -> Floats:
        """Both merged to one that minimises the worst log loss, shape (n, 2)."""
        low, high = self.interval(probabilities)
        positive = high / (1 - low + high)
        return normalised(np.column_stack([1 - positive, positive]))

    def interval(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """The pair for the second class, each of shape (n,); wide where calibration cases are few."""
        level = np.searchsorted(self.edges, probabilities[:, 1], side="right")
        return self.low[level], self.high[level]

    @classmethod
    def fit(cls, probabilities: Floats, index: Integers, weights: Floats | None = None) -> "VennAbers":
        """Both curves at every level of the score.

        Args:
            probabilities: Shape (n, 2).
            index: Class numbers, shape (n,).
            weights: None; a pair of curves that is calibrated by construction counts all cases alike.

        Raises:
            ModelError: There are more than two classes, or weights.
        """
        if weights is not None:
            msg = "Venn-Abers recalibration is not defined for weighted cases; use temperature, platt or isotonic"
            raise ModelError(msg)
        if probabilities.shape[1] != 2:
            msg = (
                f"Venn-Abers recalibration was given {probabilities.shape[1]} classes and is defined for 2; "
                "use temperature or platt instead"
            )
            raise ModelError(msg)
        edges = _edges(probabilities[:, 1])
        level = np.searchsorted(edges, probabilities[:, 1], side="right")
        counts = np.bincount(level, minlength=len(edges) + 1).astype(np.float64)
        events = np.bincount(level, weights=index, minlength=len(edges) + 1).astype(np.float64)
        curves = np.array([[_added(events, counts, place, hit) for place in range(len(counts))] for hit in (0.0, 1.0)])
        return cls(edges, curves[0], curves[1])

    def state(self) -> dict[str, Json]:
        """Edges and curves."""
        arrays = {"edges": self.edges, "low": self.low, "high": self.high}
        return {name: cast("Json", array.tolist()) for name, array in arrays.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Json]) -> "VennAbers":
        """The inverse of `state`."""
        found = cls(*(np.array(cast("Any", state[name]), dtype=np.float64) for name in ("edges", "low", "high")))
        if not len(found.edges) + 1 == len(found.low) == len(found.high):
            msg = "edges and curves do not fit one another"
            raise ValueError(msg)
        return found


def _edges(scores: Floats) -> Floats:
    distinct = np.unique(scores)
    if len(distinct) > BINS:
        distinct = np.unique(np.quantile(distinct, np.linspace(0, 1, BINS)))
    return (distinct[1:] + distinct[:-1]) / 2


def _added(events: Floats, counts: Floats, place: int, hit: float) -> float:
    one = np.zeros(len(counts))
    one[place] = 1.0
    total = counts + one
    # A level may hold no calibration case but the added one.
    known = total > 0
    rising = isotonic_regression((events + hit * one)[known] / total[known], weights=total[known]).x
    return float(rising[int(known[:place].sum())])

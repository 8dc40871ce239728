"""Platt's recalibration: a slope and an intercept on the log-odds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.optimize import minimize

from bedside.training.probability import tempered
from bedside.types import Floats, Integers, Json

_PRIOR_SD = 2.0
"""Of the log slope and of each intercept: weak, so that perfect separation does not end in infinity."""


@dataclass(frozen=True, eq=False)
class Platt:
    """Log probabilities times a slope plus an intercept a class, normalised.

    For two classes this is Platt's sigmoid (1999) on the log-odds; for more, the bias-corrected temperature of
    Alexandari et al. (ICML 2020). It mends calibration in the large, which a temperature alone cannot.

    Attributes:
        slope: Common to all classes.
        intercepts: Shape (k,), summing to 0.
    """

    slope: float
    intercepts: Floats

    def __call__(self, probabilities: Floats) -> Floats:
        """Recalibrated probabilities, shape (n, k)."""
        return tempered(probabilities, 1 / self.slope, self.intercepts)

    @classmethod
    def fit(cls, probabilities: Floats, index: Integers, weights: Floats | None = None) -> "Platt":
        """Minimise log loss on the given cases under a weak prior.

        Args:
            probabilities: Shape (n, k).
            index: Class numbers, shape (n,).
            weights: How many cases each stands for, shape (n,); None for one each.
        """
        classes, rows = probabilities.shape[1], np.arange(len(index))

        def objective(parameters: Floats) -> float:
            intercepts = parameters[1:] - parameters[1:].mean()
            chosen = tempered(probabilities, float(np.exp(-parameters[0])), intercepts)[rows, index]
            losses = -np.log(chosen) if weights is None else -weights * np.log(chosen)
            return float(losses.sum() + 0.5 * ((parameters / _PRIOR_SD) ** 2).sum())

        best = np.asarray(minimize(objective, np.zeros(1 + classes), method="L-BFGS-B").x, dtype=np.float64)
        return cls(float(np.exp(best[0])), best[1:] - best[1:].mean())

    def state(self) -> dict[str, Json]:
        """Slope and intercepts."""
        return {"slope": self.slope, "intercepts": cast("Json", self.intercepts.tolist())}

    @classmethod
    def from_state(cls, state: Mapping[str, Json]) -> "Platt":
        """The inverse of `state`."""
        return cls(float(cast("float", state["slope"])), np.array(cast("Any", state["intercepts"]), dtype=np.float64))

"""Temperature: one number that makes all probabilities sharper or softer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.optimize import minimize_scalar

from bedside.training.probability import tempered
from bedside.types import Floats, Integers, Json

_LOG_RANGE = (-3.0, 3.0)
_PRIOR_SD = 0.5
"""Prior standard deviation of the log temperature. A calibration half that is separated perfectly would otherwise
ask for temperature 0, that is for certainty learned from a few dozen cases."""


@dataclass(frozen=True)
class Temperature:
    """Probabilities p to p**(1 / temperature), normalised (Guo et al., ICML 2017).

    Attributes:
        temperature: Above 1 softens, below 1 sharpens.
    """

    temperature: float

    def __call__(self, probabilities: Floats) -> Floats:
        """Recalibrated probabilities, shape (n, k)."""
        return tempered(probabilities, self.temperature)

    @classmethod
    def fit(cls, probabilities: Floats, index: Integers, weights: Floats | None = None) -> "Temperature":
        """The temperature that minimises log loss on the given cases, under a weak prior around 1.

        Args:
            probabilities: Shape (n, k).
            index: Class numbers, shape (n,).
            weights: How many cases each stands for, shape (n,); None for one each.
        """
        rows = np.arange(len(index))

        def objective(log_temperature: float) -> float:
            chosen = tempered(probabilities, float(np.exp(log_temperature)))[rows, index]
            losses = -np.log(chosen) if weights is None else -weights * np.log(chosen)
            return float(losses.sum() + 0.5 * (log_temperature / _PRIOR_SD) ** 2)

        best = minimize_scalar(objective, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-5})
        return cls(float(np.exp(best.x)))

    def state(self) -> dict[str, Json]:
        """The temperature."""
        return {"temperature": self.temperature}

    @classmethod
    def from_state(cls, state: Mapping[str, Json]) -> "Temperature":
        """The inverse of `state`."""
        return cls(float(cast("float", state["temperature"])))

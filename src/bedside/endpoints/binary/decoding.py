"""Raw outputs of a network's head as predictions, in NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bedside.endpoints.endpoint import Endpoint
from bedside.types import Json


@dataclass(frozen=True)
class MeanProbability:
    """One log-odds a case and member to the mean probability over members."""

    def __call__(self, outputs: NDArray[Any], /) -> list[float]:
        """Outputs of shape (cases, members, 1)."""
        return [float(value) for value in expit(outputs[..., 0].astype(np.float64)).mean(axis=1)]

    def state(self) -> Json:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "MeanProbability":  # noqa: ARG003 - as all are made
        """The inverse of `state`."""
        return cls()

"""Raw outputs of a network's head as predictions, in NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bedside.endpoints.endpoint import Endpoint
from bedside.types import Json


@dataclass(frozen=True)
class MeanProbabilities:
    """One log-odds a case, member and label to the mean probabilities over members."""

    def __call__(self, outputs: NDArray[Any], /) -> list[tuple[float, ...]]:
        """Outputs of shape (cases, members, labels)."""
        return [tuple(row) for row in expit(outputs.astype(np.float64)).mean(axis=1).tolist()]

    def state(self) -> Json:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "MeanProbabilities":  # noqa: ARG003 - as all are made
        """The inverse of `state`."""
        return cls()

"""Raw outputs of a network's head as predictions, in NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bedside.endpoints.endpoint import Endpoint
from bedside.types import Json


@dataclass(frozen=True)
class MeanGrades:
    """Log-odds of grade 1 or more, 2 or more and so on to the mean probabilities of the grades over members."""

    def __call__(self, outputs: NDArray[Any], /) -> list[tuple[float, ...]]:
        """Outputs of shape (cases, members, thresholds), falling along the thresholds."""
        reached = expit(outputs.astype(np.float64)).mean(axis=1)
        edges = np.concatenate([np.ones((len(reached), 1)), reached, np.zeros((len(reached), 1))], axis=1)
        return [tuple(row) for row in (edges[:, :-1] - edges[:, 1:]).tolist()]

    def state(self) -> Json:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "MeanGrades":  # noqa: ARG003 - as all are made
        """The inverse of `state`."""
        return cls()

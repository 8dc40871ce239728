"""From the outputs of conventional models' graphs to predictions, free of the libraries that fitted them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from bedside.comparators.outcome import conventional, spread
from bedside.endpoints.endpoint import Endpoint, Numeric
from bedside.types import Floats, Integers, Json

P = TypeVar("P")


def from_scores(endpoint: Endpoint[Any, P], scores: Floats) -> list[P]:
    """Scores (n, s) to predictions: a number, log-odds of the second of two classes, or k log-odds."""
    target = conventional(endpoint, "a regression")
    if isinstance(target, Numeric):
        return target.predictions(scores[:, 0])
    if scores.shape[1] == 1:
        positive = expit(scores[:, 0])
        return target.predictions(np.column_stack([1 - positive, positive]))
    return target.predictions(softmax(scores, axis=1))


@dataclass(frozen=True, eq=False)
class Scores(Generic[P]):
    """Scores of a regression or of boosted trees: a number, log-odds of the second of two classes, or k log-odds."""

    endpoint: Endpoint[Any, P]

    def __call__(self, outputs: NDArray[Any], /) -> list[P]:
        """Outputs of shape (cases, scores)."""
        return from_scores(self.endpoint, outputs)

    def state(self) -> Json:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, P], state: Json) -> "Scores[P]":  # noqa: ARG003 - as all are made
        """The inverse of `state`."""
        return cls(endpoint)


@dataclass(frozen=True, eq=False)
class Votes(Generic[P]):
    """Sums over the trees of a forest.

    Attributes:
        endpoint: How means become predictions.
        trees: How many were summed.
        present: Class numbers that the trees know, one an output; not used for numbers.
    """

    endpoint: Endpoint[Any, P]
    trees: int
    present: Integers

    def __call__(self, outputs: NDArray[Any], /) -> list[P]:
        """Outputs of shape (cases, classes that the trees know), or (cases, 1) for a number."""
        return from_means(self.endpoint, outputs / self.trees, self.trees, self.present)

    def state(self) -> Json:
        """Trees and classes."""
        return {"trees": self.trees, "present": cast("Json", self.present.tolist())}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, P], state: Json) -> "Votes[P]":
        """The inverse of `state`; raises KeyError, TypeError or ValueError when it is none."""
        given = cast("Mapping[str, Any]", state)
        return cls(endpoint, int(given["trees"]), np.array(given["present"], dtype=np.int64))


def from_means(endpoint: Endpoint[Any, P], means: Floats, trees: int, present: Integers) -> list[P]:
    """Means over trees (n, k) to predictions: a number, or shares of the classes that the trees know."""
    target = conventional(endpoint, "forest")
    if isinstance(target, Numeric):
        return target.predictions(means[:, 0])
    shares = spread(means, present, len(target.classes))
    # Agreement of all trees is not certainty: one further vote is divided among the classes.
    return target.predictions((shares * trees + 1 / len(target.classes)) / (trees + 1))

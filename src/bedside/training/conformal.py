"""Prediction sets and intervals with a stated coverage, calibrated on cases that the model was not fitted on.

Coverage is marginal: 90 % across patients like those calibrated on, not for this patient, and nothing is claimed
across sites. Repeated cases of one patient are not exchangeable: calibrate on one a patient (`one_each`).
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; by class and by group: Vovk, ACML 2012.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import numpy as np

from bedside.endpoints.target import Quantity, Question
from bedside.errors import StatisticsError
from bedside.types import Booleans, Floats, Integers, Json

P = TypeVar("P")

ALL = ""
"""Name of the one group where none are declared."""


@dataclass(frozen=True, eq=False)
class PredictionSets(Generic[P]):
    """Sets of classes that hold the true one with the stated coverage.

    Attributes:
        target: How predictions are class probabilities.
        level: Coverage that was asked for.
        limits: By group, the largest 1 - probability of a class that is still in the set, shape (k,).
    """

    target: Question[Any, P]
    level: float
    limits: Mapping[str, Floats]

    def __call__(self, predictions: Sequence[P], groups: "Sequence[str] | None" = None) -> Booleans:
        """Which classes each case's set holds, shape (n, k); all of them in a group that was not calibrated on."""
        matrix = self.target.probabilities(predictions)
        everything = np.full(matrix.shape[1], np.inf)
        limits = [self.limits.get(group, everything) for group in _names(groups, len(matrix))]
        return np.asarray(1 - matrix <= np.reshape(limits, matrix.shape))

    def state(self) -> dict[str, Json]:
        """Level and limits as JSON; an endless limit is null."""
        return {"level": self.level, "limits": {name: _finite(limit) for name, limit in self.limits.items()}}

    @classmethod
    def from_state(cls, target: Question[Any, P], state: Mapping[str, Json]) -> "PredictionSets[P]":
        """The inverse of `state`."""
        return cls(target, float(cast("float", state["level"])), _limits(state["limits"]))


@dataclass(frozen=True, eq=False)
class PredictionIntervals(Generic[P]):
    """Intervals around a predicted number that hold the true one with the stated coverage.

    Attributes:
        target: How predictions are numbers.
        level: Coverage that was asked for.
        limits: By group, half the width, shape (1,).
    """

    target: Quantity[Any, P]
    level: float
    limits: Mapping[str, Floats]

    def __call__(self, predictions: Sequence[P], groups: "Sequence[str] | None" = None) -> tuple[Floats, Floats]:
        """Lower and upper limits, each of shape (n,); endless in a group that was not calibrated on."""
        estimates = self.target.estimates(predictions)
        endless = np.array([np.inf])
        half = np.array([self.limits.get(group, endless)[0] for group in _names(groups, len(estimates))])
        return estimates - half, estimates + half

    def state(self) -> dict[str, Json]:
        """Level and limits as JSON; an endless limit is null."""
        return {"level": self.level, "limits": {name: _finite(limit) for name, limit in self.limits.items()}}

    @classmethod
    def from_state(cls, target: Quantity[Any, P], state: Mapping[str, Json]) -> "PredictionIntervals[P]":
        """The inverse of `state`."""
        return cls(target, float(cast("float", state["level"])), _limits(state["limits"]))


def prediction_sets(
    target: Question[Any, P],
    outcomes: Sequence[Any],
    predictions: Sequence[P],
    *,
    level: float = 0.9,
    by_class: bool = True,
    groups: "Sequence[str] | None" = None,
) -> PredictionSets[P]:
    """Calibrate prediction sets; score 1 - probability of the true class (Sadinle, Lei and Wasserman, JASA 2019).

    Args:
        target: How predictions are class probabilities.
        outcomes: Of the calibration cases.
        predictions: By models that were not fitted on them.
        level: Coverage, in (0, 1).
        by_class: Hold the coverage within each true class, so that the rare class is not the one that is missed.
        groups: Group of each case; the coverage is then held within each group.

    Raises:
        StatisticsError: The level is not in (0, 1), or lengths differ.
    """
    matrix, index = target.probabilities(predictions), target.index(outcomes)
    scores = 1 - matrix[np.arange(len(index)), index]
    limits = {}
    for name, inside in _members(groups, len(index), level).items():
        if by_class:
            each = [_quantile(scores[inside & (index == k)], level) for k in range(matrix.shape[1])]
        else:
            each = [_quantile(scores[inside], level)] * matrix.shape[1]
        limits[name] = np.array(each)
    return PredictionSets(target, level, limits)


def prediction_intervals(
    target: Quantity[Any, P],
    outcomes: Sequence[Any],
    predictions: Sequence[P],
    *,
    level: float = 0.9,
    groups: "Sequence[str] | None" = None,
) -> PredictionIntervals[P]:
    """Calibrate prediction intervals; score absolute error (Lei et al., JASA 2018).

    Args:
        target: How predictions are numbers.
        outcomes: Of the calibration cases.
        predictions: By models that were not fitted on them.
        level: Coverage, in (0, 1).
        groups: Group of each case; the coverage is then held within each group.

    Raises:
        StatisticsError: The level is not in (0, 1), or lengths differ.
    """
    errors = np.abs(target.values(outcomes) - target.estimates(predictions))
    members = _members(groups, len(errors), level)
    limits = {name: np.array([_quantile(errors[inside], level)]) for name, inside in members.items()}
    return PredictionIntervals(target, level, limits)


def one_each(patients: Sequence[Hashable], *, seed: int | Sequence[int]) -> Integers:
    """Positions of one case a patient, drawn at random, ascending."""
    order = np.random.default_rng(seed).permutation(len(patients)).tolist()
    drawn: dict[Hashable, int] = {}
    for position in order:
        drawn.setdefault(patients[position], position)
    return np.array(sorted(drawn.values()), dtype=np.int64)


def _quantile(scores: Floats, level: float) -> float:
    """The conformal quantile; infinite where too few scores allow nothing to be excluded."""
    rank = int(np.ceil((scores.size + 1) * level - 1e-9))
    return float(np.sort(scores)[rank - 1]) if rank <= scores.size else float("inf")


def _members(groups: "Sequence[str] | None", cases: int, level: float) -> dict[str, Booleans]:
    if not 0 < level < 1:
        msg = f"coverage level is {level}; give a number between 0 and 1, such as 0.9"
        raise StatisticsError(msg)
    names = np.array(_names(groups, cases))
    return {str(name): names == name for name in np.unique(names)}


def _names(groups: "Sequence[str] | None", cases: int) -> Sequence[str]:
    if groups is None:
        return [ALL] * cases
    if len(groups) != cases:
        msg = f"{len(groups)} groups were given for {cases} cases; give one a case"
        raise StatisticsError(msg)
    return groups


def _finite(limit: Floats) -> Json:
    return [value if np.isfinite(value) else None for value in limit.tolist()]


def _limits(state: Json) -> dict[str, Floats]:
    given = cast("dict[str, list[float | None]]", state)
    return {
        name: np.array([np.inf if value is None else value for value in limit], dtype=np.float64)
        for name, limit in given.items()
    }

"""How the operating point of a binary model is chosen on tuning data: the probability from which it says "positive"."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bedside.errors import CohortProblem, StudyError
from bedside.stats.roc import Curve, roc_curve
from bedside.types import Booleans, Floats

_MARGIN = 1e-9
"""Thresholds stay this far below 1, where the odds of net benefit have no end."""


class OperatingRule(Protocol):
    """A rule that turns tuning data into a threshold."""

    @property
    def words(self) -> str:
        """The rule for the methods section, without a full stop."""
        ...

    def choose(self, outcomes: Booleans, predictions: Floats, weights: Floats | None = None) -> float:
        """The threshold: a probability at or above it is called positive.

        Args:
            outcomes: Of tuning cases.
            predictions: By models that were not fitted on them.
            weights: How many cases each stands for; None where each stands for itself.
        """
        ...


@dataclass(frozen=True)
class Youden:
    """Highest sum of sensitivity and specificity (Youden, Cancer 1950); of equals, the more sensitive."""

    @property
    def words(self) -> str:
        """The rule in words."""
        return "highest Youden index (sensitivity + specificity - 1) on tuning data"

    def choose(self, outcomes: Booleans, predictions: Floats, weights: Floats | None = None) -> float:
        """The threshold; raises CohortProblem where tuning data hold one class only."""
        curve = _curve(outcomes, predictions, weights)
        index = (curve.y - curve.x)[1:]
        best = 1 + np.flatnonzero(index >= index.max() - 1e-12)[-1]
        return _between(curve, int(best))


@dataclass(frozen=True)
class AtSensitivity:
    """The highest specificity among thresholds that reach a sensitivity."""

    sensitivity: float

    def __post_init__(self) -> None:
        _check_share(self.sensitivity, "sensitivity")

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"highest specificity at a sensitivity of at least {self.sensitivity:g} on tuning data"

    def choose(self, outcomes: Booleans, predictions: Floats, weights: Floats | None = None) -> float:
        """The threshold; raises CohortProblem where tuning data hold one class only."""
        curve = _curve(outcomes, predictions, weights)
        return _between(curve, int(np.flatnonzero(curve.y >= self.sensitivity - 1e-12)[0]))


@dataclass(frozen=True)
class AtSpecificity:
    """The highest sensitivity among thresholds that keep a specificity."""

    specificity: float

    def __post_init__(self) -> None:
        _check_share(self.specificity, "specificity")

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"highest sensitivity at a specificity of at least {self.specificity:g} on tuning data"

    def choose(self, outcomes: Booleans, predictions: Floats, weights: Floats | None = None) -> float:
        """The threshold; raises CohortProblem where tuning data hold one class only."""
        curve = _curve(outcomes, predictions, weights)
        return _between(curve, int(np.flatnonzero(1.0 - curve.x >= self.specificity - 1e-12)[-1]))


@dataclass(frozen=True)
class FixedThreshold:
    """A threshold declared beforehand, from the harms of a missed and of a needless treatment."""

    threshold: float

    def __post_init__(self) -> None:
        _check_share(self.threshold, "threshold")

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"threshold declared as {self.threshold:g} before the run"

    def choose(self, outcomes: Booleans, predictions: Floats, weights: Floats | None = None) -> float:  # noqa: ARG002 - needs no data
        """The declared threshold."""
        return self.threshold


def _check_share(value: float, what: str) -> None:
    if not 0.0 < value < 1.0:
        msg = f"{what} of an operating point is {value!r}; give a number strictly between 0 and 1"
        raise StudyError(msg)


def _curve(outcomes: Booleans, predictions: Floats, weights: Floats | None) -> Curve:
    positive = int(outcomes.sum())
    if positive in (0, outcomes.size):
        msg = (
            f"the operating point cannot be chosen: the tuning data hold {positive} positive and "
            f"{outcomes.size - positive} negative cases; give more data, or declare FixedThreshold"
        )
        raise CohortProblem(msg)
    return roc_curve(predictions, outcomes, weights)


def _between(curve: Curve, step: int) -> float:
    """Halfway between the last score that is called positive and the next one, so that no hair's breadth decides.

    Step 0 calls nobody positive; a score of exactly 1 is called positive all the same.
    """
    upper = float(curve.threshold[step]) if step else 1.0
    lower = float(curve.threshold[step + 1]) if step + 1 < curve.threshold.size else 0.0
    middle = (upper + lower) / 2.0
    chosen = middle if lower < middle <= upper else upper
    return min(chosen, 1.0 - _MARGIN)

"""Binary outcomes of which some are not known because observation ended: follow-up, weights and pseudo-values.

Leaving the censored out would keep those who have the event early and lose those who are watched longest, so that risk
comes out wrong. Weights stand the known in for the censored; pseudo-values give everybody a number that can be learned.
Both hold where censoring does not depend on the outcome, given what the censoring curve was fitted on.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from bedside.errors import StatisticsError
from bedside.types import Booleans, Floats, Integers


class Ending(IntEnum):
    """Why watching ended."""

    CENSORED = 0
    """Observation ended before the outcome was known."""
    EVENT = 1
    """The outcome happened."""
    COMPETING = 2
    """A competing event, after which the outcome cannot happen."""
    WATCHED = 3
    """The whole horizon had passed without the outcome."""


CENSORED, EVENT, COMPETING, WATCHED = Ending

_CELLS = 4_000_000
"""Numbers of one chunk of the jackknife."""


@dataclass(frozen=True)
class FollowUp:
    """How long each sample was watched and why watching ended.

    Attributes:
        days: From the index time until watching ended, shape (n,).
        ending: An `Ending` each, shape (n,).

    Raises:
        StatisticsError: Lengths differ, a time is negative or not finite, or an ending is another.
    """

    days: Floats
    ending: Integers

    def __post_init__(self) -> None:
        if self.days.ndim != 1 or self.days.shape != self.ending.shape or not len(self.days):
            _refuse(f"days of shape {self.days.shape} and endings of {self.ending.shape}", "one of each a sample")
        if not np.isfinite(self.days).all() or self.days.min() < 0:
            _refuse("days that are negative or not finite", "days from 0 on")
        if not np.isin(self.ending, (CENSORED, EVENT, COMPETING, WATCHED)).all():
            _refuse("an ending that is none of 0, 1, 2 and 3", "CENSORED, EVENT, COMPETING or WATCHED")

    def __len__(self) -> int:
        return len(self.days)

    @property
    def known(self) -> Booleans:
        """Whose outcome is known."""
        there: Booleans = self.ending != CENSORED
        return there

    def __getitem__(self, samples: Integers | Booleans | slice) -> "FollowUp":
        """Some samples alone, by their positions, a mask or a slice."""
        return FollowUp(self.days[samples], self.ending[samples])


@dataclass(frozen=True)
class CensoringCurve:
    """How likely a sample is to be still observed, by time since its index (Kaplan and Meier 1958).

    Attributes:
        days: Times at which somebody was censored, ascending, shape (k,).
        observed: Probability of being observed after each, shape (k,).
    """

    days: Floats
    observed: Floats

    def before(self, days: Floats) -> Floats:
        """Probability of being observed up to just before these times, shape (n,)."""
        steps = np.concatenate([[1.0], self.observed])
        found: Floats = steps[np.searchsorted(self.days, days, side="left")]
        return found


def fit_censoring(development: FollowUp) -> CensoringCurve:
    """The censoring curve of development samples; events come before censorings at the same time.

    Fit it on development alone: the weights of tuning and test samples are read from the same curve.
    """
    days, at_risk, events, censored = _counted(development)
    exposed = at_risk - events
    factors = np.divide(exposed - censored, exposed, out=np.ones_like(exposed), where=exposed > 0)
    observed: Floats = np.cumprod(factors).astype(np.float64)
    some = censored > 0
    return CensoringCurve(days[some], observed[some])


@dataclass(frozen=True)
class InverseWeights:
    """Weights that let the known stand for the censored.

    Attributes:
        weights: 0 for the censored, else 1 over the probability of still being observed, shape (n,).
        truncated: How many weights were cut off.
        largest: The largest weight that was allowed.
    """

    weights: Floats
    truncated: int
    largest: float

    @property
    def effective(self) -> float:
        """Effective number of samples."""
        return effective(self.weights)


def effective(weights: Floats) -> float:
    """(Sum of weights) squared over the sum of squares: as many unweighted cases are worth as much (Kish 1965)."""
    return float(weights.sum() ** 2 / np.square(weights).sum()) if weights.any() else 0.0


def censoring_weights(curve: CensoringCurve, samples: FollowUp, *, largest: float = 20.0) -> InverseWeights:
    """Inverse-probability-of-censoring weights.

    A sample whose outcome became known at time t (by the event, a competing event, or the whole horizon watched) weighs
    1 / G(t-), G the censoring curve (Robins and Rotnitzky 1992, in AIDS Epidemiology; Graf et al. 1999, Stat Med
    18:2529; Vock et al. 2016, J Biomed Inform 61:119). Without censoring all weights are 1; where censoring is not
    informative their mean tends to 1.

    Args:
        curve: Fitted on development samples.
        samples: Any samples.
        largest: Larger weights are cut off there and counted: less variance for some bias (Cole and Hernán 2008, Am J
            Epidemiol 168:656).
    """
    if not largest >= 1:
        _refuse(f"largest = {largest}", "1 or more")
    still = curve.before(samples.days)
    weights = np.where(samples.known, 1.0 / np.maximum(still, np.finfo(np.float64).tiny), 0.0)
    return InverseWeights(np.minimum(weights, largest), int((weights > largest).sum()), largest)


def pseudo_values(samples: FollowUp) -> Floats:
    """A number for each sample that stands for its outcome, censored or not, shape (n,).

    Jackknife values of the cumulative incidence of the event at the end of follow-up: n F - (n - 1) F without the
    sample, F by Aalen and Johansen, which without competing events is one minus Kaplan and Meier (Andersen, Klein and
    Rosthøj 2003, Biometrika 90:15; Klein and Andersen 2005, Biometrics 61:223). Without censoring they are the
    outcomes 0 and 1; they may lie outside. Compute them within one partition: a value depends on all samples given.
    """
    days, inverse = np.unique(samples.days, return_inverse=True)
    kinds, sample = np.unique(np.stack([inverse, samples.ending]), axis=1, return_inverse=True)
    # Whose watch is over cannot have the event any more, as after a competing one, whenever that was.
    over = np.isin(samples.ending, (COMPETING, WATCHED))
    events, rivals = _sums(inverse, samples.ending == EVENT), _sums(inverse, over)
    at_risk = np.cumsum(_sums(inverse, np.ones(len(samples)))[::-1])[::-1]
    n = float(len(samples))
    total = _incidence(at_risk[None], events[None], rivals[None])[0]
    without = np.empty(kinds.shape[1])
    chunk = max(1, _CELLS // len(days))
    for start in range(0, kinds.shape[1], chunk):
        place, ending = kinds[:, start : start + chunk]
        here = np.arange(len(days)) == place[:, None]
        without[start : start + chunk] = _incidence(
            at_risk - (np.arange(len(days)) <= place[:, None]),
            events - (here & (ending == EVENT)[:, None]),
            rivals - (here & np.isin(ending, (COMPETING, WATCHED))[:, None]),
        )
    values: Floats = n * total - (n - 1.0) * without[sample.reshape(-1)]
    return values


def _incidence(at_risk: Floats, events: Floats, rivals: Floats) -> Floats:
    """Cumulative incidence of the event after all times; arrays of shape (samples left out, times)."""
    exposed = np.maximum(at_risk, 1.0)
    leaving = np.cumprod(1.0 - (events + rivals) / exposed, axis=1)
    before = np.concatenate([np.ones((len(leaving), 1)), leaving[:, :-1]], axis=1)
    incidence: Floats = (before * events / exposed).sum(axis=1)
    return incidence


def _counted(samples: FollowUp) -> tuple[Floats, Floats, Floats, Floats]:
    """Of each different time: how many are at risk, leave with a known outcome, are censored."""
    days, inverse = np.unique(samples.days, return_inverse=True)
    everybody, known = _sums(inverse, np.ones(len(samples))), _sums(inverse, samples.known)
    return days, np.cumsum(everybody[::-1])[::-1], known, everybody - known


def _sums(place: Integers, weights: Floats | Booleans) -> Floats:
    """Of each different time, the sum of weights."""
    sums: Floats = np.bincount(place, weights=weights).astype(np.float64)
    return sums


def _refuse(received: str, allowed: str) -> None:
    msg = f"follow-up: received {received}; allowed: {allowed}"
    raise StatisticsError(msg)

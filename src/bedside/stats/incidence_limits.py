"""The observed cumulative incidence of a cause with pointwise limits: Kaplan and Meier's, or Aalen and Johansen's.

The variance is the infinitesimal jackknife's, summed by patient where patients repeat; without competing causes and
repeated patients it is Greenwood's. Limits are symmetric in the complementary log-log (Kalbfleisch and Prentice 2002,
The Statistical Analysis of Failure Time Data, section 1.4). Sources: Aalen and Johansen 1978, Scand J Stat 5:141;
Therneau, Crowson and Atkinson 2024, Concordance and influence, R package survival (influence of a case on survfit).
"""

from typing import NamedTuple

import numpy as np

from bedside.errors import StatisticsError
from bedside.stats.interval import normal_quantile
from bedside.stats.times import Times
from bedside.types import Booleans, Floats, Integers

_DIGITS = 12
"""Sums of increments reach 0 and 1 no nearer than this."""


class ObservedIncidence(NamedTuple):
    """Cumulative incidence at some times, shape (times,) each.

    Attributes:
        at: Times.
        value: Share of cases to which the cause of interest came by then; NaN from where nobody is watched any more.
        low, high: Limits; where nothing has happened yet, the upper one is exact for those who are still watched.
        at_risk: Cases that are watched at each time and to which nothing came before it.
        patients: Patients among them.
    """

    at: Floats
    value: Floats
    low: Floats
    high: Floats
    at_risk: Integers
    patients: Integers


def observed_incidence(
    times: Times, at: Floats, *, cause: int = 1, patient: Integers | None = None, level: float = 0.95
) -> ObservedIncidence:
    """The cumulative incidence of a cause at some times.

    Args:
        times: Of n cases.
        at: Times from 0 on, rising.
        cause: Number of the cause; all others compete with it.
        patient: Code of each case's patient, shape (n,); None where each case is another patient.
        level: Of the limits.

    Raises:
        StatisticsError: There are no cases, times do not rise from 0 on, or the level is not within (0, 1).
    """
    if not len(times) or (at < 0).any() or (np.diff(at) <= 0).any():
        msg = f"received {len(times)} cases and {at.size} times; give at least one case, and times from 0 on that rise"
        raise StatisticsError(msg)
    who = np.arange(len(times), dtype=np.int64) if patient is None else patient
    steps = _Steps(times, cause)
    value = np.append(0.0, steps.incidence)[np.searchsorted(steps.at, at, side="right")].round(_DIGITS)
    influence = np.zeros((int(np.unique(who).size), at.size))
    np.add.at(influence, np.unique(who, return_inverse=True)[1], steps.influence(at))
    error = np.sqrt((influence**2).sum(axis=0))
    watched = at_risk(times, at)
    patients = np.array([np.unique(who[here]).size for here in watched.T], dtype=np.int64)
    low, high = _limits(value, error, patients, int(influence.shape[0]), level)
    # After the last moment at which anybody is watched nothing is known, unless the event came to all.
    unknown = (at > times.time.max()) & (steps.survival_at_end > 0)
    value, low, high = (np.where(unknown, np.nan, each) for each in (value, low, high))
    return ObservedIncidence(at, value, low, high, watched.sum(axis=0).astype(np.int64), patients)


def at_risk(times: Times, at: Floats) -> Booleans:
    """Which cases are watched at each time and have had nothing before it, shape (n, times)."""
    came = (times.entry[:, None] < at) | (times.entry[:, None] == 0)
    here: Booleans = came & (times.time[:, None] >= at)
    return here


class _Steps:
    """Hazards and incidence at each time at which anything happened, and what each case adds to them."""

    def __init__(self, times: Times, cause: int) -> None:
        self.times, self.cause = times, cause
        happened = times.event > 0
        self.at = np.unique(times.time[happened])
        ends, comes = np.sort(times.time), np.sort(times.entry)
        gone = np.searchsorted(ends, self.at, side="left")
        self.risk = (np.searchsorted(comes, self.at, side="left") - gone).astype(np.float64)
        self.any = self._counts(happened) / self.risk
        self.own = self._counts(times.event == cause) / self.risk
        after = np.cumprod(1.0 - self.any)
        self.before = np.append(1.0, after)[:-1]
        self.incidence = np.cumsum(self.before * self.own)
        self.survival_at_end = float(after[-1]) if after.size else 1.0

    def _counts(self, which: Booleans) -> Floats:
        place = np.searchsorted(self.at, self.times.time[which])
        return np.bincount(place, minlength=self.at.size).astype(np.float64)

    def influence(self, at: Floats) -> Floats:
        """Derivative of the incidence by the weight of each case, shape (n, times)."""
        left = 1.0 - self.any
        inverse = np.divide(1.0, self.risk * left, out=np.zeros_like(left), where=left > 0)
        happened = self.times.event > 0
        direct = self._martingale(self.before / self.risk, self.own, self.times.event == self.cause, at)
        survival = self._martingale(inverse, self.any, happened, at)
        reached = self._martingale(inverse * self.incidence, self.any, happened, at)
        value = np.append(0.0, self.incidence)[np.searchsorted(self.at, at, side="right")]
        return np.asarray(direct - (value * survival - reached), dtype=np.float64)

    def _martingale(self, weight: Floats, hazard: Floats, which: Booleans, at: Floats) -> Floats:
        """Integral of a weight over what happened to each case less its hazard, up to each time, shape (n, times)."""
        total = np.append(0.0, np.cumsum(weight * hazard))
        until = np.minimum(self.times.time[:, None], at)
        since = np.minimum(self.times.entry[:, None], at)
        expected = total[np.searchsorted(self.at, until, side="right")]
        expected -= total[np.searchsorted(self.at, since, side="right")]
        jump = np.zeros(len(self.times))
        jump[which] = weight[np.searchsorted(self.at, self.times.time[which])]
        return np.asarray(jump[:, None] * (self.times.time[:, None] <= at) - expected, dtype=np.float64)


def _limits(value: Floats, error: Floats, patients: Integers, everyone: int, level: float) -> tuple[Floats, Floats]:
    reach, tail = normal_quantile(level), (1.0 - level) / 2.0
    inside = (value > 0) & (value < 1) & (everyone > 1)
    free = np.where(inside, 1.0 - value, 0.5)
    spread = np.exp(reach * error / (free * -np.log(free)))
    low = np.where(inside, 1.0 - free ** (1.0 / spread), 0.0)
    high = np.where(inside, 1.0 - free**spread, 1.0)
    exact = 1.0 - tail ** (1.0 / np.maximum(patients, 1))
    high = np.where(value <= 0, np.where(patients > 0, exact, 1.0), high)
    low = np.where(value >= 1, tail ** (1.0 / everyone), low)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)

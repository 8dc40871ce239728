"""How many patients have an event before their own predicted incidence reaches a level: what bounds and bands rest on.

A patient's predicted incidence at the time of the event is its probability integral transform. If curves were right, a
share u of patients would have the event by the time at which their own curve reaches u. What the share is instead is
estimated from censored and left-truncated times by Aalen and Johansen's masses: each event counts for those who were
not seen as long, which is its inverse probability of censoring (`risk_sets.Sets.mass`), and a patient with a competing
event never has the one of interest. That holds where censoring and late entry have nothing to do with predictors and
times; nothing is asked of the curves.

Sources: Candes, Lei and Ren 2023, J R Stat Soc B 85:24 (lower predictive bounds of survival times); Gui, Hore, Ren and
Barber 2024, Biometrika 111:459 (a level common to all patients, chosen by weighted miscoverage). They know when every
patient would have been censored; here that is known of censored patients only, so that weights are those of events, and
the promise holds for many calibration cases, not for any number of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bedside.errors import StatisticsError
from bedside.stats.incidence import known
from bedside.stats.interval import normal_quantile
from bedside.stats.risk_sets import RiskSets, Sets
from bedside.stats.times import Times
from bedside.types import Booleans, Floats, Weights

_LEAST_SPREAD = 1e-12


class Reached:
    """Transforms of n cases: when each event came, measured by the case's own predicted incidence.

    Attributes:
        levels: The different transforms of events of the cause, rising, shape (k,).
    """

    def __init__(self, times: Times, cause: int, transform: Floats, last: float) -> None:
        """Look at events of a cause by a last time.

        Args:
            times: Of the cases.
            cause: Its number, from 1 on.
            transform: Predicted incidence of the cause at each case's own time, shape (n,), in [0, 1].
            last: Time until which cases have to be watched; later events tell nothing.

        Raises:
            StatisticsError: Not one transform a case, or one outside [0, 1].
        """
        if transform.shape != times.time.shape or not ((transform >= 0) & (transform <= 1)).all():
            msg = f"{len(times)} cases have transforms of shape {transform.shape}; give one from 0 to 1 a case"
            raise StatisticsError(msg)
        self._sets, self._last = RiskSets(times), last
        rows = self._sets.rows
        self._ours = (times.event[rows] == cause) & (times.time[rows] <= last)
        self.levels, self._place = np.unique(transform[rows[self._ours]], return_inverse=True)

    def shares(self, weights: Weights) -> Floats:
        """Share of patients with the event by each of `levels`, under weights (b, n); shape (b, k).

        NaN where nobody is watched until the last time.
        """
        found = self._sets(weights)
        rows = self._sets.rows[self._ours]
        masses = weights.take(rows, axis=1) * found.mass[:, self._sets.place[self._ours]]
        summed = np.zeros((len(weights), self.levels.size))
        for row, each in zip(summed, masses, strict=True):
            np.add.at(row, self._place, each)
        return np.where(self._known(found, weights), summed.cumsum(axis=1), np.nan)

    def _known(self, found: Sets, weights: Weights) -> Booleans:
        return known(self._sets, found, weights, np.array([self._last]))


def level_kept(reached: Reached, cases: int, coverage: float) -> float:
    """The greatest level before which at most a share 1 - coverage of patients have the event; 1 where all are.

    One patient more than was seen counts as having it, as in split conformal prediction.

    Args:
        reached: Transforms of the calibration cases.
        cases: How many these are.
        coverage: Share of patients without the event by then, in (0, 1).

    Raises:
        StatisticsError: Too few cases for the coverage, none watched until the last time, or a coverage outside (0, 1).
    """
    if not 0 < coverage < 1:
        msg = f"coverage is {coverage}; give a number between 0 and 1, such as 0.9"
        raise StatisticsError(msg)
    share = reached.shares(np.ones((1, cases)))[0]
    if np.isnan(share).any():
        msg = f"none of {cases} calibration cases was watched until the last time; lower bounds cannot be calibrated"
        raise StatisticsError(msg)
    missed = (cases * share + 1.0) / (cases + 1.0)
    allowed = 1.0 - coverage + 1e-12
    if 1.0 / (cases + 1.0) > allowed:
        need = int(np.ceil(1.0 / allowed)) - 1
        msg = f"{cases} calibration cases cannot give {coverage:.0%} coverage; at least {need} are needed"
        raise StatisticsError(msg)
    over = np.flatnonzero(missed > allowed)
    return float(reached.levels[over[0]]) if over.size else 1.0


def kept_share(times: Times, cause: int, bounds: Floats, weights: Weights) -> Floats:
    """Share of patients without the event before their own lower bound, shape (b,), estimated under censoring.

    Args:
        times: Of n judged cases.
        cause: Its number, from 1 on.
        bounds: A time each, shape (n,).
        weights: Shape (b, n).

    Returns:
        NaN where nobody is watched until the greatest bound.
    """
    sets = RiskSets(times)
    found = sets(weights)
    missed = (times.event[sets.rows] == cause) & (times.time[sets.rows] < bounds[sets.rows])
    rows = sets.rows[missed]
    lost = np.einsum("be,be->b", weights.take(rows, axis=1), found.mass[:, sets.place[missed]])
    there = known(sets, found, weights, np.array([bounds.max()]))[:, 0]
    return np.where(there, 1.0 - lost, np.nan)


@dataclass(frozen=True, eq=False)
class Band:
    """A band that holds the share of patients with the event by each level, at all levels at once.

    Attributes:
        levels: Rising, from 0 to 1, shape (k,).
        share: Estimated, shape (k,).
        low, high: Limits, rising, shape (k,).
    """

    levels: Floats
    share: Floats
    low: Floats
    high: Floats

    def __call__(self, incidences: Floats) -> tuple[Floats, Floats]:
        """Lower and upper limits of predicted incidences of any shape.

        Of all patients with the same predictions at the times at which they reach them, the share with the event by
        then lies between these limits. That is a promise for patients on the whole, with the confidence asked for over
        calibration samples, as far as censoring has nothing to do with predictors; it is none for this patient, nor for
        patients with these predictors, whose curve may be wrong in a way that others make up for.
        """
        place = np.searchsorted(self.levels, incidences, side="right") - 1
        # A step function: the upper limit holds until the next event.
        return self.low[np.maximum(place, 0)], self.high[np.maximum(place, 0)]


def band(reached: Reached, cases: int, replicates: Iterable[Weights], confidence: float = 0.95) -> Band:
    """A simultaneous band of equal precision, by bootstrap of patients.

    As far from the estimate, in standard errors, as no more than 1 - confidence of replicates go anywhere (Hall and
    Wellner 1980, Biometrika 67:133, and Nair 1984, Technometrics 26:265, for Kaplan and Meier's curve alone).

    Args:
        reached: Transforms of the calibration cases.
        cases: How many these are.
        replicates: Weights (b, n) of `bootstrap.multiplicities`.
        confidence: In (0, 1).

    Raises:
        StatisticsError: No events, nobody watched until the last time, or a confidence outside (0, 1).
    """
    normal_quantile(confidence)
    share = reached.shares(np.ones((1, cases)))[0]
    if not share.size or np.isnan(share).any():
        msg = f"{cases} calibration cases have no event, or none was watched until the last time; a band needs both"
        raise StatisticsError(msg)
    drawn = np.concatenate([reached.shares(weights) for weights in replicates])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    # Ends of the range have too few events for a standard error: there the band is that of the nearest with enough.
    spread = drawn.std(axis=0)
    inside = (share >= 3.0 / cases) & (spread > _LEAST_SPREAD)
    if len(drawn) < 2 or not inside.any():
        msg = f"{cases} calibration cases have too few events for a band; use more"
        raise StatisticsError(msg)
    spread = np.maximum(spread, spread[inside][0])
    farthest = (np.abs(drawn - share) / spread).max(axis=1)
    width = float(np.quantile(farthest, confidence)) * spread
    low = np.maximum.accumulate(np.clip(share - width, 0.0, 1.0))
    high = np.maximum.accumulate(np.clip(share + width, 0.0, 1.0))
    # Before the first event nothing was seen, and after the last nothing is added.
    return Band(
        np.concatenate([[0.0], reached.levels]),
        np.concatenate([[0.0], share]),
        np.concatenate([[0.0], low]),
        np.concatenate([[high[0]], high]),
    )

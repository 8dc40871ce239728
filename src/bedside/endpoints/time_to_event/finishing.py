"""Recalibration of predicted curves: a slope and an intercept on the log cumulative hazard of each cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.reading import at_own_times
from bedside.endpoints.time_to_event.target import Timed
from bedside.errors import ModelError, StatisticsError
from bedside.stats.times import Times, incidences
from bedside.types import Booleans, Floats, Json

FEWEST_EVENTS = 10
"""Of a cause, below which its curves are left as they are."""

_PRIOR_SD = 2.0
"""Of the log slope and of the intercept at the mean log hazard: weak, as in Platt's recalibration."""

_SMALLEST = 1e-7
"""Survival and cumulative hazards are held above this, so that none is infinite or has no logarithm."""

_STEPS, _CLOSE = 100, 1e-9
KIND = "cumulative hazard"


@dataclass(frozen=True)
class Recalibration:
    """Predicted curves with other cumulative cause-specific hazards: exp(intercept) * hazard ** slope.

    Attributes:
        target: What predictions are.
        slopes: One a cause, above 0; below 1 where predictions are too far apart.
        intercepts: One a cause.
        events: Events of each cause on which they were fitted.
    """

    target: Timed
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]
    events: tuple[int, ...]

    @property
    def changes(self) -> bool:
        """Whether it changes anything beyond the digits of single precision."""
        return any(slope != 1.0 for slope in self.slopes) or any(one != 0.0 for one in self.intercepts)

    def __call__(self, predictions: Sequence[Incidence]) -> list[Incidence]:
        """Recalibrated predictions, in order, as float32 values."""
        if len(predictions) == 0:
            return []
        curves = self.target.curves(predictions)
        if self.changes:
            hazards = cumulative_hazards(curves)
            slopes, intercepts = np.array(self.slopes)[:, None], np.array(self.intercepts)[:, None]
            changed = np.exp(intercepts + slopes * np.log(np.maximum(hazards, _SMALLEST)))
            changed = np.where(hazards > 0, changed, 0.0)
            curves = incidences(np.diff(changed, axis=-1, prepend=0.0))
        return self.target.predictions(_rounded_down(curves))

    def state(self) -> dict[str, Json]:
        """Slope, intercept and number of events of each cause."""
        each = zip(self.target.causes, self.slopes, self.intercepts, self.events, strict=True)
        causes: dict[str, Json] = {
            word: {"slope": slope, "intercept": intercept, "events": events} for word, slope, intercept, events in each
        }
        return {"kind": KIND, "causes": causes}


@dataclass(frozen=True, eq=False)
class Recalibrating:
    """Fits a slope and an intercept on the log cumulative hazard of each cause, as decision 0015 says.

    By the full likelihood of censored and left-truncated times: a case with cumulative hazard H(t) adds -H(t), plus
    H(entry) where it entered late, plus the log hazard at its event, which is that of the prediction times
    slope * exp(intercept) * H ** (slope - 1). The causes' likelihoods are apart. Of one cause that is a recalibration
    as Crowson, Atkinson and Therneau (Stat Methods Med Res 2016, 25:1692) fit it by Poisson regression, with a slope.

    Attributes:
        target: What predictions are.
    """

    target: Timed

    def fit(self, outcomes: Sequence[Followed], predictions: Sequence[Incidence]) -> Recalibration:
        """Fit on cases that the learner was not fitted on; a cause of few events is left as it is.

        Raises:
            StatisticsError: Not one prediction a case.
            OutcomeProblem: An event has the number of no cause.
        """
        if len(outcomes) != len(predictions):
            msg = f"there are {len(outcomes)} outcomes and {len(predictions)} predictions; give one prediction a case"
            raise StatisticsError(msg)
        self.target.checked(outcomes)
        causes = len(self.target.causes)
        slopes, intercepts, events = [1.0] * causes, [0.0] * causes, [0] * causes
        if outcomes:
            times = _until(times_of(outcomes), self.target.until)
            hazards = cumulative_hazards(self.target.curves(predictions))
            for place in range(causes):
                came = times.event == place + 1
                events[place] = int(came.sum())
                if events[place] >= FEWEST_EVENTS:
                    ends = at_own_times(self.target.grid, hazards[:, place], times.time)
                    begins = at_own_times(self.target.grid, hazards[:, place], times.entry)
                    slopes[place], intercepts[place] = _fitted(ends, begins, came)
        return Recalibration(self.target, tuple(slopes), tuple(intercepts), tuple(events))

    def restore(self, state: Mapping[str, Json]) -> Recalibration:
        """The inverse of `Recalibration.state`.

        Raises:
            ModelError: It is the state of something else, or of other causes.
        """
        causes = state.get("causes")
        try:
            if state.get("kind") == KIND and isinstance(causes, dict) and tuple(causes) == self.target.causes:
                each = [cast("Mapping[str, Json]", one) for one in causes.values()]
                slopes = tuple(float(cast("float", one["slope"])) for one in each)
                intercepts = tuple(float(cast("float", one["intercept"])) for one in each)
                events = tuple(int(cast("int", one["events"])) for one in each)
                if min(slopes) > 0:
                    return Recalibration(self.target, slopes, intercepts, events)
        except (KeyError, TypeError, ValueError):
            pass
        msg = (
            f"the stored recalibration holds {sorted(state)}; it is not one of cumulative hazards of "
            f"{', '.join(self.target.causes)}: fit the model again"
        )
        raise ModelError(msg)


def cumulative_hazards(curves: Floats) -> Floats:
    """Cumulative cause-specific hazards of cumulative incidences, both of shape (..., causes, times).

    The inverse of `stats.times.incidences`.
    """
    free = np.maximum(1.0 - curves.sum(axis=-2), _SMALLEST)
    lost = np.diff(-np.log(free), axis=-1, prepend=0.0)
    risen = np.diff(curves, axis=-1, prepend=0.0)
    every = risen.sum(axis=-2, keepdims=True)
    share = np.divide(risen, every, out=np.zeros_like(risen), where=every > 0)
    found: Floats = np.cumsum(np.maximum(lost, 0.0)[..., None, :] * share, axis=-1)
    return found


def _until(times: Times, last: float) -> Times:
    """Times as they were known at a last time; cases that entered later say nothing and are given no watch."""
    event = np.where(times.time <= last, times.event, 0)
    entry = np.minimum(times.entry, last)
    return Times(np.maximum(np.minimum(times.time, last), np.nextafter(entry, np.inf)), event, entry)


def _fitted(ends: Floats, begins: Floats, came: Booleans) -> tuple[float, float]:
    """Slope and intercept by Newton's method, held to steps that raise the penalised likelihood."""
    upper, lower = np.log(np.maximum(ends, _SMALLEST)), np.log(np.maximum(begins, _SMALLEST))
    # About the mean of the events the two hardly depend on one another, and the pull of the events on the slope is 0.
    centre = float(upper[came].mean())
    upper, lower, events, late = upper - centre, lower - centre, int(came.sum()), begins > 0

    def hazards(at: Floats) -> tuple[Floats, Floats]:
        slope = np.exp(at[0])
        return np.exp(at[1] + centre + slope * upper), np.where(late, np.exp(at[1] + centre + slope * lower), 0.0)

    def objective(at: Floats) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            up, low = hazards(at)
            return float(events * at.sum() - (up - low).sum() - 0.5 * ((at / _PRIOR_SD) ** 2).sum())

    def slopes(at: Floats) -> tuple[Floats, Floats]:
        """Gradient, and curvature with its sign turned."""
        slope, (up, low) = float(np.exp(at[0])), hazards(at)
        total = float(up.sum() - low.sum())
        first = float(slope * (up @ upper - low @ lower))
        second = float(slope**2 * (up @ upper**2 - low @ lower**2))
        gradient = np.array([events - first, events - total]) - at / _PRIOR_SD**2
        return gradient, np.array([[first + second, first], [first, total]]) + np.eye(2) / _PRIOR_SD**2

    at = np.zeros(2)
    value = objective(at)
    for _ in range(_STEPS):
        gradient, bend = slopes(at)
        step = np.linalg.solve(_positive(bend), gradient)
        step /= max(1.0, float(np.abs(step).max()))
        while np.abs(step).max() > _CLOSE and not objective(at + step) >= value:
            step /= 2.0
        if np.abs(step).max() <= _CLOSE:
            break
        at = at + step
        value = objective(at)
    slope = float(np.exp(at[0]))
    return slope, float(at[1] + centre - slope * centre)


def _positive(matrix: Floats) -> Floats:
    """A symmetric matrix with the signs of its eigenvalues turned positive, so that Newton's step goes up."""
    values, vectors = np.linalg.eigh(matrix)
    found: Floats = (vectors * np.maximum(np.abs(values), _CLOSE)) @ vectors.T
    return found


def _rounded_down(curves: Floats) -> Floats:
    """Curves as float32 values that are never above them: they still rise and sum to no more than 1."""
    single = curves.astype(np.float32)
    above = single > curves
    return np.where(above, np.nextafter(single, np.float32(0.0)), single).astype(np.float64)

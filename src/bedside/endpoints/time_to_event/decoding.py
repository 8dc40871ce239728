"""Raw outputs of heads for times to events as cumulative incidences, in NumPy; members' curves are averaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.stats.times import incidences
from bedside.types import Floats, Integers, Json

FARTHEST: Final = 40.0
"""Log hazard ratios are held to this distance of their mean, so that hazards stay finite."""

_SAVED: Final = "a saved network"


@dataclass(frozen=True, eq=False)
class HazardRatios:
    """Log hazard ratios to curves.

    Attributes:
        target: Causes and times.
        baseline: Cumulative hazard of each member, cause and time of the grid.
        centre: Log hazard ratio of each member and cause that this baseline belongs to.
    """

    target: Timed
    baseline: Floats
    centre: Floats

    def __call__(self, outputs: NDArray[Any], /) -> list[Incidence]:
        """Outputs of shape (cases, members, causes)."""
        steps = np.diff(self.baseline, axis=-1, prepend=0.0)
        ratios = np.exp(np.clip(outputs.astype(np.float64) - self.centre, -FARTHEST, FARTHEST))
        curves = np.zeros((len(outputs), *self.baseline.shape[1:]))
        for member, step in enumerate(steps):
            curves += incidences(ratios[:, member, :, None] * step)
        return self.target.predictions(curves / len(steps))

    def state(self) -> Json:
        """Baselines and what they belong to."""
        return {"baseline": cast("Json", self.baseline.tolist()), "centre": cast("Json", self.centre.tolist())}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "HazardRatios":
        """The inverse of `state`; raises KeyError, TypeError or ValueError when it is none."""
        given = cast("Mapping[str, Any]", state)
        baseline, centre = np.array(given["baseline"], dtype=float), np.array(given["centre"], dtype=float)
        target = timed(endpoint, _SAVED)
        if baseline.ndim != 3 or baseline.shape[1:] != (len(target.causes), len(target.grid)):
            msg = f"baselines of shape {baseline.shape} do not fit the endpoint's causes and times"
            raise ValueError(msg)
        if centre.shape != baseline.shape[:2]:
            msg = f"centres of shape {centre.shape} do not fit baselines of shape {baseline.shape}"
            raise ValueError(msg)
        return cls(target, baseline, centre)


@dataclass(frozen=True, eq=False)
class IntervalHazards:
    """Log-odds of each cause in each interval to curves; within an interval hazards are constant.

    Attributes:
        target: Causes and times.
        cuts: Ends of the intervals.
    """

    target: Timed
    cuts: Floats

    def __call__(self, outputs: NDArray[Any], /) -> list[Incidence]:
        """Outputs of shape (cases, members, causes, intervals)."""
        where, passed = places(self.cuts, self.target.grid)
        curves = np.zeros((len(outputs), len(self.target.causes), len(self.target.grid)))
        for member in range(outputs.shape[1]):
            curves += _curves(outputs[:, member].astype(np.float64), where, passed)
        return self.target.predictions(curves / outputs.shape[1])

    def state(self) -> Json:
        """Ends of the intervals."""
        return {"cuts": cast("Json", self.cuts.tolist())}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "IntervalHazards":
        """The inverse of `state`; raises KeyError, TypeError or ValueError when it is none."""
        return cls(timed(endpoint, _SAVED), _cuts(state))


@dataclass(frozen=True, eq=False)
class IntervalChances:
    """Logits of each interval of each cause and of none to curves; within an interval they rise in a straight line.

    Attributes:
        target: Causes and times.
        cuts: Ends of the intervals.
    """

    target: Timed
    cuts: Floats

    def __call__(self, outputs: NDArray[Any], /) -> list[Incidence]:
        """Outputs of shape (cases, members, causes * intervals + 1)."""
        where, passed = places(self.cuts, self.target.grid)
        mean = softmax(outputs.astype(np.float64), axis=2).mean(axis=1)[:, :-1]
        mass = mean.reshape(len(outputs), len(self.target.causes), len(self.cuts))
        before = np.cumsum(mass, axis=2) - mass
        return self.target.predictions(np.maximum.accumulate(before[..., where] + mass[..., where] * passed, axis=2))

    def state(self) -> Json:
        """Ends of the intervals."""
        return {"cuts": cast("Json", self.cuts.tolist())}

    @classmethod
    def from_state(cls, endpoint: Endpoint[Any, Any], state: Json) -> "IntervalChances":
        """The inverse of `state`; raises KeyError, TypeError or ValueError when it is none."""
        return cls(timed(endpoint, _SAVED), _cuts(state))


def places(cuts: Floats, grid: Floats) -> tuple[Integers, Floats]:
    """The interval that holds each time of a grid, and the share of it that has passed by then; each (times,)."""
    where = np.minimum(np.searchsorted(cuts, grid), cuts.size - 1)
    before = np.concatenate([[0.0], cuts[:-1]])[where]
    return where.astype(np.int64), np.clip((grid - before) / (cuts[where] - before), 0.0, 1.0)


def _curves(logits: Floats, where: Integers, passed: Floats) -> Floats:
    """Cumulative incidences (n, causes, times) from log-odds (n, causes, intervals)."""
    every = logsumexp(logits, axis=1, keepdims=True)
    lost = np.logaddexp(0.0, every)
    share = np.exp(logits - every)
    before = np.exp(-(np.cumsum(lost, axis=2) - lost))
    risen = np.cumsum(before * -np.expm1(-lost) * share, axis=2)
    start = np.concatenate([np.zeros_like(risen[..., :1]), risen[..., :-1]], axis=2)
    within = before[..., where] * -np.expm1(-lost[..., where] * passed)
    found: Floats = start[..., where] + within * share[..., where]
    return found


def _cuts(state: Json) -> Floats:
    cuts = np.array(cast("Mapping[str, Any]", state)["cuts"], dtype=float)
    if cuts.ndim != 1 or not cuts.size or not (np.diff(cuts, prepend=0.0) > 0).all():
        msg = f"{cuts.size} ends of intervals do not rise"
        raise ValueError(msg)
    return cuts

"""Measures of predicted incidences over time."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.endpoints.measure import Contributions, Measure, Statistic
from bedside.endpoints.ratio import one_row_a_case
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.target import Timed
from bedside.stats.auc_over_time import auc_statistic
from bedside.stats.brier_over_time import brier_statistic, shares_of
from bedside.stats.calibration_at import ratio_statistic, slope_statistic
from bedside.stats.censored_benefit import benefit_statistic
from bedside.stats.concordance import harrell_statistic, time_dependent_statistic, uno_statistic
from bedside.stats.restricted_mean import bias_statistic, predicted_loss
from bedside.stats.times import Times
from bedside.types import Floats

TimeMeasure = Measure[Followed, Incidence]

Told = Callable[[Times, Floats], Statistic]
"""Times and what is predicted of each case, shape (n, k), to a statistic."""

_INFINITY = float("inf")
_WATCHED = ("time", "event", "entry")


def words_of(number: float) -> str:
    """A number as part of a name: 60 is "60", 2.5 is "2_5"."""
    return f"{number:g}".replace(".", "_").replace("+", "").replace("-", "_")


def time_measures(target: Timed, thresholds: tuple[float, ...]) -> tuple[TimeMeasure, ...]:
    """All measures; where causes compete, those of the first cause."""
    found: list[TimeMeasure] = []
    for horizon in (target.primary, *(one for one in target.horizons if one != target.primary)):
        found += _at(target, horizon, thresholds)
    return (*found, *_over_time(target))


def _at(target: Timed, horizon: float, thresholds: tuple[float, ...]) -> list[TimeMeasure]:
    """Measures at one horizon."""
    name, when = f"at_{words_of(horizon)}", f"at {horizon:g} {target.unit}".rstrip()
    place = target.place(horizon)

    def risk(curves: Floats) -> Floats:
        return curves[:, :1, place]

    def made(
        stem: str,
        label: str,
        told: Told,
        *,
        better: bool | None,
        ideal: float | None = None,
        bounds: tuple[float, float] = (0.0, 1.0),
        pooled: bool = True,
        tested: bool = True,
    ) -> TimeMeasure:
        return _measure(
            (f"{stem}_{name}", f"{label} {when}"),
            target,
            ("risk",),
            risk,
            told,
            better=better,
            ideal=ideal,
            bounds=bounds,
            pooled=pooled,
            tested=tested,
        )

    at = np.array([horizon])
    found = [
        made("auc", "AUC(t)", lambda times, told: auc_statistic(times, told[:, 0], horizon), better=True, pooled=False),
        made(
            "brier",
            "Brier score",
            lambda times, told: brier_statistic(times, told[:, None, :], at, np.ones(1)),
            better=False,
            bounds=(0.0, _INFINITY),
        ),
        made(
            "calibration_ratio",
            "Observed / expected",
            lambda times, told: ratio_statistic(times, told[:, 0], horizon),
            better=None,
            ideal=1.0,
            bounds=(0.0, _INFINITY),
        ),
        made(
            "calibration_slope",
            "Calibration slope",
            lambda times, told: slope_statistic(times, told[:, 0], horizon),
            better=None,
            ideal=1.0,
            bounds=(-_INFINITY, _INFINITY),
        ),
    ]
    found.extend(
        made(
            "net_benefit",
            f"Net benefit at {threshold:g}",
            lambda times, told, cut=threshold: benefit_statistic(times, told[:, 0], horizon, cut),  # type: ignore[misc]
            better=True,
            bounds=(-_INFINITY, 1.0),
            tested=False,
        )
        for threshold in thresholds
    )
    return found


def _over_time(target: Timed) -> list[TimeMeasure]:
    """Measures up to the last grid time."""
    grid, until = target.grid, target.until
    to = f"to {until:g} {target.unit}".rstrip()
    every = tuple(f"incidence_{i}" for i in range(len(grid)))

    def first(curves: Floats) -> Floats:
        return curves[:, 0, :]

    def lost(curves: Floats) -> Floats:
        return predicted_loss(curves[:, 0, :], grid)[:, None]

    def brier(times: Times, told: Floats) -> Statistic:
        return brier_statistic(times, told[:, None, :], grid, shares_of(grid))

    return [
        _measure(
            ("integrated_brier", f"Integrated Brier score {to}"),
            target,
            every,
            first,
            brier,
            better=False,
            bounds=(0.0, _INFINITY),
        ),
        _measure(
            ("harrell_c", "Harrell's C"),
            target,
            ("time_lost",),
            lost,
            lambda times, told: harrell_statistic(times, told[:, 0]),
            better=True,
            pooled=False,
        ),
        _measure(
            ("uno_c", f"Uno's C {to}"),
            target,
            ("time_lost",),
            lost,
            lambda times, told: uno_statistic(times, told[:, 0], until),
            better=True,
            pooled=False,
        ),
        _measure(
            ("c_td", f"Time-dependent C {to}"),
            target,
            every,
            first,
            lambda times, told: time_dependent_statistic(times, told, grid),
            better=True,
            pooled=False,
        ),
        _measure(
            ("restricted_mean_bias", f"Restricted mean {to}, predicted minus observed"),
            target,
            ("time_lost",),
            lost,
            lambda times, told: bias_statistic(times, told[:, 0], until),
            better=None,
            ideal=0.0,
            bounds=(-_INFINITY, _INFINITY),
        ),
    ]


def _measure(
    names: tuple[str, str],
    target: Timed,
    columns: tuple[str, ...],
    told: Callable[[Floats], Floats],
    statistic: Told,
    *,
    better: bool | None,
    ideal: float | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    pooled: bool = True,
    tested: bool = True,
) -> TimeMeasure:
    """A measure of times and of numbers made of curves, shape (n, causes, times) to (n, columns)."""
    name, label = names
    if len(target.causes) > 1:
        label = f"{label}, {target.causes[0]} (others compete)"

    def contribute(outcomes: Sequence[Followed], predictions: Sequence[Incidence]) -> Contributions:
        times = times_of(outcomes)
        numbers = told(target.checked_curves(predictions))
        return one_row_a_case(times.time, times.event.astype(np.float64), times.entry, *numbers.T)

    def asked(rows: Floats) -> Statistic:
        times = Times(rows[:, 0], rows[:, 1].astype(np.int64), rows[:, 2])
        return statistic(times, np.ascontiguousarray(rows[:, 3:]))

    return Measure(
        name=name,
        label=label,
        columns=(*_WATCHED, *columns),
        contribute=contribute,
        statistic=asked,
        higher_is_better=better,
        target=ideal,
        bounds=bounds,
        pooled=pooled,
        tested=tested,
    )

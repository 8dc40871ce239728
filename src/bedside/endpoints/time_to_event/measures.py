"""Measures of predicted incidences over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.measure import Contributions, Measure, Statistic
from bedside.endpoints.ratio import one_row_a_case
from bedside.endpoints.time_to_event.absent import Lack, Lacking
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

Judged = Callable[[Times, Floats], Statistic]
"""Times, and what is told of each case, shape (n, k), to a statistic."""

_INFINITY = float("inf")
_WATCHED = ("time", "event", "entry")


@dataclass(frozen=True)
class _Told:
    """What a measure needs of predictions.

    Attributes:
        columns: Names of k columns.
        numbers: Curves, shape (n, causes, times), to numbers, shape (n, k).
    """

    columns: tuple[str, ...]
    numbers: Callable[[Floats], Floats]


@dataclass(frozen=True)
class _Kind:
    """How values of a measure are read; see `Measure`."""

    better: bool | None
    ideal: float | None = None
    bounds: tuple[float, float] = (0.0, 1.0)
    pooled: bool = True
    tested: bool = True


_RANK = _Kind(better=True, pooled=False)
# With few cases watched to the end for many that were not, a Brier score may pass 1.
_LOSS = _Kind(better=False, bounds=(0.0, _INFINITY))
_RATIO = _Kind(better=None, ideal=1.0, bounds=(0.0, _INFINITY))
_SLOPE = _Kind(better=None, ideal=1.0, bounds=(-_INFINITY, _INFINITY))
_BIAS = _Kind(better=None, ideal=0.0, bounds=(-_INFINITY, _INFINITY))
_BENEFIT = _Kind(better=True, bounds=(-_INFINITY, 1.0), tested=False)


def words_of(number: float) -> str:
    """A number as part of a name: 60 is "60", 2.5 is "2_5"."""
    return f"{number:g}".replace(".", "_").replace("+", "").replace("-", "_")


def time_measures(target: Timed, thresholds: tuple[float, ...]) -> tuple[TimeMeasure, ...]:
    """All measures, those at the primary horizon first; where causes compete, all are of the first cause."""
    found: list[TimeMeasure] = []
    for horizon in (target.primary, *(one for one in target.horizons if one != target.primary)):
        found += _at(target, horizon, thresholds)
    return (*found, *_over_time(target))


def _at(target: Timed, horizon: float, thresholds: tuple[float, ...]) -> list[TimeMeasure]:
    """Measures at one horizon."""
    place, at = target.place(horizon), np.array([horizon])
    risk = _Told(("risk",), lambda curves: curves[:, :1, place])

    lacking = Lacking(target.causes[0], target.unit)
    watch, both = lacking.watch(horizon), lacking.both(horizon)

    def made(stem: str, label: str, judged: Judged, kind: _Kind, lack: Lack, end: str = "") -> TimeMeasure:
        names = f"{stem}_at_{words_of(horizon)}{end}", f"{label} at {horizon:g} {target.unit}".rstrip()
        return _measure(names, target, risk, judged, kind, lack)

    def area(times: Times, told: Floats) -> Statistic:
        return auc_statistic(times, told[:, 0], horizon)

    def brier(times: Times, told: Floats) -> Statistic:
        return brier_statistic(times, told[:, None, :], at, np.ones(1))

    def ratio(times: Times, told: Floats) -> Statistic:
        return ratio_statistic(times, told[:, 0], horizon)

    def slope(times: Times, told: Floats) -> Statistic:
        return slope_statistic(times, told[:, 0], horizon)

    def benefit(threshold: float) -> Judged:
        return lambda times, told: benefit_statistic(times, told[:, 0], horizon, threshold)

    return [
        made("auc", "AUC(t)", area, _RANK, both),
        made("brier", "Brier score", brier, _LOSS, watch),
        made("calibration_ratio", "Observed / expected", ratio, _RATIO, watch),
        made("calibration_slope", "Calibration slope", slope, _SLOPE, both),
        *(
            made("net_benefit", f"Net benefit, threshold {cut:g},", benefit(cut), _BENEFIT, watch, f"_{words_of(cut)}")
            for cut in thresholds
        ),
    ]


def _over_time(target: Timed) -> list[TimeMeasure]:
    """Measures up to the last grid time."""
    grid, until = target.grid, target.until
    to = f"to {until:g} {target.unit}".rstrip()
    curve = _Told(tuple(f"incidence_{i}" for i in range(len(grid))), lambda curves: curves[:, 0, :])
    lost = _Told(("time_lost",), lambda curves: predicted_loss(curves[:, 0, :], grid)[:, None])

    def brier(times: Times, told: Floats) -> Statistic:
        return brier_statistic(times, told[:, None, :], grid, shares_of(grid))

    def harrell(times: Times, told: Floats) -> Statistic:
        return harrell_statistic(times, told[:, 0])

    def uno(times: Times, told: Floats) -> Statistic:
        return uno_statistic(times, told[:, 0], until)

    def antolini(times: Times, told: Floats) -> Statistic:
        return time_dependent_statistic(times, told, grid)

    def bias(times: Times, told: Floats) -> Statistic:
        return bias_statistic(times, told[:, 0], until)

    lacking = Lacking(target.causes[0], target.unit)
    watch, pairs, after = lacking.watch(until), lacking.pairs, float(np.nextafter(until, _INFINITY))
    promised = f"Mean time free of it {to}, predicted minus observed"
    return [
        _measure(("integrated_brier", f"Integrated Brier score {to}"), target, curve, brier, _LOSS, watch),
        _measure(("harrell_c", "Harrell's C"), target, lost, harrell, _RANK, pairs(_INFINITY)),
        _measure(("uno_c", f"Uno's C {to}"), target, lost, uno, _RANK, pairs(until)),
        _measure(("c_td", f"Time-dependent C {to}"), target, curve, antolini, _RANK, pairs(after)),
        _measure(("restricted_mean_bias", promised), target, lost, bias, _BIAS, watch),
    ]


def _measure(
    names: tuple[str, str], target: Timed, told: _Told, judged: Judged, kind: _Kind, lack: Lack
) -> TimeMeasure:
    """A measure of times and of numbers made of curves; one row a case, so that learners stand side by side."""
    name, label = names
    if len(target.causes) > 1:
        label = f"{label} for {target.causes[0]}"

    def contribute(outcomes: Sequence[Followed], predictions: Sequence[Incidence]) -> Contributions:
        target.checked(outcomes)
        times = times_of(outcomes)
        numbers = told.numbers(target.checked_curves(predictions))
        return one_row_a_case(times.time, times.event.astype(np.float64), times.entry, *numbers.T)

    def watched(rows: Floats) -> Times:
        return Times(rows[:, 0], rows[:, 1].astype(np.int64), rows[:, 2])

    def statistic(rows: Floats) -> Statistic:
        return judged(watched(rows), np.ascontiguousarray(rows[:, 3:]))

    return Measure(
        name=name,
        label=label,
        columns=(*_WATCHED, *told.columns),
        contribute=contribute,
        statistic=statistic,
        higher_is_better=kind.better,
        target=kind.ideal,
        bounds=kind.bounds,
        pooled=kind.pooled,
        tested=kind.tested,
        absent=lambda rows: lack(watched(rows)),
    )

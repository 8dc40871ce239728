"""How well learners tell who has the event from who has not, and how far off they are, as time goes on."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.endpoints.drawing import numbers, pooling, splits
from bedside.endpoints.time_to_event.judged import Judged, at_time, marked_times
from bedside.errors import StatisticsError
from bedside.evidence.figure import CountRow, CountsBelow, Figure, Series
from bedside.stats.auc_over_time import auc_statistic
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.stats.brier_over_time import brier_statistic
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.types import Floats, Integers, Weights

POINTS = 24
"""About so many times are judged."""
FEWEST_EVENTS = 10
"""Before so many events of the first cause, nothing is drawn."""
REPLICATES = 200
LIMITS = 8
"""Times at which limits are computed; each takes a bootstrap."""


def auc_over_time(judged: Sequence[Judged]) -> Figure | None:
    """AUC(t) of every learner, mean within splits, with limits for the first; None where no time has enough events."""
    first, target = judged[0], judged[0].target
    at = _times(first)
    curves = [_values(one, at, _auc) for one in judged]
    known = np.isfinite(curves[0])
    if not known.any():
        return None
    at = at[known]
    curves = [values[known] for values in curves]
    band = _band(first, at, _auc)
    when, value = _nearest(at, curves[0], target.primary)
    told = _compared(judged, at, curves, when)
    beside = f", {told[0]} {told[1]:.3f}" if told else ""
    lowest, highest = int(curves[0].argmin()), int(curves[0].argmax())
    conclusion = (
        f"{first.name} reaches an AUC of {value:.3f} at {at_time(when, target.unit)}{beside}; over time it lies "
        f"between {curves[0][lowest]:.3f} ({at_time(float(at[lowest]), target.unit)}) and {curves[0][highest]:.3f} "
        f"({at_time(float(at[highest]), target.unit)})."
    )
    averaged = f"{pooling(first.view)} AUCs are means within splits." if splits(first.view) > 1 else ""
    cause = target.causes[0]
    return Figure(
        name="auc_over_time",
        title="Discrimination over time",
        conclusion=conclusion + averaged,
        alt=f"AUC(t) against time, one line a learner, with 95% limits of {first.name}. {conclusion}",
        x_label=f"Time ({target.unit})" if target.unit else "Time",
        y_label=f"AUC(t): {cause} by then, or not",
        series=(*band, *_lines(judged, at, curves)),
        x_range=(0.0, target.until),
        horizontal=(("no discrimination", 0.5),),
        below=_watched(first),
        vertical=_horizons(first),
        aspect="wide",
    )


def brier_over_time(judged: Sequence[Judged]) -> Figure | None:
    """Brier(t) of every learner and of the curve that is the same for everybody; None where no time is known.

    The score of the first cause: the square of the distance from "it came by t".
    """
    first, target = judged[0], judged[0].target
    at = _times(first)
    curves = [_values(one, at, _brier) for one in judged]
    flat = _values(first, at, _marginal)
    known = np.isfinite(curves[0]) & np.isfinite(flat)
    if not known.any():
        return None
    at, flat = at[known], flat[known]
    curves = [values[known] for values in curves]
    band = _band(first, at, _brier)
    when, value = _nearest(at, curves[0], target.primary)
    nothing = float(flat[int(np.argmin(np.abs(at - target.primary)))])
    better = float((curves[0] < flat).mean())
    extent = "throughout" if better == 1.0 else f"at {100 * better:.0f}% of the times drawn" if better else "at no time"
    told = _compared(judged, at, curves, when)
    both = f" for {first.name} and {told[1]:.3f} for {told[0]}" if told else f" for {first.name}"
    conclusion = (
        f"At {at_time(when, target.unit)} the Brier score is {value:.3f}{both}, against {nothing:.3f} of the observed "
        f"curve taken for everybody; that of {first.name} lies below it {extent}."
    )
    cause = target.causes[0]
    return Figure(
        name="brier_over_time",
        title="Brier score over time",
        conclusion=conclusion + pooling(first.view),
        alt=f"Brier(t) against time, one line a learner, with 95% limits of {first.name}, and a reference line for the "
        f"curve of everybody. {conclusion}",
        x_label=f"Time ({target.unit})" if target.unit else "Time",
        y_label=f"Brier(t) for {cause}",
        series=(
            *band,
            *_lines(judged, at, curves),
            Series(label="observed curve, taken for everybody", style="line", x=numbers(at), y=numbers(flat)),
        ),
        x_range=(0.0, target.until),
        vertical=_horizons(first),
        below=_watched(first),
        aspect="wide",
        section="calibration",
    )


_Statistic = Callable[[Judged, Integers, float, Weights], Floats]
"""(learner, rows of one split, time, weights of these rows (b, n)) to values (b,)."""


def _rows(one: Judged, rows: Integers) -> Times:
    return Times(one.times.time[rows], one.times.event[rows], one.times.entry[rows])


def _at(one: Judged, rows: Integers, at: float) -> Floats:
    """Predicted incidences of the first cause at a time of the grid, shape (n,)."""
    return np.asarray(one.curves[rows, 0, one.target.place(at)], dtype=np.float64)


def _auc(one: Judged, rows: Integers, at: float, weights: Weights) -> Floats:
    return auc_statistic(_rows(one, rows), _at(one, rows, at), at)(weights)


def _brier(one: Judged, rows: Integers, at: float, weights: Weights) -> Floats:
    return _squares(one, rows, at, _at(one, rows, at), weights)


def _marginal(one: Judged, rows: Integers, at: float, weights: Weights) -> Floats:
    times = _rows(one, rows)
    share = float(curve(times, 1, None, np.array([at]))[0, 0])
    return _squares(one, rows, at, np.full(rows.size, share), weights)


def _squares(one: Judged, rows: Integers, at: float, risk: Floats, weights: Weights) -> Floats:
    return brier_statistic(_rows(one, rows), risk[:, None, None], np.array([at]), np.ones(1))(weights)


def _times(one: Judged) -> Floats:
    """Times of the grid that are judged: about evenly spaced, every horizon among them, after the first events."""
    grid = one.target.grid
    step = max(1, round(grid.size / POINTS))
    chosen = np.union1d(grid[step - 1 :: step], np.array(one.target.horizons))
    happened = np.sort(one.times.time[one.times.event == 1])
    enough = np.searchsorted(happened, chosen, side="right") >= max(FEWEST_EVENTS, one.view.smallest_cell)
    return np.asarray(chosen[enough], dtype=np.float64)


def _values(one: Judged, at: Floats, statistic: _Statistic) -> Floats:
    """A measure at each time, mean within splits; NaN where no split tells."""
    return np.array([_within(one, float(t), statistic, np.ones((1, len(one.times))))[0] for t in at])


def _within(one: Judged, at: float, statistic: _Statistic, weights: Weights) -> Floats:
    found = []
    for split in np.unique(one.view.fold):
        rows = np.flatnonzero(one.view.fold == split)
        found.append(statistic(one, rows, at, weights[:, rows]))
    each = np.array(found)
    known = np.isfinite(each)
    total = np.where(known, each, 0.0).sum(axis=0)
    mean: Floats = np.divide(total, known.sum(axis=0), out=np.full(len(total), np.nan), where=known.any(axis=0))
    return mean


def _band(one: Judged, at: Floats, statistic: _Statistic) -> list[Series]:
    """95% limits of the first learner by a bootstrap of patients, at a few times."""
    chosen = at[np.unique(np.linspace(0, at.size - 1, min(LIMITS, at.size)).round().astype(np.int64))]
    limits = []
    for time in chosen.tolist():
        replicates = np.concatenate(
            [_within(one, time, statistic, part) for part in multiplicities(one.view.patient, REPLICATES, 0)]
        )
        try:
            limits.append((time, *percentile_interval(replicates)[:2]))
        except StatisticsError:
            continue
    if len(limits) < 2:
        return []
    x, low, high = np.array(limits).T
    return [
        Series(
            label=f"{one.name}, 95% limits",
            style="band",
            x=numbers(x),
            y=numbers((low + high) / 2),
            low=numbers(low),
            high=numbers(high),
            learner=one.view.learner,
        )
    ]


def _lines(judged: Sequence[Judged], at: Floats, curves: Sequence[Floats]) -> list[Series]:
    found = []
    for one, values in zip(judged, curves, strict=True):
        known = np.isfinite(values)
        if known.any():
            x, y = numbers(at[known]), numbers(values[known])
            found.append(Series(label=one.name, style="line", x=x, y=y, learner=one.view.learner))
    return found


def _nearest(at: Floats, values: Floats, time: float) -> tuple[float, float]:
    place = int(np.argmin(np.abs(at - time)))
    return float(at[place]), float(values[place])


def _compared(
    judged: Sequence[Judged], at: Floats, curves: Sequence[Floats], when: float
) -> "tuple[str, float] | None":
    """The comparator of the pre-specified contrast and what it reaches at a time; None where it is not defined."""
    for one, values in zip(judged[1:], curves[1:], strict=True):
        value = float(values[int(np.searchsorted(at, when))])
        if one.view.compared and np.isfinite(value):
            return one.name, value
    return None


def _watched(one: Judged) -> CountsBelow:
    """How many patients are at risk, all together."""
    at = marked_times(one.target.until, one.target.unit)
    patients = one.observed(np.arange(len(one.times), dtype=np.int64), np.array(at)).patients.tolist()
    return CountsBelow(title="Patients at risk", at=at, rows=(CountRow(label="all", counts=one.shown([patients])[0]),))


def _horizons(one: Judged) -> tuple[tuple[str, float], ...]:
    """The primary horizon, where it is not the end of the axis."""
    target = one.target
    return ((at_time(target.primary, target.unit), target.primary),) if target.primary < target.until else ()

"""Calibration at each horizon: what was predicted for groups of judged cases against what was seen of them."""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time
from bedside.errors import StatisticsError
from bedside.evidence.figure import Figure, Series
from bedside.stats.smooth_incidence import smooth_incidence
from bedside.types import Floats

GROUPS = 10
FEWEST = 20
"""Cases that a group has at least, as far as it goes: of fewer, censored ones among them, little is known."""


def calibration_at(judged: Sequence[Judged], horizon: float) -> Figure | None:
    """Groups by predicted risk with 95% limits, and smooth curves; None where no group is watched until the horizon."""
    grouped = [_grouped(one, horizon) for one in judged]
    if not grouped[0].x:
        return None
    first, target = judged[0], judged[0].target
    when, cause = at_time(horizon, target.unit), target.causes[0]
    smoothed = [curve for curve in (_smooth(one, horizon) for one in judged) if curve is not None]
    told = float(first.risk(horizon).mean())
    seen = first.observed(np.arange(len(first.times)), np.array([horizon]))
    inside = sum(low <= x <= high for x, low, high in zip(grouped[0].x, grouped[0].low, grouped[0].high, strict=True))
    what = (
        f"{percent(float(seen.value[0]))} ({percent(float(seen.low[0]))} to {percent(float(seen.high[0]))}) had it"
        if np.isfinite(seen.value[0])
        else "how many had it is not known"
    )
    conclusion = (
        f"{first.name} expects {cause} by {when} in {percent(told)} of cases, and {what}; in {inside} of "
        f"{len(grouped[0].x)} groups of similar predictions the 95% limits of what was seen hold what was predicted."
    )
    top = _top(grouped, smoothed)
    return Figure(
        name=f"calibration_at_{horizon:g}",
        title=f"Calibration at {when}",
        conclusion=conclusion + pooling(first.view),
        alt=f"Observed incidence of {cause} by {when} against predicted risk: groups of about equal size with 95% "
        f"limits, smooth curves, and the line of perfect agreement. {conclusion}",
        x_label=f"Predicted risk at {when}",
        y_label=f"Observed incidence of {cause}",
        series=(*grouped, *smoothed),
        x_range=(0.0, top),
        y_range=(0.0, top),
        diagonal=True,
        section="calibration",
    )


def _grouped(one: Judged, horizon: float) -> Series:
    rows = []
    risk = one.risk(horizon)
    for group in one.groups(horizon, GROUPS, FEWEST):
        if one.patients(group) < one.view.smallest_cell:
            continue
        seen = one.observed(group, np.array([horizon]))
        if np.isfinite(seen.value[0]):
            rows.append((float(risk[group].mean()), *(float(each[0]) for each in (seen.value, seen.low, seen.high))))
    table = np.array(rows).reshape(-1, 4)
    return Series(
        label=one.name,
        style="intervals",
        x=numbers(table[:, 0]),
        y=numbers(table[:, 1]),
        low=numbers(table[:, 2]),
        high=numbers(table[:, 3]),
        learner=one.view.learner,
    )


def _smooth(one: Judged, horizon: float) -> Series | None:
    """The smooth calibration curve; None where it has no finite fit (equal predictions, late entries, no events)."""
    try:
        curve = smooth_incidence(one.times, one.risk(horizon), horizon)
    except StatisticsError:
        return None
    return Series(
        label=f"{one.name}, smooth curve",
        style="line",
        x=numbers(curve.predicted),
        y=numbers(curve.observed),
        learner=one.view.learner,
    )


def _top(grouped: Sequence[Series], smoothed: Sequence[Series]) -> float:
    """An end of both axes that leaves out no group, at the next tenth."""
    ends: list[Floats] = [np.array([*series.x, *series.high]) for series in grouped]
    ends += [np.array([*series.x, *series.y]) for series in smoothed]
    return min(1.0, float(np.ceil(np.concatenate(ends).max() * 10 - 1e-9)) / 10)

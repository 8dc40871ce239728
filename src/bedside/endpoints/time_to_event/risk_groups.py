"""What happened to groups of judged cases by predicted risk, beside what was predicted for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time, drawn_times, marked_times
from bedside.evidence.figure import CountRow, CountsBelow, Figure, Series
from bedside.stats.incidence_limits import ObservedIncidence
from bedside.types import Floats, Integers

GROUPS = 3
FEWEST = 10
"""Cases that a group has at least, as far as it goes."""

_WORDS = {1: ("everybody",), 2: ("lower half", "higher half"), 3: ("low", "middle", "high")}
_PHRASES = {
    1: ("everybody",),
    2: ("the half with the lower predicted risk", "the half with the higher"),
    3: ("the third with the lowest predicted risk", "the middle third", "the third with the highest"),
}


@dataclass(frozen=True, eq=False)
class _Group:
    word: str
    phrase: str
    rows: Integers
    seen: ObservedIncidence
    told: Floats
    """Mean predicted incidence at 0 and at the grid, shape (1 + times,)."""


def risk_groups(one: Judged, better: "tuple[str, float] | None" = None) -> Figure:
    """Observed curves with limits by third of one learner's predicted risk, the mean predicted ones beside them.

    Without competing causes the share free of the cause is drawn, with them its cumulative incidence.

    Args:
        one: The learner's rows.
        better: Another learner's name and how far apart its outer groups lie at the primary horizon, to compare.
    """
    target = one.target
    groups = _groups(one)
    free = len(target.causes) == 1
    cause, when = target.causes[0], at_time(target.primary, target.unit)
    conclusion = _conclusion(one, groups, better)
    at = marked_times(target.until, target.unit)
    series = [_seen(number, group, free=free) for number, group in enumerate(groups)]
    series += [_told(number, group, target.grid, free=free) for number, group in enumerate(groups)]
    kind = "Kaplan-Meier" if free else "Aalen-Johansen"
    return Figure(
        name=f"risk_groups_{one.view.learner}",
        title=f"Observed and predicted by group of predicted risk: {one.name}",
        conclusion=conclusion,
        alt=f"{kind} curves of {len(groups)} groups by the risk that {one.name} predicted, with 95% limits, the mean "
        f"predicted curve of each group, and how many were still at risk. {conclusion}",
        x_label=f"Time ({target.unit})" if target.unit else "Time",
        y_label=f"Share without {cause}" if free else f"Cumulative incidence of {cause}",
        series=tuple(series),
        x_range=(0.0, target.until),
        y_range=(0.0, 1.0) if free else (0.0, _top(groups)),
        vertical=((when, target.primary),) if target.primary < target.until else (),
        below=CountsBelow(title="Patients at risk", at=at, rows=_at_risk(one, groups, at)),
    )


def spread(one: Judged) -> float:
    """How far apart the outer groups lie at the primary horizon, in observed incidence; NaN where it is unknown."""
    groups = _groups(one)
    return _at_horizon(one, groups[-1])[0] - _at_horizon(one, groups[0])[0]


def _groups(one: Judged) -> list[_Group]:
    parts = one.groups(one.target.primary, GROUPS, FEWEST)
    found = []
    for word, phrase, rows in zip(_WORDS[len(parts)], _PHRASES[len(parts)], parts, strict=True):
        seen = one.observed(rows, drawn_times(one.target, one.view.smallest_cell, _last(one, rows)))
        told = np.concatenate([[0.0], one.curves[rows, 0].mean(axis=0)])
        found.append(_Group(word, phrase, rows, seen, told))
    return found


def _ends_early(one: Judged, group: _Group) -> bool:
    every = drawn_times(one.target, one.view.smallest_cell, one.target.until)
    return bool(group.seen.at.size < every.size or np.isnan(group.seen.value).any())


def _last(one: Judged, rows: Integers) -> float:
    """Until when enough patients are watched for a curve to be shown; whatever is known where all counts are shown."""
    if one.view.smallest_cell < 2:
        return one.target.until
    last = np.sort(_last_of_patients(one, rows))[::-1]
    return float(last[min(one.view.smallest_cell, last.size) - 1])


def _last_of_patients(one: Judged, rows: Integers) -> Floats:
    """When each patient was watched last."""
    who, place = np.unique(one.view.patient[rows], return_inverse=True)
    last = np.zeros(who.size)
    np.maximum.at(last, place, one.times.time[rows])
    return last


def _seen(number: int, group: _Group, *, free: bool) -> Series:
    known = np.isfinite(group.seen.value)
    value, low, high = (each[known] for each in (group.seen.value, group.seen.low, group.seen.high))
    if free:
        value, low, high = 1.0 - value, 1.0 - high, 1.0 - low
    return Series(
        label=f"{group.word} predicted risk" if len(group.word) < 7 else group.word,
        style="step",
        x=numbers(group.seen.at[known]),
        y=numbers(value),
        low=numbers(low),
        high=numbers(high),
        colour=number,
    )


def _told(number: int, group: _Group, grid: Floats, *, free: bool) -> Series:
    return Series(
        label=f"{group.word}, mean predicted",
        style="line",
        x=numbers(np.concatenate([[0.0], grid])),
        y=numbers(1.0 - group.told if free else group.told),
        colour=number,
        fine=True,
    )


def _at_risk(one: Judged, groups: Sequence[_Group], at: Sequence[float]) -> tuple[CountRow, ...]:
    shown = one.shown([one.observed(group.rows, np.array(at)).patients.tolist() for group in groups])
    return tuple(
        CountRow(label=group.word, counts=counts, colour=number)
        for number, (group, counts) in enumerate(zip(groups, shown, strict=True))
    )


def _top(groups: Sequence[_Group]) -> float:
    """An end of the axis a little above everything that is drawn."""
    most = max(float(np.nanmax(np.append(group.seen.high, group.told.max()))) for group in groups)
    return min(1.0, float(np.ceil(most * 10.5)) / 10)


def _at_horizon(one: Judged, group: _Group) -> tuple[float, float, float]:
    found = one.observed(group.rows, np.array([one.target.primary]))
    value, low, high = (round(float(each[0]), 9) for each in (found.value, found.low, found.high))
    return value, low, high


def _conclusion(one: Judged, groups: Sequence[_Group], better: "tuple[str, float] | None") -> str:
    target = one.target
    when, cause = at_time(target.primary, target.unit), target.causes[0]
    said, inside = [], 0
    place = 1 + target.place(target.primary)
    for group in groups:
        value, low, high = _at_horizon(one, group)
        told = float(group.told[place])
        inside += low <= told <= high
        seen = f"{percent(value)} ({percent(low)} to {percent(high)})" if np.isfinite(value) else "an unknown share"
        said.append(f"{seen} of {group.phrase} (predicted {percent(told)})")
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    text = f"By {when}, {cause} came to {listed}. "
    if len(groups) == 1:
        text += f"{one.name} predicts the same risk for everybody. " if np.ptp(one.risk(target.primary)) == 0 else ""
    else:
        apart = _at_horizon(one, groups[-1])[0] - _at_horizon(one, groups[0])[0]
        if np.isfinite(apart):
            text += f"The outer groups lie {100 * apart:.0f} percentage points apart"
            if better is not None and np.isfinite(better[1]):
                text += f" ({100 * better[1]:.0f} in groups by {better[0]})"
            text += ". "
    if len(groups) > 1:
        text += f"In {inside} of {len(groups)} groups the 95% limits of what was seen hold what was predicted."
    if any(_ends_early(one, group) for group in groups):
        fewer = "nobody is" if one.view.smallest_cell < 2 else f"fewer than {one.view.smallest_cell} patients are"
        text += f" Curves end where {fewer} watched any more."
    return text.strip() + pooling(one.view)

"""Predicted risk over time for cases of low, middle and high predicted risk."""

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time, marked_times
from bedside.evidence.figure import Figure, Series
from bedside.types import Integers

FEWEST_ALIKE = 30
"""Patients with similar predicted risks of whom limits are drawn, or a tenth of all."""
PLACES = ((0.1, "low"), (0.5, "middle"), (0.9, "high"))
"""Quantiles of predicted risk whose cases are shown."""


def example_cases(one: Judged) -> Figure | None:
    """Curves of one learner for three judged cases, or for the mean of a few similar ones where cells are withheld.

    None where all predictions are the same, or where there are fewer patients than may be shown.
    """
    target = one.target
    risk = one.risk(target.primary)
    if np.ptp(risk) < 1e-9 or np.unique(one.view.patient).size < max(one.view.smallest_cell, len(PLACES)):
        return None
    when, cause = at_time(target.primary, target.unit), target.causes[0]
    series, said = list[Series](), list[str]()
    for colour, (place, word) in enumerate(PLACES):
        level = float(np.quantile(risk, place))
        rows = _nearest(one, level, max(1, one.view.smallest_cell))
        limits = _limits(one, level, (colour, word))
        series += [] if limits is None else [limits]
        told = one.curves[rows, 0].mean(axis=0)
        series.append(
            Series(
                label=f"{word} risk ({percent(place)} of cases have a lower one)",
                style="line",
                x=numbers(np.concatenate([[0.0], target.grid])),
                y=numbers(np.concatenate([[0.0], told])),
                colour=colour,
            )
        )
        said.append(percent(float(told[target.place(target.primary)])))
    many = one.view.smallest_cell > 1
    who = f"the mean of {one.view.smallest_cell} similar patients each" if many else "one patient each"
    conclusion = (
        f"{one.name} predicts a risk of {cause} by {when} of {said[0]}, {said[1]} and {said[2]} for a judged case of "
        f"low, middle and high predicted risk ({who})."
    )
    if any(each.style == "band" for each in series):
        conclusion += (
            " Shaded: 95% limits of what was seen of the judged patients with the most similar predicted risk."
        )
    return Figure(
        name="example_cases",
        title=f"Predicted risk over time of example patients: {one.name}",
        conclusion=conclusion + pooling(one.view),
        alt=f"Three curves of predicted risk of {cause} against time. {conclusion}",
        x_label=f"Time ({target.unit})" if target.unit else "Time",
        y_label=f"Predicted risk of {cause}",
        series=tuple(series),
        x_range=(0.0, target.until),
        x_ticks=marked_times(target.until, target.unit),
        y_range=(0.0, 1.0),
        vertical=((when, target.primary),) if target.primary < target.until else (),
        aspect="wide",
        section="calibration",
    )


def _limits(one: Judged, risk: float, whose: tuple[int, str]) -> Series | None:
    """What was seen of the patients whose predicted risks are nearest to one; None where there are too few of them."""
    patients = np.unique(one.view.patient).size
    alike = max(FEWEST_ALIKE, one.view.smallest_cell, patients // 10)
    if patients < len(PLACES) * alike:
        return None
    at = np.concatenate([[0.0], one.target.grid])
    found = one.observed(_nearest(one, risk, alike), at)
    known = np.isfinite(found.value) & (found.patients >= max(1, one.view.smallest_cell))
    known[0] = True
    x, y, low, high = (numbers(each[known]) for each in (at, found.value, found.low, found.high))
    return Series(
        label=f"{whose[1]} risk, 95% limits of what was seen of similar patients",
        style="band",
        x=x,
        y=y,
        low=(0.0, *low[1:]),
        high=(0.0, *high[1:]),
        colour=whose[0],
        fine=True,  # the conclusion says what is shaded
    )


def _nearest(one: Judged, risk: float, patients: int) -> Integers:
    """A row of each of so many patients whose predicted risks are nearest to one."""
    order = np.argsort(np.abs(one.risk(one.target.primary) - risk), kind="stable")
    first = np.sort(np.unique(one.view.patient[order], return_index=True)[1])
    return order[first[:patients]].astype(np.int64)

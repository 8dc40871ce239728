"""Predicted risk over time for cases of low, middle and high predicted risk."""

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time, marked_times
from bedside.evidence.figure import Figure, Series
from bedside.types import Integers

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
    series, said = [], []
    for colour, (place, word) in enumerate(PLACES):
        rows = _nearest(one, float(np.quantile(risk, place)))
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


def _nearest(one: Judged, risk: float) -> Integers:
    """The rows of as many patients as must stand together, whose predicted risks are nearest to one."""
    order = np.argsort(np.abs(one.risk(one.target.primary) - risk), kind="stable")
    first = np.sort(np.unique(one.view.patient[order], return_index=True)[1])
    return order[first[: max(1, one.view.smallest_cell)]].astype(np.int64)

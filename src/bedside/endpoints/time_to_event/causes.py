"""Competing causes: how often each came to the judged cases, beside what was predicted on average."""

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time, drawn_times, marked_times
from bedside.evidence.figure import Figure, Series


def causes(one: Judged) -> Figure | None:
    """Observed cumulative incidence of every cause with limits, and the mean predicted; None for a single cause."""
    target = one.target
    everybody = np.arange(len(one.times), dtype=np.int64)
    if len(target.causes) == 1 or one.patients(everybody) < one.view.smallest_cell:
        return None
    at = drawn_times(target, one.view.smallest_cell, target.until)
    seen, told, said = [], [], []
    place = target.place(target.primary)
    for number, cause in enumerate(target.causes):
        found = one.observed(everybody, at, number + 1)
        enough = found.patients >= max(one.view.smallest_cell, 1)
        known = np.isfinite(found.value) & enough
        predicted = one.curves[:, number].mean(axis=0)
        seen.append(
            Series(
                label=cause,
                style="step",
                x=numbers(at[known]),
                y=numbers(found.value[known]),
                low=numbers(found.low[known]),
                high=numbers(found.high[known]),
                colour=number,
            )
        )
        told.append(
            Series(
                label=f"{cause}, mean predicted",
                style="line",
                x=numbers(np.concatenate([[0.0], target.grid])),
                y=numbers(np.concatenate([[0.0], predicted])),
                colour=number,
                fine=True,
            )
        )
        there = one.observed(everybody, np.array([target.primary]), number + 1)
        value = percent(float(there.value[0])) if np.isfinite(there.value[0]) else "an unknown share"
        came = f"to {value}" if number else f"had come to {value} of the judged cases"
        said.append(f"{cause} {came} (predicted {percent(float(predicted[place]))})")
    when = at_time(target.primary, target.unit)
    conclusion = f"By {when}, {', '.join(said[:-1])} and {said[-1]}."
    return Figure(
        name="causes",
        title=f"Competing causes, observed and predicted: {one.name}",
        conclusion=conclusion + pooling(one.view),
        alt=f"Aalen-Johansen curves of {len(said)} causes with 95% limits, and mean predicted curves. {conclusion}",
        x_label=f"Time ({target.unit})" if target.unit else "Time",
        y_label="Cumulative incidence",
        series=(*seen, *told),
        x_range=(0.0, target.until),
        x_ticks=marked_times(target.until, target.unit),
        vertical=((when, target.primary),) if target.primary < target.until else (),
        aspect="wide",
        section="calibration",
    )

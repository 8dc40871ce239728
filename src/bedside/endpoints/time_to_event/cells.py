"""How times to events and predicted incidences are stored: numbers, one column each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.columns import Columns
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.target import Timed


def prediction_cells(predictions: Sequence[Incidence], target: Timed) -> Columns:
    """One column a cause, from 1 on, and grid time, from 0 on: incidence_1_0, incidence_1_1 ..."""
    curves = target.curves(predictions)
    return {name: np.ascontiguousarray(curves[:, k, i]) for (k, i), name in _names(target).items()}


def restored(cells: Mapping[str, Any], target: Timed) -> list[Incidence]:
    """The inverse of `prediction_cells`."""
    columns = [np.asarray(cells[name], dtype=np.float64) for name in _names(target).values()]
    return target.predictions(np.column_stack(columns).reshape(-1, len(target.causes), len(target.grid)))


def told_cells(predictions: Sequence[Incidence], target: Timed) -> Columns:
    """The risk of each cause by each horizon, a column each: death_by_60_months."""
    curves = target.curves(predictions)
    return {
        "_".join(f"{cause} by {horizon:g} {target.unit}".split()): np.ascontiguousarray(
            curves[:, k, target.place(horizon)]
        )
        for k, cause in enumerate(target.causes)
        for horizon in target.horizons
    }


def outcome_cells(outcomes: Sequence[Followed]) -> Columns:
    """Columns time, event and entry."""
    times = times_of(outcomes)
    return {"time": times.time, "event": times.event.astype(np.float64), "entry": times.entry}


def restored_outcomes(cells: Mapping[str, Any]) -> list[Followed]:
    """The inverse of `outcome_cells`."""
    rows = zip(cells["time"], cells["event"], cells["entry"], strict=True)
    return [Followed(float(time), int(event), float(entry)) for time, event, entry in rows]


def _names(target: Timed) -> dict[tuple[int, int], str]:
    causes, times = range(len(target.causes)), range(len(target.grid))
    return {(k, i): f"incidence_{k + 1}_{i}" for k in causes for i in times}

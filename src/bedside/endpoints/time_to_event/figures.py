"""Figures of times to events: curves by predicted risk, calibration at horizons, measures over time, net benefit."""

from collections.abc import Sequence

from bedside.endpoints.time_to_event.judged import TimedView, judged_rows
from bedside.endpoints.time_to_event.risk_groups import risk_groups, spread
from bedside.endpoints.time_to_event.target import Timed
from bedside.evidence.figure import Figure


def time_to_event_figures(views: Sequence[TimedView], target: Timed) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial."""
    if not views:
        return ()
    judged = judged_rows(views, target)
    other = next((one for one in judged[1:] if one.view.compared), None)
    grouped = [risk_groups(judged[0], None if other is None else (other.name, spread(other)))]
    if other is not None:
        grouped.append(risk_groups(other, (judged[0].name, spread(judged[0]))))
    return tuple(grouped)

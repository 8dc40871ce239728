"""Figures of times to events: curves by predicted risk, calibration at horizons, measures over time, net benefit."""

from collections.abc import Sequence

from bedside.endpoints.time_to_event.benefit import decision_curve
from bedside.endpoints.time_to_event.causes import causes
from bedside.endpoints.time_to_event.example_cases import example_cases
from bedside.endpoints.time_to_event.horizons import calibration_at
from bedside.endpoints.time_to_event.judged import TimedView, judged_rows
from bedside.endpoints.time_to_event.over_time import auc_over_time, brier_over_time
from bedside.endpoints.time_to_event.risk_groups import risk_groups, spread
from bedside.endpoints.time_to_event.target import Timed
from bedside.evidence.figure import Figure


def time_to_event_figures(views: Sequence[TimedView], target: Timed) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial.

    Curves by predicted risk are drawn for the model and for the comparator of the pre-specified contrast.
    """
    if not views:
        return ()
    judged = judged_rows(views, target)
    first = judged[0]
    other = next((one for one in judged[1:] if one.view.compared), None)
    grouped = [risk_groups(first, None if other is None else (other.name, spread(other)))]
    if other is not None:
        grouped.append(risk_groups(other, (first.name, spread(first))))
    drawn = (
        *grouped,
        auc_over_time(judged),
        *(calibration_at(judged, horizon) for horizon in target.horizons),
        causes(first),
        brier_over_time(judged),
        example_cases(first),
        decision_curve(judged),
    )
    return tuple(figure for figure in drawn if figure is not None)

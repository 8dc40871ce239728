"""A time to an event: Y is how long a case was watched and what ended it, a prediction incidences over time."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.cell import code, is_missing, refused
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.cells import (
    outcome_cells,
    prediction_cells,
    restored,
    restored_outcomes,
    told_cells,
)
from bedside.endpoints.time_to_event.figures import time_to_event_figures
from bedside.endpoints.time_to_event.finishing import Recalibrating
from bedside.endpoints.time_to_event.measures import time_measures, words_of
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed
from bedside.errors import OutcomeProblem, StudyError
from bedside.types import Floats

TimeEndpoint = Endpoint[Followed, Incidence]

_CENSORED = "censored"
_FEWEST_EVENTS = 30
"""Fewer judged cases with the event by the horizon, or free of it, leave all figures uncertain."""


def time_to_event(
    *,
    horizon: float,
    unit: str,
    causes: tuple[str, ...] = ("death",),
    horizons: tuple[float, ...] = (),
    until: float | None = None,
    steps: int = 60,
    thresholds: tuple[float, ...] = (),
) -> TimeEndpoint:
    """An endpoint of times to events, right-censored, perhaps seen late, perhaps with competing causes.

    A cell of a table holds a time and what ended it: "12.5 death", "12.5 censored"; a number before "to" tells since
    when the case was watched: "3 to 12.5 death". Several models' predictions are pooled by the mean of their curves.

    Args:
        horizon: At which the primary measure is taken, in `unit`.
        unit: Of times ("months").
        causes: Words of the causes, the one of interest first; the others compete with it.
        horizons: Further times at which predictions are judged.
        until: Last time that is predicted and judged; by default the longest horizon.
        steps: Number of even steps of the grid at which incidences are predicted; horizons are added to it.
        thresholds: Of the risk at each horizon, at which net benefit is given.

    Raises:
        StudyError: A time that is not finite and above 0, an end before a horizon, no cause, causes that are alike or
            read as a time or "censored", no step, or a threshold outside (0, 1).
    """
    judged = tuple(sorted({float(horizon), *map(float, horizons)}))
    last = float(judged[-1] if until is None else until)
    _check_times(judged, last, steps)
    _check_causes(causes)
    if any(not 0 < one < 1 for one in thresholds) or len(set(thresholds)) < len(thresholds):
        msg = f"thresholds of net benefit are {thresholds}; give different shares above 0 and below 1"
        raise StudyError(msg)
    target = Timed(causes, unit, judged, float(horizon), _grid(judged, last, steps))

    def loss(outcomes: Sequence[Followed], predictions: Sequence[Incidence]) -> float:
        return float(np.mean(target.losses(outcomes, predictions)))

    return Endpoint(
        name="time_to_event",
        target=target,
        primary=f"auc_at_{words_of(target.primary)}",
        stratum=lambda outcome: outcome.event,
        describe=lambda outcome: _described(outcome, causes),
        parse=_parser(causes),
        measures=lambda _: time_measures(target, thresholds),
        settings=lambda _: {},
        loss=loss,
        pool=_mean,
        cells=lambda predictions: prediction_cells(predictions, target),
        restore=lambda cells: restored(cells, target),
        outcome_cells=outcome_cells,
        restore_outcomes=restored_outcomes,
        told=lambda predictions: told_cells(predictions, target),
        figures=lambda views: time_to_event_figures(views, target),
        finishing=Recalibrating(target),
        declared={
            "horizon": f"{horizon:g} {unit}",
            "horizons": ", ".join(f"{one:g}" for one in judged),
            "causes": ", ".join(causes),
            "grid": f"{len(target.grid)} times to {last:g} {unit}",
            "thresholds": ", ".join(f"{one:g}" for one in thresholds) or None,
        },
        doubt=_doubter(target),
    )


def _grid(horizons: tuple[float, ...], until: float, steps: int) -> Floats:
    """Even steps to the last time, and every horizon; a step that rounding parts from a horizon is that horizon."""
    even = np.linspace(0.0, until, steps + 1)[1:]
    near = np.abs(even[:, None] - np.array(horizons)).min(axis=1) < 1e-9 * until
    return np.unique(np.concatenate([even[~near], horizons, [until]]))


def _check_times(horizons: tuple[float, ...], until: float, steps: int) -> None:
    if not all(math.isfinite(one) and one > 0 for one in (*horizons, until)) or until < horizons[-1]:
        msg = (
            f"horizons are {', '.join(f'{one:g}' for one in horizons)} and the last time is {until:g}; allowed are "
            "times above 0, none after the last"
        )
        raise StudyError(msg)
    if steps < 1:
        msg = f"the grid of times has {steps} steps; give 1 or more (60 are usual)"
        raise StudyError(msg)


def _check_causes(causes: tuple[str, ...]) -> None:
    said = [code(cause) or "" for cause in causes]
    odd = [one for one in said if not one or one == _CENSORED or one[0].isdecimal() or " to " in f" {one} "]
    if not causes or odd or len(set(said)) < len(said):
        msg = (
            f"causes are {causes}; name at least one, each differently, none {_CENSORED!r}, beginning with a number or "
            "holding the word 'to'"
        )
        raise StudyError(msg)


def _mean(members: Sequence[Sequence[Incidence]]) -> list[Incidence]:
    """Mean of the members' incidences, case by case."""
    return [np.asarray(np.mean(np.asarray(case, dtype=np.float64), axis=0)) for case in zip(*members, strict=True)]


def _described(outcome: Followed, causes: tuple[str, ...]) -> str:
    ended = causes[outcome.event - 1] if outcome.event else _CENSORED
    since = f"{outcome.entry!r} to " if outcome.entry else ""
    return f"{since}{outcome.time!r} {ended}"


def _parser(causes: tuple[str, ...]) -> Callable[[object], Followed]:
    events = {_CENSORED: 0, "0": 0} | {str(k): k for k in range(1, len(causes) + 1)}
    events |= {code(cause) or "": k for k, cause in enumerate(causes, start=1)}
    endings = ", ".join(repr(f"12.5 {word}") for word in (*causes, _CENSORED))
    forms = f"a time above 0 and what ended it ({endings}; '3 to 12.5 {causes[0]}' where watched since 3)"

    def parse(cell: object) -> Followed:
        if not isinstance(cell, str) or is_missing(cell):
            raise refused(cell, forms)
        since, parted, rest = cell.partition(" to ")
        told, _, ended = (rest if parted else cell).strip().partition(" ")
        time, entry = _number(told), _number(since) if parted else 0.0
        event = events.get(code(ended) or "")
        if event is None or not math.isfinite(time) or not math.isfinite(entry):
            raise refused(cell, forms)
        try:
            return Followed(time, event, entry)
        except OutcomeProblem as problem:
            msg = f"outcome is a time that cannot be used: {problem}; allowed are {forms}"
            raise OutcomeProblem(msg) from None

    return parse


def _number(text: str) -> float:
    """A number with a decimal point; NaN for anything else."""
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def _doubter(target: Timed) -> Callable[[Mapping[str, float]], str]:
    at = f"at_{words_of(target.primary)}"

    def doubt(values: Mapping[str, float]) -> str:
        """What a reader of the verdict must know: few events, risks that are off, no discrimination, short watch."""
        doubts = []
        fewest = values.get("smallest_class")
        if fewest is not None and fewest < _FEWEST_EVENTS:
            doubts.append(
                f"only {fewest:.0f} judged cases are known to have had the event by the horizon, or to have been free "
                "of it, so that all figures are uncertain"
            )
        slope, observed = values.get(f"calibration_slope_{at}"), values.get(f"calibration_ratio_{at}")
        if slope is not None and not 0.8 <= slope <= 1.25:
            direction = "extreme" if slope < 1.0 else "timid"
            doubts.append(f"its risks are too {direction} (calibration slope {slope:.2f})")
        if observed is not None and not 0.8 <= observed <= 1.25:
            direction = "low" if observed > 1.0 else "high"
            doubts.append(f"its risks are too {direction} on the whole (observed over expected {observed:.2f})")
        area = values.get(f"auc_{at}")
        if area is not None and area <= 0.5:
            doubts.append(f"it does not tell who has the event by the horizon (AUC {area:.2f})")
        # A concordance needs no horizon: where it is there and these are not, cases are not watched for long enough.
        for time, measure in {target.until: "integrated_brier", target.primary: f"brier_{at}"}.items():
            if "harrell_c" in values and measure not in values:
                when = f"{time:g} {target.unit}".rstrip()
                doubts.append(f"no judged case is watched until {when}, so that nothing is known of risks by then")
        text = "; ".join(doubts)
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    return doubt

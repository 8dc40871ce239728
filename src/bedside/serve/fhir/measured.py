"""The observation that counts for a predictor: the latest that can be used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bedside.evidence.release import BoundPredictor, Coding
from bedside.modalities.records.readers.fhir.codings import system_name
from bedside.modalities.records.readers.fhir.rows import Resource, Row
from bedside.modalities.records.readers.fhir.surroundings import Surroundings
from bedside.modalities.tabular.table import Cell
from bedside.serve.fhir.amount import in_unit
from bedside.serve.fhir.given import FAULTS
from bedside.serve.fhir.heard import heard

FINAL: Final = frozenset({"final", "amended", "corrected"})
"""Of observations that count. What is preliminary may change, what is registered has no value yet, what was cancelled
or entered in error is none, and what is unknown may be any of these."""

_SAID: Final = ("status", "subject", "encounter", "issued")
_BOUNDS: Final = frozenset({"<", "<=", ">=", ">"})


@dataclass(frozen=True)
class Reading:
    """What was found for a predictor.

    Attributes:
        value: None where there is none that can be used.
        implausible: Whether there was one that cannot be right, and none besides.
    """

    value: Cell = None
    implausible: bool = False


class _Measured(NamedTuple):
    """A value that can be used; the greatest is the one that counts, in whatever order they come."""

    made: datetime
    known: datetime
    preference: int
    value: float | str


def latest(predictor: BoundPredictor, observations: Sequence[Resource], around: Surroundings, at: datetime) -> Reading:
    """The latest value for a predictor that was made within its days before `at` and was known by then.

    A value that cannot be used (an unknown unit, a number that nobody alive has, a word that stands for nothing) gives
    way to an earlier one. A limit of detection ("<5") counts as the limit, as in training.

    Args:
        predictor: Found in observations.
        observations: With times of the clock of `at`.
        around: The rest of what was given.
        at: Clock time of the question.
    """
    usable: list[_Measured] = []
    unusable = False
    oldest = None if predictor.within_days is None else at - timedelta(days=predictor.within_days)
    for observation in observations:
        for preference, holder in _held(observation, predictor):
            times = _times(holder, around)
            if times is None or times.known > at or (oldest is not None and times.made < oldest):
                continue
            value = _value(times.row, predictor)
            if value is None:
                unusable = True
            else:
                usable.append(_Measured(times.made, times.known, -preference, value))
    if not usable:
        return Reading(implausible=unusable)
    return Reading(max(usable, key=_order).value)


def _order(one: _Measured) -> tuple[datetime, datetime, int, float, str]:
    words = isinstance(one.value, str)
    return one.made, one.known, one.preference, 0.0 if words else float(one.value), str(one.value) if words else ""


def _held(observation: Resource, predictor: BoundPredictor) -> Iterator[tuple[int, Resource]]:
    """The observation, or its components, as observations of their own that have one of the predictor's codes."""
    try:
        if observation.get("status") not in FINAL:
            return
        times = {name: value for name, value in observation.items() if name in _SAID or name.startswith("effective")}
        for holder in (observation, *(observation.get("component") or ())):
            place = match(holder.get("code"), predictor.codes)
            if place is None or "dataAbsentReason" in holder:
                continue
            coding = predictor.codes[place]
            values = {name: value for name, value in holder.items() if name.startswith("value")}
            if values:
                code = {"coding": [{"system": coding.system, "code": coding.code}]}
                one = {"resourceType": "Observation", "code": code} | times | _in_words(values, predictor)
                yield place, one
    except FAULTS:  # not built as FHIR says, and no value of anything
        return


def match(concept: Mapping[str, Any] | None, codes: Sequence[Coding]) -> int | None:
    """Place of the first of the codes that a CodeableConcept has among its codings; None where it has none of them."""
    said = {
        (system_name(coding["system"]), str(coding["code"]).strip())
        for coding in (concept or {}).get("coding") or ()
        if coding.get("system") and coding.get("code")
    }
    return next((k for k, code in enumerate(codes) if (system_name(code.system), code.code) in said), None)


def _in_words(values: dict[str, Any], predictor: BoundPredictor) -> dict[str, Any]:
    """Values, of which a concept that stands for a word of the study is that word."""
    concept = values.get("valueCodeableConcept")
    for word, codes in predictor.values.items():
        if concept is not None and match(concept, codes) is not None:
            return {"valueCodeableConcept": {"text": word}}
    return values


class _Times(NamedTuple):
    """An event with when it was made, and when it became known."""

    row: Row
    made: datetime
    known: datetime


def _times(holder: Resource, around: Surroundings) -> _Times | None:
    """The event of an observation; None where it has none, or nobody knows when.

    Training's reader says when a result was known, which is when it was issued if that is later; how old it is depends
    on when it was made.
    """
    events = heard(holder, around)
    if not events or (known := events[0].time) is None:
        return None
    without = heard({name: value for name, value in holder.items() if name != "issued"}, around)
    made = without[0].time if without else None
    return _Times(events[0], made or known, known)


def _value(row: Row, predictor: BoundPredictor) -> float | str | None:
    """The value in the predictor's unit, or its word; None where it cannot be right."""
    if predictor.values:
        said = row.text if row.number is None else f"{row.number:g}"
        if said in predictor.values and row.number is None:
            return said
        return next((word for word, codes in predictor.values.items() if said in {one.code for one in codes}), None)
    if row.number is None or (row.text is not None and row.text not in _BOUNDS):
        return None
    return in_unit(row.number, row.unit, predictor.unit, row.code)

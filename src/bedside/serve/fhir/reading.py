"""From FHIR resources of one patient to the record that a release answers: each predictor where it is bound.

Observations, conditions and births are read by the reader of training (`bedside.modalities.records.readers.fhir`); here
it is decided which of them counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from bedside.evidence.release import Bindings, BoundPredictor
from bedside.modalities.records.events.schema import BIRTH
from bedside.modalities.records.events.units import conversion
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.modalities.records.readers.fhir.surroundings import Together
from bedside.modalities.tabular.table import Record, Table
from bedside.serve.fhir.conditions import present
from bedside.serve.fhir.given import FAULTS, Given, given, one_patient
from bedside.serve.fhir.heard import heard
from bedside.serve.fhir.measured import Reading, latest

OLDEST: Final = 130
"""Years; nobody is known to have reached 123."""


@dataclass(frozen=True)
class Found:
    """What was found of one patient.

    Attributes:
        record: A value for each predictor, None for what is missing or implausible.
        missing: Predictors that were not found.
        implausible: Predictors of which only values were found that cannot be right: of an unknown unit, a number that
            nobody alive has, a word that stands for nothing.
    """

    record: Record
    missing: tuple[str, ...]
    implausible: tuple[str, ...]


def record_of(bindings: Bindings, resources: Iterable[Mapping[str, Any] | None], at: datetime) -> Found:
    """One record of a release's predictors.

    Only what was known at `at` is used. A time that is a day, month or year was known at its end, as in training. Who
    is meant must be told by each resource: what has no subject is not used.

    Args:
        bindings: Where each predictor is found.
        resources: Of one patient: plain dictionaries as JSON has them, in any order, bundles among them; null stands
            for nothing found, and an OperationOutcome for what could not be given.
        at: When the question is asked. With a zone, times of resources are brought to it; without one, clocks are
            compared as they are written, as in training.

    Raises:
        CallRefused: 400 where resources are of several patients, or bundles lie too deep in one another.
    """
    found = given(resources, at.tzinfo)
    one_patient(found)
    around = _around(found)
    clock = at.replace(tzinfo=None)
    readings = {one.name: _reading(one, found, around, clock) for one in bindings.predictors}
    columns = [
        pl.Series(one.name, [readings[one.name].value], pl.String() if one.values else pl.Float64())
        for one in bindings.predictors
    ]
    return Found(
        record=Record(Table(pl.DataFrame(columns)), 0),
        missing=tuple(name for name, one in readings.items() if one.value is None and not one.implausible),
        implausible=tuple(name for name, one in readings.items() if one.implausible),
    )


def _around(found: Given) -> Together:
    around = Together(addresses=found.addresses)
    for encounter in found.resources["Encounter"]:
        try:
            around.add(encounter, encounter["id"])
        except FAULTS:  # not built as FHIR says, and nothing hangs on it
            continue
    return around


def _reading(predictor: BoundPredictor, found: Given, around: Together, at: datetime) -> Reading:
    resources = found.resources
    if predictor.source == "observation":
        return latest(predictor, resources["Observation"], around, at)
    if predictor.source == "condition":
        return _condition(predictor, found, around, at)
    if predictor.source == "patient-age":
        return _age(predictor, resources["Patient"], around, at)
    if predictor.source == "patient-sex":
        return _sex(predictor, resources["Patient"])
    return Reading()


def _condition(predictor: BoundPredictor, found: Given, around: Together, at: datetime) -> Reading:
    """1 or 0, or the study's words; nothing where it is absent from a record that could not be given as a whole."""
    has = present(predictor, found.resources["Condition"], around, at)
    if has is None or (not has and not found.whole):
        return Reading()
    if not predictor.values:
        return Reading(float(has))
    said = "present" if has else "absent"
    return Reading(_word(predictor, said))


def _age(predictor: BoundPredictor, patients: list[Resource], around: Together, at: datetime) -> Reading:
    """Completed years on the day of the question; in another unit the time since birth."""
    births = [row.time for one in patients for row in heard(one, around) if row.code == BIRTH and row.time]
    if not births:
        return Reading()
    born = min(births)
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    if not 0 <= years <= OLDEST:
        return Reading(implausible=True)
    if predictor.unit in ("", "a"):
        return Reading(float(years))
    turn = conversion("d", predictor.unit)
    return Reading(implausible=True) if turn is None else Reading(turn.of(float((at.date() - born.date()).days)))


def _sex(predictor: BoundPredictor, patients: list[Resource]) -> Reading:
    """The study's word for an administrative gender; nothing for one that it has no word for."""
    said = {gender for one in patients if isinstance(gender := one.get("gender"), str)}
    return Reading(_word(predictor, said.pop())) if len(said) == 1 else Reading()


def _word(predictor: BoundPredictor, code: str) -> str | None:
    return next((word for word, codes in predictor.values.items() if code in {one.code for one in codes}), None)

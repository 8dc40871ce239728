"""Observations as events: one for the value, one for each component."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bedside.modalities.records.readers.fhir.findings import later, over, refused
from bedside.modalities.records.readers.fhir.people import encounter_of, subject_of
from bedside.modalities.records.readers.fhir.quantities import Value, value_of
from bedside.modalities.records.readers.fhir.rows import Resource, Row, Rows
from bedside.modalities.records.readers.fhir.surroundings import Surroundings

_NO_RESULT = frozenset(["entered-in-error", "cancelled", "registered"])
_WHAT = "Observation"


def observation(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was released, or made if that is later or nothing else is said."""
    if refused(resource, _NO_RESULT, rows):
        return
    subject = subject_of(resource, rows, around)
    if subject is None:
        return
    moment = later(rows.time(resource, "issued", _WHAT), _made(resource, rows))
    within = encounter_of(resource, around)
    components = resource.get("component") or ()
    value = value_of(resource, _WHAT, rows)
    if value is None and "dataAbsentReason" in resource and not components:
        rows.problem("Observation: the value is said to be absent, not an event")
    elif value is None and resource.get("hasMember") and not components:
        rows.problem("Observation: a group of others without a value of its own, not an event")
    elif value is not None or not components:
        _write(resource, value or Value(), (subject, moment, within), rows)
    for component in components:
        found = value_of(component, _WHAT, rows)
        if found is None:
            rows.problem("Observation: component without a value, not an event")
        else:
            _write(component, found, (subject, moment, within), rows)


def _made(resource: Resource, rows: Rows) -> datetime | None:
    moment = over(resource, "effective", rows)
    if moment is None and isinstance(resource.get("effectiveTiming"), dict):
        moments = [
            rows.time({"event": text}, "event", _WHAT) for text in resource["effectiveTiming"].get("event") or ()
        ]
        moment = max((item for item in moments if item is not None), default=None)
    return moment


def _write(
    holder: Mapping[str, Any], value: Value, stands: tuple[str, datetime | None, str | None], rows: Rows
) -> None:
    code = rows.code(holder.get("code"), _WHAT)
    if code is not None:
        subject, moment, within = stands
        rows.event(Row(subject, moment, code, value.number, value.text, value.unit, within))

"""Conditions, allergies, procedures, immunizations and reports as events: a code and when it became known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bedside.modalities.records.readers.fhir.codings import bare_code
from bedside.modalities.records.readers.fhir.people import encounter_of, subject_of
from bedside.modalities.records.readers.fhir.rows import Resource, Row, Rows
from bedside.modalities.records.readers.fhir.surroundings import Surroundings

NOT_DONE = frozenset(["entered-in-error", "not-done", "preparation", "cancelled", "registered"])
_DENIED = frozenset(["entered-in-error", "refuted"])


def refused(resource: Resource, statuses: frozenset[str], rows: Rows) -> bool:
    """Whether a status says that it did not happen; counted."""
    status = resource.get("status")
    if status not in statuses:
        return False
    rows.problem(f"{resource['resourceType']}: {status}, not an event")
    return True


def over(resource: Resource, stem: str, rows: Rows) -> datetime | None:
    """When `performed[x]` or its like was over: the time, the end of the period, else its start."""
    what = resource["resourceType"]
    moment = rows.time(resource, f"{stem}DateTime", what) or rows.time(resource, f"{stem}Instant", what)
    if moment is not None:
        return moment
    period: Mapping[str, Any] | None = resource.get(f"{stem}Period")
    return rows.time(period, "end", what) or rows.time(period, "start", what)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, of which either may be missing."""
    return max(one, other) if one and other else one or other


def _verification(resource: Resource, rows: Rows) -> tuple[bool, str | None]:
    """Whether it counts as said of the patient, and how sure it is where that is not "confirmed"."""
    word = bare_code(resource.get("verificationStatus"))
    if word in _DENIED:
        rows.problem(f"{resource['resourceType']}: {word}, not an event")
        return False, None
    return True, word if word and word != "confirmed" else None


def condition(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was recorded; coded for an encounter and not dated, when that ended; else its onset."""
    holds, doubt = _verification(resource, rows)
    subject = subject_of(resource, rows, around) if holds else None
    code = rows.code(resource.get("code"), "Condition") if subject else None
    if subject is None or code is None:
        return
    within = encounter_of(resource, around)
    moment = rows.time(resource, "recordedDate", "Condition")
    if moment is None:
        onset = rows.time(resource, "onsetDateTime", "Condition")
        onset = onset or rows.time(resource.get("onsetPeriod"), "start", "Condition")
        if within is None:
            rows.problem("Condition: neither recordedDate nor encounter; stands at its onset")
            moment = onset
        elif (end := around.encounter_end(within)) is not None:
            rows.problem("Condition: no recordedDate; stands at the end of its encounter")
            moment = later(end, onset)
        else:
            rows.problem("Condition: neither recordedDate nor an end of its encounter; kept without a time")
    rows.event(Row(subject, moment, code, text=doubt, encounter=within))


def allergy(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was recorded, else its onset; as "ALLERGY//RXNORM//1191", for the code alone would be the drug."""
    holds, doubt = _verification(resource, rows)
    subject = subject_of(resource, rows, around) if holds else None
    code = rows.code(resource.get("code"), "AllergyIntolerance") if subject else None
    if subject is None or code is None:
        return
    moment = rows.time(resource, "recordedDate", "AllergyIntolerance")
    if moment is None and (moment := rows.time(resource, "onsetDateTime", "AllergyIntolerance")) is not None:
        rows.problem("AllergyIntolerance: no recordedDate; stands at its onset")
    if code in rows.words:
        rows.words.setdefault(f"ALLERGY//{code}", rows.words[code])
    rows.event(Row(subject, moment, f"ALLERGY//{code}", text=doubt, encounter=encounter_of(resource, around)))


def procedure(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was over."""
    _coded(resource, "code", over(resource, "performed", rows), rows, around)


def immunization(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was first recorded, or given if that is later or nothing else is said."""
    moment = later(rows.time(resource, "recorded", "Immunization"), over(resource, "occurrence", rows))
    _coded(resource, "vaccineCode", moment, rows, around)


def report(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """Which report it is, when it was released; what it says stands in its observations."""
    moment = later(rows.time(resource, "issued", "DiagnosticReport"), over(resource, "effective", rows))
    _coded(resource, "code", moment, rows, around)


def _coded(resource: Resource, field: str, moment: datetime | None, rows: Rows, around: Surroundings) -> None:
    if refused(resource, NOT_DONE, rows):
        return
    subject = subject_of(resource, rows, around)
    code = rows.code(resource.get(field), resource["resourceType"]) if subject else None
    if subject is not None and code is not None:
        rows.event(Row(subject, moment, code, encounter=encounter_of(resource, around)))

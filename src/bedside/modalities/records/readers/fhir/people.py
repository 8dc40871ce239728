"""Patient and Encounter as events."""

from bedside.modalities.records.events.schema import BIRTH, DEATH
from bedside.modalities.records.readers.fhir.codings import bare_code
from bedside.modalities.records.readers.fhir.references import identifier
from bedside.modalities.records.readers.fhir.rows import Resource, Row, Rows
from bedside.modalities.records.readers.fhir.surroundings import NOT_HELD, UNDER_WAY, Surroundings, end_of
from bedside.modalities.records.readers.fhir.times import begins

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
_SEXES = {"male": "M", "female": "F", "other": "OTHER", "M": "M", "F": "F"}


def subject_of(resource: Resource, rows: Rows, around: Surroundings) -> str | None:
    """The patient a resource is about; None, and counted, where it is no single patient of the source."""
    reference = resource.get("subject") or resource.get("patient")
    subject = identifier(reference, "Patient", around.addresses)
    if subject is None:
        rows.problem(f"{resource['resourceType']}: no reference to a patient")
    return subject


def encounter_of(resource: Resource, around: Surroundings) -> str | None:
    """The encounter a resource belongs to (called `context` where drugs are given); None where there is none."""
    return identifier(resource.get("encounter") or resource.get("context"), "Encounter", around.addresses)


def patient(resource: Resource, rows: Rows, _: Surroundings) -> None:
    """Birth, death, sex and ancestry."""
    subject = resource.get("id")
    if not isinstance(subject, str) or not subject:
        rows.problem("Patient: no id")
        return
    if any(link.get("type") == "replaced-by" for link in resource.get("link") or ()):
        rows.problem("Patient: replaced by another patient; kept under its own id")
    _birth(resource, subject, rows)
    _death(resource, subject, rows)
    extensions = {item.get("url"): item for item in resource.get("extension") or ()}
    at_birth = (extensions.get(_US_CORE + "birthsex") or {}).get("valueCode")
    sex = _SEXES.get(at_birth or "") or _SEXES.get(resource.get("gender") or "")
    if sex is not None:
        rows.event(Row(subject, None, f"SEX//{sex}", static=True))
    for kind in ("race", "ethnicity"):
        for part in (extensions.get(_US_CORE + kind) or {}).get("extension") or ():
            said = part.get("valueCoding") or {}
            word = said.get("display") or said.get("code")
            if part.get("url") == "ombCategory" and word:
                rows.event(Row(subject, None, f"ANCESTRY//{word}", static=True))


def _birth(resource: Resource, subject: str, rows: Rows) -> None:
    exact = (resource.get("_birthDate") or {}).get("extension") or ()
    text = next((item.get("valueDateTime") for item in exact if item.get("url") == _BIRTH_TIME), None)
    text = text or resource.get("birthDate")
    if text is None:
        rows.problem("Patient: no date of birth")
        return
    moment = begins(text)
    if moment is None:
        rows.problem("Patient: birthDate is not a date")
        return
    if len(text) < 10:
        rows.problem("Patient: the day of birth is not told; the first of the month or year is taken")
    rows.event(Row(subject, moment, BIRTH))


def _death(resource: Resource, subject: str, rows: Rows) -> None:
    if "deceasedDateTime" in resource:
        moment = rows.time(resource, "deceasedDateTime", "Patient")
        rows.event(Row(subject, moment, DEATH))
    elif resource.get("deceasedBoolean") is True:
        rows.problem("Patient: died, and when is not told")
        rows.event(Row(subject, None, DEATH))


def encounter(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """Its start with the class it had then, its end with where the patient went."""
    status = resource.get("status")
    if status in NOT_HELD:
        rows.problem(f"Encounter: {status}, not an event")
        return
    subject, key = subject_of(resource, rows, around), resource.get("id")
    if subject is None:
        return
    period = resource.get("period") or {}
    start = rows.time(period, "start", "Encounter")
    if start is None:
        rows.problem("Encounter: no start; kept without a time")
    rows.event(Row(subject, start, f"ENCOUNTER_START//{_class_at_start(resource)}", encounter=key))
    if status in UNDER_WAY:
        rows.problem("Encounter: under way; its end is not an event yet")
        return
    rows.time(period, "end", "Encounter")
    end = end_of(resource)
    if end is None:
        rows.problem("Encounter: no end")
        return
    stay = resource.get("hospitalization") or {}
    went = bare_code(stay.get("dischargeDisposition")) or "UNKNOWN"
    rows.event(Row(subject, end, f"ENCOUNTER_END//{went}", encounter=key))


def _class_at_start(resource: Resource) -> str:
    """The first of `classHistory`, else the class, which may have changed since (an emergency, then an admission)."""
    history = [item for item in resource.get("classHistory") or () if (item.get("period") or {}).get("start")]
    first = min(history, key=lambda item: item["period"]["start"])["class"] if history else resource.get("class")
    said = first or {}
    return str(said.get("code") or said.get("display") or "UNKNOWN")

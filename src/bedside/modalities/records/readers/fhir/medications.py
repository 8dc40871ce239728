"""Drugs that were ordered, given, handed out or said to be taken, as events."""

from bedside.modalities.records.readers.fhir.findings import refused
from bedside.modalities.records.readers.fhir.people import encounter_of, subject_of
from bedside.modalities.records.readers.fhir.quantities import quantity
from bedside.modalities.records.readers.fhir.references import identifier
from bedside.modalities.records.readers.fhir.rows import Resource, Row, Rows
from bedside.modalities.records.readers.fhir.surroundings import Surroundings

_NOT_ORDERED = frozenset(["cancelled", "entered-in-error", "draft"])
_NOT_GIVEN = frozenset(["not-done", "entered-in-error"])
_NOT_TAKEN = frozenset(["not-taken", "entered-in-error", "intended"])
_NOT_HANDED = frozenset(["preparation", "cancelled", "entered-in-error", "declined", "on-hold"])


def request(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was written, as "ordered"."""
    if refused(resource, _NOT_ORDERED, rows):
        return
    if resource.get("doNotPerform") is True or resource.get("intent") in ("proposal", "option"):
        rows.problem("MedicationRequest: a proposal, or not to be done; not an event")
        return
    moment = rows.time(resource, "authoredOn", "MedicationRequest")
    _drug(resource, Row("", moment, "", text="ordered"), rows, around)


def administration(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was given, with the dose; when it began if it took a while, without the dose, which was known later."""
    if refused(resource, _NOT_GIVEN, rows):
        return
    moment = rows.time(resource, "effectiveDateTime", "MedicationAdministration")
    number, unit = None, None
    if moment is None:
        moment = rows.time(resource.get("effectivePeriod"), "start", "MedicationAdministration")
    else:
        dose = quantity((resource.get("dosage") or {}).get("dose"))
        number, unit = (dose.number, dose.unit) if dose else (None, None)
    _drug(resource, Row("", moment, "", number, "given", unit), rows, around)


def statement(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was said, else since when it is said to be taken, as "stated"."""
    if refused(resource, _NOT_TAKEN, rows):
        return
    moment = rows.time(resource, "dateAsserted", "MedicationStatement")
    if moment is None:
        moment = rows.time(resource, "effectiveDateTime", "MedicationStatement")
        moment = moment or rows.time(resource.get("effectivePeriod"), "start", "MedicationStatement")
        if moment is not None:
            rows.problem("MedicationStatement: no dateAsserted; stands at the start of taking it")
    _drug(resource, Row("", moment, "", text="stated"), rows, around)


def dispense(resource: Resource, rows: Rows, around: Surroundings) -> None:
    """When it was handed over, else prepared, as "dispensed"."""
    if refused(resource, _NOT_HANDED, rows):
        return
    moment = rows.time(resource, "whenHandedOver", "MedicationDispense")
    moment = moment or rows.time(resource, "whenPrepared", "MedicationDispense")
    _drug(resource, Row("", moment, "", text="dispensed"), rows, around)


def _drug(resource: Resource, row: Row, rows: Rows, around: Surroundings) -> None:
    subject = subject_of(resource, rows, around)
    code = _code(resource, rows, around) if subject else None
    if subject is not None and code is not None:
        rows.event(row._replace(subject=subject, code=code, encounter=encounter_of(resource, around)))


def _code(resource: Resource, rows: Rows, around: Surroundings) -> str | None:
    """The drug: told in the resource, contained in it, or a Medication of the source."""
    what = resource["resourceType"]
    reference = resource.get("medicationReference")
    if reference is None:
        return rows.code(resource.get("medicationCodeableConcept"), what)
    address = str(reference.get("reference") or "")
    if address.startswith("#"):
        inside = (item for item in resource.get("contained") or () if item.get("id") == address[1:])
        return rows.code((next(inside, None) or {}).get("code"), what)
    key = identifier(reference, "Medication", around.addresses)
    drug = around.medication(key) if key else None
    if drug is None:
        rows.problem(f"{what}: its Medication is not in the source")
        return None
    if drug.words:
        rows.words.setdefault(drug.code, drug.words)
    return drug.code

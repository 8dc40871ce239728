"""Which resource becomes events by which function; everything else is counted by its type."""

import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from bedside.modalities.records.readers.fhir import findings, medications, observations, people
from bedside.modalities.records.readers.fhir.rows import Resource, Rows
from bedside.modalities.records.readers.fhir.surroundings import Surroundings
from bedside.modalities.records.readers.fhir.validation import objection

Reads: TypeAlias = Callable[[Resource, Rows, Surroundings], None]

READ: Final[Mapping[str, Reads]] = {
    "AllergyIntolerance": findings.allergy,
    "Condition": findings.condition,
    "DiagnosticReport": findings.report,
    "Encounter": people.encounter,
    "Immunization": findings.immunization,
    "MedicationAdministration": medications.administration,
    "MedicationDispense": medications.dispense,
    "MedicationRequest": medications.request,
    "MedicationStatement": medications.statement,
    "Observation": observations.observation,
    "Patient": people.patient,
    "Procedure": findings.procedure,
}


def left_out(kind: str) -> str:
    """How resources that become no events are counted."""
    return f"{kind}: left out" if kind.isalpha() and len(kind) < 40 else "resource of no known type: left out"


def write(resource: Resource, content: bytes | None, rows: Rows, around: Surroundings, *, validate: bool) -> None:
    """Write a resource down as events; what cannot be read is counted, and the rest goes on.

    Args:
        resource: With a type.
        content: Its bytes where they are known, for its hash.
        rows: Where it is written.
        around: The rest of the source.
        validate: Ask the whole specification of it first, and leave it out where it does not comply.
    """
    kind = resource["resourceType"]
    reads = READ.get(kind)
    if reads is None:
        if kind != "Medication":  # the requests that refer to it become events
            rows.problem(left_out(kind))
        return
    if validate and (wrong := objection(resource)) is not None:
        rows.invalid(f"{kind}: not valid as FHIR R4B ({wrong}), left out", _bytes(resource, content))
        return
    before = len(rows)
    try:
        reads(resource, rows, around)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        rows.back_to(before)
        rows.invalid(f"{kind}: not built as FHIR says, left out", _bytes(resource, content))


def _bytes(resource: Resource, content: bytes | None) -> bytes:
    return json.dumps(resource, sort_keys=True).encode() if content is None else content.strip()

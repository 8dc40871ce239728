"""Whose images they are: the column that tells it, and who has how many that can be used."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.images.declaration import DICOM_PATIENT
from bedside.own_data.images.listing import Listing

_PATIENT = {"patient", "patient_id", "patientid", "subject", "subject_id", "subjectid", "pid", "participant_id"}
"""Names of columns, after `plain_name`, that tell whose image it is."""


@dataclass(frozen=True)
class Counts:
    """Who will be studied.

    Attributes:
        images: With an outcome, readable and fitting the plan.
        patients: Theirs; as many as images where patients are not known.
        repeated: Patients with several images.
        differing: Of these, patients whose images have different outcomes.
    """

    images: int
    patients: int
    repeated: int
    differing: int

    @classmethod
    def of(cls, patients: Iterable[Sequence[Hashable]]) -> "Counts":
        """Those of patients, each with the outcomes of all images."""
        found = list(patients)
        repeated = [outcomes for outcomes in found if len(outcomes) > 1]
        differing = sum(len(set(outcomes)) > 1 for outcomes in repeated)
        return cls(sum(map(len, found)), len(found), len(repeated), differing)


def patient_column(table: Table, taken: Sequence[str]) -> str:
    """A column that is named like a patient's identifier, else the one that DICOM gives; "" where there is none."""
    named = [name for name in table.frame.columns if plain_name(name) in _PATIENT and name not in taken]
    if len(named) == 1:
        return named[0]
    return DICOM_PATIENT if DICOM_PATIENT in table.frame.columns else ""


def identity_of(patient: str) -> str:
    """How images of one patient are recognised, in words for the report."""
    if patient == DICOM_PATIENT:
        return "images of one patient carry the same DICOM patient identifier"
    if patient:
        return f"images of one patient share the column {patient!r}"
    return "unknown: neither the files nor a column tell whose image it is; each is taken for another patient"


def rows_by_patient(
    listing: Listing, patient: str, outcomes: Sequence[object], fits: ImagePlan
) -> Mapping[object, list[int]]:
    """Rows that can be used, of each patient: with an outcome, readable, of a known patient and as the plan wants.

    Args:
        listing: The images.
        patient: The column that tells whose image it is; each is another patient's when empty.
        outcomes: One a row; None where not known.
        fits: What an image must be.
    """
    named: Sequence[object] = (
        listing.table.restricted(Schema((Column(patient, "category"),))).cells(patient)
        if patient
        else range(len(outcomes))
    )
    of: dict[object, list[int]] = defaultdict(list)
    for row, outcome in enumerate(outcomes):
        facts = listing.facts(row)
        if facts is None or listing.reasons[row] or outcome is None or named[row] is None or facts.misfit(fits):
            continue
        of[named[row]].append(row)
    return of


def patient_notes(patient: str, counts: Counts, *, drawn: str = "outcomes") -> list[str]:
    """Whose images they are, and how many have several; `drawn` is what differs between them."""
    lines = [f"patients: {identity_of(patient)}"]
    if not patient:
        return [*lines, "if patients repeat, name the column that tells whose image it is (--patient)"]
    lines.append(f"{counts.patients:,} patients, {counts.repeated:,} of them with several images")
    if counts.differing:
        lines.append(
            f"{counts.differing:,} patients have images with different {drawn}; each one speaks of its image alone"
        )
    return lines

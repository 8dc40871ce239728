"""Whether a patient has a condition, as far as a record tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bedside.evidence.release import BoundPredictor
from bedside.modalities.records.readers.fhir.codings import bare_code
from bedside.modalities.records.readers.fhir.findings import over
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.modalities.records.readers.fhir.surroundings import Surroundings
from bedside.serve.fhir.given import FAULTS
from bedside.serve.fhir.heard import Heard, heard
from bedside.serve.fhir.measured import match

OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of conditions that a patient does not have any more."""


def present(
    predictor: BoundPredictor, conditions: Sequence[Resource], around: Surroundings, at: datetime
) -> bool | None:
    """Whether there is a condition with one of the codes that was known at `at` and not over then.

    Args:
        predictor: Found in conditions; recorded within its days, where it says so.
        conditions: All of the patient, with times of the clock of `at`.
        around: The rest of what was given.
        at: Clock time of the question.

    Returns:
        None where there is such a condition and it is not told when it was recorded, or nobody is sure of it
        ("provisional", "differential"), and no other is certain.
    """
    oldest = None if predictor.within_days is None else at - timedelta(days=predictor.within_days)
    doubtful = False
    for condition in conditions:
        try:
            if match(condition.get("code"), predictor.codes) is None or _is_over(condition, at):
                continue
        except FAULTS:  # not built as FHIR says
            continue
        for row in heard(condition, around):
            if row.time is None:
                doubtful = True
            elif row.time <= at and (oldest is None or row.time >= oldest):
                if row.text is None:
                    return True
                doubtful = True
    return None if doubtful else False


def _is_over(condition: Resource, at: datetime) -> bool:
    """Whether it had ended by then: at the time that is told, else whenever its status says so."""
    ended = over(condition, "abatement", Heard())
    return ended <= at if ended is not None else bare_code(condition.get("clinicalStatus")) in OVER

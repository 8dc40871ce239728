"""Queries of a FHIR server that bring what a release's bindings need, as CDS Hooks prefetch templates."""

from urllib.parse import quote

from bedside.evidence.release import Bindings, BoundPredictor

PATIENT = "patient"
LATEST = 10
"""Observations of a predictor that are asked for, the latest first: some of them may not count."""


def templates(bindings: Bindings) -> dict[str, str]:
    """A query by key: the patient, and one search for each predictor that is an observation or a condition."""
    made = {PATIENT: "Patient/{{context.patientId}}"}
    for one in bindings.predictors:
        if one.source == "observation":
            made[one.name] = _search("Observation", one) + f"&_sort=-date&_count={LATEST}"
        elif one.source == "condition":
            made[one.name] = _search("Condition", one)
    return made


def _search(kind: str, one: BoundPredictor) -> str:
    codes = ",".join(f"{quote(code.system, safe=':/')}|{quote(code.code, safe='')}" for code in one.codes)
    return f"{kind}?patient={{{{context.patientId}}}}&code={codes}"

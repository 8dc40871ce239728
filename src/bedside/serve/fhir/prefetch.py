"""The queries that bring what a release needs from a patient's record, as templates of CDS Hooks."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from bedside.evidence.release import LOINC, Bindings, BoundPredictor, Coding

PATIENT: Final = "{{context.patientId}}"

PANELS: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(("8480-6", "8462-4"), ("85354-9", "55284-4"))
"""LOINC codes of observations that hold others as components, by the others' code: servers search the code of the
whole. Blood pressures are recorded so everywhere; `combo-code`, which would look inside, is rarely supported."""


def templates(bindings: Bindings) -> dict[str, str]:
    """Queries by key: the patient, the conditions, and the observations of each window of time.

    The key of a query for one predictor is the predictor's name. A window begins a day early, because the client's
    day may have begun in another zone; what is too old is left out when the record is read.

    Example:
        >>> from bedside.evidence.release import Bindings, BoundPredictor
        >>> templates(Bindings(predictors=(BoundPredictor(name="age", source="patient-age"),)))
        {'patient': 'Patient/{{context.patientId}}'}
    """
    found: dict[str, str] = {}
    if any(one.source in ("patient-age", "patient-sex") for one in bindings.predictors):
        found["patient"] = f"Patient/{PATIENT}"
    windows: dict[int | None, list[BoundPredictor]] = {}
    for one in bindings.predictors:
        if one.source == "observation":
            windows.setdefault(one.within_days, []).append(one)
    for days, predictors in windows.items():
        since = "" if days is None else f"&date=ge{{{{today() - {days + 1} days}}}}"
        key = _key(predictors, "observations" if days is None else f"observations-{days}-days", found)
        found[key] = f"Observation?patient={PATIENT}&code={_codes(predictors)}{since}"
    conditions = [one for one in bindings.predictors if one.source == "condition"]
    if conditions:
        found[_key(conditions, "conditions", found)] = f"Condition?patient={PATIENT}&code={_codes(conditions)}"
    return found


def _key(predictors: list[BoundPredictor], several: str, taken: Mapping[str, str]) -> str:
    name = predictors[0].name
    return name if len(predictors) == 1 and name not in (*taken, "conditions") else several


def _codes(predictors: Iterable[BoundPredictor]) -> str:
    codes = [code for one in predictors for code in one.codes]
    panels = [
        Coding(system=LOINC, code=panel)
        for code in codes
        if code.system == LOINC
        for panel in PANELS.get(code.code, ())
    ]
    return ",".join(dict.fromkeys(f"{_written(one.system)}|{_written(one.code)}" for one in (*codes, *panels)))


def _written(text: str) -> str:
    """As one value of a search: what separates values is escaped, as FHIR says, and all that a query cannot hold."""
    for mark in ("\\", "|", ",", "$"):
        text = text.replace(mark, f"\\{mark}")
    return quote(text, safe=":/.-")

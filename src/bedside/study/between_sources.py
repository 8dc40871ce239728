"""The audit of an external validation: who, and which cases, the two sources have in common."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data import audit
from bedside.evidence.schema import Finding
from bedside.study.declare import Study
from bedside.study.job import Division
from bedside.study.leakage import nearness, side_by_side


def findings(divisions: Sequence[Division], study: Study[Any, Any, Any, Any]) -> list[Finding]:
    """Two findings for each validation on another source, clean results included: shared patients, alike cases."""
    found = []
    for division in divisions:
        if division.validation.source is not None:
            found += [_patients(division, study), _cases(division, study)]
    return found


def _outside(division: Division) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.unique(np.concatenate([split.test for split in division.splits]))


def _patients(division: Division, study: Study[Any, Any, Any, Any]) -> Finding:
    name = division.validation.name
    if not division.validation.same_identifiers:
        text = f"{name}: patients known to both sources cannot be recognised, since their identifiers do not match"
        return Finding(kind="patients_between_sources", severity="info", text=text)
    known = audit.known_to_both(division.samples, _outside(division))
    text = f"{name}: {known.patients} patients are known to both sources"
    if not known.patients:
        return Finding(kind="patients_between_sources", severity="info", text=text)
    text += f"; they were judged, and their {known.cases} cases in {study.source.name} were not learned from"
    return Finding(kind="patients_between_sources", severity="warning", text=text, count=known.patients)


def _cases(division: Division, study: Study[Any, Any, Any, Any]) -> Finding:
    outside = _outside(division)
    inside = np.setdiff1d(np.arange(len(division.samples)), outside)
    seen = {division.digests[k] for k in inside.tolist()}
    same = sum(division.digests[k] in seen for k in outside.tolist())
    predictors = [sample.predictors for sample in division.samples]
    near = nearness(study.modality, predictors)(inside, outside)
    seen_near = study.modality.near_copies is not None or audit.can_be_near(
        side_by_side(study.modality.variables(predictors), len(predictors))
    )
    text = f"{division.validation.name}: {same} judged cases have the same predictors as a case in {study.source.name}"
    if seen_near:
        text += f", and {near} differ from one by next to nothing"
    else:
        text += "; too few predictors vary to say which nearly do"
    if same + near:
        return Finding(kind="cases_between_sources", severity="warning", text=text, count=same + near)
    return Finding(kind="cases_between_sources", severity="info", text=text)

"""How the primary measure falls when new cases are worse than development, and what each predictor is worth.

Both are the same computation: predictions for perturbed test predictors against those for the untouched ones, under
the same bootstrap of patients. A predictor permuted over cases gives permutation importance (Fisher, Rudin and
Dominici 2019, J Mach Learn Res 20:177).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.errors import StatisticsError
from bedside.evidence.schema import Explanation, Robustness
from bedside.modalities.modality import Perturbation
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.study.fits import Judgement
from bedside.study.job import Job
from bedside.study.judged import Chosen, Judged
from bedside.study.record import Read, primary
from bedside.study.weighing import or_none
from bedside.types import Floats, Integers

REPLICATES = 500
"""Bootstrap replicates for changes under perturbation."""

IMPORTANCE = "permutation importance"


def stress(job: Job, stored: Read) -> tuple[Robustness, ...]:
    """One row for each learner and perturbation, in the primary validation's first repetition."""
    modality = job.study.modality
    division = stored.division
    splits = [k for k, split in enumerate(division.splits) if split.repeat == 0]
    if modality.perturbations is None or not splits:
        return ()
    first = division.splits[splits[0]]
    known = modality.perturbations([division.samples[k].predictors for k in first.development.tolist()])
    rows: list[Robustness] = []
    for learner in job.study.learners:
        judgements = [stored.by_learner[learner.name][k] for k in splits]
        present = [one for one in known if all(one.name in judgement.stressed for judgement in judgements)]
        rows += _rows(job, stored, learner.name, splits, judgements, present)
    return tuple(rows)


def importance(rows: Sequence[Robustness], *, higher_is_better: bool) -> tuple[Explanation, ...]:
    """Permutation importance: how much worse the primary measure gets when one predictor is permuted."""
    found = []
    for row in rows:
        if row.family != "permuted" or row.change is None:
            continue
        sign = -1.0 if higher_is_better else 1.0
        limits = [None if limit is None else sign * limit for limit in (row.low, row.high)]
        low, high = limits[::-1] if higher_is_better else limits
        found.append(
            Explanation(
                learner=row.learner,
                method=IMPORTANCE,
                variable=row.variable,
                value=sign * row.change,
                low=low,
                high=high,
            )
        )
    return tuple(found)


def _rows(
    job: Job,
    stored: Read,
    learner: str,
    splits: Sequence[int],
    judgements: Sequence[Judgement[Any]],
    present: Sequence[Perturbation[Any]],
) -> list[Robustness]:
    name = primary(job)[2]
    plain, patient = _chosen(job, stored, learner, splits, [judgement.test for judgement in judgements])
    chosen = {
        one.name: _chosen(job, stored, learner, splits, [judgement.stressed[one.name] for judgement in judgements])[0]
        for one in present
    }
    values = {key: float(one(np.ones((1, one.cases)))[0]) for key, one in chosen.items()}
    whole = float(plain(np.ones((1, plain.cases)))[0])
    changes: dict[str, list[Floats]] = {key: [] for key in chosen}
    for weights in multiplicities(patient, REPLICATES, job.seed):
        base = plain(weights)
        for key, one in chosen.items():
            changes[key].append(one(weights) - base)
    return [
        _row(
            {"learner": learner, "validation": stored.division.validation.name, "measure": name},
            one,
            value=values[one.name],
            whole=whole,
            changes=np.concatenate(changes[one.name]),
        )
        for one in present
    ]


def _row(
    where: Mapping[str, str], one: Perturbation[Any], *, value: float, whole: float, changes: Floats
) -> Robustness:
    base = {
        **where,
        "name": one.name,
        "family": one.family,
        "variable": one.variable,
        "strength": one.strength,
    }
    nothing = {"value": None, "change": None, "low": None, "high": None}
    if not np.isfinite(value) or not np.isfinite(whole):
        return Robustness.model_validate({**base, **nothing, "reason": "the measure is not defined on these cases"})
    try:
        limits = percentile_interval(changes)
    except StatisticsError as error:
        return Robustness.model_validate({**base, **nothing, "value": value, "reason": str(error)})
    return Robustness.model_validate(
        {
            **base,
            "value": value,
            "change": value - whole,
            "low": limits.low,
            "high": limits.high,
            "method": f"paired {limits.method}, {changes.size} replicates",
        }
    )


def _chosen(
    job: Job, stored: Read, learner: str, splits: Sequence[int], predictions: Sequence[Sequence[Any]]
) -> tuple[Chosen, Integers]:
    """The primary measure of these predictions, and the patient of each row."""
    division = stored.division
    rows = np.concatenate([division.splits[k].test for k in splits])
    sizes = [division.splits[k].test.size for k in splits]
    number = {patient: k for k, patient in enumerate(sorted({str(sample.patient) for sample in division.samples}))}
    patient = np.array([number[str(division.samples[k].patient)] for k in rows.tolist()], dtype=np.int64)
    measures = [stored.measures[learner][k] for k in splits]
    judged: Judged[Any, Any] = Judged(
        learner=learner,
        outcomes=[division.samples[k].outcome for k in rows.tolist()],
        predictions=[p for part in predictions for p in part],
        fold=np.repeat(np.arange(len(splits)), sizes).astype(np.int64),
        patient=patient,
        measures=measures,
        weights=or_none(np.concatenate([division.weighed(k, "test") for k in splits])),
    )
    position = [measure.name for measure in measures[0]].index(primary(job)[2])
    return judged.contributed(position).within(np.arange(rows.size, dtype=np.int64)), patient

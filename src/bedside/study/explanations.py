"""What each learner relies on, over the explained cases, and whether its explanation may be believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from bedside.errors import StatisticsError
from bedside.evidence.figure import Figure
from bedside.evidence.schema import Explanation, ExplanationCheck
from bedside.explain.explainer import Explainer
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.study.directions import directions, gathered
from bedside.study.job import Job
from bedside.study.record import Read
from bedside.study.timelines import timelines
from bedside.types import Floats, Integers

REPLICATES = 1_000
"""Bootstrap replicates, by patient, of the mean size of attributions."""


@dataclass(frozen=True)
class Explanations:
    """Rows and figures of the evidence."""

    rows: tuple[Explanation, ...]
    checks: tuple[ExplanationCheck, ...]
    figures: tuple[Figure, ...]


def explanations(job: Job, stored: Read, permutation: Sequence[Explanation]) -> Explanations:
    """Mean |attribution| by predictor, tests of the explanations, their agreement, which way they point, and when.

    Args:
        job: The run.
        stored: What was fitted and explained in the primary validation.
        permutation: Permutation importance of the same learners, for the agreement between methods.
    """
    rows: list[Explanation] = []
    checks: list[ExplanationCheck] = []
    for learner in job.study.learners:
        for explainer in job.study.explainers:
            rows += _rows(job, stored, learner.name, explainer)
            checks += _checks(stored, learner.name, explainer)
    checks += _agreement(job, rows, permutation)
    figures = [directions(job, stored, explainer, checks) for explainer in job.study.explainers]
    drawn = [*(figure for figure in figures if figure is not None), *timelines(job, stored, checks)]
    return Explanations(tuple(rows), tuple(checks), tuple(drawn))


def _rows(job: Job, stored: Read, learner: str, explainer: Explainer[Any]) -> list[Explanation]:
    found = gathered(stored, learner, explainer.name)
    if found is None:
        return []
    variables, values, cases = found
    size = np.abs(values)
    low, high = _limits(size, _patients(stored, cases), job.seed)
    return [
        Explanation(
            learner=learner,
            method=explainer.label,
            variable=name,
            value=float(size[:, k].mean()),
            low=None if low is None else float(low[k]),
            high=None if high is None else float(high[k]),
        )
        for k, name in enumerate(variables)
    ]


def _patients(stored: Read, cases: Integers) -> Integers:
    names = [str(stored.division.samples[k].patient) for k in cases.tolist()]
    number = {patient: k for k, patient in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _limits(size: Floats, patient: Integers, seed: int) -> tuple[Floats | None, Floats | None]:
    """Percentile limits of the mean size of each predictor's attributions."""
    weights = multiplicities(patient, REPLICATES, seed)
    replicates = np.concatenate([w @ size / w.sum(axis=1, keepdims=True) for w in weights])
    try:
        limits = [percentile_interval(column) for column in replicates.T]
    except StatisticsError:
        return None, None
    return np.array([one.low for one in limits]), np.array([one.high for one in limits])


def _checks(stored: Read, learner: str, explainer: Explainer[Any]) -> list[ExplanationCheck]:
    return [
        ExplanationCheck(
            learner=learner,
            method=explainer.label,
            check=check.check,
            passed=check.passed,
            value=check.value,
            text=check.text,
        )
        for judgement in stored.by_learner[learner]
        if judgement.explained is not None and explainer.name in judgement.explained.attributions
        for check in judgement.explained.attributions[explainer.name].checks
    ]


def _agreement(job: Job, rows: Sequence[Explanation], permutation: Sequence[Explanation]) -> list[ExplanationCheck]:
    """Rank correlation with permutation importance, and of the model's with its others and each comparator's."""
    labels = {learner.name: learner.label for learner in job.study.learners}
    told = _by_variable(rows)
    permuted = {learner: values for (learner, _), values in _by_variable(permutation).items()}
    found = []
    for (learner, method), values in told.items():
        if learner in permuted:
            found.append(
                _alike(learner, method, values, permuted[learner], "permutation importance of the same learner")
            )
        if learner == job.study.model.name:
            found += [
                _alike(learner, method, values, others, f"{other_method} of {labels[other]}")
                for (other, other_method), others in told.items()
                if (other, other_method) != (learner, method)
            ]
    return [one for one in found if one is not None]


def _by_variable(rows: Sequence[Explanation]) -> dict[tuple[str, str], dict[str, float]]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        found.setdefault((row.learner, row.method), {})[row.variable] = row.value
    return found


def _alike(
    learner: str, method: str, values: Mapping[str, float], others: Mapping[str, float], words: str
) -> ExplanationCheck | None:
    shared = [name for name in values if name in others]
    if len(shared) < 3:
        return None
    ranks = [rankdata([each[name] for name in shared]) for each in (values, others)]
    if any(np.ptp(each) == 0 for each in ranks):
        return None
    value = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return ExplanationCheck(
        learner=learner,
        method=method,
        check=f"agreement with {words}",
        passed=None,
        value=value,
        text=(
            f"Predictors ranked by mean size of attribution and by {words}: rank correlation {value:.2f} over "
            f"{len(shared)} predictors. Described, not judged: methods and models may share out correlated predictors "
            "differently."
        ),
    )

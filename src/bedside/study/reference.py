"""What a service needs of the judged cases beside the models: thresholds, observed shares, conformal limits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bedside.endpoints.bounding import Bounded
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Question, Watching
from bedside.evidence.release import CalibrationTable, Conformal, RiskGroup, Thresholds
from bedside.evidence.schema import Evidence
from bedside.stats.proportion import weighted_wilson
from bedside.study.fits import Judgement
from bedside.study.job import Division, Job
from bedside.study.uncertainty import NOMINAL
from bedside.training.conformal import one_each, prediction_intervals, prediction_sets
from bedside.types import Booleans, Floats, Integers

GROUPS = 10
"""Of predicted risk at most; fewer where they would be smaller than the study's smallest group."""


def event_of(endpoint: Endpoint[Any, Any]) -> Question[Any, Any] | None:
    """The endpoint's one question where it is whether something comes; None where the outcome is more, or a number."""
    questions = endpoint.target.questions
    one = len(questions) == 1 and not endpoint.target.quantities and len(questions[0].classes) == 2
    return questions[0] if one else None


def thresholds(evidence: Evidence, learner: str) -> Thresholds:
    """What was fixed on tuning data, by split of the primary validation, and its mean."""
    rows = [
        row
        for row in evidence.operating_points
        if (row.learner, row.validation) == (learner, evidence.study.primary_validation)
    ]
    if not rows:
        return Thresholds()
    names = sorted(set.intersection(*(set(row.settings) for row in rows)))
    return Thresholds(
        rule=rows[0].rule,
        by_split={row.split: dict(row.settings) for row in rows},
        served={name: float(np.mean([row.settings[name] for row in rows])) for name in names},
    )


@dataclass(frozen=True)
class _Rows:
    """Judged cases: predicted risk, whether the event came, patient, and how many cases each stands for; all (n,)."""

    risk: Floats
    event: Booleans
    patient: Integers
    weight: Floats

    def __getitem__(self, inside: Booleans) -> "_Rows":
        return _Rows(self.risk[inside], self.event[inside], self.patient[inside], self.weight[inside])

    @property
    def people(self) -> tuple[int, int]:
        """Patients with the event and without."""
        return np.unique(self.patient[self.event]).size, np.unique(self.patient[~self.event]).size


def calibration_table(job: Job, judgements: Sequence[Judgement[Any]]) -> CalibrationTable | None:
    """In how many judged cases the event came, by the risk that models which had not seen the case predicted.

    Each case is counted once, as judged in the first repeat. None where the outcome is no single event that is known
    of every case: of cases that are watched, those whose watch ended early cannot be counted either way.
    """
    question = event_of(job.study.endpoint)
    if question is None or isinstance(job.study.endpoint.target, Watching):
        return None
    division = job.divisions[0]
    rows = _judged(division, judgements, question)
    smallest, least = job.study.smallest_cell, max(job.study.minimum_group, job.study.smallest_cell)
    cuts = _cuts(rows, least=least, smallest=smallest)
    edges = [0.0, *cuts, 1.0]
    groups = []
    for low, high in pairwise(edges):
        part = rows[(rows.risk >= low) & ((rows.risk < high) | (high == 1.0))]
        if part.risk.size == 0 or (smallest and min(part.people) < smallest):
            continue
        share = weighted_wilson(part.event, part.weight, cluster=np.unique(part.patient, return_inverse=True)[1])
        groups.append(
            RiskGroup(
                low=low,
                high=high,
                cases=int(part.risk.size),
                predicted=float(np.average(part.risk, weights=part.weight)),
                share=share.value,
                share_low=share.low,
                share_high=share.high,
            )
        )
    return CalibrationTable(event=question.classes[1], groups=tuple(groups)) if groups else None


def conformal(job: Job, evidence: Evidence, learner: str, judgements: Sequence[Judgement[Any]]) -> Conformal:
    """The limits of each split's prediction sets or intervals, as judged, and what they were seen to cover."""
    study = job.study
    target = study.endpoint.target
    row = next(
        (
            row
            for row in evidence.coverage
            if (row.learner, row.validation, row.group) == (learner, evidence.study.primary_validation, "all")
        ),
        None,
    )
    if row is None or isinstance(target, Bounded) or study.weighing is not None:
        return Conformal()
    members = []
    for number, judgement in enumerate(judgements):
        outcomes, predictions = _calibration(job, number, judgement)
        if target.quantities:
            members.append(prediction_intervals(target.quantities[0], outcomes, predictions, level=NOMINAL).state())
            continue
        question = target.questions[0]
        known = np.flatnonzero(question.known(outcomes)).tolist()
        told = [outcomes[k] for k in known], [predictions[k] for k in known]
        members.append(prediction_sets(question, *told, level=NOMINAL, by_class=True).state())
    return Conformal.model_validate(
        {
            "kind": "intervals" if target.quantities else "sets",
            "level": NOMINAL,
            "members": members,
            "coverage": row.coverage,
            "low": row.low,
            "high": row.high,
            "cases": row.cases,
        }
    )


def _calibration(job: Job, number: int, judgement: Judgement[Any]) -> tuple[list[Any], list[Any]]:
    """What a split's limits were calibrated on: one case a patient, of models that were not fitted on it."""
    division = job.divisions[0]
    split = division.splits[number]
    samples = [division.samples[k] for k in (split.development if split.folds else split.calibration).tolist()]
    kept = one_each([sample.patient for sample in samples], seed=(job.seed, number)).tolist()
    return [samples[k].outcome for k in kept], [judgement.reference[k] for k in kept]


def _judged(division: Division, judgements: Sequence[Judgement[Any]], question: Question[Any, Any]) -> _Rows:
    code = {patient: k for k, patient in enumerate(sorted({str(sample.patient) for sample in division.samples}))}
    parts = list(_of_splits(division, judgements, question, code))
    return _Rows(
        np.concatenate([part.risk for part in parts]),
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.patient for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )


def _of_splits(
    division: Division, judgements: Sequence[Judgement[Any]], question: Question[Any, Any], code: dict[str, int]
) -> Iterator[_Rows]:
    for number, (split, judgement) in enumerate(zip(division.splits, judgements, strict=True)):
        if split.repeat != 0:
            continue
        samples = [division.samples[k] for k in split.test.tolist()]
        outcomes = [sample.outcome for sample in samples]
        known = np.flatnonzero(question.known(outcomes))
        yield _Rows(
            question.probabilities([judgement.test[k] for k in known.tolist()])[:, 1],
            question.index([outcomes[k] for k in known.tolist()]) == 1,
            np.array([code[str(samples[k].patient)] for k in known.tolist()], dtype=np.int64),
            division.weighed(number, "test")[known],
        )


def _cuts(rows: _Rows, *, least: int, smallest: int) -> list[float]:
    """Risks that part the cases into groups of about equal size, none too small."""
    size = rows.risk.size
    wanted = max(1, min(GROUPS, size // max(least, 1)))
    asked = np.quantile(rows.risk, np.arange(1, wanted) / wanted) if size else np.zeros(0)
    cuts: list[float] = []
    for cut in np.unique(asked).tolist():
        here = rows[(rows.risk >= (cuts[-1] if cuts else -np.inf)) & (rows.risk < cut)]
        rest = rows[rows.risk >= cut]
        enough = all(sum(part.people) >= least and min(part.people) >= smallest for part in (here, rest))
        if enough and 0.0 < cut < 1.0:
            cuts.append(float(cut))
    return cuts

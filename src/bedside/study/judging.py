"""From stored judgements to judged rows, the analysis of a validation, and what figures see."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from bedside.endpoints.endpoint import Reference, View
from bedside.evidence.schema import Partition
from bedside.study.analysis import Analysis, Scope, groups_by_period, groups_by_split, groups_of
from bedside.study.fits import Judgement, read
from bedside.study.job import Division, Job
from bedside.study.judged import Judged
from bedside.study.record import Read, primary
from bedside.study.suppression import SmallCells, answers
from bedside.study.table_one import TableOne
from bedside.study.weighing import or_none
from bedside.types import Integers


def stored_of(job: Job, division: Division) -> Read:
    """The stored judgements of one validation, with measures fixed on what each split may know."""
    by_learner, measures, settings = {}, {}, {}
    endpoint = job.study.endpoint
    for learner in job.study.learners:
        name = division.validation.name
        judgements = [read(job.task(name, split.name, learner.name), endpoint, job.folder) for split in division.splits]
        references = [_reference(division, k, judgement) for k, judgement in enumerate(judgements)]
        by_learner[learner.name] = judgements
        measures[learner.name] = [endpoint.measures(reference) for reference in references]
        settings[learner.name] = [dict(endpoint.settings(reference)) for reference in references]
    return Read(division, by_learner, measures, settings)


def _reference(division: Division, number: int, judgement: Judgement[Any]) -> Reference[Any, Any]:
    split = division.splits[number]
    development = [division.samples[k].outcome for k in split.development.tolist()]
    held = [division.samples[k].outcome for k in split.calibration.tolist()]
    return Reference(
        development=development,
        tuning=development if split.folds else held,
        predictions=judgement.reference,
        weights=or_none(division.weighed(number, "development" if split.folds else "calibration")),
    )


def judged(
    job: Job, stored: Read, part: Literal["test", "tuning", "development"]
) -> tuple[list[Judged[Any, Any]], Integers]:
    """Rows of one partition, splits concatenated, the same for every learner; and the samples they are."""
    division = stored.division
    positions, stand = [], []
    for number, split in enumerate(division.splits):
        name = "test" if part == "test" else "development" if part == "development" or split.folds else "calibration"
        positions.append(getattr(split, name))
        stand.append(division.weighed(number, name))
    rows, weights = np.concatenate(positions), or_none(np.concatenate(stand))
    fold = np.repeat(np.arange(len(positions)), [p.size for p in positions]).astype(np.int64)
    code = {patient: k for k, patient in enumerate(sorted({str(sample.patient) for sample in division.samples}))}
    patient = np.array([code[str(division.samples[k].patient)] for k in rows.tolist()], dtype=np.int64)
    outcomes = [division.samples[k].outcome for k in rows.tolist()]
    judged = []
    for learner in job.study.learners:
        found = stored.by_learner[learner.name]
        parts = {"test": "test", "tuning": "reference", "development": "development"}
        predictions = [p for judgement in found for p in getattr(judgement, parts[part])]
        measures = stored.measures[learner.name]
        judged.append(Judged(learner.name, outcomes, predictions, fold, patient, measures, weights))
    return judged, rows


def analysis(
    job: Job,
    division: Division,
    judged: Sequence[Judged[Any, Any]],
    rows: Integers,
    *,
    table: TableOne,
    sizes: Sequence[Partition],
) -> Analysis:
    """All values of one validation; groups that may not be known have none.

    Args:
        job: The run.
        division: One of its validations.
        judged: One a learner, over `rows` of the division's samples.
        rows: Which samples were judged.
        table: Table 1, whose withheld counts stay withheld.
        sizes: Partitions of the validation, likewise.
    """
    study, validation = job.study, division.validation
    attributes = [division.samples[k].attributes for k in rows.tolist()]
    minimum = max(study.minimum_group, study.smallest_cell)
    groups = groups_of(attributes, study.subgroups, patients=judged[0].patient, minimum=minimum)
    times = [division.samples[k].index_time for k in rows.tolist()]
    groups += groups_by_period(times, patients=judged[0].patient, minimum=minimum)
    if validation.by_split:
        names = [split.name for split in division.splits]
        groups += groups_by_split(judged[0], names, minimum=minimum)
    cells = SmallCells(study.smallest_cell)
    hidden = {f"split={size.split}" for size in sizes if size.partition == "test" and isinstance(size.cases, str)}
    column = "all" if validation.partition == "out_of_fold" else "test"
    for attribute in study.subgroups if validation.source is None else ():
        hidden |= table.withheld(attribute, column)
    outcomes = answers(study.endpoint.target, judged[0].outcomes)
    groups = cells.groups(groups, judged[0].patient, outcomes, also=hidden)
    learned = [len({division.samples[k].patient for k in split.development.tolist()}) for split in division.splits]
    tested = [len({division.samples[k].patient for k in split.test.tolist()}) for split in division.splits]
    scope = Scope(
        validation=validation.name,
        partition="out_of_fold" if validation.partition == "out_of_fold" else "test",
        by_split=validation.by_split,
        replicates=study.bootstrap,
        seed=job.seed,
        train_test=(float(np.mean(learned)), float(np.mean(tested))),
    )
    return Analysis(judged, groups, scope)


def views(job: Job, judged: Sequence[Judged[Any, Any]], stored: Read) -> list[View[Any, Any]]:
    """The judged rows of every learner, for figures."""
    return [
        View(
            learner=one.learner,
            outcomes=one.outcomes,
            predictions=one.predictions,
            fold=one.fold,
            patient=one.patient,
            settings=stored.settings[one.learner],
            label=learner.label,
            smallest_cell=job.study.smallest_cell,
            weights=one.weights,
            compared=one.learner == primary(job)[1],
        )
        for one, learner in zip(judged, job.study.learners, strict=True)
    ]

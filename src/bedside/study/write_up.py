"""From finished fits to evidence.json and the tables beside it."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.target import classes_by_case
from bedside.evidence import schema
from bedside.evidence.figure import Figure
from bedside.study import judging, record, tables
from bedside.study.album import Drawn
from bedside.study.analysis import Analysis, Group, Scope, adjust
from bedside.study.arrays import arrays
from bedside.study.assembled import Found, assembled
from bedside.study.describe import partitions
from bedside.study.explanations import explanations
from bedside.study.gaps import gaps
from bedside.study.hazards import hazards
from bedside.study.job import Division, Job
from bedside.study.joint import joint_tests
from bedside.study.judged import Judged
from bedside.study.pictures import pictures
from bedside.study.pooled import pooled
from bedside.study.progress import Progress
from bedside.study.record import Read
from bedside.study.robustness import importance, stress
from bedside.study.sensitivity import sensitivity
from bedside.study.shift import shift
from bedside.study.size import sample_size
from bedside.study.suppression import SmallCells
from bedside.study.table_one import TableOne
from bedside.study.uncertainty import coverage, selective

APPARENT_REPLICATES = 200
"""Bootstrap replicates for development and tuning rows, which only show optimism."""


def write_up(
    job: Job, counts: Sequence[schema.Ledger], environment: Mapping[str, str], *, progress: Progress
) -> schema.Evidence:
    """Judge what was fitted and write everything down, evidence.json last."""
    started = time.perf_counter()
    progress.begin("Judging", len(job.divisions) + 1)
    performance: list[schema.Performance] = []
    comparisons: list[schema.Comparison] = []
    prediction_tables, array_tables, contribution_tables = [], [], []
    figures: tuple[Figure, ...] = ()
    shifts: list[schema.Shift] = []
    further: dict[str, tuple[Any, ...]] = {}
    drawn = Drawn()
    everything = []
    sizes: list[schema.Partition] = []
    table = _table_one(job)
    for number, division in enumerate(job.divisions):
        stored = judging.stored_of(job, division)
        everything.append(stored)
        judged, rows = judging.judged(job, stored, "test")
        sized = _sizes(job, division)
        sizes += sized
        analysis = judging.analysis(job, division, judged, rows, table=table, sizes=sized)
        if not division.validation.judges_once:
            performance += [row for row in analysis.performance() if row.group.startswith("split=")]
        else:
            performance += analysis.performance()
            if division.validation.by_split:
                performance += pooled(analysis)
            comparisons += analysis.comparisons(record.primary(job) if number == 0 else None)
        shifts += shift(division, job.study.modality, job.study.endpoint, SmallCells(job.study.smallest_cell))
        names = [split.name for split in division.splits]
        partition = division.validation.partition
        prediction_tables.append(
            tables.predictions(
                division.validation.name,
                partition,
                names,
                judged,
                rows=rows,
                samples=division.samples,
                endpoint=job.study.endpoint,
                weighed=job.study.weighing is not None,
            )
        )
        array_tables.append(
            arrays(
                division.validation.name,
                names,
                judged,
                rows=rows,
                samples=division.samples,
                endpoint=job.study.endpoint,
            )
        )
        name = division.validation.name
        contribution_tables.append([tables.contributions(name, judged, k) for k in _numbers(judged)])
        if number == 0:
            figures = job.study.endpoint.figures(judging.views(job, judged, stored))
            performance += _apparent(job, stored)
            further = _further(job, stored, analysis, judged)
            drawn = pictures(job, stored)
            further["pictures"] = drawn.rows
            figures += further["figures"]
        progress.step(division.validation.name)
    files = tables.write_all(job, prediction_tables, array_tables, contribution_tables, _measure_names(everything[0]))
    job.timings["judge"] = time.perf_counter() - started
    evidence = assembled(
        job,
        everything,
        Found(
            performance=performance,
            comparisons=adjust(comparisons),
            figures=figures,
            sizes=sizes,
            table=table,
            further={**further, "shift": tuple(shifts)},
        ),
        counts=counts,
        environment=environment,
        files={**files, **drawn.files},
    )
    job.folder.write(job.folder.evidence, to_json(evidence))
    progress.step("evidence.json")
    return evidence


def to_json(evidence: schema.Evidence) -> str:
    """The bytes of evidence.json."""
    return json.dumps(evidence.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _table_one(job: Job) -> TableOne:
    """Table 1 of the cohort; by partition where the primary validation has a single split of it."""
    study, first = job.study, job.divisions[0]
    return TableOne(
        job.drawn.samples,
        study.modality,
        study.endpoint,
        study.subgroups,
        first.splits if first.validation.source is None else (),
        SmallCells(study.smallest_cell),
    )


def _sizes(job: Job, division: Division) -> list[schema.Partition]:
    validation = division.validation
    return partitions(
        validation.name,
        division.splits,
        division.samples,
        job.study.endpoint,
        cells=SmallCells(job.study.smallest_cell),
        whole=validation.judges_once and validation.source is None,
    )


def _people_by_class(job: Job, judged: Judged[Any, Any]) -> dict[str, int]:
    """Judged patients of each outcome class, by the name of its group; nothing where the outcome is a number."""
    classes = classes_by_case(job.study.endpoint.target, judged.outcomes)
    return {f"outcome={name}": np.unique(judged.patient[of]).size for name, of in classes.items()}


def _further(
    job: Job, stored: Read, analysis: Analysis, judged: Sequence[Judged[Any, Any]]
) -> dict[str, tuple[Any, ...]]:
    """Fairness, robustness, importance, uncertainty and size, in the primary validation."""
    study, cells = job.study, SmallCells(job.study.smallest_cell)
    strata = [study.endpoint.stratum(outcome) for outcome in judged[0].outcomes]
    stressed = stress(job, stored)
    model, _, measure = record.primary(job)
    declared = next(one for one in analysis.measures if one.name == measure)
    auroc = next(
        (
            row.value
            for row in analysis.performance()
            if (row.learner, row.group, row.measure) == (model, "all", "auroc")
        ),
        None,
    )
    permuted = importance(stressed, higher_is_better=declared.higher_is_better is not False)
    explained = explanations(job, stored, permuted)
    return {
        "gaps": gaps(analysis, strata, study.subgroups, margin=study.group_margin),
        "joint_tests": joint_tests(
            analysis, strata, study.subgroups, {declared.label: (measure,), **study.endpoint.joint}
        ),
        "robustness": tuple(row for row in stressed if row.family != "permuted"),
        "sensitivity": sensitivity(job, stored),
        "explanations": permuted + explained.rows,
        "explanation_checks": explained.checks,
        "figures": explained.figures,
        "coverage": ()
        if study.weighing is not None
        else cells.coverage(
            coverage(stored, judged, analysis.groups, study.endpoint, job.seed), _people_by_class(job, judged[0])
        ),
        "selective": () if study.weighing is not None else selective(stored, judged, study.endpoint, job.seed),
        "sample_size": sample_size(stored.division, study.modality, study.endpoint, auroc, cells),
        **hazards(job, stored.division, cells),
    }


def _apparent(job: Job, stored: Read) -> list[schema.Performance]:
    """Development and tuning rows of the primary validation, to show optimism."""
    found: list[schema.Performance] = []
    for part in ("development", "tuning"):
        judged, rows = judging.judged(job, stored, "development" if part == "development" else "tuning")
        scope = Scope(
            validation=stored.division.validation.name,
            partition="development" if part == "development" else "tuning",
            by_split=False,
            replicates=min(APPARENT_REPLICATES, job.study.bootstrap),
            seed=job.seed,
        )
        found += Analysis(judged, [Group("all", np.arange(rows.size, dtype=np.int64))], scope).performance()
    return found


def _numbers(judged: Sequence[Judged[Any, Any]]) -> range:
    return range(len(judged[0].measures[0]))


def _measure_names(stored: Read) -> list[str]:
    return [measure.name for measure in next(iter(stored.measures.values()))[0]]

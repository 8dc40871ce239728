"""From finished fits to evidence.json and the tables beside it."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

import bedside
from bedside.endpoints.endpoint import Categorical, Reference, View
from bedside.evidence import schema
from bedside.evidence.figure import Figure
from bedside.study import describe, record, tables
from bedside.study.analysis import Analysis, Group, Scope, adjust, groups_by_period, groups_by_split, groups_of
from bedside.study.explanations import explanations
from bedside.study.fits import Judgement, read
from bedside.study.gaps import gaps
from bedside.study.job import Division, Job
from bedside.study.judged import Judged
from bedside.study.learning import learning_curves
from bedside.study.methods import methods
from bedside.study.pooled import pooled
from bedside.study.progress import Progress
from bedside.study.record import Read
from bedside.study.release_rule import simplest_within_margin
from bedside.study.robustness import importance, stress
from bedside.study.sensitivity import sensitivity
from bedside.study.sensitivity import words as missing_outcomes
from bedside.study.shift import shift
from bedside.study.size import sample_size
from bedside.study.uncertainty import coverage, selective
from bedside.study.verdict import verdict
from bedside.types import Integers

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
    prediction_tables, contribution_tables = [], []
    figures: tuple[Figure, ...] = ()
    shifts: list[schema.Shift] = []
    further: dict[str, tuple[Any, ...]] = {}
    everything = []
    for number, division in enumerate(job.divisions):
        stored = _read(job, division)
        everything.append(stored)
        judged, rows = _judged(job, stored, "test")
        analysis = _analysis(job, division, judged, rows)
        if not division.validation.judges_once:
            performance += [row for row in analysis.performance() if row.group.startswith("split=")]
        else:
            performance += analysis.performance()
            if division.validation.by_split:
                performance += pooled(analysis)
            comparisons += analysis.comparisons(record.primary(job) if number == 0 else None)
        shifts += shift(division, job.study.modality, job.study.endpoint)
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
            )
        )
        name = division.validation.name
        contribution_tables.append([tables.contributions(name, judged, k) for k in _numbers(judged)])
        if number == 0:
            figures = job.study.endpoint.figures(_views(job, judged, stored))
            performance += _apparent(job, stored)
            further = _further(job, stored, analysis, judged)
            figures += further["figures"]
        progress.step(division.validation.name)
    files = _write_tables(job, prediction_tables, contribution_tables, _measure_names(everything[0]))
    job.timings["judge"] = time.perf_counter() - started
    evidence = _evidence(
        job,
        everything,
        performance=performance,
        comparisons=adjust(comparisons),
        figures=figures,
        counts=counts,
        environment=environment,
        files=files,
        further={**further, "shift": tuple(shifts)},
    )
    job.folder.write(job.folder.evidence, to_json(evidence))
    progress.step("evidence.json")
    return evidence


def to_json(evidence: schema.Evidence) -> str:
    """The bytes of evidence.json."""
    return json.dumps(evidence.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _read(job: Job, division: Division) -> Read:
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
        development=development, tuning=development if split.folds else held, predictions=judgement.reference
    )


def _judged(
    job: Job, stored: Read, part: Literal["test", "tuning", "development"]
) -> tuple[list[Judged[Any, Any]], Integers]:
    """Rows of one partition, splits concatenated, the same for every learner; and the samples they are."""
    division = stored.division
    positions = []
    for split in division.splits:
        if part == "test":
            positions.append(split.test)
        elif part == "development" or split.folds:
            positions.append(split.development)
        else:
            positions.append(split.calibration)
    rows = np.concatenate(positions)
    fold = np.repeat(np.arange(len(positions)), [p.size for p in positions]).astype(np.int64)
    number = {patient: k for k, patient in enumerate(sorted({str(sample.patient) for sample in division.samples}))}
    patient = np.array([number[str(division.samples[k].patient)] for k in rows.tolist()], dtype=np.int64)
    outcomes = [division.samples[k].outcome for k in rows.tolist()]
    judged = []
    for learner in job.study.learners:
        found = stored.by_learner[learner.name]
        parts = {"test": "test", "tuning": "reference", "development": "development"}
        predictions = [p for judgement in found for p in getattr(judgement, parts[part])]
        judged.append(Judged(learner.name, outcomes, predictions, fold, patient, stored.measures[learner.name]))
    return judged, rows


def _analysis(job: Job, division: Division, judged: list[Judged[Any, Any]], rows: Integers) -> Analysis:
    study, validation = job.study, division.validation
    attributes = [division.samples[k].attributes for k in rows.tolist()]
    minimum = study.minimum_group
    groups = groups_of(attributes, study.subgroups, patients=judged[0].patient, minimum=minimum)
    times = [division.samples[k].index_time for k in rows.tolist()]
    groups += groups_by_period(times, patients=judged[0].patient, minimum=minimum)
    if validation.by_split:
        names = [split.name for split in division.splits]
        groups += groups_by_split(judged[0], names, minimum=minimum)
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


def _further(
    job: Job, stored: Read, analysis: Analysis, judged: Sequence[Judged[Any, Any]]
) -> dict[str, tuple[Any, ...]]:
    """Fairness, robustness, importance, uncertainty and size, in the primary validation."""
    study = job.study
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
        "robustness": tuple(row for row in stressed if row.family != "permuted"),
        "sensitivity": sensitivity(job, stored),
        "explanations": permuted + explained.rows,
        "explanation_checks": explained.checks,
        "figures": explained.figures,
        "coverage": coverage(stored, judged, analysis.groups, study.endpoint, job.seed),
        "selective": selective(stored, judged, study.endpoint, job.seed),
        "sample_size": sample_size(stored.division, study.modality, study.endpoint, auroc),
    }


def _apparent(job: Job, stored: Read) -> list[schema.Performance]:
    """Development and tuning rows of the primary validation, to show optimism."""
    found: list[schema.Performance] = []
    for part in ("development", "tuning"):
        judged, rows = _judged(job, stored, "development" if part == "development" else "tuning")
        scope = Scope(
            validation=stored.division.validation.name,
            partition="development" if part == "development" else "tuning",
            by_split=False,
            replicates=min(APPARENT_REPLICATES, job.study.bootstrap),
            seed=job.seed,
        )
        found += Analysis(judged, [Group("all", np.arange(rows.size, dtype=np.int64))], scope).performance()
    return found


def _views(job: Job, judged: Sequence[Judged[Any, Any]], stored: Read) -> list[View[Any, Any]]:
    return [
        View(
            learner=one.learner,
            outcomes=one.outcomes,
            predictions=one.predictions,
            fold=one.fold,
            patient=one.patient,
            settings=stored.settings[one.learner],
            label=learner.label,
        )
        for one, learner in zip(judged, job.study.learners, strict=True)
    ]


def _numbers(judged: Sequence[Judged[Any, Any]]) -> range:
    return range(len(judged[0].measures[0]))


def _measure_names(stored: Read) -> list[str]:
    return [measure.name for measure in next(iter(stored.measures.values()))[0]]


def _write_tables(
    job: Job, predictions: Sequence[Any], contributions: Sequence[Sequence[Any]], names: Sequence[str]
) -> dict[str, str]:
    folder = job.folder
    import pyarrow as pa  # noqa: PLC0415 - a heavy import that only a finished run needs

    written = {folder.predictions: pa.concat_tables(predictions).unify_dictionaries()}
    for k, name in enumerate(names):
        written[folder.contributions / f"{name}.parquet"] = pa.concat_tables(
            [of_validation[k] for of_validation in contributions]
        ).unify_dictionaries()
    files = {}
    for path, table in written.items():
        folder.write_with(path, partial(tables.write, table))
        files[path.relative_to(folder.path).as_posix()] = _sha256(path)
    if job.study.modality.profile is not None:
        profile = job.study.modality.profile([sample.predictors for sample in job.drawn.samples])
        path = folder.path / "profile.json"
        folder.write(path, json.dumps(profile, sort_keys=True, ensure_ascii=False) + "\n")
        files["profile.json"] = _sha256(path)
    return files


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _evidence(
    job: Job,
    everything: Sequence[Read],
    *,
    performance: Sequence[schema.Performance],
    comparisons: Sequence[schema.Comparison],
    figures: tuple[Figure, ...],
    counts: Sequence[schema.Ledger],
    environment: Mapping[str, str],
    files: Mapping[str, str],
    further: Mapping[str, tuple[Any, ...]],
) -> schema.Evidence:
    study, first = job.study, everything[0]
    described = record.study(job)
    measures = record.measures(first)
    primary = next(measure for measure in measures if measure.name == described.primary_measure)
    values = {
        row.measure: row.value
        for row in performance
        if row.learner == study.model.name
        and row.validation == described.primary_validation
        and row.group == "all"
        and row.partition in ("test", "out_of_fold")
        and row.value is not None
    }
    doubt = study.endpoint.doubt({**values, **_smallest_class(job)})
    here = [row for row in comparisons if row.validation == described.primary_validation]
    sizes = tuple(
        row
        for division in job.divisions
        for row in describe.partitions(division.validation.name, division.splits, division.samples, study.endpoint)
    )
    curves = tuple(
        figure
        for division in job.divisions
        if not division.validation.judges_once
        for figure in learning_curves(
            division.validation.name,
            learners=described.learners,
            measure=primary,
            performance=performance,
            partitions=sizes,
        )
    )
    return schema.Evidence(
        verdict=verdict(
            model=described.learners[0],
            learners=described.learners,
            measure=primary,
            margin=study.margin,
            performance=[row for row in performance if row.validation == described.primary_validation],
            comparisons=here,
        ),
        doubts=(doubt,) if doubt else (),
        study=described,
        measures=measures,
        validations=record.validations(job),
        flow=job.drawn.flow,
        external_flows=job.external_flows,
        partitions=sizes,
        characteristics=tuple(
            describe.characteristics(
                job.drawn.samples,
                study.modality,
                study.endpoint,
                study.subgroups,
                job.divisions[0].splits if job.divisions[0].validation.source is None else (),
            )
        ),
        performance=tuple(performance),
        comparisons=tuple(comparisons),
        operating_points=tuple(row for stored in everything for row in record.operating_points(job, stored)),
        tuning=tuple(row for stored in everything for row in record.tuning(job, stored)),
        audit=job.findings,
        figures=(*figures, *curves),
        methods=methods(
            study,
            measures,
            plan=job.plan,
            seed=job.seed,
            simulated=job.simulated is not None,
            outcomes=missing_outcomes(job),
        ),
        gaps=further.get("gaps", ()),
        robustness=further.get("robustness", ()),
        sensitivity=further.get("sensitivity", ()),
        shift=further.get("shift", ()),
        explanations=further.get("explanations", ()),
        explanation_checks=further.get("explanation_checks", ()),
        coverage=further.get("coverage", ()),
        selective=further.get("selective", ()),
        sample_size=further.get("sample_size", ()),
        ledger=tuple(counts),
        plan=job.plan,
        provenance=schema.Provenance(
            bedside_version=bedside.__version__,
            seed=job.seed,
            data_hash=job.data_hash,
            code_hash=job.code_hash,
            study_hash=job.study_hash,
            command=job.command,
            environment=dict(environment),
            timings={name: round(seconds, 3) for name, seconds in job.timings.items()},
            files=dict(files),
        ),
        released=None
        if job.simulated is not None
        else simplest_within_margin(
            performance,
            [learner.name for learner in study.learners],
            measure=primary.name,
            margin=study.margin,
            higher_is_better=primary.higher_is_better is not False,
        ),
    )


def _smallest_class(job: Job) -> dict[str, float]:
    """How many judged cases the rarest outcome class has in the primary validation."""
    target, division = job.study.endpoint.target, job.divisions[0]
    if not isinstance(target, Categorical):
        return {}
    judged = sorted({k for split in division.splits for k in split.test.tolist()})
    index = target.index([division.samples[k].outcome for k in judged])
    return {"smallest_class": float(np.bincount(index, minlength=len(target.classes)).min())}

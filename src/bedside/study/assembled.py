"""One record of everything a run found, as the evidence schema has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bedside
from bedside.endpoints.target import classes_by_case
from bedside.evidence import schema
from bedside.evidence.figure import Figure
from bedside.study import lineage, record
from bedside.study.curves import training_curves
from bedside.study.job import Job
from bedside.study.learning import learning_curves
from bedside.study.methods import methods
from bedside.study.record import Read
from bedside.study.release_rule import simplest_within_margin
from bedside.study.sensitivity import words as missing_outcomes
from bedside.study.suppression import SmallCells
from bedside.study.table_one import TableOne
from bedside.study.verdict import verdict
from bedside.study.weighing import rows_of
from bedside.types import Json


@dataclass(frozen=True, kw_only=True)
class Found:
    """What judging gave.

    Attributes:
        performance: Values of every validation.
        comparisons: Contrasts, adjusted.
        figures: Of the primary validation.
        sizes: Partitions of every validation.
        table: Table 1.
        further: Rows of the tables that only the primary validation has, by name.
    """

    performance: Sequence[schema.Performance]
    comparisons: Sequence[schema.Comparison]
    figures: tuple[Figure, ...]
    sizes: Sequence[schema.Partition]
    table: TableOne
    further: Mapping[str, tuple[Any, ...]]


def assembled(
    job: Job,
    everything: Sequence[Read],
    found: Found,
    *,
    counts: Sequence[schema.Ledger],
    environment: Mapping[str, str],
    files: Mapping[str, str],
) -> schema.Evidence:
    """All rows as one record, with small cells withheld.

    Args:
        job: The run.
        everything: The stored judgements of each validation, the primary one first.
        found: What judging them gave.
        counts: How often the judged data were evaluated.
        environment: Versions and machine.
        files: sha256 of the tables beside the evidence.
    """
    performance, comparisons, sizes, further = found.performance, found.comparisons, found.sizes, found.further
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
    cells = SmallCells(study.smallest_cell)
    flow = cells.flow(job.drawn.flow)
    rarest = _smallest_class(job)
    few = any(cells.is_small(int(people)) for people in rarest.values())
    doubt = study.endpoint.doubt({**values, **({} if few else rarest)})
    told = (
        f"An outcome has fewer than {study.smallest_cell} judged patients, which figures over all cases may give away."
    )
    doubts = tuple(text for text in (doubt, told if few else "") if text)
    primary_sizes = [row for row in sizes if row.validation == described.primary_validation]
    here = [row for row in comparisons if row.validation == described.primary_validation]
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
        doubts=doubts,
        study=described,
        measures=measures,
        validations=record.validations(job),
        flow=flow,
        external_flows=cells.external(job.external_flows),
        partitions=tuple(sizes),
        characteristics=found.table.rows,
        censoring=tuple(
            row
            for division in job.divisions
            for row in rows_of(division.validation.name, division.splits, division.weights, cells)
        ),
        performance=tuple(cells.apparent(performance, primary_sizes)),
        comparisons=tuple(comparisons),
        operating_points=tuple(row for stored in everything for row in record.operating_points(job, stored)),
        tuning=tuple(row for stored in everything for row in record.tuning(job, stored)),
        audit=cells.findings(job.findings),
        figures=(*found.figures, *curves, *training_curves(described.learners, _records(first))),
        methods=methods(
            study,
            measures,
            plan=job.plan,
            seed=job.seed,
            simulated=job.simulated is not None,
            outcomes=missing_outcomes(job, cells),
        ),
        gaps=further.get("gaps", ()),
        joint_tests=further.get("joint_tests", ()),
        robustness=further.get("robustness", ()),
        sensitivity=cells.sensitivity(further.get("sensitivity", ()), flow),
        shift=further.get("shift", ()),
        explanations=further.get("explanations", ()),
        explanation_checks=further.get("explanation_checks", ()),
        hazard_ratios=further.get("hazard_ratios", ()),
        proportionality=further.get("proportionality", ()),
        pictures=further.get("pictures", ()),
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
            weights=lineage.loaded(study),
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


def _records(stored: Read) -> dict[str, list[Mapping[str, Json]]]:
    """What each learner's fits said of themselves, by split."""
    return {name: [judgement.record for judgement in judgements] for name, judgements in stored.by_learner.items()}


def _smallest_class(job: Job) -> dict[str, float]:
    """How many judged cases the rarest outcome class has in the primary validation."""
    division = job.divisions[0]
    judged = sorted({k for split in division.splits for k in split.test.tolist()})
    classes = classes_by_case(job.study.endpoint.target, [division.samples[k].outcome for k in judged])
    return {"smallest_class": min(float(of.sum()) for of in classes.values())} if classes else {}

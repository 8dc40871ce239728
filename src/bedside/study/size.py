"""Was the study large enough: to develop a model, and to judge one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Question, Watched, Watching
from bedside.errors import StatisticsError
from bedside.evidence.count import WITHHELD
from bedside.evidence.schema import SampleSize
from bedside.modalities.modality import Modality
from bedside.stats.precision import cases_for_auroc
from bedside.stats.sample_size import (
    DevelopmentSize,
    development_binary,
    development_continuous,
    development_time_to_event,
    greatest_r_squared,
    greatest_r_squared_of_times,
)
from bedside.study.cohort import patients_of
from bedside.study.job import Division
from bedside.study.suppression import SmallCells

KNOWN_LITTLE = 0.15
"""Share of the greatest Cox-Snell R squared that is anticipated when nothing is known (Riley 2020, BMJ 368:m441)."""

WIDTH = 0.1
"""Widest 95% interval of the AUROC that still tells much."""


def sample_size(
    division: Division,
    modality: Modality[Any],
    endpoint: Endpoint[Any, Any],
    auroc: float | None,
    cells: SmallCells,
) -> tuple[SampleSize, ...]:
    """Riley's criteria for development, events per parameter, and the precision of the judged cases.

    Args:
        division: The primary validation.
        modality: Counts candidate parameters: one a number, one less than its categories a category.
        endpoint: Questions with two classes, numbers and times to events have published criteria; others give none. Of
            several such questions the one with the fewest events is looked at.
        auroc: Of the model, for the precision of the judged cases; None when there is none.
        cells: Which counts may be shown.
    """
    learned = [split.development for split in division.splits]
    number = min(range(len(learned)), key=lambda k: learned[k].size)
    samples = [division.samples[k] for k in learned[number].tolist()]
    weights = division.weighed(number, "development")
    parameters = _parameters(modality, [sample.predictors for sample in samples])
    if not parameters:
        return ()
    outcomes = [sample.outcome for sample in samples]
    patients = float(patients_of(samples))
    question = _rarest(endpoint, outcomes)
    rows: list[SampleSize] = []
    try:
        if isinstance(endpoint.target, Watching):
            rows += _of_times(endpoint.target.watched(outcomes), samples, parameters, cells)
        elif question is not None:
            kept = np.flatnonzero(question.known(outcomes)).tolist()
            patients = float(patients_of([samples[k] for k in kept]))
            answers = question.index([outcomes[k] for k in kept])
            share = float(np.average(answers, weights=weights[kept]))
            needed = development_binary(parameters, share, KNOWN_LITTLE * greatest_r_squared(share))
            rows += _development(needed, patients, parameters)
            events = min(float(answers.mean()), 1 - float(answers.mean())) * patients
            known = cells.alone(round(events))
            of = f" of {question.name!r}, the rarest" if question.name else ""
            text = f"{known} events{of} for {parameters} candidate parameters"
            row = _row("events per parameter", 10.0, events / parameters, text)
            rows.append(row if known == round(events) else row.model_copy(update={"available": WITHHELD}))
            if auroc is not None and 0.5 < auroc < 1:
                rows.append(_precision(division, question, auroc))
        for quantity in endpoint.target.quantities:
            values = quantity.values(outcomes)
            needed = development_continuous(parameters, 0.5, float(values.mean()), float(values.std(ddof=1)))
            rows += _development(needed, patients, parameters)
    except StatisticsError as error:
        rows.append(SampleSize(criterion="sample size", needed=None, available=patients, met=None, text=str(error)))
    return tuple(rows)


def _of_times(
    watched: Watched, samples: Sequence[Sample[Any, Any]], parameters: int, cells: SmallCells
) -> list[SampleSize]:
    """Criteria for a time to an event: every event counts, and every time that was watched."""
    patients, total = float(patients_of(samples)), float(watched.time.sum())
    rate, follow_up = float(watched.came.sum()) / total, total / len(samples)
    anticipated = KNOWN_LITTLE * greatest_r_squared_of_times(rate, follow_up)
    needed = development_time_to_event(parameters, rate, follow_up, watched.horizon, anticipated)
    events = patients_of([samples[k] for k in np.flatnonzero(watched.came).tolist()])
    shown = cells.alone(events)
    text = f"{shown} events ({watched.what}, whenever) for {parameters} candidate parameters"
    row = _row("events per parameter", 10.0, events / parameters, text)
    hidden = row if shown == events else row.model_copy(update={"available": WITHHELD})
    return [*_development(needed, patients, parameters), hidden]


def _rarest(endpoint: Endpoint[Any, Any], outcomes: Sequence[Any]) -> Question[Any, Any] | None:
    """The question with two classes that has the fewest events; None where there is none that anybody answered."""
    found: list[tuple[float, Question[Any, Any]]] = []
    for question in endpoint.target.questions:
        kept = np.flatnonzero(question.known(outcomes)).tolist()
        if len(question.classes) == 2 and kept:
            events = int(question.index([outcomes[k] for k in kept]).sum())
            found.append((min(events, len(kept) - events), question))
    return min(found, key=lambda one: one[0])[1] if found else None


def _development(needed: DevelopmentSize, patients: float, parameters: int) -> list[SampleSize]:
    return [
        _row(
            f"development: {name}",
            float(size),
            patients,
            f"Riley et al. 2019, Stat Med 38:1276, for {parameters} candidate parameters of a regression model",
        )
        for name, size in needed.criteria.items()
    ]


def _precision(division: Division, question: Question[Any, Any], auroc: float) -> SampleSize:
    judged = sorted({k for split in division.splits for k in split.test.tolist()})
    samples = [division.samples[k] for k in judged]
    samples = [
        sample
        for sample, known in zip(samples, question.known([sample.outcome for sample in samples]), strict=True)
        if known
    ]
    share = float(question.index([sample.outcome for sample in samples]).mean())
    needed = float(cases_for_auroc(auroc, share, WIDTH))
    text = f"an interval of the AUROC no wider than {WIDTH:g} at the model's value"
    return _row("judged cases: AUROC", needed, float(patients_of(samples)), text)


def _row(criterion: str, needed: float, available: float, text: str) -> SampleSize:
    return SampleSize(criterion=criterion, needed=needed, available=available, met=available >= needed, text=text)


def _parameters(modality: Modality[Any], predictors: Sequence[Any]) -> int:
    count = 0
    for variable in modality.variables(predictors):
        if variable.numbers is not None:
            count += 1
        elif variable.codes is not None:
            seen = np.unique(variable.codes[variable.codes >= 0]).size
            count += max(0, seen - 1)
    return count

"""When a judged case was moved, and by what: a timeline for a few cases whose parts have a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.examples import Example, examples
from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import ExplanationCheck
from bedside.explain.explainer import Attribution, Course, Explainer
from bedside.study.directions import believed, score_words
from bedside.study.job import Job
from bedside.study.record import Read
from bedside.types import Floats, Integers

ROWS = 12
"""Predictors in a timeline: those that moved the case most."""

LITTLE = 0.1
"""Share of the largest value below which a part hardly moved the case."""

_NAMED = 3
_UNITS = ((24.0 * 365.25, "years", 2 * 24 * 365.25), (24.0, "days", 240.0), (1.0, "hours", 0.0))
"""Hours of a unit, its name, and hours back from which it is used."""

_PARTS = ("lowered {score}", "raised {score}", f"moved it by less than {LITTLE:.0%} of the largest")
_COLOURS = (0, 2, None)


def timelines(job: Job, stored: Read, checks: Sequence[ExplanationCheck]) -> list[Figure]:
    """A figure for one example of each kind, of the model, by the first method that tells when.

    Times are told relative to the prediction, without dates. Empty where cases may not be shown or their parts have no
    time; kinds with few patients are left out.

    Args:
        job: The run.
        stored: What was explained in the primary validation.
        checks: Of explanations, repeated beside each figure.
    """
    if not job.study.show_cases:
        return []
    explainer = next((one for one in job.study.explainers if _told(job, stored, one)), None)
    if explainer is None:
        return []
    told = _told(job, stored, explainer)
    cases = [(attribution, row, k, prediction) for attribution, rows in told for row, k, prediction in rows]
    samples = [stored.division.samples[k] for _, _, k, _ in cases]
    target = job.study.endpoint.target
    found = examples(target, [sample.outcome for sample in samples], [prediction for *_, prediction in cases])
    made, shown = list[Figure](), set[str]()
    for number, one in enumerate(found, start=1):
        people = {samples[k].patient for k in one.members.tolist()}
        attribution, row, _, _ = cases[one.case]
        if one.group in shown or len(people) < job.study.smallest_cell or attribution.courses is None:
            continue
        shown.add(one.group)
        made += _figure(job, explainer, attribution, attribution.courses[row], (number, one), checks)
    return made


def _told(job: Job, stored: Read, explainer: Explainer[Any]) -> list[tuple[Attribution, list[tuple[int, int, Any]]]]:
    """Of each split, attributions that have times, and the row, the sample and the prediction of each case."""
    found = []
    judgements = stored.by_learner[job.study.model.name]
    for split, judgement in zip(stored.division.splits, judgements, strict=True):
        explained = judgement.explained
        attribution = None if explained is None else explained.attributions.get(explainer.name)
        if explained is None or attribution is None or attribution.courses is None:
            continue
        place = {int(k): row for row, k in enumerate(split.test.tolist())}
        rows = [(row, int(k), judgement.test[place[int(k)]]) for row, k in enumerate(explained.cases.tolist())]
        found.append((attribution, rows))
    return found


def _figure(
    job: Job,
    explainer: Explainer[Any],
    attribution: Attribution,
    course: Course,
    example: tuple[int, Example],
    checks: Sequence[ExplanationCheck],
) -> Iterator[Figure]:
    if not len(course.values) or not np.any(course.values):
        return
    number, one = example
    model, moved = job.study.model, score_words(job)
    size = np.bincount(course.variables, weights=np.abs(course.values), minlength=len(attribution.variables))
    order = [k for k in np.argsort(-size, kind="stable")[:ROWS].tolist() if size[k] > 0]
    length, unit = next((hours, name) for hours, name, least in _UNITS if course.hours.max() >= least)
    times = np.round(-course.hours / length, 1) + 0.0
    yield Figure(
        name=f"timeline_{number}",
        title=f"What moved {model.label}, and when: case {number}, {one.group}",
        conclusion=(
            f"{one.caption} {_words(attribution, course, times, unit)} What has no time is not shown. "
            f"{believed(model.name, explainer.label, checks)}"
        ),
        alt=(
            f"A point for each event of one case over time, by predictor: whether it raised or lowered {moved} by "
            f"{explainer.label}."
        ),
        x_label="Predictor",
        y_label=f"{unit.capitalize()} from the time of prediction",
        series=tuple(_series(course, times, order, moved)),
        x_categories=tuple(attribution.variables[k].replace("_", " ") for k in order),
        horizontal=(("prediction", 0.0),),
        aspect="wide",
        section="explanation",
    )


def _series(course: Course, times: Floats, order: Sequence[int], score: str) -> Iterator[Series]:
    least = LITTLE * np.abs(course.values).max()
    part = np.where(np.abs(course.values) < least, 2, np.where(course.values > 0, 1, 0))
    row = np.full(int(course.variables.max()) + 1, -1)
    for place, k in enumerate(order):
        row[k] = place
    across: Integers = row[course.variables]
    for number, (label, colour) in enumerate(zip(_PARTS, _COLOURS, strict=True)):
        chosen = (part == number) & (across >= 0)
        if chosen.any():
            x, y = (tuple(values[chosen].astype(float).tolist()) for values in (across, times))
            yield Series(label=label.format(score=score), style="points", x=x, y=y, colour=colour)


def _words(attribution: Attribution, course: Course, times: Floats, unit: str) -> str:
    """The parts that moved the case most."""
    largest = np.argsort(-np.abs(course.values), kind="stable")[:_NAMED].tolist()
    told = [
        f"{attribution.variables[int(course.variables[k])].replace('_', ' ')} {abs(times[k]):g} {unit} before "
        f"({course.values[k]:+.2g})"
        for k in largest
    ]
    return f"Moved most by {'; '.join(told)}."

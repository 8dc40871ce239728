"""Which way the model is moved by low and high values of its most important predictors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import ExplanationCheck
from bedside.explain.explainer import Attribution, Explainer
from bedside.modalities.modality import Variable
from bedside.study.job import Job
from bedside.study.record import Read
from bedside.study.verdict import inside
from bedside.types import Floats, Integers

SHOWN = 8
"""Predictors in the figure, the most important ones."""

_PARTS = ("low third", "middle third", "high third", "a category, or missing")
_CLEAR = 0.5
"""Rank correlation of value and attribution from which a direction is put into words."""


def gathered(stored: Read, learner: str, explainer: str) -> tuple[tuple[str, ...], Floats, Integers] | None:
    """Predictors, attributions of all splits and the samples they are of; None where no predictor was explained.

    A predictor that the models of one split do not know moved nothing there.
    """
    found = [
        (judgement.explained.attributions[explainer], judgement.explained.cases)
        for judgement in stored.by_learner[learner]
        if judgement.explained is not None and explainer in judgement.explained.attributions
    ]
    found = [each for each in found if each[0].variables]
    if not found:
        return None
    variables = tuple(dict.fromkeys(name for attribution, _ in found for name in attribution.variables))
    values = np.concatenate([_laid(attribution, variables) for attribution, _ in found])
    return variables, values, np.concatenate([cases for _, cases in found])


def _laid(attribution: Attribution, variables: Sequence[str]) -> Floats:
    """Attributions with a column for each of these predictors."""
    laid = np.zeros((len(attribution.values), len(variables)))
    laid[:, [variables.index(name) for name in attribution.variables]] = attribution.values
    return laid


def directions(job: Job, stored: Read, explainer: Explainer[Any], checks: Sequence[ExplanationCheck]) -> Figure | None:
    """A point a case and predictor: how far the model was moved, by thirds of the predictor's values."""
    model = job.study.model
    told = gathered(stored, model.name, explainer.name)
    if told is None:
        return None
    variables, values, cases = told
    known = {one.of or one.name: one for one in job.study.modality.variables(_predictors(stored, cases))}
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:SHOWN].tolist()
    third = {k: _third(known.get(variables[k]), len(cases)) for k in order}
    score = score_words(job)
    return Figure(
        name=f"directions_{explainer.name}",
        title=f"Which way predictors move {inside(model.label)}",
        conclusion=f"{_words(variables, values, known, order, score)} {believed(model.name, explainer.label, checks)}",
        alt=(
            f"Points of {len(cases)} cases: {explainer.label} of {model.label} for {len(order)} predictors, by low, "
            "middle and high values of the predictor."
        ),
        x_label="Predictor",
        y_label=f"Contribution to {score} ({explainer.label})",
        series=_series(values, order, third, job.seed),
        x_categories=tuple(variables[k].replace("_", " ") for k in order),
        horizontal=(("no effect", 0.0),),
        aspect="wide",
        section="explanation",
    )


def believed(learner: str, method: str, checks: Sequence[ExplanationCheck]) -> str:
    """Whether the explanation passed its tests, in a sentence."""
    own = [check for check in checks if (check.learner, check.method) == (learner, method)]
    tests = [check for check in own if not check.check.startswith("agreement")]
    failed = [check.check for check in tests if check.passed is False]
    if failed:
        return f"This explanation failed a test ({', '.join(failed)}) and should not be relied on."
    undecided = [check.check for check in tests if check.passed is None]
    if undecided:
        return f"Undecided remained: {', '.join(undecided)}."
    return "The explanation passed its tests." if tests else "The explanation was not tested."


def _predictors(stored: Read, cases: Integers) -> list[Any]:
    return [stored.division.samples[k].predictors for k in cases.tolist()]


def _third(variable: Variable | None, cases: int) -> Integers:
    """0, 1 or 2 for low, middle and high numbers; 3 for categories and what is missing."""
    third = np.full(cases, 3, dtype=np.int64)
    if variable is not None and variable.numbers is not None:
        there = np.isfinite(variable.numbers)
        if there.any():
            edges = np.quantile(variable.numbers[there], [1 / 3, 2 / 3])
            third[there] = np.searchsorted(edges, variable.numbers[there], side="left")
    return third


def _series(values: Floats, order: Sequence[int], third: dict[int, Integers], seed: int) -> tuple[Series, ...]:
    rng = np.random.default_rng([seed, *b"directions"])
    aside = rng.uniform(-0.3, 0.3, size=values.shape)
    found = []
    for part, label in enumerate(_PARTS):
        points = [
            (place + aside[row, k], values[row, k])
            for place, k in enumerate(order)
            for row in np.flatnonzero(third[k] == part).tolist()
        ]
        if points:
            x, y = zip(*points, strict=True)
            colour = part if part < 3 else None
            found.append(Series(label=label, style="points", x=_short(x), y=_short(y), colour=colour))
    return tuple(found)


def _words(
    variables: Sequence[str], values: Floats, known: dict[str, Variable], order: Sequence[int], score: str
) -> str:
    up: list[str] = []
    down: list[str] = []
    for k in order:
        variable = known.get(variables[k])
        alike = 0.0 if variable is None or variable.numbers is None else _alike(variable.numbers, values[:, k])
        if abs(alike) >= _CLEAR:
            (up if alike > 0 else down).append(variables[k].replace("_", " "))
    told = [f"higher {', '.join(names)} {verb} {score}" for names, verb in ((up, "raised"), (down, "lowered")) if names]
    if not told:
        return f"None of the {len(order)} most important predictors moves {score} in one direction throughout."
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]} (rank correlation of at least {_CLEAR:g} in size)."


def _alike(numbers: Floats, values: Floats) -> float:
    there = np.isfinite(numbers)
    if there.sum() < 3 or np.ptp(numbers[there]) == 0 or np.ptp(values[there]) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(numbers[there]), rankdata(values[there]))[0, 1])


def score_words(job: Job) -> str:
    """The score that is explained, in words."""
    questions = job.study.endpoint.target.questions
    if len(questions) != 1:
        return "the prediction"
    classes = questions[0].classes
    return f"the score of {classes[1]}" if len(classes) == 2 else "the score of the most probable class"


def _short(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values)

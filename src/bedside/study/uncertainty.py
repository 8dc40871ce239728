"""Prediction sets, intervals and bounds calibrated on tuning data, and what abstaining would buy.

Coverage is marginal: so many in a hundred patients, not for this patient, and only for patients like those calibrated
on. Calibration uses the untouched calibration half, or out-of-fold predictions where learners were cross-fitted
(cross-conformal, Vovk 2015, Ann Math Artif Intell 74:9), one case drawn a patient, each class by itself. Cases that
hold no answer take no part, unless the kind of outcome has bounds of its own for what is known of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.bounding import Bounded, Bounding
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Question, Target, classes_by_case
from bedside.errors import StatisticsError
from bedside.evidence.schema import Coverage, Selective
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.stats.conformal import abstention_threshold, coverage_by, selective_risk_statistic
from bedside.stats.estimate import Estimate
from bedside.study.analysis import Group
from bedside.study.judged import Judged
from bedside.study.record import Read
from bedside.training.conformal import one_each, prediction_intervals, prediction_sets
from bedside.types import Floats, Integers

NOMINAL = 0.90
"""Coverage asked of prediction sets and intervals."""

REPLICATES = 500

LEAST_PATIENTS = 20
"""Smaller groups are not estimated."""


def covers(target: Target[Any, Any]) -> bool:
    """Whether sets, intervals or bounds can be made: of one of several classes, of one number, or in an own way."""
    return isinstance(target, Bounded) or len(target.questions) + len(target.quantities) == 1


def abstains(target: Target[Any, Any]) -> bool:
    """Whether abstaining can be judged: the outcome is one of several classes, known of every case."""
    return len(target.questions) == 1 and not target.quantities and not target.questions[0].unanswered


def coverage(
    stored: Read, judged: Sequence[Judged[Any, Any]], groups: Sequence[Group], endpoint: Endpoint[Any, Any], seed: int
) -> tuple[Coverage, ...]:
    """Coverage and size of each learner's sets, intervals or bounds: over all, by outcome class and by group."""
    rows: list[Coverage] = []
    target = endpoint.target
    if not covers(target):
        return ()
    for one in judged:
        if isinstance(target, Bounded):
            rows += _bounded(one, groups, target.bounding, stored=stored, seed=seed)
            continue
        held = np.zeros(len(one.outcomes))
        size = np.zeros(len(one.outcomes))
        for split in range(one.splits):
            inside = np.flatnonzero(one.fold == split)
            outcomes = [one.outcomes[k] for k in inside.tolist()]
            predictions = [one.predictions[k] for k in inside.tolist()]
            reference = _reference(stored, one.learner, split, seed)
            held[inside], size[inside] = _sets(target, reference, outcomes, predictions)
        named = _with_classes(one, groups, endpoint)
        rows += _covered(one, held, size, named, stored=stored, method=_method(stored, target))
    return tuple(rows)


def selective(
    stored: Read, judged: Sequence[Judged[Any, Any]], endpoint: Endpoint[Any, Any], seed: int
) -> tuple[Selective, ...]:
    """Error among the cases answered when each learner abstains below a confidence chosen on tuning data."""
    if not abstains(endpoint.target):
        return ()
    target = endpoint.target.questions[0]
    rows = []
    for one in judged:
        confidence, loss = _confidence(target, one.outcomes, one.predictions)
        threshold = np.zeros(len(one.outcomes))
        base = {
            "learner": one.learner,
            "validation": stored.division.validation.name,
            "error_of_all": float(loss.mean()),
        }
        try:
            for split in range(one.splits):
                outcomes, predictions = _reference(stored, one.learner, split, seed)
                tuned, wrong = _confidence(target, outcomes, predictions)
                chosen = abstention_threshold(tuned, wrong, float(wrong.mean()) / 2)
                threshold[one.fold == split] = chosen
            rows.append(
                Selective.model_validate({**base, **_answered(confidence - threshold, loss, one.patient, seed)})
            )
        except StatisticsError as error:
            nothing = {"answered": None, "error": None, "low": None, "high": None}
            rows.append(Selective.model_validate({**base, **nothing, "reason": str(error)}))
    return tuple(rows)


def _answered(margin: Floats, loss: Floats, patient: Integers, seed: int) -> dict[str, float]:
    """Share answered and error among them, where the confidence exceeds its split's threshold."""
    statistic = selective_risk_statistic(margin, loss, 0.0)
    limits = percentile_interval(np.concatenate([statistic(w) for w in multiplicities(patient, REPLICATES, seed)]))
    error = float(statistic(np.ones((1, loss.size)))[0])
    return {"answered": float((margin >= 0).mean()), "error": error, "low": limits.low, "high": limits.high}


def _confidence(
    target: Question[Any, Any], outcomes: Sequence[Any], predictions: Sequence[Any]
) -> tuple[Floats, Floats]:
    """Largest class probability, and whether that class is wrong."""
    matrix = target.probabilities(predictions)
    return matrix.max(axis=1), (matrix.argmax(axis=1) != target.index(outcomes)).astype(np.float64)


def _reference(stored: Read, learner: str, split: int, seed: int) -> tuple[list[Any], list[Any]]:
    """Outcomes and reference predictions, one case a patient drawn at random."""
    division = stored.division
    one = division.splits[split]
    positions = (one.development if one.folds else one.calibration).tolist()
    samples: list[Sample[Any, Any]] = [division.samples[k] for k in positions]
    predictions = stored.by_learner[learner][split].reference
    kept = one_each([sample.patient for sample in samples], seed=(seed, split)).tolist()
    return [samples[k].outcome for k in kept], [predictions[k] for k in kept]


def _bounded(
    one: Judged[Any, Any], groups: Sequence[Group], bounding: Bounding[Any, Any], *, stored: Read, seed: int
) -> list[Coverage]:
    """Share of patients who keep to their bounds, by the kind of outcome's own estimate; intervals by bootstrap."""
    base = {
        "learner": one.learner,
        "validation": stored.division.validation.name,
        "method": f"{bounding.method}, {_crossed(stored)}",
        "nominal": NOMINAL,
        "what": bounding.what,
    }
    bounds = np.zeros(len(one.outcomes))
    problem = ""
    try:
        for split in range(one.splits):
            inside = np.flatnonzero(one.fold == split)
            calibrated = bounding.bounds(*_reference(stored, one.learner, split, seed), level=NOMINAL)
            bounds[inside] = calibrated([one.predictions[k] for k in inside.tolist()])
    except StatisticsError as error:
        problem = str(error)
    rows = []
    for group in groups:
        if group.too_small:
            continue
        found: dict[str, float | None] = {"coverage": None, "low": None, "high": None, "size": None}
        reason = problem
        if not problem:
            try:
                found |= _kept(one, group.rows, bounds, bounding, seed)
            except StatisticsError as error:
                reason = str(error)
        rows.append(
            Coverage.model_validate(
                {**base, **found, "group": group.name, "cases": int(group.rows.size), "reason": reason}
            )
        )
    return rows


def _kept(
    one: Judged[Any, Any], inside: Integers, bounds: Floats, bounding: Bounding[Any, Any], seed: int
) -> dict[str, float | None]:
    """Coverage with its interval, and the mean bound, of some judged rows.

    Raises:
        StatisticsError: Too few patients, or too little is known of them.
    """
    patients = np.unique(one.patient[inside], return_inverse=True)[1]
    if inside.size == 0 or int(patients.max()) + 1 < LEAST_PATIENTS:
        count = int(patients.max(initial=-1)) + 1
        msg = f"{count} patients; groups of at least {LEAST_PATIENTS} are estimated"
        raise StatisticsError(msg)
    statistic = bounding.held([one.outcomes[k] for k in inside.tolist()], bounds[inside])
    value = float(statistic(np.ones((1, inside.size)))[0])
    if not np.isfinite(value):
        msg = "no case was watched until the greatest bound; judge cases that were watched for longer"
        raise StatisticsError(msg)
    drawn = np.concatenate([statistic(weights) for weights in multiplicities(patients, REPLICATES, seed)])
    limits = percentile_interval(drawn)
    return {"coverage": value, "low": limits.low, "high": limits.high, "size": float(bounds[inside].mean())}


def _sets(
    target: Target[Any, Any],
    reference: tuple[list[Any], list[Any]],
    outcomes: Sequence[Any],
    predictions: Sequence[Any],
) -> tuple[Floats, Floats]:
    """Whether each judged case is covered (NaN where it holds no answer), and its set's size or interval's width."""
    for quantity in target.quantities:
        low, high = prediction_intervals(quantity, *reference, level=NOMINAL)(predictions)
        values = quantity.values(outcomes)
        return ((low <= values) & (values <= high)).astype(np.float64), high - low
    question = target.questions[0]
    answered = np.flatnonzero(question.known(reference[0])).tolist()
    calibration = ([reference[0][k] for k in answered], [reference[1][k] for k in answered])
    members = prediction_sets(question, *calibration, level=NOMINAL, by_class=True)(predictions)
    known = np.flatnonzero(question.known(outcomes))
    held = np.full(len(outcomes), np.nan)
    held[known] = members[known, question.index([outcomes[k] for k in known.tolist()])]
    return held, members.sum(axis=1).astype(np.float64)


def _with_classes(
    one: Judged[Any, Any], groups: Sequence[Group], endpoint: Endpoint[Any, Any]
) -> list[tuple[str, Integers]]:
    found = [(group.name, group.rows) for group in groups if not group.too_small]
    classes = classes_by_case(endpoint.target, one.outcomes)
    return found + [(f"outcome={name}", np.flatnonzero(of).astype(np.int64)) for name, of in classes.items()]


def _covered(
    one: Judged[Any, Any],
    held: Floats,
    size: Floats,
    groups: Sequence[tuple[str, Integers]],
    *,
    stored: Read,
    method: str,
) -> list[Coverage]:
    clustered = np.unique(one.patient).size < one.patient.size
    rows = []
    for name, rows_of in groups:
        inside = rows_of[np.isfinite(held[rows_of])]
        patients = one.patient[inside] if clustered else None
        found = coverage_by(held[inside], [name] * inside.size, cluster=patients).get(name) if inside.size else None
        width = float(size[inside].mean()) if inside.size else float("inf")
        estimated = isinstance(found, Estimate)
        rows.append(
            Coverage(
                learner=one.learner,
                validation=stored.division.validation.name,
                method=method,
                nominal=NOMINAL,
                group=name,
                coverage=found.value if isinstance(found, Estimate) else None,
                low=found.low if isinstance(found, Estimate) else None,
                high=found.high if isinstance(found, Estimate) else None,
                size=width if np.isfinite(width) else None,
                cases=int(inside.size),
                reason="" if estimated else getattr(found, "reason", "no cases"),
            )
        )
    return rows


def _crossed(stored: Read) -> str:
    return "cross-conformal" if any(split.folds for split in stored.division.splits) else "split conformal"


def _method(stored: Read, target: Target[Any, Any]) -> str:
    return f"{_crossed(stored)}, by class" if target.questions else _crossed(stored)

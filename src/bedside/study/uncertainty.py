"""Prediction sets and intervals calibrated on tuning data, and what abstaining would buy.

Coverage is marginal: so many in a hundred patients, not for this patient, and only for patients like those calibrated
on. Calibration uses the untouched calibration half, or out-of-fold predictions where learners were cross-fitted
(cross-conformal, Vovk 2015, Ann Math Artif Intell 74:9), one case drawn a patient, each class by itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
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


def covers(target: Target[Any, Any]) -> bool:
    """Whether sets or intervals can be made: the outcome is one of several classes, or one number."""
    return len(target.questions) + len(target.quantities) == 1


def abstains(target: Target[Any, Any]) -> bool:
    """Whether abstaining can be judged: the outcome is one of several classes."""
    return len(target.questions) == 1 and not target.quantities


def coverage(
    stored: Read, judged: Sequence[Judged[Any, Any]], groups: Sequence[Group], endpoint: Endpoint[Any, Any], seed: int
) -> tuple[Coverage, ...]:
    """Coverage and size of each learner's sets or intervals: over all, by outcome class and by declared group."""
    rows: list[Coverage] = []
    if not covers(endpoint.target):
        return ()
    for one in judged:
        held = np.zeros(len(one.outcomes))
        size = np.zeros(len(one.outcomes))
        for split in range(one.splits):
            inside = np.flatnonzero(one.fold == split)
            outcomes = [one.outcomes[k] for k in inside.tolist()]
            predictions = [one.predictions[k] for k in inside.tolist()]
            reference = _reference(stored, one.learner, split, seed)
            held[inside], size[inside] = _sets(endpoint.target, reference, outcomes, predictions)
        named = _with_classes(one, groups, endpoint)
        rows += _covered(one, held, size, named, stored=stored, method=_method(stored, endpoint.target))
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


def _sets(
    target: Target[Any, Any],
    reference: tuple[list[Any], list[Any]],
    outcomes: Sequence[Any],
    predictions: Sequence[Any],
) -> tuple[Floats, Floats]:
    """Whether each judged case is covered, and the size of its set or the width of its interval."""
    for quantity in target.quantities:
        low, high = prediction_intervals(quantity, *reference, level=NOMINAL)(predictions)
        values = quantity.values(outcomes)
        return ((low <= values) & (values <= high)).astype(np.float64), high - low
    members = prediction_sets(target.questions[0], *reference, level=NOMINAL, by_class=True)(predictions)
    truth = target.questions[0].index(outcomes)
    return members[np.arange(truth.size), truth].astype(np.float64), members.sum(axis=1).astype(np.float64)


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
    for name, inside in groups:
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


def _method(stored: Read, target: Target[Any, Any]) -> str:
    kind = "cross-conformal" if any(split.folds for split in stored.division.splits) else "split conformal"
    return f"{kind}, by class" if target.questions else kind

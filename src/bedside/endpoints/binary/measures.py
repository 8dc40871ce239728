"""Measures of predicted probabilities of a binary outcome, and of the decisions they lead to."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.endpoints import proportion
from bedside.endpoints.measure import Contributions, Difference, Interval, Measure, Statistic
from bedside.endpoints.ratio import divided, mean, one_row_a_case, ratio
from bedside.stats import checks
from bedside.stats.calibration import CLIP, brier_scores, in_the_large_statistic, log_losses, slope_statistic
from bedside.stats.cv_auroc import cv_auroc_interval
from bedside.stats.delong import auroc_interval, clustered_auroc_interval, clustered_delong_test, delong_test
from bedside.stats.roc import auroc_statistic, average_precision_statistic
from bedside.types import Booleans, Floats, Integers, Weights

_INFINITY = float("inf")
_FEWEST = 2
"""DeLong's variance needs two cases of each class."""

_OF_ONE_CLASS = frozenset({"sensitivity", "specificity"})
"""Shares of the diseased, or of the others: McNemar's test of repeated patients is given in each class by itself."""

Count = Callable[[Booleans, Booleans], Booleans | Integers]
"""(outcome, flagged as positive) of all cases to what each adds."""

Scorer = Callable[[Floats, Booleans], Floats]
"""(probability, outcome) of all cases to the score of each."""

BinaryMeasure = Measure[bool, float]


def truths(outcomes: Sequence[bool]) -> Booleans:
    """Outcomes as an array, shape (n,)."""
    return np.fromiter(outcomes, dtype=np.bool_, count=len(outcomes))


def probabilities(predictions: Sequence[float]) -> Floats:
    """Predictions as an array, shape (n,); raises StatisticsError for NaN or values outside [0, 1]."""
    return checks.probabilities(np.asarray(predictions, dtype=np.float64), "predicted probability")


def binary_measures(threshold: float, prevalence: float | None = None) -> tuple[BinaryMeasure, ...]:
    """All measures, decisions taken at `threshold` (positive at or above it).

    Args:
        threshold: Fixed on tuning data.
        prevalence: Declared target prevalence at which net benefit is stated; the judged cases' own when None.
    """
    benefit = _net_benefit(threshold) if prevalence is None else _net_benefit_at(threshold, prevalence)
    return (_auroc(), _auprc(), *_decisions(threshold), *_scores(), *_calibration(), benefit)


def _with_outcome(outcomes: Sequence[bool], predictions: Sequence[float]) -> Contributions:
    return one_row_a_case(truths(outcomes).astype(np.float64), probabilities(predictions))


def _auroc() -> BinaryMeasure:
    return Measure(
        name="auroc",
        label="AUROC",
        columns=("outcome", "probability"),
        contribute=_with_outcome,
        statistic=lambda rows: auroc_statistic(rows[:, 1], rows[:, 0]),
        pooled=False,
        interval=_delong_interval,
        clustered_interval=_clustered_interval,
        contrast=_delong_contrast,
        clustered_contrast=_obuchowski_contrast,
    )


def _auprc() -> BinaryMeasure:
    return Measure(
        name="auprc",
        label="AUPRC (average precision)",
        columns=("outcome", "probability"),
        contribute=_with_outcome,
        statistic=lambda rows: average_precision_statistic(rows[:, 1], rows[:, 0]),
        pooled=False,
    )


def _of_each_class(rows: Floats) -> int:
    positive = int(rows[:, 0].sum())
    return min(positive, len(rows) - positive)


def _delong_interval(rows: Floats, level: float) -> Interval | None:
    if not _of_each_class(rows):
        return None
    limits = auroc_interval(rows[:, 1], rows[:, 0], level)
    return Interval(limits.low, limits.high, limits.method)


def _clustered_interval(rows: Floats, patient: Integers, fold: Integers, level: float) -> Interval | None:
    """Obuchowski's interval for repeated patients in one split, LeDell's for several; None for too few cases."""
    positive = rows[:, 0] > 0
    folds = np.unique(fold)
    if folds.size > 1:
        if any(_of_each_class(rows[fold == number]) == 0 for number in folds):
            return None
        limits = cv_auroc_interval(rows[:, 1], positive, fold, level, patient)
    else:
        if _patients_of_each_class(positive, patient) < _FEWEST:
            return None
        limits = clustered_auroc_interval(rows[:, 1], positive, patient, level)
    return Interval(limits.low, limits.high, limits.method)


def _patients_of_each_class(positive: Booleans, patient: Integers) -> int:
    return min(np.unique(patient[positive]).size, np.unique(patient[~positive]).size)


def _delong_contrast(rows: Floats, other: Floats, level: float) -> Difference | None:
    if _of_each_class(rows) < _FEWEST:
        return None
    found = delong_test(rows[:, 1], other[:, 1], rows[:, 0], level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def _obuchowski_contrast(rows: Floats, other: Floats, patient: Integers, level: float) -> Difference | None:
    if _patients_of_each_class(rows[:, 0] > 0, patient) < _FEWEST:
        return None
    found = clustered_delong_test(rows[:, 1], other[:, 1], rows[:, 0], patient, level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def _counted(
    threshold: float, success: Count, asked: Count
) -> Callable[[Sequence[bool], Sequence[float]], Contributions]:
    def contribute(outcomes: Sequence[bool], predictions: Sequence[float]) -> Contributions:
        truth, flagged = truths(outcomes), probabilities(predictions) >= threshold
        return one_row_a_case(success(truth, flagged).astype(np.float64), asked(truth, flagged).astype(np.float64))

    return contribute


def _share(
    threshold: float, names: tuple[str, str], columns: tuple[str, str], success: Count, asked: Count
) -> BinaryMeasure:
    name, label = names
    return Measure(
        name=name,
        label=label,
        columns=columns,
        contribute=_counted(threshold, success, asked),
        statistic=ratio,
        higher_is_better=name != "error_rate",
        interval=proportion.interval,
        clustered_interval=proportion.clustered_interval,
        contrast=proportion.contrast,
        clustered_contrast=proportion.clustered_contrast if name in _OF_ONE_CLASS else None,
        operating=True,
    )


def _decisions(threshold: float) -> tuple[BinaryMeasure, ...]:
    def share(name: str, label: str, columns: tuple[str, str], success: Count, asked: Count) -> BinaryMeasure:
        return _share(threshold, (name, label), columns, success, asked)

    f1 = Measure[bool, float](
        name="f1",
        label="F1 score",
        columns=("twice_true_positive", "positive_plus_flagged"),
        contribute=_counted(
            threshold,
            lambda truth, flagged: 2 * (truth & flagged),
            lambda truth, flagged: truth.astype(np.int64) + flagged,
        ),
        statistic=ratio,
        operating=True,
    )
    return (
        share("sensitivity", "Sensitivity", ("true_positive", "positive"), lambda y, f: y & f, lambda y, _: y),
        share("specificity", "Specificity", ("true_negative", "negative"), lambda y, f: ~y & ~f, lambda y, _: ~y),
        share("ppv", "Positive predictive value", ("true_positive", "flagged"), lambda y, f: y & f, lambda _, f: f),
        share(
            "npv", "Negative predictive value", ("true_negative", "unflagged"), lambda y, f: ~y & ~f, lambda _, f: ~f
        ),
        share("accuracy", "Accuracy", ("correct", "case"), lambda y, f: y == f, lambda y, _: np.ones_like(y)),
        share("error_rate", "Error rate", ("wrong", "case"), lambda y, f: y != f, lambda y, _: np.ones_like(y)),
        f1,
    )


def _scored(name: str, label: str, column: str, scorer: Scorer, largest: float) -> BinaryMeasure:
    return Measure(
        name=name,
        label=label,
        columns=(column,),
        contribute=lambda outcomes, predictions: one_row_a_case(scorer(probabilities(predictions), truths(outcomes))),
        statistic=mean,
        higher_is_better=False,
        bounds=(0.0, largest),
    )


def _scores() -> tuple[BinaryMeasure, ...]:
    """Log loss holds probabilities to [CLIP, 1 - CLIP]: a certain and wrong prediction costs 16.1 and not infinity."""
    return (
        _scored("brier", "Brier score", "squared_error", brier_scores, 1.0),
        _scored("log_loss", "Log loss", f"log_loss_clipped_at_{CLIP:g}", log_losses, _INFINITY),
    )


def _calibration() -> tuple[BinaryMeasure, ...]:
    def measured(name: str, label: str, target: float, statistic: Callable[[Floats], Statistic]) -> BinaryMeasure:
        return Measure(
            name=name,
            label=label,
            columns=("outcome", "probability"),
            contribute=_with_outcome,
            statistic=statistic,
            higher_is_better=None,
            target=target,
            bounds=(-_INFINITY, _INFINITY),
        )

    return (
        measured("calibration_slope", "Calibration slope", 1.0, lambda rows: slope_statistic(rows[:, 1], rows[:, 0])),
        measured(
            "calibration_intercept",
            "Calibration intercept (in the large)",
            0.0,
            lambda rows: in_the_large_statistic(rows[:, 1], rows[:, 0]),
        ),
    )


def _net_benefit(threshold: float) -> BinaryMeasure:
    harm = threshold / (1.0 - threshold)

    def contribute(outcomes: Sequence[bool], predictions: Sequence[float]) -> Contributions:
        truth, flagged = truths(outcomes), probabilities(predictions) >= threshold
        return one_row_a_case((truth & flagged) - harm * (~truth & flagged))

    return Measure(
        name="net_benefit",
        label="Net benefit at the operating point",
        columns=("benefit",),
        contribute=contribute,
        statistic=mean,
        bounds=(-_INFINITY, 1.0),
        operating=True,
        tested=False,
    )


def _net_benefit_at(threshold: float, prevalence: float) -> BinaryMeasure:
    """Net benefit were the outcome as common as declared: sensitivity and specificity are taken to hold there."""
    harm = threshold / (1.0 - threshold)

    def contribute(outcomes: Sequence[bool], predictions: Sequence[float]) -> Contributions:
        truth, flagged = truths(outcomes), probabilities(predictions) >= threshold
        columns = (truth & flagged, truth, harm * (~truth & flagged), ~truth)
        return one_row_a_case(*(column.astype(np.float64) for column in columns))

    def statistic(rows: Floats) -> Statistic:
        def benefit(weights: Weights) -> Floats:
            sums = weights @ rows
            hits, alarms = divided(sums[:, 0], sums[:, 1]), divided(sums[:, 2], sums[:, 3])
            return prevalence * hits - (1.0 - prevalence) * alarms

        return benefit

    return Measure(
        name="net_benefit",
        label=f"Net benefit at the operating point and a prevalence of {prevalence:.1%}",
        columns=("hit", "with_outcome", "weighted_false_alarm", "without_outcome"),
        contribute=contribute,
        statistic=statistic,
        bounds=(-_INFINITY, 1.0),
        operating=True,
        tested=False,
    )

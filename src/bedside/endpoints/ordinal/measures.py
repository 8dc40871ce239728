"""Measures of predicted probabilities of ordered grades, and of the grades that are decided from them.

The quadratic weighted kappa counts a disagreement by its squared distance (Cohen 1968). Everything that is asked of
"grade k or more" is asked at each of the k - 1 thresholds between grades.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints import proportion
from bedside.endpoints.classes import Probabilities, classes_of, log_losses, probabilities
from bedside.endpoints.confusion import of_confusion
from bedside.endpoints.measure import Contributions, Difference, Interval, Measure, Statistic
from bedside.endpoints.one_against_rest import auroc_macro
from bedside.endpoints.ordinal.decision import DecisionRule
from bedside.endpoints.ratio import divided, mean, one_row_a_case, ratio
from bedside.errors import StatisticsError
from bedside.stats.calibration import CLIP, in_the_large_statistic, slope_statistic
from bedside.stats.delong import auroc_interval, delong_test
from bedside.stats.kappa import Weighting, cohen_kappa, credit
from bedside.stats.roc import auroc_statistic
from bedside.types import Booleans, Floats, Integers, Weights

_INFINITY = float("inf")
_FEWEST = 2
"""DeLong's variance needs two cases of each class."""

GradeMeasure = Measure[int, Probabilities]


def ordinal_measures(
    grades: tuple[str, ...], rule: DecisionRule, settings: Mapping[str, float]
) -> tuple[GradeMeasure, ...]:
    """All measures, grades decided by `rule` with what it fixed on tuning data.

    Args:
        grades: Words of the grades, the lowest first.
        rule: How one grade is decided.
        settings: Fixed on tuning data.
    """
    decided = _Decided(len(grades), rule, settings)
    return (
        *_agreements(decided),
        *_shares(decided),
        _grade_error(decided),
        _auroc_mean(len(grades)),
        auroc_macro(len(grades)),
        *(_auroc(grades, k) for k in range(1, len(grades))),
        *_scores(len(grades)),
        *(one for k in range(1, len(grades)) for one in _calibration(grades, k)),
    )


def at_least(matrix: Floats) -> Floats:
    """Probabilities of grade k or more for k = 1 ... K - 1, shape (n, K - 1), from those of the grades, (n, K)."""
    total: Floats = np.cumsum(matrix[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return np.clip(total, 0.0, 1.0)


def ranked_scores(truth: Integers, matrix: Floats) -> Floats:
    """Ranked probability score of each case, 0 to 1 (Epstein, J Appl Meteorol 1969, 8:985)."""
    reached = truth[:, None] >= np.arange(1, matrix.shape[1])
    scores: Floats = ((at_least(matrix) - reached) ** 2).mean(axis=1)
    return scores


class _Decided:
    """True and decided grades of cases."""

    def __init__(self, count: int, rule: DecisionRule, settings: Mapping[str, float]) -> None:
        self.count, self.rule, self.settings = count, rule, settings

    def __call__(self, outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> tuple[Integers, Integers]:
        matrix = probabilities(predictions, self.count)
        return classes_of(outcomes, self.count), self.rule.decide(self.settings, matrix)

    def rows(self, outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
        """Columns (outcome, decided)."""
        truth, chosen = self(outcomes, predictions)
        return one_row_a_case(truth.astype(np.float64), chosen.astype(np.float64))


def _agreements(decided: _Decided) -> tuple[GradeMeasure, ...]:
    def kappa(name: str, label: str, weighting: Weighting) -> GradeMeasure:
        worth = credit(decided.count, weighting)
        return Measure(
            name=name,
            label=label,
            columns=("outcome", "decided"),
            contribute=decided.rows,
            statistic=lambda rows: of_confusion(rows, decided.count, lambda tables: _kappas(tables, worth)),
            interval=lambda rows, level: _kappa_interval(rows, level, decided.count, weighting),
            bounds=(-1.0, 1.0),
            operating=bool(decided.settings),
        )

    return (
        kappa("quadratic_kappa", "Quadratic weighted kappa", "quadratic"),
        kappa("linear_kappa", "Linear weighted kappa", "linear"),
    )


def _kappas(tables: Floats, worth: Floats) -> Floats:
    """Weighted kappa of each table; NaN where outcome and decision are one and the same grade throughout."""
    shares = divided(tables, tables.sum(axis=(1, 2), keepdims=True))
    agreed = (shares * worth).sum(axis=(1, 2))
    by_chance = np.einsum("bi,ij,bj->b", shares.sum(axis=2), worth, shares.sum(axis=1))
    room = 1.0 - by_chance
    return divided(agreed - by_chance, np.where(room > 1e-12, room, 0.0))


def _kappa_interval(rows: Floats, level: float, count: int, weighting: Weighting) -> Interval | None:
    """Closed form of Fleiss, Cohen and Everitt; None for fewer than two cases or a single grade."""
    try:
        found = cohen_kappa(rows[:, 0], rows[:, 1], count, weighting, level=level)
    except StatisticsError:
        return None
    return Interval(found.low, found.high, found.method)


def _shares(decided: _Decided) -> tuple[GradeMeasure, ...]:
    """Shares of cases whose decided grade is right, or off by more than one."""

    def share(
        name: str, label: str, column: str, counts: Callable[[Integers], Booleans], *, better: bool
    ) -> GradeMeasure:
        def contribute(outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
            truth, chosen = decided(outcomes, predictions)
            return one_row_a_case(counts(np.abs(chosen - truth)).astype(np.float64), np.ones(truth.size))

        return Measure(
            name=name,
            label=label,
            columns=(column, "case"),
            contribute=contribute,
            statistic=ratio,
            higher_is_better=better,
            interval=proportion.interval,
            clustered_interval=proportion.clustered_interval,
            contrast=proportion.contrast,
            operating=bool(decided.settings),
        )

    exact = share("accuracy", "Accuracy of the decided grade", "correct", lambda off: off == 0, better=True)
    if decided.count == 2:
        return (exact,)
    far = share("far_off", "Decided grade off by more than one", "far_off", lambda off: off > 1, better=False)
    return exact, far


def _grade_error(decided: _Decided) -> GradeMeasure:
    def contribute(outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
        truth, chosen = decided(outcomes, predictions)
        return one_row_a_case(np.abs(chosen - truth).astype(np.float64))

    return Measure(
        name="grade_error",
        label="Mean absolute error of the decided grade",
        columns=("grades_off",),
        contribute=contribute,
        statistic=mean,
        higher_is_better=False,
        bounds=(0.0, decided.count - 1.0),
        operating=bool(decided.settings),
    )


def _auroc_mean(count: int) -> GradeMeasure:
    return Measure(
        name="auroc_mean",
        label="AUROC (grade k or more, mean of thresholds)",
        columns=("outcome", *(f"probability_from_{k}" for k in range(1, count))),
        contribute=lambda outcomes, predictions: one_row_a_case(
            classes_of(outcomes, count).astype(np.float64), *at_least(probabilities(predictions, count)).T
        ),
        statistic=_mean_auroc,
        pooled=False,
    )


def _mean_auroc(rows: Floats) -> Statistic:
    """Mean over thresholds; NaN where a threshold has cases on one side only."""
    each = [auroc_statistic(rows[:, k], rows[:, 0] >= k) for k in range(1, rows.shape[1])]

    def statistic(weights: Weights) -> Floats:
        total: Floats = np.mean([one(weights) for one in each], axis=0)
        return total

    return statistic


def _from(count: int, k: int) -> Callable[[Sequence[int], Sequence[Probabilities]], Contributions]:
    """Columns (grade k or more, its probability)."""

    def contribute(outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
        reached = classes_of(outcomes, count) >= k
        return one_row_a_case(reached.astype(np.float64), at_least(probabilities(predictions, count))[:, k - 1])

    return contribute


def _auroc(grades: tuple[str, ...], k: int) -> GradeMeasure:
    return Measure(
        name=f"auroc_from_{k}",
        label=f"AUROC, {grades[k]} or more",
        columns=("reached", "probability"),
        contribute=_from(len(grades), k),
        statistic=lambda rows: auroc_statistic(rows[:, 1], rows[:, 0]),
        pooled=False,
        interval=_delong_interval,
        contrast=_delong_contrast,
    )


def _of_each_side(rows: Floats) -> int:
    reached = int(rows[:, 0].sum())
    return min(reached, len(rows) - reached)


def _delong_interval(rows: Floats, level: float) -> Interval | None:
    if not _of_each_side(rows):
        return None
    limits = auroc_interval(rows[:, 1], rows[:, 0], level)
    return Interval(limits.low, limits.high, limits.method)


def _delong_contrast(rows: Floats, other: Floats, level: float) -> Difference | None:
    if _of_each_side(rows) < _FEWEST:
        return None
    found = delong_test(rows[:, 1], other[:, 1], rows[:, 0], level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def _scores(count: int) -> tuple[GradeMeasure, ...]:
    def scored(
        name: str, label: str, column: str, scorer: Callable[[Integers, Floats], Floats], largest: float
    ) -> GradeMeasure:
        return Measure(
            name=name,
            label=label,
            columns=(column,),
            contribute=lambda outcomes, predictions: one_row_a_case(
                scorer(classes_of(outcomes, count), probabilities(predictions, count))
            ),
            statistic=mean,
            higher_is_better=False,
            bounds=(0.0, largest),
        )

    return (
        scored("ranked_probability_score", "Ranked probability score (0 to 1)", "score", ranked_scores, 1.0),
        scored("log_loss", "Log loss", f"log_loss_clipped_at_{CLIP:g}", log_losses, _INFINITY),
    )


def _calibration(grades: tuple[str, ...], k: int) -> tuple[GradeMeasure, ...]:
    def calibrated(name: str, label: str, target: float, statistic: Callable[[Floats], Statistic]) -> GradeMeasure:
        return Measure(
            name=f"{name}_from_{k}",
            label=f"{label}, {grades[k]} or more",
            columns=("reached", "probability"),
            contribute=_from(len(grades), k),
            statistic=statistic,
            higher_is_better=None,
            target=target,
            bounds=(-_INFINITY, _INFINITY),
        )

    return (
        calibrated("calibration_slope", "Calibration slope", 1.0, lambda rows: slope_statistic(rows[:, 1], rows[:, 0])),
        calibrated(
            "calibration_intercept",
            "Calibration intercept",
            0.0,
            lambda rows: in_the_large_statistic(rows[:, 1], rows[:, 0]),
        ),
    )

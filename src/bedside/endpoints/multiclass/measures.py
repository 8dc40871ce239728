"""Measures of predicted class probabilities, and of choosing the most probable class."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.endpoints import proportion
from bedside.endpoints.classes import Probabilities, classes_of, log_losses, probabilities
from bedside.endpoints.confusion import of_confusion
from bedside.endpoints.measure import Contributions, Measure
from bedside.endpoints.one_against_rest import auroc_macro
from bedside.endpoints.ratio import divided, mean, one_row_a_case, ratio
from bedside.stats.calibration import CLIP
from bedside.types import Floats, Integers

ClassMeasure = Measure[int, Probabilities]


def multiclass_measures(classes: tuple[str, ...]) -> tuple[ClassMeasure, ...]:
    """All measures; those over classes weigh every class alike and are undefined where one has no case."""
    count = len(classes)
    return (auroc_macro(count), *_shares(count), *_confusions(count), *_scores(count))


def _truth_and_choice(count: int) -> Callable[[Sequence[int], Sequence[Probabilities]], Contributions]:
    def contribute(outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
        chosen = probabilities(predictions, count).argmax(axis=1)
        return one_row_a_case(classes_of(outcomes, count).astype(np.float64), chosen.astype(np.float64))

    return contribute


def _shares(count: int) -> tuple[ClassMeasure, ...]:
    """Accuracy and error rate of the most probable class; of equally probable ones the first."""

    def share(name: str, label: str, column: str, *, wanted: bool) -> ClassMeasure:
        def contribute(outcomes: Sequence[int], predictions: Sequence[Probabilities]) -> Contributions:
            correct = classes_of(outcomes, count) == probabilities(predictions, count).argmax(axis=1)
            return one_row_a_case((correct == wanted).astype(np.float64), np.ones(correct.size))

        return Measure(
            name=name,
            label=label,
            columns=(column, "case"),
            contribute=contribute,
            statistic=ratio,
            higher_is_better=wanted,
            interval=proportion.interval,
            clustered_interval=proportion.clustered_interval,
            contrast=proportion.contrast,
        )

    return (
        share("accuracy", "Accuracy", "correct", wanted=True),
        share("error_rate", "Error rate", "wrong", wanted=False),
    )


def _confusions(count: int) -> tuple[ClassMeasure, ...]:
    def measured(
        name: str, label: str, value: Callable[[Floats], Floats], *, better: bool = True, lowest: float = 0.0
    ) -> ClassMeasure:
        return Measure(
            name=name,
            label=label,
            columns=("outcome", "chosen"),
            contribute=_truth_and_choice(count),
            statistic=lambda rows: of_confusion(rows, count, value),
            higher_is_better=better,
            bounds=(lowest, 1.0),
        )

    return (
        measured("balanced_accuracy", "Balanced accuracy (mean sensitivity)", balanced_accuracy),
        measured("f1_macro", "F1 score (mean of classes)", macro_f1),
        measured("kappa", "Cohen's kappa", kappa, lowest=-1.0),
        measured(
            "top_confusion", "Commonest confusion (share of a class taken for one other)", top_confusion, better=False
        ),
    )


def balanced_accuracy(tables: Floats) -> Floats:
    """Mean of the classes' sensitivities; NaN where a class has no case."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    found: Floats = divided(hits, tables.sum(axis=2)).mean(axis=1)
    return found


def macro_f1(tables: Floats) -> Floats:
    """Mean of the classes' F1 scores; NaN where a class has no case."""
    hits, cases = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=2)
    each = divided(2.0 * hits, cases + tables.sum(axis=1))
    found: Floats = np.where(cases > 0, each, np.nan).mean(axis=1)
    return found


def kappa(tables: Floats) -> Floats:
    """Cohen's kappa (1960), unweighted; NaN where outcome and choice are one and the same class throughout."""
    shares = divided(tables, tables.sum(axis=(1, 2), keepdims=True))
    agreed = np.trace(shares, axis1=1, axis2=2)
    expected = np.einsum("bk,bk->b", shares.sum(axis=1), shares.sum(axis=2))
    room = 1.0 - expected
    return divided(agreed - expected, np.where(room > 1e-12, room, 0.0))


def top_confusion(tables: Floats) -> Floats:
    """Largest share of a class's cases that is taken for one particular other class; NaN where a class has no case."""
    shares = divided(tables, tables.sum(axis=2, keepdims=True))
    count = tables.shape[1]
    wrong = shares[:, ~np.eye(count, dtype=np.bool_)]
    found: Floats = wrong.max(axis=1)  # NaN when any is
    return found


def _scores(count: int) -> tuple[ClassMeasure, ...]:
    def squared(truth: Integers, matrix: Floats) -> Floats:
        errors: Floats = ((matrix - np.eye(count)[truth]) ** 2).sum(axis=1)
        return errors

    def scored(
        name: str, label: str, column: str, scorer: Callable[[Integers, Floats], Floats], largest: float
    ) -> ClassMeasure:
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
        scored("brier", "Brier score (0 to 2)", "squared_error", squared, 2.0),
        scored("log_loss", "Log loss", f"log_loss_clipped_at_{CLIP:g}", log_losses, float("inf")),
    )

"""The AUROC of each class against all others, averaged: the figure that benchmarks of several classes publish."""

import numpy as np

from bedside.endpoints.classes import Probabilities, classes_of, probabilities
from bedside.endpoints.measure import Measure, Statistic
from bedside.endpoints.ratio import one_row_a_case
from bedside.stats.roc import auroc_statistic
from bedside.types import Floats, Weights


def auroc_macro(count: int) -> Measure[int, Probabilities]:
    """The measure for so many classes, ordered or not."""
    return Measure(
        name="auroc_macro",
        label="AUROC (one against rest, mean of classes)",
        columns=("outcome", *(f"probability_{k}" for k in range(count))),
        contribute=lambda outcomes, predictions: one_row_a_case(
            classes_of(outcomes, count).astype(np.float64), *probabilities(predictions, count).T
        ),
        statistic=macro_auroc,
        pooled=False,
    )


def macro_auroc(rows: Floats) -> Statistic:
    """Mean over classes of the AUROC of one against the rest; NaN where a class has no case."""
    each = [auroc_statistic(rows[:, 1 + k], rows[:, 0] == k) for k in range(rows.shape[1] - 1)]

    def statistic(weights: Weights) -> Floats:
        total: Floats = np.mean([one(weights) for one in each], axis=0)
        return total

    return statistic

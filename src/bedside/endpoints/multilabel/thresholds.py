"""Thresholds from which findings are called present: highest Youden index of each label on tuning data."""

from collections.abc import Mapping, Sequence

import numpy as np

from bedside.endpoints.multilabel.labels import UNREAD, Label
from bedside.errors import CohortProblem, StudyError
from bedside.stats.roc import roc_curve
from bedside.types import Floats

WORDS = "highest Youden index (sensitivity + specificity - 1) of each label on tuning data"


def checked(thresholds: Mapping[str, float], labels: Sequence[Label]) -> None:
    """Raise StudyError for declared thresholds of other labels, or outside (0, 1)."""
    unknown = sorted(set(thresholds) - {label.name for label in labels})
    if unknown or any(not 0.0 < value < 1.0 for value in thresholds.values()):
        msg = (
            f"thresholds are {dict(thresholds)!r}; give numbers strictly between 0 and 1 for labels among "
            f"{[label.name for label in labels]}"
        )
        raise StudyError(msg)


def chosen(truth: Floats, matrix: Floats, labels: Sequence[Label], declared: Mapping[str, float]) -> dict[str, float]:
    """Threshold of each label by its slug, halfway between two probabilities; of equals, the more sensitive.

    Args:
        truth: Tuning outcomes, 1, 0 and UNREAD, shape (n, L).
        matrix: Their probabilities, shape (n, L).
        labels: All labels.
        declared: Thresholds by label name that are not to be chosen.

    Raises:
        CohortProblem: Tuning data hold a label on one side only.
    """
    return {
        label.slug: declared[label.name]
        if label.name in declared
        else _youden(truth[:, label.place], matrix[:, label.place], label.name)
        for label in labels
    }


def _youden(truth: Floats, probability: Floats, name: str) -> float:
    read = truth != UNREAD
    there = truth[read] == 1.0
    if there.all() or not there.any():
        msg = (
            f"the threshold of {name!r} cannot be chosen: of {there.size} tuning cases that were read for it "
            f"{int(there.sum())} have it; give more data, leave the label out, or declare its threshold"
        )
        raise CohortProblem(msg)
    curve = roc_curve(probability[read], there)
    index = (curve.y - curve.x)[1:]
    best = 1 + int(np.flatnonzero(index >= index.max() - 1e-12)[-1])
    upper = float(curve.threshold[best])
    lower = float(curve.threshold[best + 1]) if best + 1 < curve.threshold.size else 0.0
    middle = (upper + lower) / 2.0
    return middle if lower < middle <= upper else upper

"""An outcome that is one of several unordered classes: Y is the class number, a prediction all class probabilities."""

from collections.abc import Mapping

import numpy as np

from bedside.endpoints.classes import (
    Probabilities,
    cells,
    class_target,
    classes_of,
    log_losses,
    mean_probabilities,
    numbered,
    parser,
    probabilities,
    restored,
)
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.figures import multiclass_figures
from bedside.endpoints.multiclass.measures import multiclass_measures

_FEWEST_CASES = 50
"""Fewer judged cases of the rarest class leave its share of every mean over classes uncertain."""


def multiclass(*, classes: tuple[str, ...]) -> Endpoint[int, Probabilities]:
    """An endpoint of several classes without order.

    Several models' probabilities are pooled by their mean, class by class.

    Args:
        classes: Words of the classes; the outcome is the position in this tuple.

    Raises:
        StudyError: Fewer than two classes, an empty word, or two that are the same but for case.
    """
    numbers = numbered(classes)
    count = len(classes)

    return Endpoint(
        name="multiclass",
        target=class_target(classes),
        primary="auroc_macro",
        stratum=int,
        describe=lambda outcome: classes[outcome],
        parse=parser(numbers, classes),
        measures=lambda _: multiclass_measures(classes),
        settings=lambda _: {},
        loss=lambda outcomes, predictions: float(
            log_losses(classes_of(outcomes, count), probabilities(predictions, count)).mean()
        ),
        pool=mean_probabilities,
        cells=lambda predictions: cells(predictions, count),
        restore=lambda cells: restored(cells, count),
        outcome_cells=lambda outcomes: {"outcome": classes_of(outcomes, count).astype(np.float64)},
        restore_outcomes=lambda cells: [int(value) for value in cells["outcome"]],
        figures=lambda views: multiclass_figures(views, classes),
        doubt=_doubt,
    )


def _doubt(values: Mapping[str, float]) -> str:
    """What a reader of the verdict must know: a rare class, chance agreement, one class taken for another."""
    doubts = []
    rarest = values.get("smallest_class")
    if rarest is not None and rarest < _FEWEST_CASES:
        doubts.append(
            f"only {rarest:.0f} cases of the rarest class were judged, so that means over classes are uncertain"
        )
    agreement = values.get("kappa")
    if agreement is not None and agreement <= 0.0:
        doubts.append(f"it agrees with the outcome no better than chance (kappa {agreement:.2f})")
    confused = values.get("top_confusion")
    if confused is not None and confused >= 0.5:
        doubts.append(f"{confused:.0%} of one class's cases are taken for one other class")
    text = "; ".join(doubts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""

"""An outcome that is one of several unordered classes: Y is the class number, a prediction all class probabilities."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.cell import code, refused
from bedside.endpoints.endpoint import Categorical, Endpoint
from bedside.endpoints.multiclass.figures import multiclass_figures
from bedside.endpoints.multiclass.measures import (
    Probabilities,
    classes_of,
    log_losses,
    multiclass_measures,
    probabilities,
)
from bedside.errors import StudyError
from bedside.types import Floats

_FEWEST_CLASSES = 2
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
    numbers = {code(word) or "": k for k, word in enumerate(classes)}
    if len(classes) < _FEWEST_CLASSES or len(numbers) < len(classes) or "" in numbers:
        msg = f"classes are {classes!r}; give at least two different words"
        raise StudyError(msg)
    count = len(classes)

    return Endpoint(
        name="multiclass",
        target=Categorical(
            classes=classes,
            index=lambda outcomes: classes_of(outcomes, count),
            probabilities=lambda predictions: probabilities(predictions, count),
            predictions=_rows,
        ),
        primary="auroc_macro",
        stratum=int,
        describe=lambda outcome: classes[outcome],
        parse=_parser(numbers, classes),
        measures=lambda _: multiclass_measures(classes),
        settings=lambda _: {},
        loss=lambda outcomes, predictions: float(
            log_losses(classes_of(outcomes, count), probabilities(predictions, count)).mean()
        ),
        pool=_mean,
        cells=lambda predictions: _cells(predictions, count),
        restore=lambda cells: _rows(np.column_stack([cells[f"probability_{k}"] for k in range(count)])),
        outcome_cells=lambda outcomes: {"outcome": classes_of(outcomes, count).astype(np.float64)},
        restore_outcomes=lambda cells: [int(value) for value in cells["outcome"]],
        figures=lambda views: multiclass_figures(views, classes),
        doubt=_doubt,
    )


def _rows(matrix: Floats) -> list[Probabilities]:
    return [tuple(row) for row in matrix.tolist()]


def _mean(members: Sequence[Sequence[Probabilities]]) -> list[Probabilities]:
    """Mean of the members' probabilities, case by case and class by class."""
    return _rows(np.mean(np.asarray(members, dtype=np.float64), axis=0))


def _cells(predictions: Sequence[Probabilities], count: int) -> Mapping[str, Floats]:
    matrix = np.array(predictions, dtype=np.float64).reshape(len(predictions), count)
    return {f"probability_{k}": matrix[:, k].copy() for k in range(count)}


def _parser(numbers: Mapping[str, int], classes: tuple[str, ...]) -> Callable[[object], int]:
    forms = ", ".join(repr(word) for word in classes)

    def parse(cell: object) -> int:
        found = numbers.get(code(cell) or "")
        if found is None:
            raise refused(cell, forms)
        return found

    return parse


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

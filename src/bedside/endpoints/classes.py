"""Predicted probabilities of several classes, in order or not: checked, pooled, stored, and read from a table."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.cell import code, refused
from bedside.endpoints.endpoint import Categorical
from bedside.errors import StatisticsError, StudyError
from bedside.stats import checks
from bedside.stats.calibration import CLIP
from bedside.types import Floats, Integers

Probabilities = tuple[float, ...]

_SUM_TOLERANCE = 1e-4
"""Float32 probabilities of many classes add up to 1 within this."""

_FEWEST_CLASSES = 2


def numbered(classes: tuple[str, ...]) -> dict[str, int]:
    """Class numbers by code of their word.

    Raises:
        StudyError: Fewer than two classes, an empty word, or two that are the same but for case.
    """
    numbers = {code(word) or "": k for k, word in enumerate(classes)}
    if len(classes) < _FEWEST_CLASSES or len(numbers) < len(classes) or "" in numbers:
        msg = f"classes are {classes!r}; give at least two different words"
        raise StudyError(msg)
    return numbers


def classes_of(outcomes: Sequence[int], count: int) -> Integers:
    """Outcomes as class numbers, shape (n,); raises StatisticsError for a number that is no class."""
    truth = np.fromiter(outcomes, dtype=np.int64, count=len(outcomes))
    if truth.size and not (truth.min() >= 0 and truth.max() < count):
        msg = f"outcomes run from {truth.min()} to {truth.max()}; classes are numbered 0 to {count - 1}"
        raise StatisticsError(msg)
    return truth


def probabilities(predictions: Sequence[Probabilities], count: int) -> Floats:
    """Predictions as a matrix, shape (n, k); raises StatisticsError for what is no distribution over the classes."""
    matrix = np.asarray(predictions, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != count:
        msg = f"predictions have shape {matrix.shape}; one probability for each of {count} classes is needed"
        raise StatisticsError(msg)
    checks.probabilities(matrix.ravel(), "predicted probability")
    off = float(np.abs(matrix.sum(axis=1) - 1.0).max())
    if off > _SUM_TOLERANCE:
        msg = f"predicted probabilities of a case add up to 1 {off:+.2g} at worst; they must add up to 1"
        raise StatisticsError(msg)
    return matrix


def log_losses(truth: Integers, matrix: Floats) -> Floats:
    """Negative log probability of each case's true class, held to at least CLIP (a wrong certainty costs 16.1)."""
    losses: Floats = -np.log(np.maximum(matrix[np.arange(truth.size), truth], CLIP))
    return losses


def as_predictions(matrix: Floats) -> list[Probabilities]:
    """A matrix of probabilities, shape (n, k), as predictions."""
    return [tuple(row) for row in matrix.tolist()]


def mean_probabilities(members: Sequence[Sequence[Probabilities]]) -> list[Probabilities]:
    """Mean of the members' probabilities, case by case and class by class."""
    return as_predictions(np.mean(np.asarray(members, dtype=np.float64), axis=0))


def cells(predictions: Sequence[Probabilities], count: int) -> Mapping[str, Floats]:
    """One column a class, for storage."""
    matrix = np.array(predictions, dtype=np.float64).reshape(len(predictions), count)
    return {f"probability_{k}": matrix[:, k].copy() for k in range(count)}


def restored(cells: Mapping[str, Floats], count: int) -> list[Probabilities]:
    """The inverse of `cells`."""
    return as_predictions(np.column_stack([cells[f"probability_{k}"] for k in range(count)]))


def class_target(classes: tuple[str, ...]) -> Categorical[int, Probabilities]:
    """Outcomes that are class numbers and predictions of all probabilities, as conventional learners see them."""
    count = len(classes)
    return Categorical(
        classes=classes,
        index=lambda outcomes: classes_of(outcomes, count),
        probabilities=lambda predictions: probabilities(predictions, count),
        predictions=as_predictions,
        outcomes=lambda index: [int(k) for k in index],
    )


def parser(numbers: Mapping[str, int], classes: tuple[str, ...]) -> Callable[[object], int]:
    """Reads one cell of a table as a class number; raises OutcomeProblem with the words that are allowed."""
    forms = ", ".join(repr(word) for word in classes)

    def parse(cell: object) -> int:
        found = numbers.get(code(cell) or "")
        if found is None:
            raise refused(cell, forms)
        return found

    return parse

"""Several findings that may coexist: outcomes and predictions as arrays, and as the questions they answer.

An outcome holds True, False or None for each label; None is a label that nobody read. It is masked everywhere and
counted, and never taken for a negative.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.target import Quantity, Question
from bedside.errors import StatisticsError, StudyError
from bedside.stats import checks
from bedside.stats.calibration import CLIP
from bedside.types import Booleans, Floats, Integers

Findings = tuple[bool | None, ...]
Chances = tuple[float, ...]

UNREAD = -1.0
"""How an unread label stands in a matrix of outcomes."""


@dataclass(frozen=True)
class Label:
    """One label: the question whether the finding is there.

    Attributes:
        name: As printed.
        place: Its position in outcomes and predictions.
        count: How many labels there are.
    """

    name: str
    place: int
    count: int

    @property
    def slug(self) -> str:
        """The name in snake_case, for measures and columns."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.casefold()).strip("_")

    @property
    def classes(self) -> tuple[str, ...]:
        """Absent, then present."""
        return (f"no {self.name}", self.name)

    @property
    def unanswered(self) -> str:
        """Nobody looked."""
        return f"{self.name} not read"

    def known(self, outcomes: Sequence[Findings]) -> Booleans:
        """Who was read for it, shape (n,)."""
        return np.array([outcome[self.place] is not None for outcome in outcomes], dtype=np.bool_)

    def index(self, outcomes: Sequence[Findings]) -> Integers:
        """1 where it is there, else 0, shape (n,); raises StatisticsError where nobody read it."""
        found = truths(outcomes, self.count)[:, self.place]
        if (found == UNREAD).any():
            msg = f"{int((found == UNREAD).sum())} outcomes were not read for {self.name!r}; leave these cases out"
            raise StatisticsError(msg)
        return found.astype(np.int64)

    def probabilities(self, predictions: Sequence[Chances]) -> Floats:
        """Probabilities of absent and present, shape (n, 2)."""
        present = chances(predictions, self.count)[:, self.place]
        return np.column_stack([1.0 - present, present])


def labelled(names: tuple[str, ...]) -> tuple[Label, ...]:
    """The labels by these names.

    Raises:
        StudyError: Fewer than two, or two whose names are the same but for case and punctuation, or empty.
    """
    found = tuple(Label(name, place, len(names)) for place, name in enumerate(names))
    slugs = {label.slug for label in found}
    if len(names) < 2 or len(slugs) < len(names) or "" in slugs or any(set(name) & set(",;|?") for name in names):
        msg = f"labels are {names!r}; give at least two different words, without any of , ; | ?"
        raise StudyError(msg)
    return found


def truths(outcomes: Sequence[Findings], count: int) -> Floats:
    """Outcomes as a matrix of 1, 0 and UNREAD, shape (n, L); raises StatisticsError for another number of labels."""
    if any(len(outcome) != count for outcome in outcomes):
        msg = f"an outcome does not hold one entry for each of {count} labels"
        raise StatisticsError(msg)
    rows = [[UNREAD if one is None else float(one) for one in outcome] for outcome in outcomes]
    matrix = np.array(rows, dtype=np.float64).reshape(len(rows), count)
    if not np.isin(matrix, (0.0, 1.0, UNREAD)).all():
        msg = "an outcome holds something other than True, False and None (not read)"
        raise StatisticsError(msg)
    return matrix


def chances(predictions: Sequence[Chances], count: int) -> Floats:
    """Predictions as a matrix of probabilities, shape (n, L); raises StatisticsError for what is none."""
    matrix = np.asarray(predictions, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != count:
        msg = f"predictions have shape {matrix.shape}; one probability for each of {count} labels is needed"
        raise StatisticsError(msg)
    checks.probabilities(matrix.ravel(), "predicted probability")
    return matrix


def as_chances(matrix: Floats) -> list[Chances]:
    """A matrix of probabilities, shape (n, L), as predictions."""
    return [tuple(row) for row in matrix.tolist()]


def as_findings(matrix: Floats) -> list[Findings]:
    """A matrix of 1, 0 and UNREAD, shape (n, L), as outcomes."""
    return [tuple(None if one == UNREAD else bool(one) for one in row) for row in matrix.tolist()]


def binary_log_losses(truth: Floats, matrix: Floats) -> Floats:
    """Negative log probability of what is the case for each label, shape (n, L); 0 where it was not read."""
    right = np.where(truth == 1.0, matrix, 1.0 - matrix)
    return np.where(truth == UNREAD, 0.0, -np.log(np.clip(right, CLIP, 1.0 - CLIP)))


@dataclass(frozen=True)
class Labels:
    """The target of a multilabel endpoint: one question a label."""

    labels: tuple[Label, ...]

    @property
    def questions(self) -> tuple[Question[Findings, Chances], ...]:
        """The labels."""
        return self.labels

    @property
    def quantities(self) -> tuple[Quantity[Findings, Chances], ...]:
        """None."""
        return ()

    def uninformed(self, outcomes: Sequence[Findings]) -> list[Chances]:
        """One half for every label."""
        return [(0.5,) * len(self.labels)] * len(outcomes)

    def replaced(
        self, predictions: Sequence[Chances], answers: Sequence[Floats], numbers: Sequence[Floats]
    ) -> list[Chances]:
        """Predictions of these probabilities, one matrix (n, 2) a label."""
        del predictions, numbers
        return as_chances(np.column_stack([answer[:, 1] for answer in answers]))

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Findings]:
        """Outcomes of these answers, one array (n,) a label."""
        del numbers
        return as_findings(np.column_stack(answers).astype(np.float64))

    def losses(self, outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Floats:
        """Mean log loss of the labels that were read; 0 for a case with none."""
        count = len(self.labels)
        truth = truths(outcomes, count)
        read = (truth != UNREAD).sum(axis=1)
        total = binary_log_losses(truth, chances(predictions, count)).sum(axis=1)
        return np.asarray(total / np.maximum(read, 1), dtype=np.float64)


def cells_of(matrix: Floats, labels: Sequence[Label], what: str) -> Mapping[str, Floats]:
    """One column a label, for storage."""
    return {f"{what}_{label.slug}": matrix[:, label.place].copy() for label in labels}


def matrix_of(cells: Mapping[str, Floats], labels: Sequence[Label], what: str) -> Floats:
    """The inverse of `cells_of`."""
    return np.column_stack([cells[f"{what}_{label.slug}"] for label in labels])

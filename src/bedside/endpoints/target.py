"""What an outcome answers, in classes and in numbers: all that the spine knows of its kind.

Most analyses beside the measures need no more than this: whether a predictor gives the outcome away, how the outcome
shifted, how probabilities are recalibrated. An outcome that answers neither (a mask) has none of them, and says so by
having no questions and no quantities.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from bedside.types import Booleans, Floats, Integers

Y = TypeVar("Y")
P = TypeVar("P")
Y_contra = TypeVar("Y_contra", contravariant=True)
P_contra = TypeVar("P_contra", contravariant=True)

SMALLEST = 1e-7
"""A log loss holds probabilities to at least this."""


class Question(Protocol[Y_contra, P_contra]):
    """Something that the outcome answers by one of several classes."""

    @property
    def name(self) -> str:
        """What is asked ("effusion"); "" where the outcome answers nothing else."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Words of the classes, different from those of every other question."""
        ...

    @property
    def unanswered(self) -> str:
        """What cases are called that hold no answer ("effusion not read"); "" where all hold one."""
        ...

    def known(self, outcomes: Sequence[Y_contra], /) -> Booleans:
        """Which outcomes hold an answer, shape (n,)."""
        ...

    def index(self, outcomes: Sequence[Y_contra], /) -> Integers:
        """Class numbers of outcomes that all hold an answer, shape (n,)."""
        ...

    def probabilities(self, predictions: Sequence[P_contra], /) -> Floats:
        """Predicted class probabilities, shape (n, k)."""
        ...


class Watched(NamedTuple):
    """How long cases were watched for something, and whether it came.

    Attributes:
        what: What they were watched for ("death").
        time: How long, shape (n,), in `unit`.
        came: Whether it did, shape (n,).
        free: Whether the watch ended with nothing, and might have gone on, shape (n,).
        horizon: The time by which predictions are judged first.
        unit: Of times.
    """

    what: str
    time: Floats
    came: Booleans
    free: Booleans
    horizon: float
    unit: str


@runtime_checkable
class Watching(Protocol[Y_contra]):
    """An outcome for which cases are watched: some of it is known of each, and not the same for all."""

    def watched(self, outcomes: Sequence[Y_contra], /) -> Watched:
        """How long each case was watched."""
        ...


class Quantity(Protocol[Y_contra, P_contra]):
    """Something that the outcome answers by a number."""

    @property
    def unit(self) -> str:
        """Its unit; "" where it has none."""
        ...

    def values(self, outcomes: Sequence[Y_contra], /) -> Floats:
        """Outcomes to numbers, shape (n,)."""
        ...

    def estimates(self, predictions: Sequence[P_contra], /) -> Floats:
        """Predictions to numbers, shape (n,)."""
        ...


class Target(Protocol[Y, P]):
    """What an outcome answers."""

    @property
    def questions(self) -> tuple[Question[Y, P], ...]:
        """What it answers by classes."""
        ...

    @property
    def quantities(self) -> tuple[Quantity[Y, P], ...]:
        """What it answers by numbers."""
        ...

    def uninformed(self, outcomes: Sequence[Y], /) -> list[P]:
        """Predictions for these cases that tell one from no other."""
        ...

    def replaced(self, predictions: Sequence[P], answers: Sequence[Floats], numbers: Sequence[Floats], /) -> list[P]:
        """The predictions with other probabilities (n, k), one matrix a question, and other numbers (n,)."""
        ...

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats], /) -> list[Y]:
        """Outcomes with these class numbers (n,), one array a question, and numbers (n,)."""
        ...

    def losses(self, outcomes: Sequence[Y], predictions: Sequence[P], /) -> Floats:
        """A proper loss of each case, shape (n,)."""
        ...


def log_losses(question: Question[Y, P], outcomes: Sequence[Y], predictions: Sequence[P]) -> Floats:
    """Negative log probability of the true class of each case, shape (n,)."""
    chances = question.probabilities(predictions)[np.arange(len(outcomes)), question.index(outcomes)]
    return np.asarray(-np.log(np.clip(chances, SMALLEST, 1.0)), dtype=np.float64)


def classes_by_case(target: Target[Y, P], outcomes: Sequence[Y]) -> dict[str, Booleans]:
    """Which cases belong to each class, by its word.

    Of several questions the first class of each, the absence of a finding, is left out: cases then belong to several
    classes or none. Empty for an outcome that asks no question.
    """
    found: dict[str, Booleans] = {}
    for question in target.questions:
        known = question.known(outcomes)
        index = np.full(len(outcomes), -1, dtype=np.int64)
        index[known] = question.index([outcomes[k] for k in np.flatnonzero(known).tolist()])
        first = 0 if len(target.questions) == 1 else 1
        found |= {word: index == k for k, word in enumerate(question.classes) if k >= first}
    return found


def outcomes_by_case(target: Target[Y, P], outcomes: Sequence[Y]) -> dict[str, Booleans]:
    """As `classes_by_case`; cases that hold no answer to the only question are a class besides, the last one."""
    found = classes_by_case(target, outcomes)
    if len(target.questions) == 1 and target.questions[0].unanswered:
        found[target.questions[0].unanswered] = ~target.questions[0].known(outcomes)
    return found


def outcome_words(target: Target[Y, P]) -> tuple[str, ...]:
    """Words of the outcome: the classes of the one question, the names of several, none for numbers."""
    if len(target.questions) == 1:
        return target.questions[0].classes
    return tuple(question.name for question in target.questions)

"""Which judged cases are worth showing: the surest right and wrong ones of each class, the best and worst numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bedside.endpoints.target import Quantity, Question, Target
from bedside.types import Floats, Integers

Y = TypeVar("Y")
P = TypeVar("P")

OF_TWO = 2
"""Examples of each kind where there are two classes; one where there are more."""

OF_NUMBERS = 3
"""Cases with the smallest errors, and as many with the largest."""


@dataclass(frozen=True, eq=False)
class Example:
    """One case and why it is shown.

    Attributes:
        case: Its position.
        group: Which cases it stands for ("malignant, taken for benign").
        members: Positions of all of them, this one among them.
        caption: What was predicted, and what was the case.
        right: Whether the most probable class was the outcome; None for numbers.
    """

    case: int
    group: str
    members: Integers
    caption: str
    right: bool | None


def examples(target: Target[Y, P], outcomes: Sequence[Y], predictions: Sequence[P]) -> tuple[Example, ...]:
    """Examples for each question and quantity; empty for an outcome that has neither.

    Args:
        target: What the outcome answers.
        outcomes: Of judged cases.
        predictions: Theirs, same order.
    """
    found: list[Example] = []
    for question in target.questions:
        found += _answers(question, outcomes, predictions)
    for quantity in target.quantities:
        found += _numbers(quantity, outcomes, predictions)
    return tuple(found)


def _answers(question: Question[Any, Any], outcomes: Sequence[Any], predictions: Sequence[Any]) -> Iterator[Example]:
    known = np.flatnonzero(question.known(outcomes))
    if known.size == 0:
        return
    truth = question.index([outcomes[k] for k in known.tolist()])
    chances = question.probabilities([predictions[k] for k in known.tolist()])
    taken, sure = chances.argmax(axis=1), chances.max(axis=1)
    words = question.classes
    most = OF_TWO if len(words) == 2 else 1
    for number, word in enumerate(words):
        for right in (True, False):
            place = np.flatnonzero((truth == number) & ((taken == number) == right))
            for k in place[np.argsort(-sure[place], kind="stable")][:most].tolist():
                members = known[(truth == number) & (taken == taken[k])]
                other = words[int(taken[k])]
                group = f"{word}, recognised" if right else f"{word}, taken for {other}"
                yield Example(int(known[k]), group, members, _probability(words, number, chances[k], other), right)


def _probability(words: Sequence[str], number: int, chances: Floats, taken: str) -> str:
    text = f"Outcome: {words[number]}. Predicted probability of {words[number]}: {chances[number]:.0%}"
    return f"{text}." if taken == words[number] else f"{text}, of {taken}: {chances.max():.0%}."


def _numbers(quantity: Quantity[Any, Any], outcomes: Sequence[Any], predictions: Sequence[Any]) -> Iterator[Example]:
    values, told = quantity.values(outcomes), quantity.estimates(predictions)
    order, everyone = np.argsort(np.abs(told - values), kind="stable"), np.arange(len(outcomes), dtype=np.int64)
    count = min(OF_NUMBERS, len(order) // 2)
    unit = f" {quantity.unit}" if quantity.unit else ""
    for group, chosen in (("smallest errors", order[:count]), ("largest errors", order[::-1][:count])):
        for k in chosen.tolist():
            caption = f"Outcome: {values[k]:.4g}{unit}. Predicted: {told[k]:.4g}{unit}."
            yield Example(k, group, everyone, caption, None)

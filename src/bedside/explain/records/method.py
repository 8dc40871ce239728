"""What the methods for records have in common: how far each row of a history moved a score, and each code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from bedside.explain.explainer import Subject
from bedside.explain.records.score import Scored
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.encoder import RecordEncoder
from bedside.modalities.records.history import History
from bedside.training.learner import Fitted
from bedside.types import Floats, Integers

PATTERN = "when anything was recorded"
"""What the times and kinds of a history's events say by themselves, as if it were a predictor."""

OTHERS = "all other codes"
"""The codes that moved scores least, together, where there are many."""

MOST = 200
"""Codes that are told apart."""


class Found(NamedTuple):
    """What moved the scores of a batch.

    Attributes:
        events: How far each event moved the score of its case.
        facts: How far each fact did.
        rest: What the pattern of recording did.
        missed: Change in score, summed over cases, that all of these do not add up to.
        moved: Change in score, summed over cases.
    """

    events: Float[Tensor, " events"]
    facts: Float[Tensor, " facts"]
    rest: Float[Tensor, " cases"]
    missed: float
    moved: float

    @classmethod
    def adding_up(cls, batch: EventTensors, events: Tensor, facts: Tensor, rest: Tensor, moved: Tensor) -> "Found":
        """With what is missed of how far each case's score moved, `moved`."""
        total = rest.index_add(0, batch.owners, events).index_add(0, batch.fact_owners, facts)
        return cls(events, facts, rest, float((moved - total).abs().sum()), float(moved.abs().sum()))


class EventMethod(Protocol):
    """A way to attribute the score of a network to events and facts.

    Attributes:
        name: snake_case.
        label: As printed.
        description: For the methods section.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described in the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102

    def explains(self, encoder: RecordEncoder) -> bool:
        """Whether it applies to this network."""
        ...

    def attribute(self, network: Scored, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Found:
        """How far each event and fact moved the score of its case; `chosen` is the class whose score it is."""
        ...


@dataclass(frozen=True, eq=False)
class Told:
    """What moved the scores of some cases.

    Attributes:
        codes: Sorted; what is no code of an event stands last.
        values: Shape (cases, codes).
        rows: Of each case, how far each of its rows moved the score, in the order of `History.positions`.
        gap: Share of the scores' change that the values do not add up to; None where they do by construction.
        by_event: Whether each row has a value of its own; otherwise a code's value is spread over its rows.
    """

    codes: tuple[str, ...]
    values: Floats
    rows: tuple[Floats, ...]
    gap: "float | None" = None
    by_event: bool = True


class RecordMethod(Protocol):
    """A way to attribute the score of one kind of fitted model on records.

    Attributes:
        name: snake_case.
        label: As printed.
        description: For the methods section.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described in the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102

    def told(
        self,
        members: Sequence[Fitted[History, Any]],
        background: Sequence[History],
        cases: Sequence[History],
        chosen: Integers,
    ) -> "Told | None":
        """What moved the pooled score; None where the members are of another kind.

        Args:
            members: Models that are pooled into one prediction.
            background: Development cases, in random order, that say what is usual.
            cases: To be explained, at least one.
            chosen: Class whose score is explained, one a case.
        """
        ...

    def randomised(self, subject: Subject[History, Any], seed: int) -> Fitted[History, Any]:
        """The same model after it has lost what it learned.

        Raises:
            ModelError: It cannot be made.
        """
        ...


def code_names(history: History) -> list[str]:
    """What each row of a history is called, in the order of `History.positions`."""
    events = history.events
    return [events.called(events.words[code]) for code in events.codes[history.positions()].tolist()]


def by_code(cases: Sequence[History], rows: Sequence[Floats]) -> tuple[list[str], Floats]:
    """Values of rows added up for each code, sorted; shape (cases, codes)."""
    named = [code_names(case) for case in cases]
    codes = sorted({name for names in named for name in names})
    place = {code: k for k, code in enumerate(codes)}
    values = np.zeros((len(cases), len(codes)))
    for k, (names, one) in enumerate(zip(named, rows, strict=True)):
        np.add.at(values[k], [place[name] for name in names], one)
    return codes, values


def foremost(codes: Sequence[str], values: Floats) -> tuple[list[str], Floats]:
    """The `MOST` codes with the largest mean size, in their order, and all others together."""
    if len(codes) <= MOST:
        return list(codes), values
    order = np.argsort(-np.abs(values).mean(axis=0), kind="stable")
    kept, rest = np.sort(order[:MOST]), order[MOST:]
    columns = np.column_stack([values[:, kept], values[:, rest].sum(axis=1)])
    return [*(codes[k] for k in kept.tolist()), OTHERS], columns


def numbers(values: Tensor) -> Floats:
    """A tensor as numbers in double precision."""
    return values.detach().to("cpu", torch.float64).numpy()

"""What a service says of one case, whoever asked and in whatever standard it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bedside.evidence.release import Bindings, Manifest, State


class Outcome(StrEnum):
    """How an attempt to answer ended; each is told to the caller, none is an empty answer."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    """The model says nothing of this case: values that it needs are missing, or the case is unlike development."""
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True)
class Answer:
    """What a released model says of one case, or why it says nothing.

    Attributes:
        outcome: How the attempt ended.
        event: What the risk is of, in words ("diabetes", "death within 30 days").
        risk: Probability of that event, from 0 to 1.
        flagged: Whether the risk reaches the operating point that was declared before the run; None without one.
        value: What is predicted where that is an amount, in `unit`.
        unit: Of the value, in UCUM.
        low: Least share (or value) that is compatible with what was observed in judged patients with such a risk.
        high: Greatest such share or value.
        statement: What holds of a group of such patients, in a sentence (conformal).
        reasons: The predictors that moved the answer most, in words, the weightiest first.
        missing: Names of predictors that were not found.
        implausible: Names of predictors whose value cannot be right and was therefore not used.
        comparator: What the comparator says of the same case, in a sentence.
        why: Of an attempt without an answer: what happened, in words that hold nothing of the patient.
    """

    outcome: Outcome
    event: str = ""
    risk: float | None = None
    flagged: bool | None = None
    value: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    statement: str = ""
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    implausible: tuple[str, ...] = ()
    comparator: str = ""
    why: str = ""


class Answering(Protocol):
    """What answers: a release, opened and verified."""

    @property
    def manifest(self) -> "Manifest":
        """Who it is: name, version, question, intended use."""

    @property
    def bindings(self) -> "Bindings":
        """Where its predictors stand in a patient's record."""

    @property
    def state(self) -> "State":
        """Where it stands now: whether it answers, and whether its answers are shown."""

    def answer(self, records: "Sequence[Any]") -> list[Answer]:
        """An answer per record, in their order."""

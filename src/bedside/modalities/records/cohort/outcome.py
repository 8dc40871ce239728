"""What is predicted: an event within a horizon, the codes that come next, the time until an event, a value.

The outcome is looked for after the index time and its gap, the start excluded, up to the horizon, its end included.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, NoReturn, TypeAlias

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.span import Edge, duration_text


class Handling(StrEnum):
    """What becomes of an index event whose outcome is special."""

    EXCLUDE = "exclude"
    KEEP = "keep"


class Stop(StrEnum):
    """What becomes of an index event whose competing event comes first, where a time is predicted."""

    EXCLUDE = "exclude"
    STOP = "stop"
    """The time until whichever comes first is the outcome."""


class TimeUnit(StrEnum):
    """In what a time is predicted."""

    DAYS = "days"
    HOURS = "hours"


class Take(StrEnum):
    """Which of several values within the horizon is the outcome."""

    FIRST = "first"
    LAST = "last"
    LOWEST = "lowest"
    HIGHEST = "highest"
    MEAN = "mean"


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """When an outcome is watched.

    Attributes:
        words: What the outcome is and how it was ascertained, in a sentence.
        gap: From the index time until the watch begins.
        horizon: From the end of the gap until the watch ends; None where only `until` ends it.
        until: A time that ends the watch, if earlier ("following discharge"); None where only the horizon does.
    """

    words: str
    gap: timedelta = timedelta(0)
    horizon: timedelta | None = None
    until: Edge | None = None

    def __post_init__(self) -> None:
        if not self.words.strip():
            _refuse("has no words", "say in a sentence what it is and how it was ascertained")
        if self.gap < timedelta(0):
            _refuse(f"has gap = {self.gap}", "0 or more")
        if self.horizon is not None and self.horizon <= timedelta(0):
            _refuse(f"has horizon = {self.horizon}", "more than 0")
        if self.until is not None and not self.until.sees_future:
            _refuse(f"has until = {str(self.until)!r}", "a time after the index, as in 'following discharge'")

    @property
    def when(self) -> str:
        """When it is judged, in words."""
        ends = [f"within {duration_text(self.horizon)}"] if self.horizon is not None else []
        if self.until is not None:
            ends.append(f"until {self.until}")
        start = "of the index time" if not self.gap else f"after a gap of {duration_text(self.gap)}"
        return f"{' and '.join(ends) or 'whenever it happens'} {start}"

    def _needs_end(self) -> None:
        if self.horizon is None and self.until is None:
            _refuse("has neither horizon nor until", "say when the watch ends")


@dataclass(frozen=True, kw_only=True)
class Binary(_Watched):
    """Whether an event happens.

    Attributes:
        event: Predicate of the outcome.
        already: What becomes of those in whom it happened at or before the index time.
        in_gap: What becomes of those in whom it first happens within the gap.
        competing: Predicate of an event after which the outcome cannot happen; who meets it first is known not to
            have the outcome. Empty: none, and whoever leaves observation by it is censored.
    """

    kind: ClassVar[str] = "binary"
    event: str
    already: Handling = Handling.EXCLUDE
    in_gap: Handling = Handling.EXCLUDE
    competing: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._needs_end()


@dataclass(frozen=True, kw_only=True)
class Multilabel(_Watched):
    """Which codes come: for every index event the set of them; the list of labels is chosen on development.

    Attributes:
        among: Predicate of the codes, a `Coded` one without limits or texts.
        characters: How many characters of a code after its system are kept ("ICD10CM//I50.9" by 3: "ICD10CM//I50").
        new: Whether codes that the patient had at or before the index time do not count.
        labels: The codes to predict, declared; empty where they are chosen by frequency.
        most_frequent: How many are chosen by frequency, on development alone; None where `labels` are declared.
        empty: What becomes of those who have none.
    """

    kind: ClassVar[str] = "multilabel"
    among: str
    characters: int | None = None
    new: bool = False
    labels: tuple[str, ...] = ()
    most_frequent: int | None = None
    empty: Handling = Handling.KEEP

    def __post_init__(self) -> None:
        super().__post_init__()
        self._needs_end()
        if bool(self.labels) == (self.most_frequent is not None):
            _refuse("has both or neither of labels and most_frequent", "declare the labels or say how many to choose")
        for name, number in (("characters", self.characters), ("most_frequent", self.most_frequent)):
            if number is not None and number < 1:
                _refuse(f"has {name} = {number}", "1 or more")


@dataclass(frozen=True, kw_only=True)
class Until(_Watched):
    """How long it takes until an event.

    Attributes:
        event: Predicate of what is waited for ("discharge").
        unit: In what the time is given.
        competing: Predicate of an event after which it cannot happen ("death"); empty for none.
        at_competing: What becomes of those in whom the competing event comes first.
    """

    kind: ClassVar[str] = "time_until"
    event: str
    unit: TimeUnit = TimeUnit.DAYS
    competing: str = ""
    at_competing: Stop = Stop.EXCLUDE


@dataclass(frozen=True, kw_only=True)
class Number(_Watched):
    """A value that is measured.

    Attributes:
        value: Predicate of the events whose number is the outcome, a `Coded` one.
        take: Which, where there are several.
    """

    kind: ClassVar[str] = "number"
    value: str
    take: Take = Take.FIRST

    def __post_init__(self) -> None:
        super().__post_init__()
        self._needs_end()


Outcome: TypeAlias = Binary | Multilabel | Until | Number


def predicates_of(outcome: Outcome) -> tuple[str, ...]:
    """Names of the predicates that it asks for."""
    until = (outcome.until.predicate,) if outcome.until is not None else ()
    if isinstance(outcome, Binary | Until):
        named: tuple[str, ...] = (outcome.event, outcome.competing)
    else:
        named = (outcome.among,) if isinstance(outcome, Multilabel) else (outcome.value,)
    return tuple(name for name in (*named, *until) if name)


def _refuse(received: str, allowed: str) -> NoReturn:
    msg = f"the outcome {received}; {allowed}"
    raise RecordsProblem(msg)

"""A cohort over records, declared: who, when, what may be seen, what is predicted and until when it is watched."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NoReturn

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.criterion import Criterion, Forbidden, Required
from bedside.modalities.records.cohort.outcome import Handling, Multilabel, Number, Outcome, predicates_of
from bedside.modalities.records.cohort.predicate import ANYTHING, Coded, Predicate, members
from bedside.modalities.records.cohort.span import Anchor, Edge, Window
from bedside.modalities.records.events.flag import UNUSABLE, Flag

_NAME = re.compile(r"[a-z][a-z0-9_]*")


_FIRST = Edge(Anchor.FIRST)
_LAST = Edge(Anchor.LAST)


class Which(StrEnum):
    """Which of a patient's index events count."""

    EVERY = "every"
    FIRST = "first"
    LAST = "last"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Index:
    """When a prediction is made: at the index time, an offset after an index event.

    Attributes:
        event: Predicate of the index event.
        offset: From the event to the index time ("24h after admission").
        which: Which of a patient's index events count.
        seed: Of a random choice, which depends on nothing but the seed, the patient and the time of the event.
        after_criteria: Whether one is chosen among the events that meet all criteria, not among all.
        repeat: From one index time to the next, for predictions again and again; None for one an event.
        repeat_until: When they end; the end of observation where None.
    """

    event: str
    offset: timedelta = timedelta(0)
    which: Which = Which.EVERY
    seed: int = 0
    after_criteria: bool = False
    repeat: timedelta | None = None
    repeat_until: Edge | None = None

    def __post_init__(self) -> None:
        if self.repeat is not None and self.repeat <= timedelta(0):
            _refuse("index", f"repeat = {self.repeat}", "more than 0")
        if self.repeat is None and self.repeat_until is not None:
            _refuse("index", "repeat_until without repeat", "both, or neither")
        if self.offset < timedelta(0):
            _refuse("index", f"offset = {self.offset}", "0 or more: before its event nobody knows of an index time")
        if self.which is Which.EVERY and self.after_criteria:
            _refuse("index", "after_criteria with which = 'every'", "it chooses among first, last or random")
        if self.repeat_until is not None and self.repeat_until.anchor in {Anchor.INDEX, Anchor.NEXT, Anchor.PREVIOUS}:
            _refuse("index", f"repeat_until = {str(self.repeat_until)!r}", "an edge that the index time does not move")


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a model may see: facts, and events from the start to the index time, which is included.

    Attributes:
        start: Where it begins; an event exactly there is seen.
    """

    start: Edge = _FIRST

    def __post_init__(self) -> None:
        if self.start.sees_future:
            _refuse("observation", f"start = {str(self.start)!r}", "a time that is never after the index time")


@dataclass(frozen=True, kw_only=True)
class Censoring:
    """Until when a patient is observed.

    Attributes:
        end: The end of observation: last event, end of the encounter ("encounter end"), of an observation period
            ("next period_end"). Where a patient has no such time, the last event.
        until: A date of the source after which nothing is complete.
        censored: Whether index events whose outcome is not known are kept, marked, for weights and pseudo-values.
    """

    end: Edge = _LAST
    until: datetime | None = None
    censored: Handling = Handling.KEEP

    def __post_init__(self) -> None:
        if self.until is not None and self.until.tzinfo is not None:
            _refuse("censoring", "until with a time zone", "a time in the source's own clock, without a zone")
        if not self.end.sees_future:
            _refuse("censoring", f"end = {str(self.end)!r}", "a time that may be after the index time")


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """What describes a case and is no predictor by itself: for subgroups and sites.

    Attributes:
        prefix: Its value is the rest of the patient's latest code with this beginning ("SEX//"), a fact or an event
            up to the index time; missing where there is none.
        age_cuts: Its value is the band of age at the index time between these years.
    """

    prefix: str = ""
    age_cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.prefix) == bool(self.age_cuts):
            _refuse("attributes", "both or neither of prefix and age_cuts", "one of them")
        if list(self.age_cuts) != sorted(set(self.age_cuts)):
            _refuse("attributes", f"age_cuts = {list(self.age_cuts)}", "ascending years")


@dataclass(frozen=True, kw_only=True)
class EventCohort:
    """A declared cohort over a table of events.

    Attributes:
        name: snake_case.
        eligibility: Who is eligible, in a sentence.
        predicates: What may be asked of events, by name.
        index: When predictions are made.
        outcome: What is predicted.
        observation: What may be seen.
        windows: Stretches of time that criteria name.
        criteria: Who is excluded, in this order.
        censoring: Until when patients are observed.
        attributes: What describes a case, by name.
        keep_flagged: Words of flags whose events are used though they are left out otherwise ("after death").

    Raises:
        RecordsProblem: It names a predicate or window that is not declared, or contradicts itself.
    """

    name: str
    eligibility: str
    predicates: Mapping[str, Predicate]
    index: Index
    outcome: Outcome
    observation: Observation = Observation()
    windows: Mapping[str, Window] = field(default_factory=dict)
    criteria: tuple[Criterion, ...] = ()
    censoring: Censoring = Censoring()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    keep_flagged: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part, names in (
            ("name", (self.name,)),
            ("predicates", self.predicates),
            ("windows", self.windows),
            ("attributes", self.attributes),
        ):
            for name in names:
                if not _NAME.fullmatch(name):
                    _refuse(part, repr(name), "a name in lower case with digits and underscores")
        if ANYTHING in self.predicates:
            _refuse("predicates", repr(ANYTHING), "another name: this one is always there, any event but birth")
        if not self.eligibility.strip():
            _refuse("eligibility", "nothing", "a sentence that says who is eligible")
        words = [criterion.words for criterion in self.criteria]
        if len(set(words)) < len(words):
            _refuse("criteria", "the same words twice", "words that tell who is excluded by each")
        for word in self.keep_flagged:
            if word not in _left_out():
                _refuse("keep_flagged", repr(word), ", ".join(_left_out()))
        self._check_names()
        self._check_order()
        self._check_codes()

    @property
    def leave_out(self) -> Flag:
        """Flags whose events are used for nothing."""
        kept = Flag(sum(_left_out()[word] for word in self.keep_flagged))
        return UNUSABLE & ~kept

    @property
    def order(self) -> tuple[str, ...]:
        """Names of predicates, each after those it is made of."""
        found: dict[str, None] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                _refuse(f"predicates.{name}", "itself, through others", "predicates that do not go in a circle")
            for member in members(self.predicates[name]):
                if member != ANYTHING:
                    visit(member, (*above, name))
            found[name] = None

        for name in self.predicates:
            visit(name, ())
        return tuple(found)

    @property
    def sees_future(self) -> tuple[str, ...]:
        """Words of the criteria that look past the index time, so that nobody could say then who is eligible."""
        return tuple(
            criterion.words
            for criterion in self.criteria
            if isinstance(criterion, Required | Forbidden)
            and criterion.window
            and self.windows[criterion.window].sees_future
        )

    def _edges(self) -> Iterator[tuple[str, Edge]]:
        for name, window in self.windows.items():
            yield f"windows.{name}", window.start
            yield f"windows.{name}", window.end
        yield "observation.start", self.observation.start
        yield "censoring.end", self.censoring.end
        if self.index.repeat_until is not None:
            yield "index.repeat_until", self.index.repeat_until

    def _named(self) -> Iterator[tuple[str, str]]:
        """Where a predicate is named, and which."""
        yield "index.event", self.index.event
        for name, predicate in self.predicates.items():
            for member in members(predicate):
                yield f"predicates.{name}", member
        for where, edge in self._edges():
            if edge.predicate:
                yield where, edge.predicate
        for criterion in self.criteria:
            if isinstance(criterion, Required):
                yield "criteria", criterion.require
            elif isinstance(criterion, Forbidden):
                yield "criteria", criterion.forbid
        for name in predicates_of(self.outcome):
            yield "outcome", name

    def _check_names(self) -> None:
        for where, name in self._named():
            if name not in self.predicates and name != ANYTHING:
                known = ", ".join(self.predicates) or "none"
                _refuse(where, f"the predicate {name!r}", f"those in [predicates] ({known}) and {ANYTHING!r}")
        for criterion in self.criteria:
            if isinstance(criterion, Required | Forbidden) and criterion.window not in {"", *self.windows}:
                known = ", ".join(self.windows) or "none"
                _refuse("criteria", f"the window {criterion.window!r}", f"those in [windows] ({known})")

    def _check_order(self) -> None:
        _ = self.order

    def _check_codes(self) -> None:
        """Outcomes that read codes or numbers need a predicate of single events."""
        outcome = self.outcome
        name = (
            outcome.among if isinstance(outcome, Multilabel) else outcome.value if isinstance(outcome, Number) else None
        )
        if name is not None and not isinstance(self.predicates.get(name), Coded):
            _refuse("outcome", f"the predicate {name!r}", "one that has code or prefix and is not made of others")


def _left_out() -> dict[str, Flag]:
    return {flag.word: flag for flag in UNUSABLE}


def _refuse(where: str, received: str, allowed: str) -> NoReturn:
    msg = f"cohort: {where} has {received}; allowed: {allowed}"
    raise RecordsProblem(msg)

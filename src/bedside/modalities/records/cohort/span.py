"""Stretches of time relative to the index: durations, edges and windows, and how each is written."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bedside.errors import RecordsProblem

_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DURATION = re.compile(r"(\d{1,10}) ?(s|min|h|d|w)")
_LONGEST = timedelta(days=73_000)
_EDGE = re.compile(r"(?P<anchor>[a-z][a-z0-9_ ]*?)(?: *(?P<sign>[+-]) *(?P<offset>\d.*))?")

ALLOWED_DURATIONS = (
    'a whole number of s, min, h, d or w ("30min", "48h", "365d"); months and years have no fixed length'
)


class Anchor(StrEnum):
    """What an edge is counted from."""

    INDEX = "index"
    """The index time."""
    EVENT = "event"
    """The index event, before the offset of the index time."""
    FIRST = "first"
    """The patient's first event other than birth."""
    LAST = "last"
    """The patient's last event."""
    ENCOUNTER_START = "encounter start"
    """The first event of the encounter in which the index event was recorded."""
    ENCOUNTER_END = "encounter end"
    """The last event of that encounter."""
    FOLLOWING = "following"
    """The first time after the index event at which a predicate is met."""
    NEXT = "next"
    """The first time after the index time at which a predicate is met."""
    PREVIOUS = "previous"
    """The last time at or before the index time at which a predicate is met."""

    @property
    def needs_predicate(self) -> bool:
        """Whether the name of a predicate follows it."""
        return self in {Anchor.FOLLOWING, Anchor.NEXT, Anchor.PREVIOUS}

    @property
    def past(self) -> bool:
        """Whether it is never later than the index time."""
        return self in {Anchor.INDEX, Anchor.EVENT, Anchor.FIRST, Anchor.ENCOUNTER_START, Anchor.PREVIOUS}


ALLOWED_EDGES = (
    "index, event, first, last, encounter start, encounter end, following NAME, next NAME or previous NAME, "
    'and + or - a duration ("index - 48h", "following discharge + 6h")'
)


@dataclass(frozen=True)
class Edge:
    """A time relative to an index event.

    Attributes:
        anchor: What it is counted from.
        predicate: The predicate of `following`, `next` and `previous`; empty otherwise.
        offset: Added to the anchor; negative for earlier.
    """

    anchor: Anchor
    predicate: str = ""
    offset: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.anchor.needs_predicate != bool(self.predicate):
            needed = "needs the name of a predicate" if self.anchor.needs_predicate else "takes no predicate"
            msg = f"the anchor {self.anchor.value!r} {needed}; received {self.predicate!r}"
            raise RecordsProblem(msg)

    @property
    def sees_future(self) -> bool:
        """Whether it may lie after the index time."""
        return not self.anchor.past or self.offset > timedelta(0)

    def __str__(self) -> str:
        """As declared: "index - 48h"."""
        anchor = f"{self.anchor.value} {self.predicate}".strip()
        if not self.offset:
            return anchor
        return f"{anchor} {'+' if self.offset > timedelta(0) else '-'} {duration_text(abs(self.offset))}"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of time around an index event, both ends included unless said otherwise.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        include_start: Whether an event exactly at the start lies within.
        include_end: Whether an event exactly at the end lies within.
    """

    start: Edge
    end: Edge
    include_start: bool = True
    include_end: bool = True

    @property
    def sees_future(self) -> bool:
        """Whether events after the index time may lie within."""
        return self.end.sees_future


def duration(text: str) -> timedelta:
    """A length of time as written: "48h".

    Raises:
        RecordsProblem: Not a whole number with a unit of fixed length.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or int(found[1]) > _LONGEST // _UNITS[found[2]]:
        msg = f"{text!r} is no duration; allowed: {ALLOWED_DURATIONS}, up to {_LONGEST.days}d"
        raise RecordsProblem(msg)
    return int(found[1]) * _UNITS[found[2]]


def duration_text(length: timedelta) -> str:
    """How a length of time is written, always the same way: hours up to two days ("48h"), then days ("3d").

    Raises:
        RecordsProblem: Negative, or not in whole seconds.
    """
    if length < timedelta(0) or length.microseconds:
        msg = f"{length} is no duration of a cohort; allowed: whole seconds from 0 on"
        raise RecordsProblem(msg)
    day, hour, minute = _UNITS["d"], _UNITS["h"], _UNITS["min"]
    if length > 2 * day and not length % day:
        return f"{length // day}d"
    for word, unit in (("h", hour), ("min", minute)):
        if not length % unit:
            return f"{length // unit}{word}"
    return f"{length // _UNITS['s']}s"


def edge(text: str) -> Edge:
    """A time as written: "index - 48h".

    Raises:
        RecordsProblem: Not an anchor with or without an offset.
    """
    found = _EDGE.fullmatch(text.strip())
    if found is None:
        msg = f"{text!r} is no edge of a window; allowed: {ALLOWED_EDGES}"
        raise RecordsProblem(msg)
    offset = duration(found["offset"]) if found["offset"] else timedelta(0)
    words = found["anchor"].split()
    anchor, rest = (words[0], words[1:]) if words[0] in {"following", "next", "previous"} else (" ".join(words), [])
    if anchor not in set(Anchor) or len(rest) > 1:
        msg = f"{text!r} is no edge of a window; allowed: {ALLOWED_EDGES}"
        raise RecordsProblem(msg)
    return Edge(Anchor(anchor), "".join(rest), -offset if found["sign"] == "-" else offset)

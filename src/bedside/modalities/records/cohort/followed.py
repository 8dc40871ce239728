"""What came of each index time: the outcome, until when it was watched, and who cannot have it."""

from dataclasses import dataclass, field
from typing import assert_never

import numpy as np
import polars as pl

from bedside.modalities.records.cohort.candidates import Candidates, microseconds
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.eligible import Exclusions
from bedside.modalities.records.cohort.marks import Marks, met
from bedside.modalities.records.cohort.outcome import Binary, Handling, Multilabel, Number, Stop, Take, TimeUnit, Until
from bedside.modalities.records.cohort.predicate import Coded
from bedside.modalities.records.cohort.timeline import NEVER
from bedside.modalities.records.history import HOUR, STATIC
from bedside.types import Booleans, Floats, Integers

WATCH_ENDED = "the outcome's window had ended before it began"
ALREADY = "the outcome happened at or before the index time"
IN_GAP = "the outcome happened within the gap"
COMPETED = "the competing event came first"
NO_VALUE = "no value within the horizon"
NO_CODES = "no code within the horizon"
CENSORED = "observation ended before the outcome was known"


@dataclass(eq=False)
class Followed:
    """What came of each candidate.

    Attributes:
        happened: When the outcome happened, `NEVER` where it is not known to have; shape (n,).
        competed: Whether the competing event came first, shape (n,).
        until: Until when it was watched, shape (n,).
        censored: Whether watching ended before the outcome was known, shape (n,).
        values: The outcome, by the name of its column in a table of labels; null where it is not known.
    """

    happened: Integers
    competed: Booleans
    until: Integers
    censored: Booleans
    values: dict[str, pl.Series] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Watch:
    """From after `start` to `end` (as declared, `NEVER` for open) or `observed`, whichever is earlier."""

    start: Integers
    end: Integers
    observed: Integers

    @property
    def until(self) -> Integers:
        return np.minimum(self.end, self.observed)

    @property
    def short(self) -> Booleans:
        """Whether observation ended before the watch did."""
        cut: Booleans = self.observed < self.end
        return cut


def follow(found: Candidates, cohort: EventCohort, observed: Integers, out: Exclusions) -> Followed:
    """Find the outcomes, and exclude those of whom none can be asked."""
    outcome = cohort.outcome
    watch = _watch(found, cohort, observed)
    out.add(WATCH_ENDED, watch.end <= watch.start)
    if isinstance(outcome, Binary):
        followed = _binary(found, outcome, watch, out)
    elif isinstance(outcome, Until):
        followed = _time_until(found, outcome, watch, out)
    elif isinstance(outcome, Multilabel):
        followed = _codes(found, cohort, outcome, watch, out)
    elif isinstance(outcome, Number):
        followed = _number(found, cohort, outcome, watch, out)
    else:
        assert_never(outcome)
    if cohort.censoring.censored is Handling.EXCLUDE:
        out.add(CENSORED, followed.censored)
    return followed


def _watch(found: Candidates, cohort: EventCohort, observed: Integers) -> _Watch:
    outcome = cohort.outcome
    start = found.index + microseconds(outcome.gap)
    end = np.full(len(found), NEVER)
    if outcome.horizon is not None:
        end = start + microseconds(outcome.horizon)
    if outcome.until is not None:
        end = np.minimum(end, found.at(outcome.until))
    return _Watch(start, end, observed)


def _first(found: Candidates, name: str, after: Integers, until: Integers) -> Integers:
    """The first moment after one time and not after another, `NEVER` where there is none or no predicate."""
    if not name:
        return np.full(len(found), NEVER)
    when = found.marks[name].next(found.subject, after)
    return np.where(when <= until, when, NEVER)


def _binary(found: Candidates, outcome: Binary, watch: _Watch, out: Exclusions) -> Followed:
    marks = found.marks[outcome.event]
    if outcome.already is Handling.EXCLUDE:
        out.add(ALREADY, marks.count(found.subject, np.full(len(found), STATIC), found.index) > 0)
    if outcome.in_gap is Handling.EXCLUDE:
        out.add(IN_GAP, marks.next(found.subject, found.index) <= np.minimum(watch.start, watch.observed))
    happened = _first(found, outcome.event, watch.start, watch.until)
    rival = _first(found, outcome.competing, found.index, watch.until)
    competed = rival < happened
    happened = np.where(competed, NEVER, happened)
    known = (happened != NEVER) | competed | ~watch.short
    until = np.minimum(watch.until, np.minimum(happened, rival))
    label = pl.Series(happened != NEVER).set(pl.Series(~known), None)
    return Followed(happened, competed, until, ~known, {"boolean_value": label})


def _time_until(found: Candidates, outcome: Until, watch: _Watch, out: Exclusions) -> Followed:
    happened = _first(found, outcome.event, watch.start, watch.until)
    rival = _first(found, outcome.competing, found.index, watch.until)
    competed = rival < happened
    if outcome.at_competing is Stop.EXCLUDE:
        out.add(COMPETED, competed)
    end = np.minimum(happened, rival)
    known = end != NEVER if outcome.at_competing is Stop.STOP else (happened != NEVER) & ~competed
    length = HOUR * (24 if outcome.unit is TimeUnit.DAYS else 1)
    value = np.where(known, np.where(known, end, found.index) - found.index, 0) / length
    until = np.minimum(watch.until, end)
    censored = ~known & ~competed
    happened = np.where(competed, NEVER, happened)
    return Followed(happened, competed, until, censored, {"float_value": _known(value, known)})


def _codes(found: Candidates, cohort: EventCohort, outcome: Multilabel, watch: _Watch, out: Exclusions) -> Followed:
    """Sets of codes, as sorted lists."""
    shard = found.shard
    short = [shortened(word, outcome.characters) for word in shard.words]
    events = _events(found, cohort, outcome.among)
    labels = pl.Series(short, dtype=pl.String)
    case, row = _expanded(found, events, watch, out.left)
    frame = pl.DataFrame({"case": case, "subject": shard.subject[row], "index": found.index[case]}).with_columns(
        code=labels.gather(shard.codes[row])
    )
    if outcome.new:
        since = (
            pl.DataFrame({"subject": events.subject, "time": events.times})
            .with_columns(code=labels.gather(shard.codes[events.rows]))
            .group_by("subject", "code")
            .agg(pl.col("time").min().alias("since"))
        )
        frame = frame.join(since, on=["subject", "code"]).filter(pl.col("since") > pl.col("index"))
    lists = frame.group_by("case").agg(pl.col("code").unique().sort())
    codes = _each(found, lists, "code").fill_null([])
    if outcome.empty is Handling.EXCLUDE:
        out.add(NO_CODES, (codes.list.len() == 0).to_numpy() & ~watch.short)
    nothing = np.full(len(found), NEVER)
    values = {"codes": codes.set(pl.Series(watch.short), None)}
    return Followed(nothing, np.zeros(len(found), bool), watch.until, watch.short, values)


def _number(found: Candidates, cohort: EventCohort, outcome: Number, watch: _Watch, out: Exclusions) -> Followed:
    shard = found.shard
    events = _events(found, cohort, outcome.value, numbers=True)
    case, row = _expanded(found, events, watch, out.left)
    number, time = pl.col("number"), pl.col("time")
    take = {
        Take.FIRST: (number.first(), time.first()),
        Take.LAST: (number.last(), time.last()),
        Take.LOWEST: (number.min(), time.last()),
        Take.HIGHEST: (number.max(), time.last()),
        Take.MEAN: (number.mean(), time.last()),
    }[outcome.take]
    frame = pl.DataFrame({"case": case, "number": shard.numbers[row], "time": shard.times[row]})
    values = frame.group_by("case", maintain_order=True).agg(take[0].alias("number"), take[1].alias("time"))
    when = _each(found, values, "time").fill_null(NEVER).to_numpy()
    there = when != NEVER
    censored = watch.short & (~there if outcome.take is Take.FIRST else True)
    out.add(NO_VALUE, ~there & ~censored)
    until = np.minimum(watch.until, when) if outcome.take is Take.FIRST else watch.until
    value = _each(found, values, "number").cast(pl.Float32).set(pl.Series(~there | censored), None)
    return Followed(when, np.zeros(len(found), bool), until, censored, {"float_value": value})


def shortened(code: str, characters: int | None) -> str:
    """A code with only the first characters after its system."""
    if characters is None or "//" not in code:
        return code
    system, rest = code.split("//", 1)
    return f"{system}//{rest[:characters]}"


def _events(found: Candidates, cohort: EventCohort, name: str, *, numbers: bool = False) -> Marks:
    """All events of a predicate of codes, those at one moment too."""
    predicate = cohort.predicates[name]
    if not isinstance(predicate, Coded):  # refused by the declaration
        raise TypeError(name)
    wanted = met(found.shard, predicate)
    rows = np.flatnonzero(wanted & ~np.isnan(found.shard.numbers) if numbers else wanted)
    subject = found.shard.subject[rows]
    first = np.searchsorted(subject, np.arange(found.shard.patients + 1)).astype(np.int64)
    return Marks(first, subject, found.shard.times[rows], rows)


def _expanded(found: Candidates, events: Marks, watch: _Watch, left: Booleans) -> tuple[Integers, Integers]:
    """Every event in the watch of every candidate that is left: which candidate, which row."""
    cases = np.flatnonzero(left)
    begin, past = events.between(found.subject[cases], watch.start[cases], watch.until[cases], include_start=False)
    times = past - begin
    case = np.repeat(cases, times)
    turn = np.arange(len(case)) - np.repeat(np.cumsum(times) - times, times)
    return case, events.rows[np.repeat(begin, times) + turn]


def _each(found: Candidates, values: pl.DataFrame, column: str) -> pl.Series:
    """A value for each candidate, null where there is none."""
    cases = pl.DataFrame({"case": np.arange(len(found))})
    return cases.join(values, on="case", how="left", maintain_order="left")[column]


def _known(value: Floats, known: Booleans) -> pl.Series:
    return pl.Series(value, dtype=pl.Float64).cast(pl.Float32).set(pl.Series(~known), None)

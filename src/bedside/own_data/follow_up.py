"""Which columns of a table say how long cases were watched and what ended it, and what that amounts to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.dates import date_share
from bedside.modalities.tabular.inference import Inferred
from bedside.modalities.tabular.table import Table
from bedside.own_data.declaration import FollowUpPart, OutcomePart
from bedside.own_data.endings import endings
from bedside.own_data.follow_up_checks import check_events
from bedside.own_data.followed import NOT_ABOVE_ZERO, follow_ups
from bedside.own_data.horizons import (
    FEWEST_EVENTS,
    FEWEST_WATCHED,
    asked_time,
    check_horizons,
    default_horizon,
    events_by,
    last_time,
    too_long,
    unit_named,
    unit_of,
    watched_at,
)
from bedside.own_data.outcome import words_of
from bedside.stats.times import Times


@dataclass(frozen=True)
class Watch:
    """What a person says of a table of times to events.

    Attributes:
        time: Column of the time until the event or the last sight.
        event: Column that says which it was.
        entry: Column of the time since when a case was watched, where that is later than 0; "" where it is not.
        censored: Words of the event column that mean that nothing had happened; found out when empty.
        competing: Words of causes that compete with the one of interest; all causes but one when empty.
        horizons: Further times at which predictions are judged, as typed.
        unit: Of times; read from the column's name when empty.
    """

    time: str
    event: str
    entry: str = ""
    censored: tuple[str, ...] = ()
    competing: tuple[str, ...] = ()
    horizons: tuple[str, ...] = ()
    unit: str = ""


def follow_up_of(
    table: Table, found: Inferred, times: dict[str, Inferred], watch: Watch, *, positive: str | None, horizon: str
) -> tuple[OutcomePart, FollowUpPart, list[str]]:
    """Declare a time to an event, with notes on every choice that was made for the person.

    Args:
        table: All columns.
        found: What was found of the event column.
        times: What was found of the time column and of the entry column, by name.
        watch: What the person said.
        positive: Word of the cause of interest.
        horizon: Of the primary measure, as typed; chosen when empty.

    Raises:
        OutcomeProblem: Times are no numbers, events cannot be told apart, there are none, or a horizon is beyond all
            follow-up.
        StudyError: A horizon is no time.
    """
    for name, column in times.items():
        _check_numbers(table.frame.get_column(name), column, "time" if name == watch.time else "entry")
    if found.found == "all_missing":
        msg = f"the event {watch.event!r} is missing in all {found.cells} rows; name another column"
        raise OutcomeProblem(msg)
    outcome = OutcomePart(column=watch.event, endpoint="time_to_event", missing=found.missing)
    if found.found in ("date", "free_text", "identifier"):
        msg = (
            f"the event {watch.event!r} has {found.distinct} different values ({found.found.replace('_', ' ')}); it "
            "should say in a few words how each watch ended, such as 0 and 1: make such a column"
        )
        raise OutcomeProblem(msg)
    ended = endings(
        watch.event,
        words_of(table, outcome),
        censored=watch.censored,
        positive=positive,
        competing=watch.competing,
    )
    unit = unit_named(watch.unit) if watch.unit else unit_of(watch.time)
    part = FollowUpPart(
        time=watch.time,
        entry=watch.entry,
        unit=unit,
        missing=tuple(dict.fromkeys(code for column in times.values() for code in column.missing)),
        censored=ended.censored,
        causes=ended.causes,
        horizon=1.0,
        until=1.0,
    )
    rows = follow_ups(outcome, part, table)
    usable = [row for row in rows if isinstance(row, Followed)]
    check_events(usable, part, len(rows))
    known = times_of(usable)
    notes = [
        *_unit_notes(part, known, asked=bool(watch.unit)),
        *_codes_notes(times),
        *ended.notes,
        *_left_out(part, rows),
    ]
    part, more = _judged(part, known, horizon, watch.horizons)
    return outcome.model_copy(update={"horizon": part.said(part.horizon) if horizon else ""}), part, [*notes, *more]


def _check_numbers(series: pl.Series, found: Inferred, role: str) -> None:
    """Refuse a column of times that does not hold numbers."""
    column = found.name
    if found.found == "all_missing":
        msg = f"the {role} {column!r} is missing in all {found.cells} rows; name another column"
        raise OutcomeProblem(msg)
    remedy = "write the time from the moment of prediction as a number, such as months"
    if series.dtype.is_temporal():
        msg = f"the {role} {column!r} holds {_temporal(series)}, not numbers; {remedy}"
        raise OutcomeProblem(msg)
    if series.dtype.is_numeric():
        return
    texts = series.cast(pl.String).str.strip_chars().replace("", None)
    known = texts.filter(~texts.is_in([code for code in found.missing if isinstance(code, str)])).drop_nulls()
    wrong = known.filter(known.cast(pl.Float64, strict=False).is_null())
    if wrong.is_empty():
        return
    if date_share(wrong) > 0.5:
        msg = f"the {role} {column!r} holds dates in {len(wrong):,} of {len(series):,} rows; {remedy}"
    else:
        msg = (
            f"the {role} {column!r} holds text that is no number in {len(wrong):,} of {len(series):,} rows (such as a "
            f"number with a unit or a sign); {remedy}"
        )
    raise OutcomeProblem(msg)


def _temporal(series: pl.Series) -> str:
    return "durations" if isinstance(series.dtype, pl.Duration) else "dates"


def _judged(part: FollowUpPart, times: Times, horizon: str, further: Sequence[str]) -> tuple[FollowUpPart, list[str]]:
    """The part with its horizons and its last time, and what is to be told of them."""
    primary = asked_time(horizon, part.unit, "--horizon") if horizon else default_horizon(times, part.unit)
    others = tuple(sorted({asked_time(one, part.unit, "--horizons") for one in further} - {primary}))
    check_horizons(times, (primary, *others), part.unit, part.causes[0].name)
    made = part.model_copy(
        update={"horizon": primary, "horizons": others, "until": last_time(times, (primary, *others))}
    )
    chosen = (
        "as asked" if horizon else "a round time near the median follow-up; name the one that decides with --horizon"
    )
    text = (
        f"horizon {made.said(primary)} ({chosen}): {events_by(times, primary):,} events of interest by then, "
        f"{watched_at(times, primary):,} of {len(times):,} cases still watched; judged until {made.said(made.until)}"
    )
    notes = [text]
    few = [one for one in (primary, *others) if watched_at(times, one) < FEWEST_WATCHED]
    notes += [f"only {watched_at(times, one)} cases are still watched at {made.said(one)}" for one in few]
    if events_by(times, primary) < FEWEST_EVENTS:
        notes.append(f"fewer than {FEWEST_EVENTS} events come by {made.said(primary)}: all figures will be uncertain")
    return made, notes


def _unit_notes(part: FollowUpPart, times: Times, *, asked: bool) -> list[str]:
    middle, longest = part.said(float(np.median(times.time))), part.said(float(times.time.max()))
    where = "as asked" if asked else "by the column's name" if part.unit else "unit unknown: say it with --unit"
    notes = [f"time {part.time!r}: {part.unit or 'numbers'} ({where}); median {middle}, longest {longest}"]
    if part.entry:
        late = int((times.entry > 0).sum())
        notes.append(f"entry {part.entry!r}: {late:,} of {len(times):,} cases were watched only from a later time on")
    strange = too_long(times, part.unit)
    return [*notes, *([strange] if strange else [])]


def _codes_notes(columns: Mapping[str, Inferred]) -> list[str]:
    return [f"{name!r}: {note}" for name, column in columns.items() for note in column.notes if "missing" in note]


def _left_out(part: FollowUpPart, rows: Sequence[Followed | str]) -> list[str]:
    """What is excluded, counted by reason."""
    counts = Counter(row for row in rows if isinstance(row, str))
    notes = [f"excluded: {count:,} of {len(rows):,} rows, {reason}" for reason, count in counts.items()]
    if counts[NOT_ABOVE_ZERO]:
        notes.append(
            f"if a {part.time!r} of 0 means that the event came on the first day, write a small time instead, such as "
            "half a day: a case that was not watched at all tells nothing"
        )
    return notes

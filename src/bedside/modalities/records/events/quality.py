"""What is the matter with a whole table of events, counted: metadata/quality.json. It names codes and nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.partition import UNIT
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import CODE
from bedside.modalities.records.events.shard import Assembled
from bedside.modalities.records.events.spelling import ucum


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Flagged(_Stored):
    """Events with one flag.

    Attributes:
        subjects: How many people have such an event.
        codes: Events by code.
    """

    events: int
    subjects: int
    codes: Mapping[str, int]


class CodeUnits(_Stored):
    """Units of one code in the source; a number without a unit counts under "".

    Attributes:
        unit: UCUM unit in which its numbers are kept; None where it has none.
        converted: Numbers by a unit, as the source writes it, that is another one and was turned.
        not_converted: Numbers by a unit that could not be read or turned.
    """

    unit: str | None
    converted: Mapping[str, int] = Field(default_factory=dict)
    not_converted: Mapping[str, int] = Field(default_factory=dict)


class Unread(_Stored):
    """What could not become an event.

    Attributes:
        examples: Where a few were, without their content.
    """

    count: int
    examples: Sequence[str] = ()


class Quality(_Stored):
    """What a table of events holds, and what is the matter with it.

    Attributes:
        first: The first time that no flag makes unusable.
        until: The last moment that a time can mean, where it was declared.
        subjects_without_events: Of whom nothing is known but facts for life and birth.
        subjects_with_several_births: On different days; the first counts.
        subjects_with_several_deaths: On different days; the last counts.
        flags: By the flag's words ("before birth"); all flags, also those that no event has.
        units: By code, where any unit needed to be turned or could not be.
        problems: By what was the matter.
        simulated: Whether everybody in it is invented.
    """

    events: int
    subjects: int
    first: datetime | None
    last: datetime | None
    until: datetime | None
    subjects_without_events: int
    subjects_with_several_births: int
    subjects_with_several_deaths: int
    flags: Mapping[str, Flagged]
    units: Mapping[str, CodeUnits]
    problems: Mapping[str, Unread]
    simulated: bool = False


def quality(
    shards: Sequence[Assembled],
    turns: pl.DataFrame,
    problems: Problems,
    until: datetime | None,
    *,
    simulated: bool = False,
) -> Quality:
    """Add up what shards hold.

    Args:
        shards: Every shard of a table.
        turns: How numbers were turned, as `code_units.TURNS`.
        problems: What could not become an event.
        until: The last moment that a time can mean, where it was declared.
        simulated: Whether everybody in it is invented.
    """
    return Quality(
        events=sum(shard.events for shard in shards),
        subjects=sum(shard.subjects for shard in shards),
        first=min((shard.first for shard in shards if shard.first is not None), default=None),
        last=max((shard.last for shard in shards if shard.last is not None), default=None),
        until=until,
        subjects_without_events=sum(shard.silent for shard in shards),
        subjects_with_several_births=sum(shard.births for shard in shards),
        subjects_with_several_deaths=sum(shard.deaths for shard in shards),
        flags=_flags(shards),
        units=_units(turns),
        problems={
            what: Unread(count=count, examples=tuple(problems.examples.get(what, ())))
            for what, count in sorted(problems.counts.items())
        },
        simulated=simulated,
    )


def _flags(shards: Sequence[Assembled]) -> dict[str, Flagged]:
    found = {}
    rows = pl.concat([shard.flags for shard in shards]).group_by("flag", CODE).agg(pl.col("events", "subjects").sum())
    for flag in Flag:
        own = rows.filter(pl.col("flag") == int(flag))
        whole = own.filter(pl.col(CODE).is_null())
        codes = own.filter(pl.col(CODE).is_not_null()).sort(CODE)
        found[flag.word] = Flagged(
            events=int(whole.get_column("events").sum()),
            subjects=int(whole.get_column("subjects").sum()),
            codes=dict(zip(codes.get_column(CODE), codes.get_column("events"), strict=True)),
        )
    return found


def _units(turns: pl.DataFrame) -> dict[str, CodeUnits]:
    found: dict[str, CodeUnits] = {}
    for (code,), group in turns.sort(CODE, UNIT).group_by(CODE, maintain_order=True):
        kept = group.item(0, "kept_in")
        unread, turned = {}, {}
        for unit, events, unknown in group.select(UNIT, "events", "unit_unknown").iter_rows():
            if unknown:
                unread[unit or ""] = events
            elif unit is not None and ucum(unit) != kept:
                turned[unit] = events
        if unread or turned:
            found[str(code)] = CodeUnits(unit=kept, converted=turned, not_converted=unread)
    return found

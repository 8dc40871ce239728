"""A source of events that is given in memory, and events in few words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import RAW

START = datetime(2020, 1, 1)  # noqa: DTZ001 - records have no zone


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def event(
    subject: str | None,
    time: datetime | float | None,
    code: str | None,
    number: float | None = None,
    unit: str | None = None,
    *,
    text: str | None = None,
    encounter: str | None = None,
    static: bool = False,
) -> dict[str, object]:
    """A row of `RAW`; a number as time counts hours from 2020."""
    return {
        "subject": subject,
        "time": at(time) if isinstance(time, int | float) else time,
        "code": code,
        "numeric_value": number,
        "text_value": text,
        "unit": unit,
        "encounter": encounter,
        "static": static,
    }


def frame(*events: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema=RAW)


@dataclass(frozen=True)
class GivenPart:
    name: str
    given: Sequence[pl.DataFrame]

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        del problems
        yield from self.given


@dataclass(frozen=True)
class Given:
    """A reader of frames, one list a part."""

    given: Sequence[Sequence[pl.DataFrame]]
    name: str = "given"
    words: Mapping[str, str] = field(default_factory=dict)
    systems: frozenset[str] = frozenset({"OWN"})

    def parts(self) -> Sequence[GivenPart]:
        return [GivenPart(f"part {k}", frames) for k, frames in enumerate(self.given)]

    def descriptions(self) -> Mapping[str, str]:
        return self.words


def given(*events: dict[str, object]) -> Given:
    """A source of one part with one frame."""
    return Given([[frame(*events)]])

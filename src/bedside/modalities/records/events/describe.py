"""What a table of events holds, for people: counts, times, codes, flags; small cells withheld where that is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bedside.modalities.records.events.folder import EventFolder
from bedside.stats.disclosure import Sum, hidden_cells

OTHER = "other"
"""Stands for codes that name no system."""


@dataclass(frozen=True)
class System:
    """Codes of one system; counts are None where they are withheld."""

    name: str
    codes: int
    events: int | None


@dataclass(frozen=True)
class Code:
    """One code; counts are None where they are withheld."""

    code: str
    description: str
    unit: str
    events: int | None
    subjects: int | None


@dataclass(frozen=True)
class Matter:
    """Something that is the matter with some events; counts are None where they are withheld.

    Attributes:
        subjects: How many people have such an event; None also where nobody knows.
        examples: Where a few were, without their content; none where small cells are withheld.
    """

    what: str
    events: int | None
    subjects: int | None = None
    examples: Sequence[str] = ()


@dataclass(frozen=True)
class Description:
    """What a table of events holds.

    Attributes:
        name: What the dataset is called.
        first: Day of the first time that no flag makes unusable, its year where small cells are withheld; "" for none.
        frequent: The most frequent codes.
        flags: What is the matter with events that are in the table.
        units: Codes with numbers whose unit could not be read or turned.
        problems: What could not become an event.
        smallest: The smallest number of people that is shown; 0 where all are.
        simulated: Whether everybody in it is invented.
    """

    name: str
    digest: str
    subjects: int | None
    events: int | None
    subjects_without_events: int | None
    first: str
    last: str
    systems: Sequence[System]
    codes: int
    frequent: Sequence[Code]
    flags: Sequence[Matter]
    units: Sequence[Matter]
    problems: Sequence[Matter]
    smallest: int
    simulated: bool = False


def describe(folder: EventFolder, *, codes: int = 20, smallest: int = 0) -> Description:
    """Describe a table from its own counts; no event is read.

    A count of 1 to `smallest - 1` people is withheld, and so is the next smallest where it would follow from a sum that
    is shown. Counts of lines that could not be read name no people and are treated alike.

    Args:
        folder: The table.
        codes: How many of the most frequent codes are listed.
        smallest: The smallest number of people that is shown; 0 or 1 shows all.

    Raises:
        RecordsProblem: The account of its quality cannot be read.
    """
    quality = folder.quality
    counted = folder.codes.with_columns(pl.col("system").fill_null(OTHER))
    listed = counted.sort(["events", "code"], descending=[True, False]).head(codes)
    hidden = _hidden(counted, smallest)
    shown = _Shown(smallest)
    return Description(
        name=folder.name,
        digest=folder.digest,
        subjects=shown.people(quality.subjects, quality.subjects),
        events=shown.people(quality.events, quality.subjects),
        subjects_without_events=shown.people(quality.subjects_without_events, quality.subjects_without_events),
        first=shown.day(quality.first),
        last=shown.day(quality.last),
        systems=_systems(counted, hidden),
        codes=counted.height,
        frequent=[
            Code(
                row["code"],
                row["description"] or "",
                row["unit"] or "",
                *((None, None) if (row["system"], row["code"]) in hidden else (row["events"], row["subjects"])),
            )
            for row in listed.iter_rows(named=True)
        ],
        flags=[
            Matter(word, shown.people(one.events, one.subjects), shown.people(one.subjects, one.subjects))
            for word, one in quality.flags.items()
            if one.events
        ],
        units=[
            Matter(code, shown.people(sum(one.not_converted.values())), examples=shown.examples([*one.not_converted]))
            for code, one in sorted(
                quality.units.items(), key=lambda item: (-sum(item[1].not_converted.values()), item[0])
            )
            if one.not_converted
        ],
        problems=[
            Matter(what, shown.people(one.count), examples=shown.examples(one.examples))
            for what, one in quality.problems.items()
        ],
        smallest=smallest,
        simulated=quality.simulated,
    )


@dataclass(frozen=True)
class _Shown:
    """What may be shown."""

    smallest: int

    def people(self, count: int, people: int | None = None) -> int | None:
        """A count, unless it is of too few people; of how many is the count itself where nobody knows."""
        return None if 0 < (count if people is None else people) < self.smallest else count

    def day(self, moment: datetime | None) -> str:
        """A day; a year where small cells are withheld: the first and the last day are each somebody's."""
        if moment is None:
            return ""
        return f"{moment.year}" if self.smallest > 1 else moment.date().isoformat()

    def examples(self, examples: Sequence[str]) -> Sequence[str]:
        """Examples, which are each somebody's."""
        return () if self.smallest > 1 else examples


def _hidden(counted: pl.DataFrame, smallest: int) -> frozenset[tuple[str, str]]:
    """Pairs of system and code to withhold, whole systems with the code "", so that none follows from a sum.

    How many people a system is of is not known; it is at least as many as its commonest code is of.
    """
    people: dict[tuple[str, str], int] = {}
    sums: list[Sum[tuple[str, str]]] = []
    for (name,), group in counted.group_by("system", maintain_order=True):
        own = {(str(name), code): subjects for code, subjects in group.select("code", "subjects").iter_rows()}
        whole = (str(name), "")
        people |= own | {whole: max(own.values())}
        sums.append(Sum(tuple(own), whole))
    sums.append(Sum(tuple(one.whole for one in sums if one.whole is not None)))
    hidden = hidden_cells(people, sums, smallest)
    return hidden.small | hidden.protecting


def _systems(counted: pl.DataFrame, hidden: frozenset[tuple[str, str]]) -> Sequence[System]:
    found = []
    for (name,), group in counted.group_by("system", maintain_order=True):
        events = None if (str(name), "") in hidden else int(group.get_column("events").sum())
        found.append(System(str(name), group.height, events))
    return sorted(found, key=lambda one: (one.events is None, -(one.events or 0), one.name))

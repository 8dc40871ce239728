"""Whether a case can be answered: which values are missing or cannot be right, and whether the model needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from bedside.evidence.schema import Evidence
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.profile import schema_of
from bedside.modalities.tabular.table import Record, Table, records, restricted_frame
from bedside.types import Json

BEYOND = 1.0
"""A number that lies outside development's range by more than so many times that range cannot be right: most such
values are of another unit."""

MOST_MISSING = 0.5
"""A case with a larger share of its predictors missing is not answered."""


@dataclass(frozen=True)
class Fitness:
    """One case of a table.

    Attributes:
        record: The case, its implausible values taken for missing.
        missing: Predictors without a value.
        implausible: Predictors whose value cannot be right.
        why: Why it cannot be answered; "" where it can.
    """

    record: Record
    missing: tuple[str, ...]
    implausible: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Development:
    """What a release knows of the predictors of the cases that it was made of.

    Attributes:
        schema: The predictors.
        columns: Profile of each, by name.
        needed: Predictors without which the primary measure surely falls by more than the study's margin.
    """

    schema: Schema
    columns: dict[str, dict[str, Json]]
    needed: frozenset[str]

    @classmethod
    def of(cls, profile: Json, evidence: Evidence, learner: str) -> "Development | None":
        """From the profile of a run and its evidence; None where the profile is of no table."""
        if not isinstance(profile, dict) or "schema" not in profile:
            return None
        better = next(one for one in evidence.measures if one.name == evidence.study.primary_measure)
        sign = -1.0 if better.higher_is_better is False else 1.0
        needed = {
            row.variable
            for row in evidence.robustness
            if (row.learner, row.family, row.measure) == (learner, "missing_column", evidence.study.primary_measure)
            and row.low is not None
            and row.high is not None
            and max(sign * row.low, sign * row.high) < -evidence.study.margin
        }
        columns = cast("dict[str, dict[str, Json]]", profile["columns"])
        return cls(schema_of(profile), columns, frozenset(needed))

    def fitness(self, rows: Sequence[Record]) -> list[Fitness]:
        """Of each case."""
        frame = restricted_frame(self.schema, rows)
        odd = {name: self._odd(name, series) for name, series in zip(frame.columns, frame.get_columns(), strict=True)}
        kept = frame.with_columns(
            [
                series.set(pl.Series(odd[name], dtype=pl.Boolean), None)
                for name, series in zip(frame.columns, frame.get_columns(), strict=True)
            ]
        )
        found = []
        for position, record in enumerate(records(Table(kept))):
            implausible = tuple(name for name in frame.columns if odd[name][position])
            missing = tuple(name for name in frame.columns if record[name] is None and name not in implausible)
            found.append(Fitness(record, missing, implausible, self._why({*missing, *implausible})))
        return found

    def _odd(self, name: str, series: pl.Series) -> list[bool]:
        known = self.columns[name]
        if self.schema[name].kind == "category":
            words = cast("list[str]", known["categories"])
            return [cell is not None and cell not in words for cell in series.to_list()]
        low, high = cast("float | None", known["low"]), cast("float | None", known["high"])
        if low is None or high is None:
            return [False] * len(series)
        room = BEYOND * (high - low)
        return [cell is not None and not low - room <= cell <= high + room for cell in series.to_list()]

    def _why(self, without: set[str]) -> str:
        needed = sorted(without & self.needed)
        if needed:
            return f"{', '.join(map(self.called, needed))} not known; without it the model is no longer the one judged"
        if len(without) > MOST_MISSING * len(self.schema.columns):
            return f"{len(without)} of {len(self.schema.columns)} values are not known, too many to answer"
        return ""

    def called(self, name: str) -> str:
        """A predictor in words."""
        return self.schema[name].description or name.replace("_", " ")


def fitness(development: Development | None, cases: Sequence[Any]) -> list[Fitness]:
    """Of every case; cases that are no rows of a table are taken as they are."""
    if development is not None:
        return development.fitness(cases)
    return [Fitness(case, (), (), "") for case in cases]

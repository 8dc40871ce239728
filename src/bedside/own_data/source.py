"""One's own table as a source of records, and its twin from nothing but the declaration."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.tabular.reading import Format, read
from bedside.modalities.tabular.simulate import (
    BinaryOutcome,
    ClassOutcome,
    Number,
    NumberOutcome,
    Outcome,
    Twin,
    Words,
)
from bedside.modalities.tabular.table import Record, Table, records
from bedside.own_data.checks import prepare
from bedside.own_data.declaration import Declaration, FollowUpPart

_SITES = ("a", "b", "c")
_FIRST_DAY = datetime(2020, 1, 1)  # noqa: DTZ001 - moments of a table carry no time zone


@dataclass(frozen=True)
class TableSource:
    """Reads the table that a study.toml names.

    Attributes:
        declaration: The study.
        folder: Where the table's path starts from.
        given: The table, where it was read already.
    """

    declaration: Declaration
    folder: Path
    given: Table | None = field(default=None, compare=False, repr=False)
    licence: str = "own data, not published"
    citation: str = ""
    files: tuple[DataFile, ...] = ()

    @property
    def name(self) -> str:
        """Made from the study's name."""
        return f"{self.declaration.study.name}_table"

    @cached_property
    def table(self) -> Table:
        """The table, held to its recorded content and checked against the declaration.

        Raises:
            FileProblem: The file is missing, unreadable or not the one that was recorded.
            TableProblem: Its columns or values do not fit the declaration.
            OutcomeProblem: Its outcomes do not.
            CohortProblem: It has too few patients for the declared validations.
        """
        if self.given is not None:
            return prepare(self.declaration, self.given)
        part = self.declaration.table
        path = self.folder / part.path
        form = Format(part.encoding, part.separator, part.decimal)
        table = read(path, form).table
        found = sha256_of(path)
        if found != part.sha256:
            msg = (
                f"{path} has changed since study.toml was written (sha256 {found[:12]}… instead of "
                f"{part.sha256[:12]}…); put the old file back, or make the study anew with `bedside run --table`"
            )
            raise FileProblem(msg)
        return prepare(self.declaration, table)

    def records(self, root: Path) -> Iterator[Record]:  # noqa: ARG002 - own data do not lie below the data folder
        """Yield the rows of the table."""
        yield from records(self.table)

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n rows with the declared columns and neutral values; nothing in them comes from a real row."""
        yield from records(_simulated(self.declaration, n, seed))


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _simulated(declared: Declaration, n: int, seed: int) -> Table:
    columns = _columns(declared)
    frame = Twin(tuple(columns.values()), _outcome(declared, columns)).table(n, seed=seed).frame
    if declared.follow_up is not None:
        frame = _watched(frame, declared.outcome.column, declared.follow_up, seed)
    if declared.columns.patient:
        frame = frame.with_columns(pl.Series(declared.columns.patient, [f"simulated {k + 1}" for k in range(n)]))
    if declared.columns.index_time:
        days = np.random.default_rng(seed).integers(0, 1000, size=n)
        moments = [_FIRST_DAY + timedelta(days=int(day)) for day in days]
        frame = frame.with_columns(pl.Series(declared.columns.index_time, moments, dtype=pl.Datetime("us")))
    return Table(frame)


def _columns(declared: Declaration) -> dict[str, Number | Words]:
    columns: dict[str, Number | Words] = {}
    for name, subgroup in declared.subgroups.items():
        if subgroup.cuts:
            middle, spread = float(np.mean(subgroup.cuts)), float(np.ptp(subgroup.cuts)) or 1.0
            columns[name] = Number(name, mean=middle, sd=spread, decimals=3)
        else:
            columns[name] = Words(name, {"a": 1, "b": 1})
    for name, part in declared.predictors.items():
        if part.kind == "category":
            columns[name] = Words(name, dict.fromkeys(part.categories or ("a", "b"), 1.0), missing=0.02)
        elif name not in columns:
            columns[name] = Number(name, mean=0, sd=1, missing=0.05, decimals=3)
    if declared.columns.site:
        columns[declared.columns.site] = Words(declared.columns.site, dict.fromkeys(_SITES, 1.0))
    for validation in declared.validations:
        if validation.column:
            columns[validation.column] = Words(validation.column, {"development": 3, "tuning": 1, "test": 1})
    return columns


def _outcome(declared: Declaration, columns: dict[str, Number | Words]) -> Outcome:
    part = declared.outcome
    effects = _effects(declared, columns)
    if declared.follow_up is not None:
        return NumberOutcome(declared.follow_up.time, 0.0, 1.0, effects, decimals=3)
    if part.endpoint == "binary":
        return BinaryOutcome(part.column, 0.3, effects, negative=part.negative, positive=part.positive)
    if part.endpoint == "multiclass":
        return ClassOutcome(part.column, dict.fromkeys(part.classes, 1.0), {part.classes[-1]: effects})
    return NumberOutcome(part.column, 0.0, 1.0, effects, decimals=3)


def _watched(frame: pl.DataFrame, column: str, part: FollowUpPart, seed: int) -> pl.DataFrame:
    """Times from the scores that stand in the column of the time: a higher score, an earlier event.

    Half of the cases have an event by the horizon; one in five of the events is of a competing cause, where there are
    any; a third of the cases is last seen before, at a time of its own.
    """
    chance = np.random.default_rng([seed, len(frame)])
    score = frame.get_column(part.time).to_numpy()
    happens = part.horizon * np.exp(0.7 * (np.median(score) - score)) if len(score) else score
    seen = np.where(chance.random(len(score)) < 1 / 3, chance.uniform(0.2, 1.0, len(score)), 1.1) * part.until
    words = [chance.choice(cause.words, len(score)) for cause in part.causes]
    other = chance.integers(1, len(words), len(score)) if len(words) > 1 else np.zeros(len(score), dtype=np.int64)
    cause = np.where(chance.random(len(score)) < 0.2, other, 0)
    ended = np.choose(cause, words)
    if part.censored:
        ended = np.where(happens <= seen, ended, part.censored[0])
        happens = np.minimum(happens, seen)
    times = np.maximum(happens.round(3), 0.002)
    made = [pl.Series(part.time, times), pl.Series(column, ended.tolist(), dtype=pl.String)]
    if part.entry:
        made.append(pl.Series(part.entry, np.where(chance.random(len(score)) < 0.5, 0.0, times / 4)))
    return frame.with_columns(made)


def _effects(declared: Declaration, columns: dict[str, Number | Words]) -> dict[str, float]:
    """An effect of 1 for each of the first three predictors, so that there is something to learn."""
    effects: dict[str, float] = {}
    for name in list(declared.predictors)[:3]:
        column = columns[name]
        effects[name if isinstance(column, Number) else f"{name}={next(iter(column.shares))}"] = 1.0
    return effects

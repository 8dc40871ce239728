"""The observation window as one row of a table: what conventional models see of records over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import polars as pl

from bedside.modalities.records.history import BIRTH, History
from bedside.modalities.records.packed import Packed, packed
from bedside.modalities.records.vocabulary import Vocabulary
from bedside.types import Floats, Integers, Json

OF_NUMBERS = ("count", "first", "last", "lowest", "highest", "mean", "slope")
"""Of a measurement. A slope is per day, by least squares with one squared hour added to the spread of the times, so
that two measurements a minute apart do not make a trend. All but the count are missing where nothing was measured."""


@dataclass(frozen=True)
class Summaries:
    """Which events are summed up, learned from development.

    Attributes:
        vocabulary: Events told apart.
        measured: Tokens that had numbers in development.
        counted: Tokens of events that had none.
        facts: Tokens of facts without a time that had numbers.
        marks: Tokens of facts that had none: there or not.
    """

    vocabulary: Vocabulary
    measured: tuple[int, ...]
    counted: tuple[int, ...]
    facts: tuple[int, ...]
    marks: tuple[int, ...]

    @classmethod
    def fit(cls, histories: Sequence[History], *, least: int) -> "Summaries":
        """Tokens that at least so many development histories hold, by what they have.

        Args:
            histories: Of development only.
            least: Histories that must hold a token.
        """
        vocabulary = Vocabulary.fit(histories, least=least)
        told = packed(histories, vocabulary, most=1)
        timed = _by_number(told.tokens, np.isfinite(told.numbers), len(vocabulary))
        facts = _by_number(told.fact_tokens, np.isfinite(told.fact_numbers), len(vocabulary))
        return cls(vocabulary, *timed, *facts)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns of the table, in order."""
        tokens = self.vocabulary.tokens
        made = [f"{tokens[token]} {what}" for token in self.measured for what in OF_NUMBERS]
        made += [f"{tokens[token]} count" for token in self.counted]
        made += ["age in years" if tokens[token] == BIRTH else tokens[token] for token in (*self.facts, *self.marks)]
        return tuple(made)

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """What each column sums up, in order."""
        columns = [token for token in self.measured for _ in OF_NUMBERS]
        return tuple(self.vocabulary.tokens[token] for token in (*columns, *self.counted, *self.facts, *self.marks))

    def table(self, histories: Sequence[History]) -> pl.DataFrame:
        """One row a history, null where missing."""
        told = packed(histories, self.vocabulary, most=1)
        columns = [
            *self._measured(told).T,
            *_counts(told.tokens, _owners(told.starts), self.counted, len(told)).T,
            *self._facts(told).T,
            *(_counts(told.fact_tokens, _owners(told.fact_starts), self.marks, len(told)) > 0).astype(np.float64).T,
        ]
        return pl.DataFrame(dict(zip(self.names, columns, strict=True)), nan_to_null=True).with_columns(
            pl.all().cast(pl.Float64)
        )

    def _measured(self, told: Packed) -> Floats:
        """Shape (cases, measured tokens x 7)."""
        place = np.full(len(self.vocabulary), -1, dtype=np.int64)
        place[list(self.measured)] = np.arange(len(self.measured))
        rows = np.flatnonzero(np.isfinite(told.numbers) & (place[told.tokens] >= 0))
        cell = _owners(told.starts)[rows] * len(self.measured) + place[told.tokens[rows]]
        order = np.argsort(cell, kind="stable")  # within a cell the order of time stays
        cell, rows = cell[order], rows[order]
        made = np.full((len(told) * len(self.measured), len(OF_NUMBERS)), np.nan)
        made[:, 0] = 0.0
        if len(rows):
            values, days = told.numbers[rows].astype(np.float64), -told.hours[rows].astype(np.float64) / 24
            starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
            count = np.diff(np.append(starts, len(cell))).astype(np.float64)
            mean, middle = np.add.reduceat(values, starts) / count, np.add.reduceat(days, starts) / count
            group = np.repeat(np.arange(len(starts)), count.astype(np.int64))
            apart = days - middle[group]
            spread = np.add.reduceat(apart**2, starts) + 24.0**-2
            slope = np.add.reduceat(apart * (values - mean[group]), starts) / spread
            ends = np.append(starts[1:], len(cell)) - 1
            lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
            made[cell[starts]] = np.column_stack([count, values[starts], values[ends], lowest, highest, mean, slope])
        return made.reshape(len(told), -1)

    def _facts(self, told: Packed) -> Floats:
        made = np.full((len(told), len(self.facts)), np.nan)
        owners = _owners(told.fact_starts)
        for column, token in enumerate(self.facts):
            rows = (told.fact_tokens == token) & np.isfinite(told.fact_numbers)
            made[owners[rows], column] = told.fact_numbers[rows]
        return made

    def state(self) -> Json:
        """As JSON."""
        return {
            "vocabulary": self.vocabulary.state(),
            "measured": list(self.measured),
            "counted": list(self.counted),
            "facts": list(self.facts),
            "marks": list(self.marks),
        }

    @classmethod
    def from_state(cls, state: Json) -> "Summaries":
        """The inverse of `state`; raises KeyError or TypeError when it is none."""
        given = cast("dict[str, list[int]]", state)
        kinds = (tuple(given[name]) for name in ("measured", "counted", "facts", "marks"))
        return cls(Vocabulary.from_state(cast("Json", given["vocabulary"])), *kinds)


def _owners(starts: Integers) -> Integers:
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def _by_number(
    tokens: Integers, numbered: "np.ndarray[tuple[int], np.dtype[np.bool_]]", count: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tokens with a number at least once, and those without; never the unknown one."""
    there, with_number = np.bincount(tokens, minlength=count) > 0, np.bincount(tokens[numbered], minlength=count) > 0
    there[0] = with_number[0] = False
    return tuple(np.flatnonzero(with_number).tolist()), tuple(np.flatnonzero(there & ~with_number).tolist())


def _counts(tokens: Integers, owners: Integers, wanted: Sequence[int], cases: int) -> Floats:
    """How often each case has each wanted token, shape (cases, wanted)."""
    place = np.full(max([*wanted, int(tokens.max(initial=0))], default=0) + 1, -1, dtype=np.int64)
    place[list(wanted)] = np.arange(len(wanted))
    rows = place[tokens] >= 0
    cell = owners[rows] * len(wanted) + place[tokens[rows]]
    return np.bincount(cell, minlength=cases * len(wanted)).reshape(cases, len(wanted)).astype(np.float64)

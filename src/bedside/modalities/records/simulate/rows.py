"""Events of a simulation as they gather: columns of numbers, which become a frame on its way into a shard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from bedside.modalities.records.events.partition import IDENTIFIER, STATIC, UNIT
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, NUMBER, SUBJECT, TEXT, TIME
from bedside.types import Integers

START: Final = int(np.datetime64("2012-01-01", "s").astype(np.int64))
"""Seconds since 1970 of the start of the records."""

TIMELESS: Final = np.iinfo(np.int64).min
"""The time of an event that has none."""

Columns: TypeAlias = dict[str, NDArray[Any]]
"""Columns of one length, of whatever kind, by name."""

_KINDS: Final = {
    SUBJECT: np.int64,
    TIME: np.int64,
    CODE: np.int32,
    NUMBER: np.float64,
    TEXT: np.int32,
    UNIT: np.int32,
    ENCOUNTER: np.int64,
    STATIC: np.bool_,
}


@dataclass
class Words:
    """Different words by their place, in the order in which they came."""

    words: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def place(self, word: str) -> int:
        """The place of a word; that of the empty one is -1, for none."""
        if not word:
            return -1
        if word not in self.places:
            self.places[word] = len(self.words)
            self.words.append(word)
        return self.places[word]

    def all(self, words: Sequence[str]) -> Integers:
        """The places of several."""
        return np.array([self.place(word) for word in words], dtype=np.int64)


@dataclass
class Rows:
    """Events that gather.

    Attributes:
        parts: Of each piece its columns: subject, time in seconds since the start (`TIMELESS`), place of the code,
            number (NaN), place of the text and of the unit (-1), encounter (0 for none), whether a fact for life.
        words: Codes, texts and units.
    """

    parts: list[Columns] = field(default_factory=list)
    words: Words = field(default_factory=Words)

    def add(
        self,
        subjects: Integers,
        times: ArrayLike,
        codes: "str | Integers",
        *,
        numbers: ArrayLike = np.nan,
        texts: ArrayLike = -1,
        units: ArrayLike = -1,
        encounters: ArrayLike = 0,
        static: bool = False,
    ) -> None:
        """Add events; what is given once holds for all."""
        place = self.words.place(codes) if isinstance(codes, str) else codes
        given = (subjects, times, place, numbers, texts, units, encounters, static)
        self.parts.append(
            {
                name: np.broadcast_to(np.asarray(values, dtype=kind), subjects.shape)
                for (name, kind), values in zip(_KINDS.items(), given, strict=True)
            }
        )

    def columns(self) -> Columns:
        """All events, column by column; nothing is kept."""
        whole = {name: np.concatenate([part[name] for part in self.parts]) for name in _KINDS}
        self.parts.clear()
        return whole


def frame(columns: Columns, words: Words) -> pl.DataFrame:
    """Events as `partition.STORED` names and types them."""
    spoken = pl.Series(words.words, dtype=pl.String)
    told = pl.DataFrame(columns)
    seconds = pl.when(pl.col(TIME) != TIMELESS).then(pl.col(TIME) + START)
    return told.select(
        SUBJECT,
        pl.lit(None, pl.String).alias(IDENTIFIER),
        (seconds * 1_000_000).cast(pl.Datetime("us")).alias(TIME),
        _spoken(told, CODE, spoken),
        pl.col(NUMBER).fill_nan(None),
        _spoken(told, TEXT, spoken),
        _spoken(told, UNIT, spoken),
        pl.when(pl.col(ENCOUNTER) > 0).then(pl.col(ENCOUNTER)).alias(ENCOUNTER),
        STATIC,
    )


def _spoken(told: pl.DataFrame, name: str, words: pl.Series) -> pl.Series:
    """Words by their place, null for none."""
    place = told.select(pl.when(pl.col(name) >= 0).then(pl.col(name))).to_series()
    return words.gather(place).alias(name)

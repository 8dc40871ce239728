"""What is the matter with each event: its number in the unit of its code, its flags, and its place among the others."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from bedside.modalities.records.events.code import is_birth, is_death, system
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.partition import STATIC, UNIT
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, EVENTS, FLAGS, NUMBER, SUBJECT, TEXT, TIME

_BORN: Final = "_born"
_DIED: Final = "_died"
_TURNED: Final = "_turned"


@dataclass(frozen=True)
class Judge:
    """What events are judged by.

    Attributes:
        turns: How numbers are turned, as `code_units.TURNS`.
        systems: Systems of codes that are known.
        until: The last moment that a time can mean.
    """

    turns: pl.DataFrame
    systems: Collection[str]
    until: datetime

    def judged(self, events: pl.DataFrame) -> pl.DataFrame:
        """Events on their way, of whole subjects in any order, as `EVENTS`: turned, flagged and in their final order.

        The order is one of content alone: subject, time (none first; facts for life before what lacks its time), code,
        number, text, flags, encounter.
        """
        joined = events.join(self.turns.drop("events", "kept_in"), on=[CODE, UNIT], how="left", nulls_equal=True)
        turned = joined.with_columns((pl.col(NUMBER) * pl.col("factor") + pl.col("offset")).alias(_TURNED))
        dated = turned.join(self._life(events), on=SUBJECT, how="left")
        flagged = dated.select(
            SUBJECT,
            TIME,
            CODE,
            _finite(pl.col(_TURNED).cast(pl.Float32)).alias(NUMBER),
            TEXT,
            ENCOUNTER,
            self._flags(self._unknown(events)).alias(FLAGS),
        )
        return _repeated(_ordered(flagged)).cast(EVENTS)

    def _life(self, events: pl.DataFrame) -> pl.DataFrame:
        """First birth and last death of each subject, as days; one that lies in the future says nothing."""
        possible = pl.col(TIME) <= self.until
        day = pl.col(TIME).dt.date()
        return (
            events.filter(possible & (is_birth(pl.col(CODE)) | is_death(pl.col(CODE))))
            .group_by(SUBJECT)
            .agg(
                day.filter(is_birth(pl.col(CODE))).min().alias(_BORN),
                day.filter(is_death(pl.col(CODE))).max().alias(_DIED),
            )
        )

    def _unknown(self, events: pl.DataFrame) -> pl.Series:
        """Codes of systems that are not known."""
        codes = events.get_column(CODE).unique()
        return pl.Series([code for code in codes if system(code) not in self.systems], dtype=pl.String)

    def _flags(self, unknown: pl.Series) -> pl.Expr:
        finite = _finite(pl.col(_TURNED).cast(pl.Float32)).is_not_null()
        outside = (pl.col(_TURNED) < pl.col("low")) | (pl.col(_TURNED) > pl.col("high"))
        day = pl.col(TIME).dt.date()
        found = {
            Flag.IMPLAUSIBLE: finite & outside & ~pl.col("unit_unknown"),
            Flag.UNIT_UNKNOWN: finite & pl.col("unit_unknown"),
            Flag.SYSTEM_UNKNOWN: pl.col(CODE).is_in(unknown.implode()),
            Flag.NO_TIME: pl.col(TIME).is_null() & ~pl.col(STATIC),
            Flag.BEFORE_BIRTH: day < pl.col(_BORN),
            Flag.AFTER_DEATH: day > pl.col(_DIED),
            Flag.IN_FUTURE: pl.col(TIME) > self.until,
            Flag.NOT_A_NUMBER: pl.col(_TURNED).is_not_null() & ~finite,
        }
        bits = [
            pl.when(condition.fill_null(value=False)).then(pl.lit(int(flag))).otherwise(pl.lit(0))
            for flag, condition in found.items()
        ]
        return pl.sum_horizontal(bits).cast(pl.UInt16)


def _finite(numbers: pl.Expr) -> pl.Expr:
    """Numbers; null where they are not finite. No zero has a sign."""
    return pl.when(numbers.is_finite()).then(numbers + 0.0)


def _ordered(events: pl.DataFrame) -> pl.DataFrame:
    late = (pl.col(FLAGS) & int(Flag.NO_TIME)).alias("_late")
    keys = [SUBJECT, TIME, "_late", CODE, NUMBER, TEXT, FLAGS, ENCOUNTER]
    nulls_last = [key not in {SUBJECT, TIME} for key in keys]
    return events.with_columns(late).sort(keys, nulls_last=nulls_last).drop("_late")


def _repeated(events: pl.DataFrame) -> pl.DataFrame:
    """With a flag on all but the first of equal events of one encounter; of none that is told, of any encounter."""
    same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(name).shift(1)) for name in (SUBJECT, TIME, CODE, NUMBER, TEXT, FLAGS)
    )
    within = pl.col(ENCOUNTER).is_null() | pl.col(ENCOUNTER).eq_missing(pl.col(ENCOUNTER).shift(1))
    repeats = same & within & (pl.int_range(pl.len()) > 0)
    bit = pl.when(repeats).then(pl.lit(int(Flag.DUPLICATE))).otherwise(pl.lit(0)).cast(pl.UInt16)
    return events.with_columns((pl.col(FLAGS) | bit).alias(FLAGS))

"""The clock of challenge files, which hold hours since admission and no dates."""

from datetime import datetime
from typing import Final

import polars as pl

ORIGIN: Final = datetime(1800, 1, 1)  # noqa: DTZ001 - the table of events has no zones
"""Every stay's admission to intensive care: a year in which there was none, so that nobody takes it for a date."""

OBSERVED_DAYS: Final = 2
"""What was recorded of a stay in 2012 ends 48 hours after admission; nothing about the stay's end may stand earlier."""


def end_of_day(days: pl.Expr) -> pl.Expr:
    """The last second of a day counted from admission, never within the 48 hours that a model may see.

    A stay of two days ended somewhere in [48 h, 72 h); its end stands at 71:59:59. Shorter ones, which the challenge
    calls errors, are treated as of two days.
    """
    whole = pl.max_horizontal(days, pl.lit(OBSERVED_DAYS)).cast(pl.Int64)
    return pl.lit(ORIGIN).dt.cast_time_unit("us") + pl.duration(days=whole + 1) - pl.duration(seconds=1)


def born(years: pl.Expr) -> pl.Expr:
    """A birth that gives this age at admission; half a year older where the age is in whole years."""
    middle = pl.when(years == years.floor()).then(years + 0.5).otherwise(years)
    return pl.lit(ORIGIN).dt.cast_time_unit("us") - pl.duration(days=(middle * 365.25).floor().cast(pl.Int64))

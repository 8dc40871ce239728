"""Times as tables write them, as moments; a day without a clock time is its last second."""

from typing import Final

import polars as pl

from bedside.modalities.records.readers.long_csv.declaration import Table

_CLOCKS: Final = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
_ZONE: Final = r"(\d{2}:\d{2}\S*?)(Z|[+-]\d{2}:?\d{2})$"
_OF_DAY: Final = ("%H", "%I", "%T", "%R", "%c", "%s", "%X", "%r")
_SECONDS: Final = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86_400.0}


def moments(column: pl.Expr, kind: pl.DataType, form: str, *, birth: bool = False) -> pl.Expr:
    """A column as moments in the clock that wrote it; null where a cell cannot be read.

    Args:
        column: Text, dates or times.
        kind: Its type.
        form: As strptime has it; "" for year-month-day with or without a clock time, a zone left out.
        birth: Whether a day without a clock time is its first moment: a birth comes before all else, and is no news.
    """
    of_day = _first_moment if birth else _last_second
    if isinstance(kind, pl.Datetime):
        return column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    if kind == pl.Date:
        return of_day(column)
    text = column.cast(pl.String).str.strip_chars()
    if not form:
        plain = text.str.replace("T", " ", literal=True).str.replace(_ZONE, "$1")
        clocks = [plain.str.to_datetime(one, time_unit="us", strict=False) for one in _CLOCKS]
        return pl.coalesce(*clocks, of_day(plain.str.to_date("%Y-%m-%d", strict=False)))
    if any(word in form for word in _OF_DAY):
        return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone(None)
    return of_day(text.str.to_date(form, strict=False))


def time_of(table: Table, kinds: pl.Schema) -> pl.Expr:
    """When the events of a table became known, as moments; null where that cannot be read."""
    if not table.time_unit:
        return moments(pl.col(table.time), kinds[table.time], table.time_format)
    if table.time_since:
        origin = moments(pl.col(table.time_since), kinds[table.time_since], table.time_format)
    else:
        origin = pl.lit(table.time_origin, pl.Datetime("us"))
    elapsed = number(pl.col(table.time), table.decimal) * _SECONDS[table.time_unit] * 1e6
    return origin + pl.duration(microseconds=elapsed.round().cast(pl.Int64, strict=False))


def number(column: pl.Expr, decimal: str) -> pl.Expr:
    """A column as numbers; null where a cell is none."""
    text = column.cast(pl.String).str.strip_chars()
    if decimal == ",":
        text = pl.when(~text.str.contains(".", literal=True)).then(text.str.replace(",", ".", literal=True))
    return text.cast(pl.Float64, strict=False)


def _first_moment(days: pl.Expr) -> pl.Expr:
    return days.cast(pl.Datetime("us"))


def _last_second(days: pl.Expr) -> pl.Expr:
    return days.cast(pl.Datetime("us")) + pl.duration(hours=23, minutes=59, seconds=59)

"""Cells that are dates or moments, written in one of the usual forms."""

from dataclasses import dataclass

import polars as pl

from bedside.errors import TableProblem


@dataclass(frozen=True)
class Form:
    """One way to write a date.

    Attributes:
        words: As a person says it.
        pattern: Regular expression of a cell.
        date: strptime form of the date part.
    """

    words: str
    pattern: str
    date: str


_TIME = r"([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
FORMS = (
    Form("year-month-day", r"^\d{4}-\d{1,2}-\d{1,2}" + _TIME, "%Y-%m-%d"),
    Form("year/month/day", r"^\d{4}/\d{1,2}/\d{1,2}" + _TIME, "%Y/%m/%d"),
    Form("day.month.year", r"^\d{1,2}\.\d{1,2}\.\d{4}" + _TIME, "%d.%m.%Y"),
    Form("day/month/year", r"^\d{1,2}/\d{1,2}/\d{4}" + _TIME, "%d/%m/%Y"),
    Form("month/day/year", r"^\d{1,2}/\d{1,2}/\d{4}" + _TIME, "%m/%d/%Y"),
)


def date_share(known: pl.Series) -> float:
    """Share of the cells that are written like a date, in the form that most are."""
    if known.is_empty():
        return 0.0
    return max(float(known.str.contains(form.pattern).sum()) for form in FORMS) / len(known)


def moments(series: pl.Series) -> pl.Series:
    """A column as moments without time zone (naive, UTC where a zone is written); null where missing.

    Raises:
        TableProblem: Cells are not dates, or day and month cannot be told apart.
    """
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us"))
    if isinstance(series.dtype, pl.Datetime):
        zoned = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if series.dtype.time_zone else series
        return zoned.cast(pl.Datetime("us"))
    if series.dtype != pl.String:
        msg = f"column {series.name!r} holds {series.dtype}, not dates; write them as year-month-day"
        raise TableProblem(msg)
    known = series.drop_nulls()
    fitting = {form.words: _parsed(series, form) for form in FORMS if bool(known.str.contains(form.pattern).all())}
    whole = {words: parsed for words, parsed in fitting.items() if parsed.null_count() == series.null_count()}
    if not whole:
        msg = f"column {series.name!r} holds cells that are not dates; write them all as year-month-day"
        raise TableProblem(msg)
    first = next(iter(whole.values()))
    if any(not first.equals(other) for other in whole.values()):
        msg = f"in column {series.name!r} day and month cannot be told apart; write dates as year-month-day"
        raise TableProblem(msg)
    return first


def _parsed(series: pl.Series, form: Form) -> pl.Series:
    date = series.str.extract(r"^([\d./-]+\d)", 1).str.to_date(form.date, strict=False).cast(pl.Datetime("us"))
    clock = series.str.extract(r"[T ](\d{2}:\d{2}(?::\d{2})?)", 1)
    seconds = (
        clock.str.slice(0, 2).cast(pl.Int64, strict=False) * 3600
        + clock.str.slice(3, 2).cast(pl.Int64, strict=False) * 60
        + clock.str.slice(6, 2).replace("", "0").cast(pl.Int64, strict=False)
    ).fill_null(0)
    zone = series.str.extract(r"\d{2}:\d{2}.*([+-]\d{2}:?\d{2})$", 1)
    sign = pl.Series([-1 if (cell or "+").startswith("-") else 1 for cell in zone.to_list()], dtype=pl.Int64)
    shift = (
        zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600
        + zone.str.replace(":", "").str.slice(3, 2).cast(pl.Int64, strict=False) * 60
    ).fill_null(0)
    return date + ((seconds - sign * shift) * 1_000_000).cast(pl.Duration("us"))

"""What the columns of a table are, found out from their cells and shown to a person before anything is learned."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

import polars as pl

from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column, MissingCode, Schema
from bedside.modalities.tabular.dates import date_share
from bedside.modalities.tabular.sentinels import number_codes
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import (
    CODED,
    DOUBTFUL_WORDS,
    IDENTIFIER,
    MISSING_WORDS,
    plain_name,
    unit_in,
)

Found: TypeAlias = Literal[
    "number", "category", "boolean", "identifier", "date", "constant", "free_text", "all_missing"
]
MOST_CATEGORIES = 50
"""A column of words with more different ones than this is no category."""
FEW_NUMBERS = 10
"""A column of whole numbers with at most this many different ones may be codes."""
LOOKS_LIKE = 0.95
"""Share of cells that must have a form for the column to be of that form."""
MOSTLY = 0.5
"""Share of numbers from which a column of words is taken for damaged numbers."""
SPACES = 2
"""Mean number of spaces in a cell from which words are sentences."""
FEW_ROWS = 20
"""With fewer different values, that all differ says nothing."""
_TRUE_FALSE = (
    {"0", "1"}, {"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"ja", "nein"}, {"oui", "non"},
)  # fmt: skip


@dataclass(frozen=True)
class Inferred:
    """What was found of one column.

    Attributes:
        name: As in the header.
        found: What it is.
        cells: Number of cells.
        missing_cells: How many of them are empty or hold a missing code.
        distinct: Number of different values, missing left out.
        unit: UCUM unit read from the name.
        categories: Words of a category or boolean, sorted.
        missing: Missing codes that were recognised, as they are written.
        reason: Why it is no predictor; "" where it may be one.
        notes: What a person should check: suspected missing codes, numbers that may be codes.
    """

    name: str
    found: Found
    cells: int
    missing_cells: int
    distinct: int
    unit: str = ""
    categories: tuple[str, ...] = ()
    missing: tuple[MissingCode, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()

    def column(self) -> Column:
        """The column as a predictor; raises TableProblem when it cannot be one."""
        if self.reason:
            msg = f"column {self.name!r} cannot be a predictor: {self.reason}"
            raise TableProblem(msg)
        if self.found == "number":
            return Column(self.name, "number", unit=self.unit, missing=self.missing)
        return Column(self.name, "category", categories=self.categories, missing=self.missing)


@dataclass(frozen=True)
class Inference:
    """What was found of a table, in the order of its columns."""

    columns: tuple[Inferred, ...]

    def __getitem__(self, name: str) -> Inferred:
        return next(column for column in self.columns if column.name == name)

    @property
    def usable(self) -> tuple[Inferred, ...]:
        """Columns that may be predictors."""
        return tuple(column for column in self.columns if not column.reason)

    @property
    def set_aside(self) -> tuple[Inferred, ...]:
        """Columns that may not, each with its reason."""
        return tuple(column for column in self.columns if column.reason)

    def schema(self, *, without: Collection[str] = ()) -> Schema:
        """The predictors, but for these; raises TableProblem when none is left."""
        left = [column.column() for column in self.usable if column.name not in without]
        if not left:
            reasons = "; ".join(f"{column.name!r}: {column.reason}" for column in self.set_aside[:5])
            msg = f"no column is left to predict from ({reasons or 'all columns have another role'})"
            raise TableProblem(msg)
        return Schema(tuple(left))


def infer(table: Table) -> Inference:
    """Find out what each column is.

    Raises:
        TableProblem: A column holds infinite values.
    """
    return Inference(tuple(infer_column(table.frame.get_column(name)) for name in table.frame.columns))


def infer_column(series: pl.Series) -> Inferred:
    """Find out what one column is; its name takes part in the judgement."""
    if series.dtype.is_temporal():
        known = series.drop_nulls()
        return _set_aside(series, known, (), "date", _DATE)
    if series.dtype == pl.Boolean:
        series = series.cast(pl.String)
    if series.dtype.is_numeric():
        return _from_numbers(series, series.cast(pl.Float64).fill_nan(None), ())
    texts = series.cast(pl.String).str.strip_chars().replace("", None)
    words = _missing_words(texts)
    known = texts.filter(~texts.is_in(words)).drop_nulls() if words else texts.drop_nulls()
    if known.is_empty():
        return _set_aside(texts, known, words, "all_missing", "every cell is missing")
    numbers = known.cast(pl.Float64, strict=False)
    share = 1 - numbers.null_count() / len(known)
    if share == 1:
        whole = texts.set(texts.is_in(words).fill_null(value=False), None) if words else texts
        return _from_numbers(texts, whole.cast(pl.Float64, strict=False), words)
    return _from_words(texts, known, words, share)


_DATE = "a date by itself predicts nothing that lasts; derive a duration or an age from it"


def _missing_words(texts: pl.Series) -> tuple[MissingCode, ...]:
    distinct = texts.drop_nulls().unique()
    folded = distinct.str.to_lowercase().is_in(list(MISSING_WORDS))
    return tuple(sorted(distinct.filter(folded).to_list()))


def _set_aside(series: pl.Series, known: pl.Series, codes: tuple[MissingCode, ...], found: Found, why: str) -> Inferred:
    return Inferred(
        series.name,
        found,
        cells=len(series),
        missing_cells=len(series) - len(known),
        distinct=known.n_unique() if len(known) else 0,
        missing=codes,
        reason=why,
    )


def _from_numbers(series: pl.Series, numbers: pl.Series, words: tuple[MissingCode, ...]) -> Inferred:
    """`numbers` are the cells as Float64, null where missing."""
    numbers = numbers.fill_nan(None)
    infinite = int(numbers.is_infinite().sum())
    if infinite:
        msg = f"column {series.name!r} holds {infinite} infinite value(s); replace them by numbers or leave them empty"
        raise TableProblem(msg)
    recognised, notes = number_codes(series.name, numbers.drop_nulls())
    codes: tuple[MissingCode, ...] = (*words, *recognised)
    known = numbers.drop_nulls()
    known = known.filter(~known.is_in(list(recognised))) if recognised else known
    distinct = known.n_unique() if len(known) else 0
    if not distinct:
        return _set_aside(series, known, codes, "all_missing", "every cell is missing")
    if distinct == 1:
        return _set_aside(series, known, codes, "constant", _constant(series, known))
    why = _number_identifies(series.name, known, distinct)
    if why:
        return _set_aside(series, known, codes, "identifier", why)
    whole = bool((known == known.round()).all())
    base = Inferred(series.name, "number", len(series), len(series) - len(known), distinct, missing=codes, notes=notes)
    if whole and (set(known.unique().to_list()) == {0.0, 1.0} or _coded(series.name, distinct)):
        categories = tuple(str(int(value)) for value in sorted(known.unique().to_list()))
        found: Found = "boolean" if categories == ("0", "1") else "category"
        return replace(base, found=found, categories=categories)
    if whole and distinct <= FEW_NUMBERS and not unit_in(series.name):
        hint = f"only {distinct} different whole numbers; if they are codes and no amounts, declare it a category"
        notes = (*notes, hint)
    return replace(base, unit=unit_in(series.name), notes=notes)


def _coded(name: str, distinct: int) -> bool:
    plain = plain_name(name)
    return distinct <= MOST_CATEGORIES and bool(CODED.search(plain) or IDENTIFIER.search(plain))


def _constant(series: pl.Series, known: pl.Series) -> str:
    empty = len(series) - len(known)
    if empty:
        return f"the same value wherever it is known ({empty} cells are missing); if empty means no, write it"
    return "the same value in every row"


def _number_identifies(name: str, known: pl.Series, distinct: int) -> str:
    if not bool((known == known.round()).all()) or distinct < 20:
        return ""
    low, high = cast("float", known.min()), cast("float", known.max())
    if IDENTIFIER.search(plain_name(name)) and distinct > MOST_CATEGORIES:
        return "named like an identifier"
    if distinct == len(known) and high - low == distinct - 1 and low in (0.0, 1.0):
        return "numbers its rows"
    if distinct == len(known) and IDENTIFIER.search(plain_name(name)):
        return "named like an identifier, different in every row"
    return ""


def _from_words(texts: pl.Series, known: pl.Series, words: tuple[MissingCode, ...], numeric: float) -> Inferred:
    distinct = known.n_unique()
    if distinct == 1:
        return _set_aside(texts, known, words, "constant", _constant(texts, known))
    if date_share(known) >= LOOKS_LIKE:
        return _set_aside(texts, known, words, "date", _DATE)
    found, why = _no_category(texts.name, known, distinct, numeric)
    if why:
        return _set_aside(texts, known, words, found, why)
    return _words(texts, known, words, distinct)


def _no_category(name: str, known: pl.Series, distinct: int, numeric: float) -> tuple[Found, str]:
    """Why words are no category; an empty reason where they are one."""
    if numeric >= MOSTLY and distinct > FEW_NUMBERS:
        wrong = round((1 - numeric) * len(known))
        return "free_text", (
            f"{numeric:.0%} of its cells are numbers and {wrong} are not (values with < or a unit, words for missing); "
            "make them numbers, or list the words under missing"
        )
    sentences = float(cast("float", known.str.count_matches(r"\s").mean())) >= SPACES
    many = distinct > MOST_CATEGORIES
    all_differ = distinct > LOOKS_LIKE * len(known) and distinct >= FEW_ROWS
    if sentences and (many or all_differ):
        return "free_text", "free text"
    if all_differ:
        return "identifier", "different in (nearly) every row"
    if many and IDENTIFIER.search(plain_name(name)):
        return "identifier", "named like an identifier"
    return "free_text", f"{distinct} different words, more than {MOST_CATEGORIES}; group them" if many else ""


def _words(texts: pl.Series, known: pl.Series, words: tuple[MissingCode, ...], distinct: int) -> Inferred:
    counted = known.value_counts().sort(texts.name)
    categories = tuple(_whole(word) for word in counted.get_column(texts.name).to_list())
    doubtful = [word for word in categories if word.casefold() in DOUBTFUL_WORDS]
    notes = [f"{word!r} is kept as an answer; list it under missing if it means not known" for word in doubtful]
    folded = {word.casefold() for word in categories}
    if len(folded) < distinct:
        notes.append(f"{distinct - len(folded)} of its words differ from others by upper and lower case only")
    found: Found = "boolean" if folded in _TRUE_FALSE else "category"
    return Inferred(
        texts.name,
        found,
        cells=len(texts),
        missing_cells=len(texts) - len(known),
        distinct=distinct,
        categories=tuple(dict.fromkeys(categories)),
        missing=words,
        notes=tuple(notes),
    )


def _whole(word: str) -> str:
    return re.sub(r"^(-?\d+)\.0+$", r"\1", word)

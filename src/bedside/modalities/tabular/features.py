"""Tabular predictors as one matrix, for conventional models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, restricted_frame
from bedside.modalities.tabular.vocabulary import codes, words_seen
from bedside.types import Booleans, Floats, Integers, Json

Encoding: TypeAlias = Literal["one_hot", "codes"]


@dataclass(frozen=True)
class _Number:
    """What was learned of a number: median for imputation, whether development had it missing, mean and scale."""

    median: float
    indicator: bool
    centre: float
    scale: float


@dataclass(frozen=True)
class _Category:
    """What was learned of a category: the words seen in development, whether it was missing there."""

    words: tuple[str, ...]
    indicator: bool


@dataclass(frozen=True)
class Features:
    """A fitted map from records to a matrix.

    Numbers: the median where missing, and an indicator column where development had missing values. With
    `impute=False` they stay NaN, without indicators, for models that handle missing values themselves; but where
    development had none, such a model has not learned what missing means (LightGBM would read 0): the median again.
    Categories: one 0/1 column for each word seen in development and an indicator for missing (`one_hot`), or one
    column of codes with 0 = missing or unknown and 1.. = the words (`codes`). Words not seen count as missing.

    Attributes:
        schema: The predictors.
        encode: How categories become numbers.
        standardise: Whether number columns have mean 0 and standard deviation 1 in development.
        impute: Whether missing numbers are replaced.
        columns: What was learned of each column, by name.
    """

    schema: Schema
    encode: Encoding
    standardise: bool
    impute: bool
    columns: Mapping[str, _Number | _Category]

    @classmethod
    def fit(
        cls,
        schema: Schema,
        rows: Sequence[Record],
        *,
        encode: Encoding = "one_hot",
        standardise: bool = False,
        impute: bool = True,
    ) -> "Features":
        """Learn medians, scales and words from development rows only."""
        frame = restricted_frame(schema, rows)
        learned: dict[str, _Number | _Category] = {}
        for column in schema.columns:
            series = frame.get_column(column.name)
            if column.kind == "number":
                learned[column.name] = _learn_number(series)
            else:
                learned[column.name] = _Category(words_seen(column, series), series.null_count() > 0)
        return cls(schema, encode, standardise, impute, learned)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the matrix' columns ("age", "age missing", "sex=female")."""
        return tuple(name for column in self.schema.columns for name, _ in self._layout(column))

    @cached_property
    def categorical(self) -> Booleans:
        """Which columns hold category codes, shape (p,); all False for one-hot."""
        return np.array([coded for column in self.schema.columns for _, coded in self._layout(column)], dtype=bool)

    @cached_property
    def owners(self) -> Integers:
        """Position in the schema of the predictor that each column comes from, shape (p,)."""
        sizes = [len(self._layout(column)) for column in self.schema.columns]
        return np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)

    def transform(self, rows: Sequence[Record]) -> Floats:
        """Rows to a matrix, shape (n, p)."""
        frame = restricted_frame(self.schema, rows)
        matrix = np.empty((frame.height, len(self.names)))
        # All numbers at once: hundreds of columns are asked for a cell at a time otherwise.
        numbers = frame.select([column.name for column in self.schema.numbers]).to_numpy().T
        places = {column.name: place for place, column in enumerate(self.schema.numbers)}
        start = 0
        for column in self.schema.columns:
            known = self.columns[column.name]
            if isinstance(known, _Number):
                block = self._of_numbers(known, numbers[places[column.name]])
            else:
                block = self._of_words(known, frame.get_column(column.name))
            for offset, values in enumerate(block):
                matrix[:, start + offset] = values
            start += len(block)
        return matrix

    @property
    def blank(self) -> Mapping[str, NDArray[Any]]:
        """Two rows of zeros, as `arrays` gives rows."""
        return {"predictors": np.zeros((2, len(self.names)))}

    def arrays(self, predictors: Sequence[Record]) -> Mapping[str, NDArray[Any]]:
        """Rows as the one input of a graph, by name."""
        return {"predictors": self.transform(predictors)}

    def state(self) -> Json:
        """Everything `transform` needs, as JSON."""
        learned: dict[str, Json] = {}
        for name, known in self.columns.items():
            if isinstance(known, _Number):
                learned[name] = [known.median, known.indicator, known.centre, known.scale]
            else:
                learned[name] = [list(known.words), known.indicator]
        return {
            "schema": self.schema.state(),
            "encode": self.encode,
            "standardise": self.standardise,
            "impute": self.impute,
            "columns": learned,
        }

    @classmethod
    def from_state(cls, state: Json) -> "Features":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        schema = Schema.from_state(given["schema"])
        learned = cast("dict[str, list[Json]]", given["columns"])
        columns: dict[str, _Number | _Category] = {}
        for column in schema.columns:
            known = learned[column.name]
            if column.kind == "number":
                median, indicator, centre, scale = cast("tuple[float, bool, float, float]", tuple(known))
                columns[column.name] = _Number(median, indicator, centre, scale)
            else:
                columns[column.name] = _Category(tuple(cast("list[str]", known[0])), cast("bool", known[1]))
        encode = cast("Encoding", given["encode"])
        return cls(schema, encode, cast("bool", given["standardise"]), cast("bool", given["impute"]), columns)

    def _layout(self, column: Column) -> list[tuple[str, bool]]:
        known = self.columns[column.name]
        if isinstance(known, _Number):
            indicator = [(f"{column.name} missing", False)] if known.indicator and self.impute else []
            return [(column.name, False), *indicator]
        if self.encode == "codes":
            return [(column.name, True)]
        indicator = [(f"{column.name} missing", False)] if known.indicator else []
        return [*((f"{column.name}={word}", False) for word in known.words), *indicator]

    def _of_numbers(self, known: _Number, values: Floats) -> list[Floats]:
        """Columns of a number, NaN where it is missing."""
        missing = np.isnan(values)
        filled = np.where(missing, known.median, values) if self.impute or not known.indicator else values
        scaled = (filled - known.centre) / known.scale if self.standardise else filled
        indicator = [missing.astype(np.float64)] if known.indicator and self.impute else []
        return [scaled, *indicator]

    def _of_words(self, known: _Category, series: pl.Series) -> list[Floats]:
        """Columns of a category."""
        positions = codes(series, known.words)
        if self.encode == "codes":
            return [(positions + 1).astype(np.float64)]
        indicator = [(positions < 0).astype(np.float64)] if known.indicator else []
        return [*((positions == place).astype(np.float64) for place in range(len(known.words))), *indicator]


def _learn_number(series: pl.Series) -> _Number:
    known = series.drop_nulls().to_numpy()
    if not len(known):
        return _Number(median=0.0, indicator=True, centre=0.0, scale=1.0)
    median = float(np.median(known))
    filled = series.fill_null(median).to_numpy()
    spread = float(np.std(filled))
    # A column that is constant in development carries nothing: it is centred and left at scale 1.
    constant = float(known.min()) == float(known.max()) or spread == 0
    return _Number(median, series.null_count() > 0, float(np.mean(filled)), 1.0 if constant else spread)

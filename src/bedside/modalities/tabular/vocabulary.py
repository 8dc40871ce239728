"""Words of a category column as numbers."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from bedside.modalities.tabular.column import Column
from bedside.types import Integers


def words_seen(column: Column, series: pl.Series) -> tuple[str, ...]:
    """The categories that occur, in declared order where declared, else sorted; undeclared words are left out."""
    seen = set(series.drop_nulls().unique().to_list())
    return tuple(word for word in column.categories if word in seen) if column.categories else tuple(sorted(seen))


def codes(series: pl.Series, words: Sequence[str]) -> Integers:
    """Positions in `words`, shape (n,); -1 where missing or unknown."""
    if not words:
        return np.full(len(series), -1, dtype=np.int64)
    numbers = series.replace_strict(list(words), list(range(len(words))), default=-1, return_dtype=pl.Int64)
    return numbers.fill_null(-1).to_numpy()

"""How the spine looks at tabular predictors."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

from bedside.modalities.modality import Modality, Variable
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.perturb import perturbations
from bedside.modalities.tabular.profile import compare_with, profile_of
from bedside.modalities.tabular.table import Record, restricted_frame
from bedside.modalities.tabular.vocabulary import codes, words_seen


def tabular(schema: Schema) -> Modality[Record]:
    """The tabular modality over these columns."""
    return Modality(
        name="tabular",
        variables=lambda rows: variables(schema, rows),
        digest=lambda rows: digest(schema, rows),
        profile=lambda rows: profile_of(schema, rows),
        compare=compare_with,
        perturbations=lambda rows: perturbations(schema, rows),
    )


def variables(schema: Schema, rows: Sequence[Record]) -> tuple[Variable, ...]:
    """Every predictor as a column: numbers with NaN, or category codes with -1, where missing."""
    frame = restricted_frame(schema, rows)
    made: list[Variable] = []
    for column in schema.columns:
        series = frame.get_column(column.name)
        if column.kind == "number":
            made.append(Variable(column.name, column.unit, numbers=series.fill_null(np.nan).to_numpy()))
        else:
            words = column.categories or words_seen(column, series)
            numbers = codes(series, words).astype(np.float64)
            made.append(Variable(column.name, "", codes=numbers, categories=words))
    return tuple(made)


def digest(schema: Schema, rows: Sequence[Record]) -> list[bytes]:
    """16 bytes a record, equal when all its predictors are equal; the same on every machine."""
    frame = restricted_frame(schema, rows)
    head = "\x1f".join(schema.names).encode()
    numbers = np.ascontiguousarray(
        np.column_stack(
            [frame.get_column(c.name).fill_null(np.nan).to_numpy() for c in schema.numbers]
            or [np.empty((frame.height, 0))]
        )
        + 0.0,  # makes -0.0 and 0.0 the same bytes
        dtype="<f8",
    )
    numbers[np.isnan(numbers)] = np.nan
    # Each word with its length, so that no two rows of words give the same text.
    parts = [
        pl.concat_str([pl.col(c.name).str.len_bytes().cast(pl.String), pl.lit(":"), pl.col(c.name)]).fill_null("-")
        for c in schema.categories
    ]
    words = frame.select(pl.concat_str(parts or [pl.lit("")]).alias("words")).get_column("words")
    tails = words.to_list() if schema.categories else [""] * frame.height
    key = blake2b(head, digest_size=16).digest()
    return [
        blake2b(row.tobytes() + tail.encode(), digest_size=16, key=key).digest()
        for row, tail in zip(numbers, tails, strict=True)
    ]

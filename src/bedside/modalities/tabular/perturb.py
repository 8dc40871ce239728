"""Worse tables: values missing, noisy or taken from another patient."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import polars as pl

from bedside.modalities.modality import Perturbation
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records, restricted_frame

SHARES = (0.1, 0.3, 0.5)
"""Shares of values that go missing at random."""

NOISES = (0.1, 0.25, 0.5)
"""Standard deviations of added noise, in standard deviations of the development data."""

MOST_COLUMNS = 60
"""Tables with more columns are not stressed column by column."""

Change: TypeAlias = Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]


def perturbations(schema: Schema, development: Sequence[Record]) -> tuple[Perturbation[Record], ...]:
    """What the evidence tries on every tabular study.

    Args:
        schema: The predictors.
        development: Development cases, whose spread scales the noise.
    """
    spread = _spread(schema, development)
    made = [
        Perturbation(
            name=f"{share:.0%} missing",
            family="missing_at_random",
            variable="",
            strength=share,
            apply=_applied(schema, partial(_missing, share=share)),
        )
        for share in SHARES
    ]
    made += [
        Perturbation(
            name=f"noise of {noise:g} SD",
            family="noise",
            variable="",
            strength=noise,
            apply=_applied(schema, partial(_noisy, spread=spread, noise=noise)),
        )
        for noise in NOISES
        if spread
    ]
    if len(schema.columns) <= MOST_COLUMNS:
        made += [_without(schema, column) for column in schema.columns]
        made += [_permuted(schema, column) for column in schema.columns]
    return tuple(made)


def _spread(schema: Schema, rows: Sequence[Record]) -> dict[str, float]:
    frame = restricted_frame(schema, rows)
    found = {column.name: frame.get_column(column.name).drop_nulls() for column in schema.numbers}
    return {name: float(np.std(series.to_numpy())) for name, series in found.items() if len(series) > 1}


def _applied(schema: Schema, change: Change) -> Callable[[Sequence[Record], np.random.Generator], list[Record]]:
    def apply(rows: Sequence[Record], rng: np.random.Generator) -> list[Record]:
        return records(Table(change(restricted_frame(schema, rows), rng)))

    return apply


def _missing(frame: pl.DataFrame, rng: np.random.Generator, *, share: float) -> pl.DataFrame:
    gone = rng.random(frame.shape) < share
    return frame.with_columns([series.set(pl.Series(gone[:, k]), None) for k, series in enumerate(frame.get_columns())])


def _noisy(frame: pl.DataFrame, rng: np.random.Generator, *, spread: dict[str, float], noise: float) -> pl.DataFrame:
    return frame.with_columns(
        [
            frame.get_column(name) + pl.Series(rng.normal(scale=noise * deviation, size=frame.height))
            for name, deviation in spread.items()
        ]
    )


def _without(schema: Schema, column: Column) -> Perturbation[Record]:
    def change(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        del rng
        kind = frame.get_column(column.name).dtype
        return frame.with_columns(pl.lit(None, dtype=kind).alias(column.name))

    return Perturbation(
        name=f"{column.name} missing",
        family="missing_column",
        variable=column.name,
        strength=1.0,
        apply=_applied(schema, change),
    )


def _permuted(schema: Schema, column: Column) -> Perturbation[Record]:
    def change(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        return frame.with_columns(frame.get_column(column.name)[rng.permutation(frame.height)])

    return Perturbation(
        name=f"{column.name} permuted",
        family="permuted",
        variable=column.name,
        strength=1.0,
        apply=_applied(schema, change),
    )

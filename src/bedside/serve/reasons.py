"""Why a model answers as it does of one case: what its answer would be, were one value that of the typical patient."""

from collections.abc import Callable, Sequence
from typing import cast

import polars as pl

from bedside.modalities.tabular.table import Record, Table, records, restricted_frame
from bedside.serve.fitness import Development
from bedside.types import Floats

MOST = 3
"""Reasons a case."""

_WORDS = {"a": "years", "mm[Hg]": "mmHg", "Cel": "°C", "{score}": "", "1": ""}
"""UCUM units as people write them, where the two differ."""


def reasons(
    development: Development,
    rows: Sequence[Record],
    answer: Callable[[Sequence[Record]], Floats],
    *,
    least: float,
    told: Callable[[float], str],
) -> list[tuple[str, ...]]:
    """The predictors that move each case's answer most, one at a time, in words.

    Each value is replaced by development's median, a word by not known; values that are not known are left out.

    Args:
        development: Tells medians.
        rows: The cases.
        answer: From cases to numbers, shape (n,).
        least: Smallest change that is told.
        told: A change in words ("risk 12 in 100").
    """
    if not rows:
        return []
    frame = restricted_frame(development.schema, rows)
    names = list(frame.columns)
    parts = [frame, *(frame.with_columns(_typical(development, name)) for name in names)]
    numbers = answer(records(Table(pl.concat(parts)))).reshape(len(parts), len(rows))
    found = []
    for case in range(len(rows)):
        changes = {
            name: float(numbers[0, case] - numbers[k + 1, case])
            for k, name in enumerate(names)
            if frame[case, name] is not None
        }
        first = sorted(changes, key=lambda name: -abs(changes[name]))[:MOST]
        found.append(
            tuple(
                f"{_value(development, name, frame[case, name])}: {told(abs(changes[name]))} "
                f"{'higher' if changes[name] > 0 else 'lower'} than {_against(development, name)}"
                for name in first
                if abs(changes[name]) >= least
            )
        )
    return found


def in_words(unit: str) -> str:
    """A UCUM unit as people write it, with a space before it."""
    word = _WORDS.get(unit, unit)
    return f" {word}" if word else ""


def _typical(development: Development, name: str) -> pl.Expr:
    if development.schema[name].kind == "category":
        return pl.lit(None, dtype=pl.String).alias(name)
    return pl.lit(cast("float | None", development.columns[name]["median"]), dtype=pl.Float64).alias(name)


def _value(development: Development, name: str, value: object) -> str:
    shown = f"{value:g}{in_words(development.schema[name].unit)}" if isinstance(value, float) else str(value)
    return f"{development.called(name)} {shown}"


def _against(development: Development, name: str) -> str:
    if development.schema[name].kind == "category":
        return "if it were not known"
    return f"at the median of {development.columns[name]['median']:g}"

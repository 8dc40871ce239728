"""Predictors as what a reader of hazard ratios compares: a step of a number, one word rather than another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.types import Booleans, Floats

FEWEST = 10
"""Cases of a word below which it is told together with other such words."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """One column of a regression.

    Attributes:
        predictor: Name of the predictor.
        words: What is compared: "per 10 a", "female rather than male".
        values: In units of the step, or 0 and 1, shape (n,).
        cases: Whom it is about: those with the first of the two words, or with a known number, shape (n,).
    """

    predictor: str
    words: str
    values: Floats
    cases: Booleans

    @property
    def divides(self) -> bool:
        """Whether it compares two groups."""
        return bool(np.isin(self.values, (0.0, 1.0)).all())


def contrasts(schema: Schema, rows: Sequence[Record]) -> list[Contrast]:
    """All contrasts of the predictors in these cases, in the schema's order.

    A number is told by the power of ten next to its standard deviation, and stands at the median where it is not known,
    marked. A category is told against its commonest word; words of fewer than `FEWEST` cases together.
    """
    features = Features.fit(schema, rows, encode="one_hot")
    matrix, names = features.transform(rows), np.array(features.names)
    found: list[Contrast] = []
    for place, column in enumerate(schema.columns):
        of = features.owners == place
        if column.kind == "number":
            found += _of_number(column, matrix[:, of])
        else:
            found += _of_words(column, names[of].tolist(), matrix[:, of] > 0)
    return found


def _of_number(column: Column, block: Floats) -> list[Contrast]:
    values: Floats = block[:, 0]
    missing = _any(block[:, 1:] > 0)
    known = values[~missing]
    if np.isin(known, (0.0, 1.0)).all():
        # The median of 0 and 1 may be a half; who is not known is told by the mark.
        first = Contrast(column.name, "1 rather than 0", (values == 1).astype(np.float64), (values == 1) & ~missing)
    else:
        step = 10.0 ** round(float(np.log10(max(known.std(), 1e-300)))) if np.ptp(known) > 0 else 1.0
        first = Contrast(column.name, f"per {step:g} {column.unit}".strip(), values / step, ~missing)
    if not missing.any():
        return [first]
    return [first, Contrast(column.name, "not known rather than the median", missing.astype(np.float64), missing)]


def _of_words(column: Column, names: Sequence[str], block: Booleans) -> list[Contrast]:
    count = block.sum(axis=0)
    marks = [name == f"{column.name} missing" for name in names]
    words = [name.removeprefix(f"{column.name}=") for name in names]
    worded = [k for k, mark in enumerate(marks) if not mark]
    if not worded:
        return []
    reference = max(worded, key=lambda k: count[k])
    rare = [k for k in worded if k != reference and count[k] < FEWEST]
    told: list[tuple[str, Booleans]] = [(words[k], block[:, k]) for k in worded if k != reference and k not in rare]
    if len(rare) == 1:
        told.append((words[rare[0]], block[:, rare[0]]))
    elif rare:
        told.append((f"one of {len(rare)} rare words", _any(block[:, rare])))
    told += [("not known", block[:, k]) for k, mark in enumerate(marks) if mark and count[k]]
    return [
        Contrast(column.name, f"{word} rather than {words[reference]}", there.astype(np.float64), there)
        for word, there in told
    ]


def _any(marks: Booleans) -> Booleans:
    """Which rows have a mark, shape (n,)."""
    return np.asarray(marks.any(axis=1), dtype=np.bool_)

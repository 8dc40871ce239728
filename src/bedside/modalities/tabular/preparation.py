"""Tabular predictors as batches, for networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record, restricted_frame
from bedside.modalities.tabular.vocabulary import codes, words_seen
from bedside.types import Booleans, Integers, Json

CLIP = 3.0
"""Where the smooth clipping of scaled numbers bends: the largest value that can result."""

_FAR = 1e6
_NARROW = 1e-290
"""A spread below this has no finite inverse to speak of: the column counts as constant."""


@dataclass(frozen=True, slots=True)
class TabularBatch:
    """Cases ready for a network.

    Attributes:
        numbers: Scaled numbers, float32, shape (n, c); 0 where missing.
        missing: Where numbers are missing, shape (n, c).
        codes: Category codes, int64, shape (n, k); 0 = missing or not seen in development.
    """

    numbers: NDArray[np.float32]
    missing: Booleans
    codes: Integers

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Preparation:
    """A fitted map from records to batches.

    Numbers are centred on the median and divided by the interquartile range of development (by the range where
    that is 0), then smoothly clipped to ±3, so that one absurd value cannot drown the rest (Holzmüller et al.,
    RealMLP, 2024). Categories are numbered in the order of their words in development.

    Attributes:
        schema: The predictors.
        centres: Development medians of the numbers, in schema order.
        scales: What the centred numbers are multiplied by.
        words: Words of each category, in schema order; the code of words[i] is i + 1.
    """

    schema: Schema
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    words: tuple[tuple[str, ...], ...]

    @classmethod
    def fit(cls, schema: Schema, rows: Sequence[Record]) -> "Preparation":
        """Learn medians, scales and words from development rows only."""
        frame = restricted_frame(schema, rows)
        fitted = [_robust(frame.get_column(column.name).drop_nulls().to_numpy()) for column in schema.numbers]
        words = tuple(words_seen(column, frame.get_column(column.name)) for column in schema.categories)
        return cls(schema, tuple(centre for centre, _ in fitted), tuple(scale for _, scale in fitted), words)

    @cached_property
    def cardinalities(self) -> tuple[int, ...]:
        """How many codes each category has, 0 included, in schema order."""
        return tuple(len(words) + 1 for words in self.words)

    def transform(self, rows: Sequence[Record]) -> TabularBatch:
        """Rows to a batch, in order."""
        frame = restricted_frame(self.schema, rows)
        numbers = np.zeros((frame.height, len(self.centres)), dtype=np.float32)
        missing = np.zeros(numbers.shape, dtype=bool)
        for place, column in enumerate(self.schema.numbers):
            series = frame.get_column(column.name)
            centre, scale = self.centres[place], self.scales[place]
            with np.errstate(over="ignore"):  # what overflows is far away in any case
                scaled = np.clip((series.fill_null(centre).to_numpy() - centre) * scale, -_FAR, _FAR)
            numbers[:, place] = scaled / np.sqrt(1 + (scaled / CLIP) ** 2)
            missing[:, place] = series.is_null().to_numpy()
        coded = np.zeros((frame.height, len(self.words)), dtype=np.int64)
        for place, column in enumerate(self.schema.categories):
            coded[:, place] = codes(frame.get_column(column.name), self.words[place]) + 1
        return TabularBatch(numbers, missing, coded)

    @property
    def blank(self) -> Mapping[str, NDArray[Any]]:
        """Two cases of which nothing is known, as `arrays` gives them."""
        numbers = np.zeros((2, len(self.centres)), dtype=np.float32)
        return {"numbers": numbers, "missing": np.ones_like(numbers), "codes": np.zeros((2, len(self.words)), np.int64)}

    def arrays(self, predictors: Sequence[Record]) -> Mapping[str, NDArray[Any]]:
        """Rows as the inputs of a network, by name, in order."""
        batch = self.transform(predictors)
        return {"numbers": batch.numbers, "missing": batch.missing.astype(np.float32), "codes": batch.codes}

    def state(self) -> Json:
        """Everything `transform` needs, as JSON."""
        return {
            "schema": self.schema.state(),
            "centres": list(self.centres),
            "scales": list(self.scales),
            "words": [list(words) for words in self.words],
        }

    @classmethod
    def from_state(cls, state: Json) -> "Preparation":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        return cls(
            Schema.from_state(given["schema"]),
            tuple(cast("list[float]", given["centres"])),
            tuple(cast("list[float]", given["scales"])),
            tuple(tuple(words) for words in cast("list[list[str]]", given["words"])),
        )


def _robust(known: NDArray[np.float64]) -> tuple[float, float]:
    """The median, and the factor that makes the spread of development about 1."""
    if not len(known):
        return 0.0, 1.0
    low, centre, high = (float(value) for value in np.quantile(known, [0.25, 0.5, 0.75]))
    if high - low > _NARROW:
        return centre, 1 / (high - low)
    whole = float(known.max()) - float(known.min())
    return centre, (2 / whole if whole > _NARROW else 1.0)

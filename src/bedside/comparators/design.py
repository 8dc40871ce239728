"""The predictors of conventional models as a sparse matrix: tables with thousands of category words stay small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.types import Integers, Json


@dataclass(frozen=True, eq=False)
class Design:
    """Numbers (imputed, standardised, marked where missing) and 0/1 columns of category words.

    Attributes:
        features: Numbers and category codes, fitted on development.
        kept: For each code column, the codes that have a column of their own, ascending.
    """

    features: Features
    kept: tuple[Integers, ...]

    @classmethod
    def fit(cls, schema: Schema, rows: Sequence[Record], *, rarest: int) -> "Design":
        """Learn medians, scales and words from development rows only.

        Args:
            schema: The predictors.
            rows: Development records.
            rarest: Words with fewer cases get no column: as a group they are the reference.
        """
        features = Features.fit(schema, rows, encode="codes", standardise=True)
        codes = features.transform(rows)[:, features.categorical].astype(np.int64)
        kept = tuple(np.flatnonzero(np.bincount(column) >= rarest).astype(np.int64) for column in codes.T)
        if features.categorical.all() and kept and not any(map(len, kept)):
            # Every word is rare: the commonest keeps a column, so that there is something to fit.
            commonest = np.array([np.bincount(codes[:, 0]).argmax()], dtype=np.int64)
            kept = (commonest, *kept[1:])
        return cls(features, kept)

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return int((~self.features.categorical).sum()) + sum(map(len, self.kept))

    def matrix(self, rows: Sequence[Record]) -> csr_array:
        """Rows to a sparse matrix, shape (n, width)."""
        values = self.features.transform(rows)
        numbers = values[:, ~self.features.categorical]
        codes = values[:, self.features.categorical].astype(np.int64)
        columns, start = [np.broadcast_to(np.arange(numbers.shape[1]), numbers.shape)], numbers.shape[1]
        present = [np.ones(numbers.shape, dtype=bool)]
        for kept, column in zip(self.kept, codes.T, strict=True):
            place = np.searchsorted(kept, column)
            known = np.isin(column, kept)
            columns.append((start + np.where(known, place, 0))[:, None])
            present.append(known[:, None])
            start += len(kept)
        chosen = np.concatenate(present, axis=1)
        entries = np.concatenate([numbers, np.ones(codes.shape)], axis=1)[chosen]
        pointers = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
        # 32-bit indices: scikit-learn's solvers refuse others.
        places = np.concatenate(columns, axis=1)[chosen].astype(np.int32)
        return csr_array((entries, places, pointers.astype(np.int32)), shape=(len(values), start))

    @property
    def blank(self) -> Mapping[str, NDArray[Any]]:
        """Two rows of zeros, as `arrays` gives rows."""
        return {"predictors": np.zeros((2, self.width))}

    def arrays(self, predictors: Sequence[Record]) -> Mapping[str, NDArray[Any]]:
        """Rows as the one input of a graph, by name; not sparse."""
        return {"predictors": self.matrix(predictors).toarray()}

    def state(self) -> dict[str, Json]:
        """Everything `matrix` needs, as JSON."""
        return {"features": self.features.state(), "kept": [cast("Json", codes.tolist()) for codes in self.kept]}

    @classmethod
    def from_state(cls, state: dict[str, Json]) -> "Design":
        """The inverse of `state`; raises KeyError, TypeError or ValueError when it is none."""
        kept = tuple(np.array(codes, dtype=np.int64) for codes in cast("list[Any]", state["kept"]))
        return cls(Features.from_state(state["features"]), kept)

"""How outcomes and predictions are stored: one number a case and column, or an array of each case's own shape."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from bedside.types import Floats, Integers

Y = TypeVar("Y")

VALUES, SHAPES = "values", "shapes"

_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Ragged:
    """One array a case, of one rank and type and of any shape: masks, boxes, sequences.

    Attributes:
        values: All values, case after case, shape (m,), of a plain type.
        shapes: Shape (n, rank).
    """

    values: NDArray[Any]
    shapes: Integers

    @classmethod
    def of(cls, arrays: Sequence[NDArray[Any]], *, rank: int, kind: "np.dtype[Any] | type[Any]") -> "Ragged":
        """Arrays of one rank; of none an empty column.

        Args:
            arrays: One a case.
            rank: Axes of each.
            kind: Type of the values; the arrays' values must fit it exactly.
        """
        flat = [np.ascontiguousarray(array, dtype=kind).reshape(-1) for array in arrays]
        values = np.concatenate(flat) if flat else np.zeros(0, dtype=kind)
        shapes = np.array([array.shape for array in arrays], dtype=np.int64).reshape(len(arrays), rank)
        return cls(values, shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def arrays(self) -> list[NDArray[Any]]:
        """One array a case."""
        if not len(self.shapes):
            return []
        parts = np.split(self.values, np.cumsum(self.shapes.prod(axis=1))[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes.tolist(), strict=True)]


Column: TypeAlias = "Floats | Ragged"
"""One value a case, shape (n,), or one array a case."""

Columns: TypeAlias = Mapping[str, Column]


def flat(columns: Columns) -> dict[str, Floats]:
    """The columns of one number a case."""
    return {name: np.asarray(column) for name, column in columns.items() if not isinstance(column, Ragged)}


def ragged(columns: Columns) -> dict[str, Ragged]:
    """The columns of one array a case."""
    return {name: column for name, column in columns.items() if isinstance(column, Ragged)}


def case_bytes(columns: Columns) -> list[bytes]:
    """For every case bytes that are equal where all its cells are."""
    numbers, arrays = flat(columns), ragged(columns)
    found: list[bytes] = []
    if numbers:
        table = np.column_stack([np.asarray(numbers[name], dtype="<f8") for name in sorted(numbers)])
        found = [row.tobytes() for row in table]
    for name in sorted(arrays):
        told = [_digest(array) for array in arrays[name].arrays()]
        found = [before + own for before, own in zip(found, told, strict=True)] if found else told
    return found


def bytes_of(cells: Callable[[Sequence[Y]], Columns], values: Sequence[Y]) -> list[bytes]:
    """`case_bytes` of all values, whose cells are made a few at a time: masks of a whole cohort fill the memory."""
    parts = (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
    return [one for part in parts for one in case_bytes(cells(part))]


def to_arrays(columns: Columns) -> dict[str, NDArray[Any]]:
    """Plain arrays by name, as a file keeps them."""
    found: dict[str, NDArray[Any]] = dict(flat(columns))
    for name, column in ragged(columns).items():
        found |= {f"{name}:{VALUES}": column.values, f"{name}:{SHAPES}": column.shapes}
    return found


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Column]:
    """The inverse of `to_arrays`."""
    found: dict[str, Column] = {}
    for name, array in arrays.items():
        stem, _, part = name.rpartition(":")
        if part == SHAPES and stem:
            found[stem] = Ragged(arrays[f"{stem}:{VALUES}"], array)
        elif part != VALUES or not stem:
            found[name] = array
    return found


def _digest(array: NDArray[Any]) -> bytes:
    content = np.ascontiguousarray(array)
    head = repr((content.dtype.str, content.shape)).encode()
    return hashlib.sha256(head + content.tobytes()).digest()

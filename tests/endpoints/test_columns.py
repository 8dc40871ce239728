"""Cells that are arrays are kept exactly, and told apart by any of their values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from bedside.endpoints.columns import Ragged, case_bytes, from_arrays, to_arrays

MAPS = st.lists(arrays_of.arrays(np.uint8, arrays_of.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4)))


@given(MAPS)
def test_arrays_come_back(maps: list[NDArray[np.uint8]]) -> None:
    column = Ragged.of(maps, rank=2, kind=np.uint8)
    assert len(column) == len(maps)
    stored = to_arrays({"map": column, "size": np.array([float(one.size) for one in maps])})
    assert all(array.dtype != object for array in stored.values())
    back = from_arrays(stored)
    assert isinstance(back["map"], Ragged)
    for one, other in zip(back["map"].arrays(), maps, strict=True):
        assert one.shape == other.shape
        assert one.dtype == np.uint8
        np.testing.assert_array_equal(one, other)


@given(MAPS.filter(lambda maps: any(one.size for one in maps)))
def test_one_value_makes_another_case(maps: list[NDArray[np.uint8]]) -> None:
    changed = next(k for k, one in enumerate(maps) if one.size)
    others = [one.copy() for one in maps]
    others[changed].flat[0] ^= 1
    before, after = (case_bytes({"map": Ragged.of(some, rank=2, kind=np.uint8)}) for some in (maps, others))
    assert [k for k in range(len(maps)) if before[k] != after[k]] == [changed]


def test_the_shape_belongs_to_the_case() -> None:
    flat, tall = (np.zeros(shape, dtype=np.uint8) for shape in ((2, 3), (3, 2)))
    told = case_bytes({"map": Ragged.of([flat, tall, flat], rank=2, kind=np.uint8)})
    assert told[0] == told[2] != told[1]


def test_arrays_of_another_rank_are_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        Ragged.of([np.zeros((2, 2, 2)), np.zeros((2, 2, 2))], rank=2, kind=np.float32)

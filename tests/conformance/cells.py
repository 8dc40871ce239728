"""Predictions compared by the cells that they are stored in."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.endpoints.columns import Columns, flat, ragged


def assert_equal(told: Sequence[Any], expected: Sequence[Any], how: str) -> None:
    """The same predictions to the last digit; some are arrays."""
    assert len(told) == len(expected), how
    for one, other in zip(told, expected, strict=True):
        if isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=how)
        else:
            assert one == other, how


def assert_same_cells(told: Columns, expected: Columns, how: str, *, rtol: float, atol: float) -> None:
    """Equal but for rounding: of arrays of whole numbers by one, of others as the numbers are."""
    assert set(told) == set(expected)
    for name, values in flat(expected).items():
        np.testing.assert_allclose(flat(told)[name], values, rtol=rtol, atol=atol, err_msg=f"{how}: {name}")
    for name, column in ragged(expected).items():
        for one, other in zip(ragged(told)[name].arrays(), column.arrays(), strict=True):
            assert one.shape == other.shape, f"{how}: {name}"
            whole = np.issubdtype(other.dtype, np.integer)
            limits: dict[str, Any] = {"rtol": 0, "atol": 1} if whole else {"rtol": rtol, "atol": atol}
            np.testing.assert_allclose(one.astype(np.float64), other.astype(np.float64), err_msg=how, **limits)

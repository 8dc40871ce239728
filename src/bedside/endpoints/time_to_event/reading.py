"""Curves between the times of their grid: read at a case's own time, or for the time at which they reach a level."""

import numpy as np

from bedside.types import Floats


def at_own_times(grid: Floats, curves: Floats, times: Floats) -> Floats:
    """Each case's own curve at its own time, linear from 0 at time 0, shape (n,).

    Args:
        grid: Rising, above 0, shape (k,).
        curves: Shape (n, k).
        times: From 0 to the end of the grid, shape (n,); later ones are read at its end.
    """
    knots = np.concatenate([[0.0], grid])
    values = np.concatenate([np.zeros((len(curves), 1)), curves], axis=1)
    after = np.clip(np.searchsorted(knots, times), 1, grid.size)
    passed = np.minimum((times - knots[after - 1]) / (knots[after] - knots[after - 1]), 1.0)
    row = np.arange(len(curves))
    low, high = values[row, after - 1], values[row, after]
    return np.asarray(low + passed * (high - low), dtype=np.float64)


def times_reached(grid: Floats, curves: Floats, level: float) -> Floats:
    """When each rising curve first reaches a level, shape (n,); the end of the grid where it does not.

    Args:
        grid: Rising, above 0, shape (k,).
        curves: Shape (n, k).
        level: Above 0.
    """
    knots = np.concatenate([[0.0], grid])
    values = np.concatenate([np.zeros((len(curves), 1)), curves], axis=1)
    there = values >= level
    after = np.where(there.any(axis=1), there.argmax(axis=1), grid.size)
    row = np.arange(len(curves))
    low, high = values[row, np.maximum(after - 1, 0)], values[row, after]
    share = np.divide(level - low, high - low, out=np.ones_like(low), where=high > low)
    begin = knots[np.maximum(after - 1, 0)]
    found: Floats = begin + np.clip(share, 0.0, 1.0) * (knots[after] - begin)
    return found

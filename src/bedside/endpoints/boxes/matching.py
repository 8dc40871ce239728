"""Which found box stands for which one that is there: decided once, for every measure.

Found boxes of a kind are taken by falling score. Each takes, of the boxes of its kind that no other has taken, the one
that it overlaps most, if intersection over union reaches the limit. A box that is there is so found once at most, and
leaving out what is less certain never changes what the more certain ones took (Lin et al., ECCV 2014).

A found box that takes none, and lies on one of its kind that was set aside, is neither right nor wrong; any number may.
"""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes, Found, overlaps
from bedside.endpoints.measure import Contributions
from bedside.errors import StatisticsError
from bedside.types import Floats, Integers

COLUMNS = ("image", "kind", "reference", "score")
"""Columns of `rows` before those of the matches."""

IMAGE, KIND, REFERENCE, SCORE, MATCHED = range(5)

RIGHT, WRONG, ASIDE = 1.0, 0.0, -1.0
"""What a found box is, in the columns of matches."""


def taken(truth: Boxes, told: Found, limits: Sequence[float]) -> Integers:
    """Which box that is there each found one takes, at each limit of overlap; -1 for none; shape (found, limits)."""
    if truth.dimensions != told.dimensions:
        msg = f"boxes of {told.dimensions} dimensions were found in an image of {truth.dimensions}"
        raise StatisticsError(msg)
    places = np.full((len(told), len(limits)), -1, dtype=np.int64)
    for kind in np.intersect1d(truth.kinds, told.kinds).tolist():
        ours, theirs = np.flatnonzero(told.kinds == kind), np.flatnonzero(truth.kinds == kind)
        overlap = overlaps(told.corners[ours], truth.corners[theirs])
        for column, limit in enumerate(limits):
            chosen = _greedy(overlap, limit)
            places[ours, column] = np.where(chosen >= 0, theirs[chosen], -1)
    return places


def judged(truth: Boxes, told: Found, limits: Sequence[float]) -> Floats:
    """Whether each found box is RIGHT, WRONG, or ASIDE, at each limit of overlap, shape (found, limits)."""
    found = np.where(taken(truth, told, limits) >= 0, RIGHT, WRONG)
    if truth.aside is not None:
        for column, limit in enumerate(limits):
            found[(found[:, column] == WRONG) & truth.aside.covered(told, limit), column] = ASIDE
    return found


def _greedy(overlap: Floats, limit: float) -> Integers:
    """The column that each row takes, rows in order; -1 where none that is left reaches the limit."""
    chosen = np.full(len(overlap), -1, dtype=np.int64)
    free = np.where(overlap >= limit, overlap, -1.0)
    for row in np.flatnonzero(free.max(axis=1) > 0).tolist():
        best = int(free[row].argmax())
        if free[row, best] > 0:
            chosen[row] = best
            free[:, best] = -1.0
    return chosen


def rows(outcomes: Sequence[Boxes], predictions: Sequence[Found], limits: Sequence[float]) -> Contributions:
    """One row for every image, every box that is there and every box that was found.

    Columns are `COLUMNS` and then, for each limit of overlap, whether a found box is RIGHT, WRONG or ASIDE.
    """
    parts, cases = [], []
    for case, (truth, told) in enumerate(zip(outcomes, predictions, strict=True)):
        part = np.zeros((1 + len(truth) + len(told), MATCHED + len(limits)))
        part[0, IMAGE] = 1.0
        there, found = part[1 : 1 + len(truth)], part[1 + len(truth) :]
        there[:, KIND], there[:, REFERENCE] = truth.kinds, 1.0
        found[:, KIND], found[:, SCORE] = told.kinds, told.scores
        found[:, MATCHED:] = judged(truth, told, limits)
        parts.append(part)
        cases.append(np.full(len(part), case, dtype=np.int64))
    whole = np.concatenate(parts) if parts else np.zeros((0, MATCHED + len(limits)))
    return Contributions(whole, np.concatenate(cases) if cases else np.zeros(0, dtype=np.int64), len(outcomes))

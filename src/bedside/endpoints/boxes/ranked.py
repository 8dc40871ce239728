"""Average precision and free-response sensitivity as statistics over weighted rows of `matching.rows`.

Detections of a kind are sorted once; then any number of weights (bootstrap replicates, subgroups) is worked off. Equal
scores stand or fall together, since no threshold can part them.

Sources: average precision by 101 levels of recall (Lin et al., ECCV 2014, and the evaluation code of COCO); the score
of LUNA16 (Setio et al. 2017, Med Image Anal 42:1).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bedside.endpoints.boxes.matching import ASIDE, IMAGE, KIND, MATCHED, REFERENCE, RIGHT, SCORE
from bedside.endpoints.measure import Statistic
from bedside.stats.roc import blocks
from bedside.types import Floats, Integers, Weights

LEVELS = np.linspace(0.0, 1.0, 101)
"""Of recall, at which precision is read."""

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per image at which sensitivity is read (LUNA16)."""

_ROUNDING = 1e-12
"""A recall of 7/100 reaches the level 0.07, which as a sum of steps of 0.01 lies a rounding error above it. COCO's
code lets it fall short; without this allowance values are those of that code to the last digit, with it those of the
definition (0.002 apart at most in twelve simulated studies)."""

OfKind: TypeAlias = Callable[[Weights], Floats]


class Sorted:
    """The rows of one kind, the most certain first, without those that are set aside at a limit of overlap.

    Attributes:
        order: Rows of found boxes.
        ends: For each distinct score, the strictest first, the place in `order` of its last row.
        reference: Rows of boxes that are there.
    """

    def __init__(self, rows: Floats, kind: float, column: int = MATCHED) -> None:
        ours = (rows[:, KIND] == kind) & (rows[:, IMAGE] == 0)
        self.reference: Integers = np.flatnonzero(ours & (rows[:, REFERENCE] == 1))
        found = np.flatnonzero(ours & (rows[:, REFERENCE] == 0) & (rows[:, column] != ASIDE))
        self.order: Integers = found[np.argsort(-rows[found, SCORE], kind="stable")]
        scores = rows[self.order, SCORE]
        self.ends: Integers = np.flatnonzero(np.append(scores[1:] != scores[:-1], np.ones(min(1, scores.size))))
        self.scores: Floats = scores[self.ends]


def kinds_of(rows: Floats) -> list[float]:
    """Kinds of which a box is there."""
    return [float(kind) for kind in np.unique(rows[rows[:, REFERENCE] == 1, KIND])]


def average_precision(rows: Floats) -> Statistic:
    """Mean over kinds, and over all limits of overlap in the rows, of precision at 101 levels of recall.

    Precision at a level is the highest at that recall or more. A kind of which no box is there is left out.
    """
    return mean_of_kinds([_precision_of(rows, kind) for kind in kinds_of(rows)])


def froc(rows: Floats, rates: Sequence[float] = RATES) -> Statistic:
    """Mean over kinds of the mean sensitivity at 1/8 to 8 false positives of the kind per image.

    Between thresholds sensitivity is interpolated linearly, beyond the last one it stays, as LUNA16 has it.
    """
    return mean_of_kinds([_froc_of(rows, kind, rates) for kind in kinds_of(rows)])


class Points(NamedTuple):
    """What each threshold gives, the strictest first; every row once.

    Attributes:
        recall: Share of the boxes that are there.
        precision: Share of what is found.
        wrong: False positives per image.
    """

    recall: Floats
    precision: Floats
    wrong: Floats


def points(rows: Floats, kind: float) -> Points:
    """The curve of a kind of which a box is there, at the first limit of overlap in the rows."""
    ladder = Sorted(rows, kind)
    hit = rows[ladder.order, MATCHED]
    right = np.cumsum(hit)[ladder.ends]
    wrong = np.cumsum(1.0 - hit)[ladder.ends]
    return Points(right / ladder.reference.size, right / (right + wrong), wrong / rows[:, IMAGE].sum())


def mean_of_kinds(parts: Sequence[OfKind]) -> Statistic:
    """Mean of the kinds that are defined under the weights; NaN where none is."""

    def statistic(weights: Weights) -> Floats:
        if not parts:
            return np.full(len(weights), np.nan)
        values = np.stack([part(weights) for part in parts])
        known = np.isfinite(values)
        count = known.sum(axis=0)
        total = np.where(known, values, 0.0).sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    return statistic


def _precision_of(rows: Floats, kind: float) -> OfKind:
    limits = rows.shape[1] - MATCHED
    ladders = [
        (ladder, [_steps(ladder, rows[ladder.order, column] == RIGHT) for column in columns])
        for ladder, columns in _ladders(rows, kind)
    ]
    reference, most = ladders[0][0].reference, max(ladder.order.size for ladder, _ in ladders)

    def statistic(weights: Weights) -> Floats:
        total = weights[:, reference].sum(axis=1)
        found = np.zeros(len(weights))
        for block in blocks(len(weights), max(1, most)):
            part = weights[block]
            for ladder, columns in ladders:
                every = np.cumsum(part[:, ladder.order], axis=1)
                for hits, last, ends in columns:
                    if not ends.size:
                        continue
                    hit = np.cumsum(part[:, ladder.order[hits]], axis=1)[:, last]
                    of = every[:, ends]
                    precision = np.divide(hit, of, out=np.zeros_like(hit), where=of > 0)
                    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
                    recall = np.divide(hit, total[block, None], out=np.zeros_like(hit), where=total[block, None] > 0)
                    found[block] += _read_off(recall, envelope)
        return np.where(total > 0, found / limits, np.nan)

    return statistic


def _ladders(rows: Floats, kind: float) -> list[tuple[Sorted, list[int]]]:
    """The rows of a kind with the limits of overlap at which they are the same: one for all where none is set aside."""
    found: dict[bytes, list[int]] = {}
    for column in range(MATCHED, rows.shape[1]):
        found.setdefault((rows[:, column] == ASIDE).tobytes(), []).append(column)
    return [(Sorted(rows, kind, columns[0]), columns) for columns in found.values()]


def _steps(ladder: Sorted, hit: Integers) -> tuple[Integers, Integers, Integers]:
    """Places in the order of found boxes that take one, and for each score that has some: its last one, and its end.

    Precision falls between them, so that nothing else is needed.
    """
    hits = np.flatnonzero(hit)
    group = np.searchsorted(ladder.ends, hits)
    with_hits = np.unique(group)
    return hits, np.searchsorted(group, with_hits, side="right") - 1, ladder.ends[with_hits]


def _read_off(recall: Floats, envelope: Floats) -> Floats:
    """Mean over levels of the highest precision at that recall or more, each row by itself; 0 beyond the last."""
    steps = recall.shape[1]
    found = np.empty(len(recall))
    for row in range(len(recall)):
        place = np.searchsorted(recall[row], LEVELS - _ROUNDING, side="left")
        reached = place[place < steps]
        found[row] = envelope[row, reached].sum() / LEVELS.size
    return found


def _froc_of(rows: Floats, kind: float, rates: Sequence[float]) -> OfKind:
    ladder = Sorted(rows, kind)
    hit = rows[ladder.order, MATCHED]
    image = np.flatnonzero(rows[:, IMAGE] == 1)

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), max(1, ladder.order.size)):
            part = weights[block]
            images, total = part[:, image].sum(axis=1), part[:, ladder.reference].sum(axis=1)
            ours = part[:, ladder.order]
            right = np.cumsum(ours * hit, axis=1)[:, ladder.ends]
            wrong = np.cumsum(ours * (1.0 - hit), axis=1)[:, ladder.ends]
            for row in np.flatnonzero((images > 0) & (total > 0)).tolist():
                x = np.concatenate(([0.0], wrong[row] / images[row]))
                y = np.concatenate(([0.0], right[row] / total[row]))
                found[block.start + row] = float(np.interp(rates, x, y).mean())
        return found

    return statistic

"""What figures of all kinds of endpoint need: thinning that keeps the shape, and words computed from data."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.endpoint import View
from bedside.stats.calibration_curve import Reliability, reliability
from bedside.stats.disclosure import Sum, hidden_cells
from bedside.stats.roc import Curve
from bedside.types import Booleans, Floats, Integers

MOST_POINTS = 200
"""No series is longer: more cannot be seen, and the evidence stays small."""

_STEPS = MOST_POINTS // 2
_GROUPS = 10
_FEWEST_IN_GROUP = 10


def named(learner: str) -> str:
    """A learner's name as words ("elastic_net" to "Elastic net")."""
    words = learner.replace("_", " ")
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """A share as printed ("12%"), with a decimal below 1 and above 99."""
    value = 100.0 * share
    whole = 1.0 <= value <= 99.0 or value in (0.0, 100.0)
    return f"{value:.0f}%" if whole else f"{value:.1f}%"


def numbers(values: Floats | Sequence[float]) -> tuple[float, ...]:
    """An array as the tuple that a figure holds, six significant digits."""
    return tuple(float(f"{value:.6g}") for value in np.asarray(values, dtype=np.float64).tolist())


def along(curve: Curve, most: int = MOST_POINTS) -> tuple[Floats, Floats]:
    """A rising curve with at most `most` of its own points, evenly spaced along its length; both ends are kept."""
    x, y = curve.x, curve.y
    if x.size <= most:
        return x, y
    length = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    kept = np.unique(np.searchsorted(length, np.linspace(0.0, length[-1], most)))
    return x[kept], y[kept]


def stairs(curve: Curve) -> tuple[Floats, Floats]:
    """Precision over recall as the steps whose area is the average precision, at most 200 corners.

    Each step reaches from the recall before a threshold to the recall at it, at the precision of that threshold.
    """
    gained = np.flatnonzero(np.diff(curve.x, prepend=0.0) > 0)
    if gained.size > _STEPS:
        gained = gained[np.unique(np.linspace(0, gained.size - 1, _STEPS).round().astype(np.int64))]
    recall, precision = curve.x[gained], curve.y[gained]
    before = np.concatenate(([0.0], recall[:-1]))
    return np.column_stack([before, recall]).ravel(), np.repeat(precision, 2)


def spread(order: Integers, most: int = MOST_POINTS) -> Integers:
    """At most `most` positions of `order`, evenly spaced in it: a systematic sample of ranked cases."""
    if order.size <= most:
        return order
    return order[np.linspace(0, order.size - 1, most).round().astype(np.int64)]


def splits(view: View[Any, Any]) -> int:
    """How many splits the rows of a view come from."""
    return int(np.unique(view.fold).size)


def pooling(view: View[Any, Any]) -> str:
    """The sentence that a figure over several splits owes its reader; empty for one split."""
    count = splits(view)
    return f" Rows of {count} splits are drawn together." if count > 1 else ""


def within_splits(view: View[Any, Any], value: Callable[[Integers], float]) -> float:
    """Mean over splits of a value of each split's rows, splits in which it is undefined left out; NaN if all are."""
    found = np.array([value(np.flatnonzero(view.fold == split)) for split in np.unique(view.fold)])
    known = found[np.isfinite(found)]
    return float(known.mean()) if known.size else float("nan")


def quantile_groups(order_by: Floats) -> list[Integers]:
    """Positions of cases in up to ten groups of about equal size; equal numbers never stand in two groups."""
    count = max(1, min(_GROUPS, order_by.size // _FEWEST_IN_GROUP))
    edges = np.unique(np.quantile(order_by, np.linspace(0.0, 1.0, count + 1)[1:-1])) if count > 1 else np.empty(0)
    group = np.searchsorted(edges, order_by, side="left")
    return [np.flatnonzero(group == k).astype(np.int64) for k in np.unique(group)]


def reliability_groups(
    probability: Floats, happened: Booleans, patient: Integers, weights: Floats | None = None
) -> Reliability:
    """Up to ten groups of about equal size by prediction, at least ten cases each, intervals clustered by patient."""
    count = max(1, min(_GROUPS, probability.size // _FEWEST_IN_GROUP))
    cluster = patient if np.unique(patient).size < patient.size else None
    return reliability(probability, happened, "equal_count", count, cluster=cluster, weights=weights)


def may_be_shown(counts: Integers, smallest: int) -> Booleans:
    """Which cells of a table are neither small nor give a small one of their row away, shape (rows, columns).

    Args:
        counts: Shape (rows, columns); the sum of each row is known.
        smallest: Smallest number that may be shown; 0 shows all.
    """
    rows, columns = counts.shape
    cells = {(i, j): int(counts[i, j]) for i in range(rows) for j in range(columns)}
    hidden = hidden_cells(cells, [Sum(tuple((i, j) for j in range(columns))) for i in range(rows)], smallest)
    shown = np.ones(counts.shape, dtype=np.bool_)
    for cell in hidden.small | hidden.protecting:
        shown[cell] = False
    return shown

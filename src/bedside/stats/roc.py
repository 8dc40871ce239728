"""ROC and precision-recall: areas as statistics over weights, and the curves themselves.

Every statistic sorts once and then serves any number of weight vectors (bootstrap replicates, subgroups).
Sources: Bamber 1975, J Math Psychol 12:387 (area = Mann-Whitney, ties one half); Davis and Goadrich 2006, ICML
(average precision is a step function, not a trapezium).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from bedside.stats import checks
from bedside.types import Floats, Integers, Weights

Statistic: TypeAlias = Callable[[Weights], Floats]

_BLOCK = 1 << 17
"""Elements a buffer holds while replicates are worked off; about the size of a second-level cache."""


class Curve(NamedTuple):
    """A curve over thresholds: predict positive where score >= threshold.

    For ROC x is 1 - specificity and y sensitivity; for precision-recall x is recall and y precision.
    """

    x: Floats
    y: Floats
    threshold: Floats


def blocks(b: int, m: int) -> Iterator[slice]:
    """Slices of replicates small enough that their buffers stay in the processor's cache."""
    step = max(1, _BLOCK // max(m, 1))
    for start in range(0, b, step):
        yield slice(start, min(start + step, b))


_STRIDE = 16
_WITHIN = np.triu(np.ones((_STRIDE, _STRIDE)))


def padded(order: Integers) -> Integers:
    """Positions repeated at the end up to a whole number of strides, for `running_sums`."""
    return np.concatenate([order, np.repeat(order[-1:], -order.size % _STRIDE)])


def running_sums(values: Floats) -> Floats:
    """Running sums along the rows of (b, m), m a whole number of strides.

    As `cumsum`, in two levels: sums within strides are one matrix product, which a processor does faster than a long
    chain of additions that wait for each other.
    """
    b, m = values.shape
    within = (values.reshape(-1, _STRIDE) @ _WITHIN).reshape(b, m // _STRIDE, _STRIDE)
    within[:, 1:] += np.cumsum(within[:, :-1, -1], axis=1)[:, :, None]
    return within.reshape(b, m)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Numerator / denominator, NaN where the denominator is not positive."""
    out = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def auroc_statistic(score: ArrayLike, label: ArrayLike) -> Statistic:
    """Area under the ROC curve as a function of weights, ties counted one half.

    Cost is O(n log n) once and O(n) a replicate: weights of the commoner class are summed up in order of score and
    read off at the cases of the rarer class.

    Args:
        score: Shape (n,); larger means more likely positive.
        label: Shape (n,); True is positive.

    Returns:
        Weights (b, n) to areas (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: NaN scores, labels other than 0 and 1, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    rare_is_positive = 2 * int(positive.sum()) <= scores.size
    rare = np.flatnonzero(positive if rare_is_positive else ~positive)
    common = np.flatnonzero(~positive if rare_is_positive else positive)
    common = common[np.argsort(scores[common], kind="stable")]
    # Rows of the rare class are put in order too, so that reading the running sums walks forward in memory.
    rare = rare[np.argsort(scores[rare], kind="stable")]
    below = np.searchsorted(scores[common], scores[rare], side="left")
    up_to = np.searchsorted(scores[common], scores[rare], side="right")
    tied = bool((below != up_to).any())
    m, last, in_strides = scores.size, common.size - 1, padded(common)

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, m)
        area = np.full(matrix.shape[0], np.nan)
        for block in blocks(matrix.shape[0], m):
            part = matrix[block]
            running = running_sums(part.take(in_strides, axis=1))
            ours = part.take(rare, axis=1)
            won = _won(ours, running, below)
            if tied:
                won = 0.5 * (won + _won(ours, running, up_to))
            pairs = ours.sum(axis=1) * running[:, last]
            np.divide(won, pairs, out=area[block], where=pairs > 0)
        return area if rare_is_positive else 1.0 - area

    return statistic


def _won(ours: Floats, running: Floats, beaten: Integers) -> Floats:
    """Weight of pairs that each row of `ours` wins against the first `beaten` (rising) of the other class."""
    first = int(np.searchsorted(beaten, 0, side="right"))
    return np.asarray(
        np.einsum("ij,ij->i", ours[:, first:], running.take(beaten[first:] - 1, axis=1)), dtype=np.float64
    )


class Ladder(NamedTuple):
    """Cases in falling order of score, and where each distinct score ends (thresholds, strictest first)."""

    order: Integers
    ends: Integers
    threshold: Floats


def ladder(scores: Floats) -> Ladder:
    """Order the cases by falling score and find the last case of each distinct score."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), scores.size - 1)
    return Ladder(order, ends, ordered[ends])


def average_precision_statistic(score: ArrayLike, label: ArrayLike) -> Statistic:
    """Average precision (area under the precision-recall step curve) as a function of weights.

    Returns:
        Weights (b, n) to values (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: NaN scores, labels other than 0 and 1, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    steps = ladder(scores)
    order = padded(steps.order)
    true = positive[order].astype(np.float64)
    m = scores.size

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, m)
        value = np.full(matrix.shape[0], np.nan)
        for block in blocks(matrix.shape[0], m):
            ordered = matrix[block].take(order, axis=1)
            hits = running_sums(ordered * true)[:, steps.ends]
            flagged = running_sums(ordered)[:, steps.ends]
            precision = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
            gained = np.diff(hits, axis=1, prepend=0.0)
            total = hits[:, -1]
            both = (total > 0) & (flagged[:, -1] > total)
            np.divide(np.einsum("ij,ij->i", gained, precision), total, out=value[block], where=both)
        return value

    return statistic


def roc_curve(score: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None) -> Curve:
    """The empirical ROC curve, from (0, 0) to (1, 1); the first threshold is infinite.

    Raises:
        StatisticsError: One class only, NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    weights = np.ones(scores.size) if weight is None else checks.finite(weight, "weight", scores.size)
    steps = ladder(scores)
    ordered, true = weights[steps.order], positive[steps.order]
    hits = np.cumsum(ordered * true)[steps.ends]
    alarms = np.cumsum(ordered * ~true)[steps.ends]
    return Curve(
        x=np.concatenate(([0.0], alarms / alarms[-1])),
        y=np.concatenate(([0.0], hits / hits[-1])),
        threshold=np.concatenate(([np.inf], steps.threshold)),
    )


def precision_recall_curve(score: ArrayLike, label: ArrayLike, weight: ArrayLike | None = None) -> Curve:
    """The empirical precision-recall curve by falling threshold; the last precision is the prevalence.

    Raises:
        StatisticsError: One class only, NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    weights = np.ones(scores.size) if weight is None else checks.finite(weight, "weight", scores.size)
    steps = ladder(scores)
    ordered, true = weights[steps.order], positive[steps.order]
    hits = np.cumsum(ordered * true)[steps.ends]
    flagged = np.cumsum(ordered)[steps.ends]
    seen = flagged > 0
    return Curve(x=(hits / hits[-1])[seen], y=hits[seen] / flagged[seen], threshold=steps.threshold[seen])

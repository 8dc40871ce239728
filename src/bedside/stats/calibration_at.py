"""Calibration of predicted risks at a horizon, where some cases are censored before it.

Observed over expected is the cumulative incidence of all cases (Kaplan and Meier; Aalen and Johansen) over their mean
predicted risk. The slope is that of pseudo-values of the incidence on the complementary log-log of the risk, which is
log cumulative hazard where nothing competes (Andersen, Klein and Rosthoj 2003, Biometrika 90:15; Royston 2015, Stata J
15:275; Gerds, Andersen and Kattan 2014, Stat Med 33:3191; van Geloven et al. 2022, BMJ 377:e069249).
"""

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.pseudo_values import PseudoValues
from bedside.stats.roc import Statistic, blocks, ratio
from bedside.stats.times import Times
from bedside.types import Floats, Weights

_SURE = 1e-6
"""Risks are held at least this far from 0 and 1 where their complementary log-log is taken."""

_STEPS = 100
_CONVERGED = 1e-9
_ROUNDING = 1e-13
"""A sum of squares that grows by no more than this share is the same."""
_DEFINITE = 1e-6
_STEEPEST = 100.0
"""A slope that runs off beyond this has no best value: the events are told apart without error."""
_LARGEST_LOG = 6.0
"""exp(-exp(6)) is 0 beside everything else."""


def ratio_statistic(times: Times, risk: Floats, at: float) -> Statistic:
    """Observed over expected share with the event of cause 1 by a time.

    With late entries the expected share is the mean over cases whose state is known, weighted as in `answered`: those
    who came late are chosen for having had no event.

    Args:
        times: Of n cases.
        risk: Predicted share with the event by the time, shape (n,).
        at: The time.

    Returns:
        Weights (b, n) to values (b,); NaN where nobody is watched until the time, or nothing is expected.
    """
    answered = Answered(times, np.array([at]))
    rows, free = answered.sets.rows, answered.free[:, 0]
    by = times.time[rows] <= at
    ours = (by & (times.event[rows] == 1)).astype(np.float64)
    late = bool(times.entry.any())

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            part = weights[block]
            standing = answered(part)
            if late:
                expected = standing.events @ (risk[rows] * by) + (part @ (free * risk)) * standing.free[:, 0]
            else:
                expected = ratio(part @ risk, part.sum(axis=1))
            found[block] = np.where(standing.known[:, 0], ratio(standing.events @ ours, expected), np.nan)
        return found

    return statistic


def slope_statistic(times: Times, risk: Floats, at: float) -> Statistic:
    """Slope of the observed on the predicted risk at a time, both on the complementary log-log scale.

    Least squares of pseudo-values, with an intercept; without censoring it is the regression of the outcomes
    themselves. With late entries cases whose state is known stand for the others instead (see `answered`):
    pseudo-values of cases that are chosen by their survival do not average to their risk.

    Args:
        times: Of n cases.
        risk: Predicted share with the event of cause 1 by the time, shape (n,).
        at: The time.

    Returns:
        Weights (b, n) to slopes (b,); NaN where nobody is watched until the time, nobody or everybody has the event,
        all risks are the same, or no slope fits.
    """
    x = np.log(-np.log1p(-np.clip(risk, _SURE, 1.0 - _SURE)))
    observe = _Known(times, at) if times.entry.any() else PseudoValues(times, at)
    whole = lines(x, *observe(np.ones((1, len(times)))))

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            found[block] = lines(x, *observe(weights[block]), start=whole)[:, 1]
        return found

    return statistic


def lines(x: Floats, values: Floats, weights: Weights, *, start: Floats | None = None) -> Floats:
    """Least-squares fits of 1 - exp(-exp(a + b (x - mean of x))) to values, of many weightings at once.

    Generalised estimating equations with constant variance, as is usual for pseudo-values; by the method of Levenberg
    and Marquardt.

    Args:
        x: Predictor, shape (n,).
        values: What is fitted, shape (b, n): 0 and 1, or pseudo-values, which may lie outside.
        weights: Shape (b, n).
        start: From which a and b, shape (1, 2); where there are none, a slope of 1.

    Returns:
        a and b, shape (b, 2); NaN where the values' mean is not within (0, 1), x does not vary, or no finite slope is
        best.
    """
    found = np.full((len(weights), 2), np.nan)
    total = weights.sum(axis=1)
    centred = x - x.mean()
    middle = ratio(weights @ centred, total)
    spread = ratio(weights @ np.square(centred), total) - np.square(middle)
    share = ratio((weights * values).sum(axis=1), total)
    going = np.flatnonzero((share > 0) & (share < 1) & (spread > 1e-12 * max(1.0, float(np.square(x).max()))))
    if not going.size:
        return found
    columns = np.column_stack([np.ones_like(x), centred, np.square(centred)])
    if start is None or np.isnan(start).any():
        tried = np.column_stack([np.log(-np.log1p(-share[going])) - middle[going], np.ones(going.size)])
    else:
        tried = np.repeat(start, going.size, axis=0)
    y, w = values[going], weights[going]
    best, damping = np.full(going.size, np.inf), np.full(going.size, 1e-3)
    kept, score, curvature = tried.copy(), np.zeros((going.size, 2)), np.ones((going.size, 3))
    for _ in range(_STEPS):
        distance, pull, bend = _fit(tried, centred, columns, y, w)
        better = distance <= best * (1.0 + _ROUNDING)
        best = np.where(better, distance, best)
        kept[better], score[better], curvature[better] = tried[better], pull[better], bend[better]
        damping = np.where(better, damping / 10.0, damping * 10.0)
        step = _step(score, curvature, damping)
        small = np.abs(step).max(axis=1) < _CONVERGED
        lost = ~(np.abs(kept).max(axis=1) < _STEEPEST)
        done = small & better & ~lost
        found[going[done]] = kept[done]
        left = ~done & ~lost
        if not left.any():
            break
        tried = kept + step
        if not left.all():
            going, tried, kept, y, w = going[left], tried[left], kept[left], y[left], w[left]
            best, damping, score, curvature = best[left], damping[left], score[left], curvature[left]
    return found


def _fit(parts: Floats, x: Floats, columns: Floats, values: Floats, weights: Weights) -> tuple[Floats, Floats, Floats]:
    """Sum of squares (b,), half its falling gradient (b, 2), and half its second derivatives (b, 3).

    Where these are not positive definite the products of the fit's own derivatives stand in for them.
    """
    hazard = np.exp(np.minimum(parts[:, :1] + parts[:, 1:] * x, _LARGEST_LOG))
    free = np.exp(-hazard)
    off = values - 1.0 + free
    rising = hazard * free
    weighted = weights * off
    pull = weighted * rising
    alone = (weights * np.square(rising)) @ columns
    bend = alone - (pull * (1.0 - hazard)) @ columns
    definite = (bend[:, 0] > 0) & (bend[:, 0] * bend[:, 2] - bend[:, 1] ** 2 > _DEFINITE * bend[:, 0] * bend[:, 2])
    return (
        np.einsum("ij,ij->i", weighted, off),
        pull @ columns[:, :2],
        np.where(definite[:, None], bend, alone),
    )


def _step(score: Floats, curvature: Floats, damping: Floats) -> Floats:
    """The damped step, shape (b, 2)."""
    zero, one, two = curvature.T
    zero, two = zero * (1.0 + damping), two * (1.0 + damping)
    determinant = np.maximum(zero * two - one * one, np.finfo(np.float64).tiny)
    return np.column_stack(
        [
            (two * score[:, 0] - one * score[:, 1]) / determinant,
            (zero * score[:, 1] - one * score[:, 0]) / determinant,
        ]
    )


class _Known:
    """Outcomes of cases whose state is known, and what they stand for."""

    def __init__(self, times: Times, at: float) -> None:
        self.answered = Answered(times, np.array([at]))
        rows = self.answered.sets.rows
        self.by = times.time[rows] <= at
        self.values = ((times.time <= at) & (times.event == 1)).astype(np.float64)

    def __call__(self, weights: Weights) -> tuple[Floats, Weights]:
        standing = self.answered(weights)
        stand = weights * self.answered.free[:, 0] * standing.free
        stand[:, self.answered.sets.rows] += standing.events * self.by
        stand[~standing.known[:, 0]] = 0.0
        return np.broadcast_to(self.values, weights.shape), stand

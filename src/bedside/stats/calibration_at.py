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

_STEPS = 60
_CONVERGED = 1e-10
_LARGEST_STEP = 2.0
_STEEPEST = 1e3
_LARGEST_LOG = 4.0
"""exp(-exp(4)) is 0 beside everything else."""


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

    A binomial model of pseudo-values, with an intercept; without censoring it is the regression of the outcomes
    themselves. With late entries cases whose state is known stand for the others instead (see `answered`): pseudo-values
    of cases that are chosen by their survival do not average to their risk.

    Args:
        times: Of n cases.
        risk: Predicted share with the event of cause 1 by the time, shape (n,).
        at: The time.

    Returns:
        Weights (b, n) to slopes (b,); NaN where nobody is watched until the time, nobody or everybody has the event, all
        risks are the same, or no slope fits.
    """
    x = np.log(-np.log1p(-np.clip(risk, _SURE, 1.0 - _SURE)))
    observe = _by_weights(times, at) if times.entry.any() else PseudoValues(times, at)

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            values, stand = observe(weights[block])
            found[block] = slopes(x, values, stand)
        return found

    return statistic


def slopes(x: Floats, values: Floats, weights: Weights) -> Floats:
    """Slopes of binomial regressions on the complementary log-log scale, by Fisher scoring of all at once.

    Args:
        x: Predictor, shape (n,).
        values: What is regressed, shape (b, n): 0 and 1, or pseudo-values, which may lie outside.
        weights: Shape (b, n).

    Returns:
        Shape (b,); NaN where the values' mean is not within (0, 1) or x does not vary, and where it does not converge.
    """
    slope = np.full(len(weights), np.nan)
    total = weights.sum(axis=1)
    middle = ratio(weights @ x, total)
    spread = ratio(weights @ np.square(x - x.mean()), total) - np.square(middle - x.mean())
    share = ratio((weights * values).sum(axis=1), total)
    going = np.flatnonzero((share > 0) & (share < 1) & (spread > 1e-12 * max(1.0, float(np.square(x).max()))))
    if not going.size:
        return slope
    centred = x - float(np.mean(middle[going]))
    columns = np.column_stack([np.ones_like(x), centred, np.square(centred)])
    parts = np.column_stack([np.log(-np.log1p(-share[going])), np.ones(going.size)])
    y, w = values[going], weights[going]
    for _ in range(_STEPS):
        step = _step(parts, centred, columns, y, w)
        step = np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        parts = parts + step
        done = np.abs(step).max(axis=1) < _CONVERGED
        lost = ~np.isfinite(parts).all(axis=1) | (np.abs(parts).max(axis=1) > _STEEPEST)
        slope[going[done]] = parts[done, 1]
        left = ~(done | lost)
        if not left.any():
            break
        if not left.all():
            going, parts, y, w = going[left], parts[left], y[left], w[left]
    return slope


def _step(parts: Floats, x: Floats, columns: Floats, values: Floats, weights: Weights) -> Floats:
    """One step of Fisher scoring of intercepts and slopes, shape (b, 2)."""
    hazard = np.exp(np.minimum(parts[:, :1] + parts[:, 1:] * x, _LARGEST_LOG))
    share = -np.expm1(-hazard)
    pull = weights * hazard / share
    score = (pull * (values - share)) @ columns[:, :2]
    zero, one, two = ((pull * hazard * (1.0 - share)) @ columns).T
    determinant = zero * two - one * one
    safe = np.where(determinant > 0, determinant, np.nan)
    return np.column_stack(
        [(two * score[:, 0] - one * score[:, 1]) / safe, (zero * score[:, 1] - one * score[:, 0]) / safe]
    )


def _by_weights(times: Times, at: float) -> "_Known":
    return _Known(times, at)


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

"""Logistic regression of few coefficients on many weight vectors at once, for calibration.

Sources: McCullagh and Nelder 1989, Generalized Linear Models, section 4.4 (iteratively reweighted least squares);
Albert and Anderson 1984, Biometrika 71:1 (separation: no finite estimate exists); Liang and Zeger 1986.
"""

import numpy as np

from bedside.stats.roc import blocks
from bedside.types import Booleans, Floats, Integers, Weights

_MOST_STEPS = 40
_LARGEST = 200.0
"""A coefficient of a column of mean square 1 beyond this is on its way to infinity (separation)."""


def chances(linear: Floats) -> Floats:
    """1 / (1 + exp(-linear)) by the hyperbolic tangent, which NumPy computes in wide registers."""
    half = np.asarray(np.tanh(0.5 * linear), dtype=np.float64)
    half += 1.0
    half *= 0.5
    return half


def fit(design: Floats, positive: Booleans, weights: Weights, offset: Floats | None = None) -> Floats:
    """Coefficients for every weight vector, (b, k).

    Newton's method from the unweighted fit; rows that have converged leave the iteration. NaN where no finite
    maximum exists: one class only, separation, or a design without full rank.

    Args:
        design: Shape (m, k), with its column of ones.
        positive: Shape (m,).
        weights: Shape (b, m).
        offset: Shape (m,), added to the linear predictor.
    """
    scaled, back = _orthogonal(design)
    if back is None:
        return np.full((weights.shape[0], design.shape[1]), np.nan)
    start = np.zeros((1, design.shape[1]))
    all_equal = _newton(scaled, positive, np.ones((1, positive.size)), start, offset, 1e-9)
    if np.isfinite(all_equal).all():
        start = all_equal
    result = np.empty((weights.shape[0], design.shape[1]))
    for block in blocks(weights.shape[0], positive.size):
        part = weights[block]
        result[block] = _newton(scaled, positive, part, np.repeat(start, part.shape[0], axis=0), offset, 1e-4)
    return np.asarray(result @ back.T, dtype=np.float64)


def _orthogonal(design: Floats) -> tuple[Floats, Floats | None]:
    """The design with orthogonal columns of mean square 1, and the way back for coefficients (None: rank lacks)."""
    columns, upper = np.linalg.qr(design)
    diagonal = np.abs(np.diagonal(upper))
    size = np.sqrt(np.square(design).sum(axis=0))
    if design.shape[0] < design.shape[1] or (diagonal <= 1e-9 * size).any():
        return design, None
    scale = float(np.sqrt(design.shape[0]))
    return np.asarray(columns * scale, dtype=np.float64), np.asarray(np.linalg.inv(upper) * scale, dtype=np.float64)


def _newton(
    design: Floats, positive: Booleans, weights: Weights, start: Floats, offset: Floats | None, step_below: float
) -> Floats:
    """Newton's method; the error left is of the order of the square of the last step."""
    k = design.shape[1]
    pairs = (design[:, :, None] * design[:, None, :]).reshape(-1, k * k)
    coefficients, result = start.copy(), np.full_like(start, np.nan)
    hits = weights @ positive.astype(np.float64)
    active = np.flatnonzero((hits > 0) & (hits < weights.sum(axis=1)))
    observed = weights @ (design * positive[:, None])
    for _ in range(_MOST_STEPS):
        if active.size == 0:
            break
        part = weights if active.size == weights.shape[0] else weights[active]
        chance = coefficients[active] @ design.T
        if offset is not None:
            chance += offset
        chance = chances(chance)
        expected = part * chance
        gradient = observed[active] - expected @ design
        np.subtract(1.0, chance, out=chance)
        information = (expected * chance @ pairs).reshape(-1, k, k)
        step, sound = _solve(information, gradient)
        # Columns are on one scale, so that a long step means overshooting: shorten it, keep its direction.
        step *= np.minimum(1.0, 4.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        now = coefficients[active] + step
        coefficients[active] = now
        settled = sound & (np.abs(step) <= step_below * (1.0 + np.abs(now))).all(axis=1)
        result[active[settled]] = now[settled]
        active = active[sound & ~settled & (np.abs(now) < _LARGEST).all(axis=1)]
    return result


def _solve(information: Floats, gradient: Floats) -> tuple[Floats, Booleans]:
    """Newton steps, and which of them come from a matrix of full rank."""
    values, vectors = np.linalg.eigh(information)
    sound = values[:, 0] > 1e-11 * np.maximum(values[:, -1], 1e-300)
    safe = np.where(sound[:, None], values, 1.0)
    along = np.einsum("bji,bj->bi", vectors, gradient) / safe
    step = np.einsum("bij,bj->bi", vectors, along)
    step[~sound] = 0.0
    return np.asarray(step, dtype=np.float64), sound


def covariance(
    design: Floats,
    positive: Booleans,
    coefficients: Floats,
    unit: Integers | None,
    offset: Floats | None = None,
    weights: Floats | None = None,
) -> Floats:
    """Covariance of one fit's coefficients, (k, k).

    Model-based for independent cases (unit None); otherwise, and for weighted cases, the sandwich over units (patients,
    or cases) with the correction units / (units - 1).
    """
    linear = design @ coefficients
    chance = chances(linear if offset is None else linear + offset)
    spread, error = chance * (1.0 - chance), positive - chance
    if weights is not None:
        spread, error = spread * weights, error * weights
    information = (design * spread[:, None]).T @ design
    bread = np.asarray(np.linalg.inv(information), dtype=np.float64)
    if unit is None:
        if weights is None:
            return bread
        unit = np.arange(positive.size)
    scores = design * error[:, None]
    sums = np.stack([np.bincount(unit, weights=column).astype(np.float64) for column in scores.T])
    meat = sums @ sums.T
    units = sums.shape[1]
    result: Floats = units / max(units - 1, 1) * bread @ meat @ bread
    return result

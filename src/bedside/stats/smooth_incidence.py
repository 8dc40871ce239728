"""The smooth calibration curve of predicted risks at a horizon, where some cases are censored before it.

Pseudo-values of the incidence are regressed on a restricted cubic spline of the complementary log-log of the predicted
risk, with that link, by least squares. Sources: Andersen, Klein and Rosthoj 2003, Biometrika 90:15; Gerds, Andersen and
Kattan 2014, Stat Med 33:3191; Royston 2015, Stata J 15:275; Harrell 2015, Regression Modeling Strategies, section 2.4
(placing of knots).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from bedside.errors import StatisticsError
from bedside.stats.calibration_curve import spline
from bedside.stats.pseudo_values import PseudoValues
from bedside.stats.times import Times
from bedside.types import Floats

_SURE = 1e-6
_KNOTS = ((0.1, 0.5, 0.9), (0.05, 0.35, 0.65, 0.95))
_FEW = 100
"""Below so many events three knots instead of four."""
_FEWEST = 10
_STEPS = 100
_EQUAL = 1e-9
_LARGEST_LOG = 4.0
"""exp(-exp(4)) is 0 beside everything else."""


class SmoothIncidence(NamedTuple):
    """A curve from the 1st to the 99th percentile of the predicted risks."""

    predicted: Floats
    observed: Floats


def smooth_incidence(times: Times, risk: Floats, at: float, *, points: int = 100) -> SmoothIncidence:
    """Observed incidence of cause 1 by a time against its predicted risk.

    Args:
        times: Of n cases, all watched from 0 on: pseudo-values of cases that are known for having had no event do not
            average to their risk.
        risk: Predicted share with the event by the time, shape (n,).
        at: The time.
        points: Of the curve.

    Raises:
        StatisticsError: Cases come late, fewer than 10 have the event by the time, nobody is watched until it,
            everybody has the event, or the curve has no finite fit.
    """
    if times.entry.any():
        msg = "the smooth calibration curve was asked for cases that come late; give cases that are watched from 0 on"
        raise StatisticsError(msg)
    events = int(((times.event == 1) & (times.time <= at)).sum())
    if events < _FEWEST:
        msg = f"the smooth calibration curve at {at:g} was asked for {events} events; at least {_FEWEST} are needed"
        raise StatisticsError(msg)
    values, stand = (each[0] for each in PseudoValues(times, at)(np.ones((1, len(times)))))
    share = float(values.mean())
    if not stand.any() or not 0 < share < 1:
        msg = f"the smooth calibration curve at {at:g} needs cases with and without the event that are watched until it"
        raise StatisticsError(msg)
    x = np.log(-np.log1p(-np.clip(risk, _SURE, 1.0 - _SURE)))
    low, high = np.quantile(x, (0.01, 0.99)).tolist()
    x = np.clip(x, low, high)  # the curve is drawn so far, and a few risks near 0 or 1 would bend all of it
    knots = np.quantile(x, _KNOTS[int(events >= _FEW)])
    curved = np.unique(x).size >= 10 and bool((np.diff(knots) > 1e-6).all())
    grid = np.linspace(low, high, points)
    design, drawn = (_columns(each, knots if curved else None) for each in (x, grid))
    observed = -np.expm1(-np.exp(np.minimum(drawn @ _fit(design, values), _LARGEST_LOG)))
    return SmoothIncidence(-np.expm1(-np.exp(grid)), np.asarray(observed, dtype=np.float64))


def _columns(x: Floats, knots: Floats | None) -> Floats:
    return np.column_stack([np.ones(x.size), x if knots is None else spline(x, knots)])


def _fit(design: Floats, values: Floats) -> Floats:
    """Coefficients of the regression, by least squares from where predictions are right.

    Squares and not a binomial likelihood: pseudo-values above 1 make that one grow without bound.
    """
    basis, back = np.linalg.qr(design)
    if np.abs(np.diag(back)).min() < _EQUAL * np.abs(back).max():
        msg = "the smooth calibration curve has no finite fit: predicted risks are equal"
        raise StatisticsError(msg)

    def residuals(parts: Floats) -> Floats:
        return -np.expm1(-np.exp(np.minimum(basis @ parts, _LARGEST_LOG))) - values

    def slopes(parts: Floats) -> Floats:
        log = np.minimum(basis @ parts, _LARGEST_LOG)
        return np.asarray(np.exp(log - np.exp(log))[:, None] * basis, dtype=np.float64)

    right = np.zeros(design.shape[1])
    right[1] = 1.0
    found = least_squares(residuals, back @ right, jac=slopes, max_nfev=_STEPS)
    if not np.isfinite(found.x).all():
        msg = "the smooth calibration curve has no finite fit"
        raise StatisticsError(msg)
    return np.asarray(np.linalg.solve(back, found.x), dtype=np.float64)

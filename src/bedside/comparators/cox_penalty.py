"""Cox regression with an elastic-net penalty: Newton's method, each step a penalised least-squares problem."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from bedside.stats.cox import AtRisk, Hazard, regression
from bedside.types import Floats

_STEPS = 100
_GAIN = 1e-10
"""Relative gain of the objective below which nothing more is gained."""

_NO_SPREAD = 1e-12
"""Share of the greatest curvature below which a direction tells nothing."""

_RIDGE = 1e-3
"""Share of the absolute-value penalty below which it is left out, and the problem is smooth."""


@dataclass(frozen=True, eq=False)
class Penalised:
    """Coefficients of one cause, shape (p,), and whether the search for them ended."""

    coefficients: Floats
    converged: bool


def penalised(risk: AtRisk, x: Floats, penalty: float, mixing: float) -> Penalised:
    """The least of minus the log partial likelihood a case plus the penalty.

    As glmnet has it (Simon et al., 2011, J Stat Softw 39(5)), but with Newton's full matrix of second derivatives.

    Args:
        risk: Of one cause, n cases.
        x: Predictors, shape (n, p).
        penalty: On (mixing * sum of sizes + (1 - mixing) / 2 * sum of squares), against the likelihood a case.
        mixing: Share of the absolute-value penalty.
    """
    cases = len(risk)
    if mixing < _RIDGE:
        plain = regression(risk, x, ridge=penalty * cases)
        return Penalised(plain.coefficients, plain.converged)

    def objective(tried: Floats) -> tuple[float, Hazard]:
        hazard = Hazard.of(risk, x @ tried)
        shrunk = mixing * np.abs(tried).sum() + (1 - mixing) / 2 * (tried**2).sum()
        return -hazard.log_likelihood / cases + penalty * float(shrunk), hazard

    coefficients = np.zeros(x.shape[1])
    value, hazard = objective(coefficients)
    for _ in range(_STEPS):
        gradient, information = hazard.derivatives(x)
        aim = _least(information / cases, gradient / cases, coefficients, penalty, mixing)
        part = 1.0
        while True:
            tried = coefficients + part * (aim - coefficients)
            lower, moved = objective(tried)
            if lower < value or part < 1e-6:
                break
            part /= 2
        if value - lower <= _GAIN * (abs(value) + 1.0):
            return Penalised(tried if lower < value else coefficients, converged=True)
        coefficients, value, hazard = tried, lower, moved
    return Penalised(coefficients, converged=False)


def _least(curvature: Floats, gradient: Floats, start: Floats, penalty: float, mixing: float) -> Floats:
    """Where the quadratic that touches the likelihood at `start`, with the penalty, is least."""
    size, directions = np.linalg.eigh(curvature)
    told = size > _NO_SPREAD * max(float(size[-1]), 1e-300)
    root = np.sqrt(size[told])
    table = root[:, None] * directions[:, told].T
    if not len(table):
        return np.zeros_like(start)
    aim = (directions[:, told].T @ (curvature @ start + gradient)) / root
    # scikit-learn divides the sum of squares by the rows of its table.
    solver = ElasticNet(
        alpha=penalty / len(table),
        l1_ratio=mixing,
        fit_intercept=False,
        tol=1e-12,
        max_iter=20_000,
        warm_start=True,
        random_state=0,
    )
    solver.coef_ = start.copy()
    with warnings.catch_warnings():
        # A step that is not quite the best is one Newton step more.
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(np.asfortranarray(table), aim)
    found: Floats = solver.coef_
    return found

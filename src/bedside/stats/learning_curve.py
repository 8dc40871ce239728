"""The learning curve: what more patients would buy.

Source: Figueroa et al. 2012, BMC Med Inform Decis Mak 12:8 (inverse power law fitted by weighted least squares).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import normal_quantile
from bedside.types import Floats


class LearningCurve(NamedTuple):
    """value(n) = plateau - gain * n ** -rate.

    Attributes:
        plateau, gain, rate: Fitted.
        covariance: Of the three, (3, 3).
    """

    plateau: float
    gain: float
    rate: float
    covariance: Floats

    def at(self, patients: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """Expected value, low and high at numbers of patients (delta method; the fit's uncertainty only)."""
        n = checks.finite(np.atleast_1d(np.asarray(patients, dtype=np.float64)), "patients")
        power = n**-self.rate
        value = self.plateau - self.gain * power
        gradient = np.column_stack([np.ones_like(n), -power, self.gain * power * np.log(n)])
        half = normal_quantile(level) * np.sqrt(np.einsum("ij,jk,ik->i", gradient, self.covariance, gradient))
        return value, value - half, value + half


def learning_curve(patients: ArrayLike, values: ArrayLike, errors: ArrayLike | None = None) -> LearningCurve:
    """Fit an inverse power law to a measure at several sizes of the development partition.

    Args:
        patients: Shape (k,), at least four different sizes.
        values: Shape (k,), the measure, larger is better (turn a loss round).
        errors: Shape (k,), standard errors, to weigh the points; by default equal.

    Raises:
        StatisticsError: Fewer than four sizes, sizes below 1, or points that no such curve fits.
    """
    n = checks.finite(patients, "patients")
    y = checks.finite(values, "values", n.size)
    spread = np.ones(n.size) if errors is None else checks.finite(errors, "errors", n.size)
    if np.unique(n).size < 4 or n.min() < 1 or spread.min() <= 0:
        message = f"{np.unique(n).size} different sizes; a learning curve needs four of at least 1, errors above 0."
        raise StatisticsError(message)
    scale = float(n.min())

    def residuals(parameters: Floats) -> Floats:
        plateau, gain, rate = parameters
        return np.asarray((plateau - gain * (n / scale) ** -rate - y) / spread, dtype=np.float64)

    start = np.array([y.max(), max(y.max() - y.min(), 1e-6), 0.5])
    found = least_squares(residuals, start, bounds=([-np.inf, -np.inf, 1e-3], [np.inf, np.inf, 5.0]))
    jacobian = np.asarray(found.jac, dtype=np.float64)
    information = jacobian.T @ jacobian
    if not found.success or np.linalg.cond(information) > 1e14:
        message = "No inverse power law is determined by these points; add sizes or report the points alone."
        raise StatisticsError(message)
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    if errors is None:
        covariance *= 2.0 * float(found.cost) / max(n.size - 3, 1)
    plateau, gain, rate = found.x.tolist()
    # From patients over the smallest size back to patients.
    lift = scale**rate
    change = np.array([[1.0, 0.0, 0.0], [0.0, lift, gain * lift * np.log(scale)], [0.0, 0.0, 1.0]])
    return LearningCurve(plateau, gain * lift, rate, change @ covariance @ change.T)

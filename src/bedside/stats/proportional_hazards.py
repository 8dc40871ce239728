"""Whether hazard ratios stay the same over time, and how sure they are where patients repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from bedside.stats.cox import AtRisk, Hazard, solved
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.types import Floats, Integers


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A chi squared statistic, its degrees of freedom and p value."""

    statistic: float
    degrees: int
    p_value: float


@dataclass(frozen=True, eq=False)
class Drift:
    """Whether coefficients go with a function of time: the score of adding such terms to a Cox regression.

    Grambsch and Therneau (1994, Biometrika 81:515), as the exact score test that R's survival does since version 3.0.
    Time is taken as one minus Kaplan and Meier's survival just before each event, so that no late event weighs more
    than others.

    Attributes:
        score: Schoenfeld residuals summed by centred time, shape (p,).
        covariance: Of the score, coefficients being estimated, shape (p, p).
    """

    score: Floats
    covariance: Floats

    @classmethod
    def of(cls, times: Times, cause: int, hazard: Hazard, x: Floats) -> "Drift":
        """At fitted log relative hazards.

        Args:
            times: Of n cases.
            cause: Whose hazard was fitted.
            hazard: There.
            x: Predictors, shape (n, p).
        """
        moment = transformed(times, cause, hazard.risk)
        moment -= moment.mean()
        plain, once, twice = (hazard.information(x, each) for each in (None, moment, moment**2))
        residuals = x[hazard.risk.case] - hazard.means(x)
        return cls(moment @ residuals, twice - once @ np.linalg.lstsq(plain, once, rcond=1e-12)[0])

    def test(self, columns: Sequence[int]) -> ScoreTest:
        """That the coefficients of these columns are all constant."""
        score, covariance = self.score[columns], self.covariance[np.ix_(columns, columns)]
        statistic = float(score @ solved(covariance, score))
        return ScoreTest(statistic, len(columns), float(chi2.sf(statistic, len(columns))))


def transformed(times: Times, cause: int, risk: AtRisk) -> Floats:
    """One minus the probability of being free of the cause just before each event, shape (k,).

    Events of other causes end a watch, as for the hazard.
    """
    alone = Times(times.time, (times.event == cause).astype(np.int64), times.entry)
    gone = curve(alone, 1, None, risk.at)[0]
    # Where all that were at risk at a time had the event, and others came later, the curve stays at 1.
    before = np.concatenate([[0.0], np.where(np.isnan(gone), 1.0, gone)[:-1]])
    return before[risk.moment]


def score_residuals(hazard: Hazard, x: Floats) -> Floats:
    """What each case adds to the gradient of the log likelihood, shape (n, p)."""
    risk = hazard.risk
    means = hazard.means(x)
    found = -hazard.relative[:, None] * (
        risk.during(1.0 / hazard.total)[:, None] * x - risk.during(means / hazard.total[:, None])
    )
    np.add.at(found, risk.case, x[risk.case] - means)
    return found


def clustered(hazard: Hazard, x: Floats, information: Floats, cluster: Integers) -> Floats:
    """Covariance of coefficients that holds where cases of one cluster are alike (Lin and Wei, 1989), shape (p, p).

    Args:
        hazard: At the fitted coefficients.
        x: Predictors, shape (n, p).
        information: Of the regression, shape (p, p).
        cluster: Number of each case's cluster, from 0 on, shape (n,).
    """
    sums = np.zeros((int(cluster.max()) + 1, x.shape[1]))
    np.add.at(sums, cluster, score_residuals(hazard, x))
    inverse = np.linalg.pinv(information, rcond=1e-12, hermitian=True)
    found: Floats = inverse @ (sums.T @ sums) @ inverse
    return found

"""Random-effects pooling over sites: how good is the model on average, and at the next site?

Sources: DerSimonian and Laird 1986, Control Clin Trials 7:177; Viechtbauer 2005, J Educ Behav Stat 30:261 (REML);
Hartung and Knapp 2001, Stat Med 20:3875; Higgins, Thompson and Spiegelhalter 2009, J R Stat Soc A 172:137 (prediction
interval); Higgins and Thompson 2002, Stat Med 21:1539 (I^2); Snell, Ensor, Debray, Moons and Riley 2018, Stat Methods
Med Res 27:3505 (logit scale for the AUROC, log for observed / expected).
"""

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, expit, logit, ndtr, stdtr, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Limits, normal_quantile
from bedside.types import Floats

Between: TypeAlias = Literal["reml", "dersimonian-laird"]


class Pooled(NamedTuple):
    """A random-effects summary.

    Attributes:
        value, low, high: Average over sites with its interval.
        p: Two-sided, against zero on the scale of pooling.
        predicted_low, predicted_high: Interval for the value at a further site; NaN-free: equals the whole scale
            (infinite limits) for two sites, where it is not defined.
        tau: Standard deviation between sites, scale of pooling.
        tau_low, tau_high: Its Q-profile interval.
        q, q_p: Cochran's Q and its p value.
        i_squared: Share of the variation that is between sites.
        sites: Number of sites.
        weights: Relative weight of each site, (k,), sums to 1.
        method: Words for the methods section.
    """

    value: float
    low: float
    high: float
    p: float
    predicted_low: float
    predicted_high: float
    tau: float
    tau_low: float
    tau_high: float
    q: float
    q_p: float
    i_squared: float
    sites: int
    weights: Floats
    method: str


def random_effects(
    values: ArrayLike,
    errors: ArrayLike,
    *,
    between: Between = "reml",
    hartung_knapp: bool = True,
    level: float = 0.95,
) -> Pooled:
    """Pool independent estimates of several sites.

    Args:
        values: Shape (k,), on a scale where they are about normal.
        errors: Shape (k,), their standard errors.
        between: How the variance between sites is estimated.
        hartung_knapp: Student limits with Hartung and Knapp's variance, not narrower than the usual one's (Rover, Knapp
            and Friede 2015, BMC Med Res Methodol 15:99); otherwise normal limits.
        level: Nominal coverage.

    Raises:
        StatisticsError: Fewer than two sites, an error that is not positive.
    """
    effect = checks.finite(values, "values")
    variance = checks.finite(errors, "errors", effect.size) ** 2
    k = effect.size
    if k < 2 or variance.min() <= 0.0:
        message = (
            f"{k} sites with smallest standard error {math.sqrt(variance.min()):g}; give at least two sites and "
            "errors above 0."
        )
        raise StatisticsError(message)
    z = normal_quantile(level)
    q = _q(effect, variance, 0.0)
    tau_squared = _dersimonian_laird(variance, q, k) if between == "dersimonian-laird" else _reml(effect, variance)
    weight = 1.0 / (variance + tau_squared)
    value = float(weight @ effect / weight.sum())
    plain = 1.0 / float(weight.sum())
    spread, degrees = plain, math.inf
    if hartung_knapp:
        spread = plain * max(1.0, float(weight @ (effect - value) ** 2) / (k - 1))
        degrees = float(k - 1)
    half = (z if math.isinf(degrees) else float(stdtrit(degrees, (1.0 + level) / 2.0))) * math.sqrt(spread)
    statistic = -abs(value) / math.sqrt(spread)
    p = 2.0 * float(ndtr(statistic) if math.isinf(degrees) else stdtr(degrees, statistic))
    reach = float(stdtrit(k - 2, (1.0 + level) / 2.0)) * math.sqrt(tau_squared + spread) if k > 2 else math.inf
    tau_low, tau_high = _q_profile(effect, variance, (1.0 - level) / 2.0)
    return Pooled(
        value=value,
        low=value - half,
        high=value + half,
        p=p,
        predicted_low=value - reach,
        predicted_high=value + reach,
        tau=math.sqrt(tau_squared),
        tau_low=tau_low,
        tau_high=tau_high,
        q=q,
        q_p=float(chdtrc(k - 1, q)),
        i_squared=tau_squared / (tau_squared + _typical(variance)),
        sites=k,
        weights=weight / weight.sum(),
        method=f"random effects, {between}" + (", Hartung-Knapp" if hartung_knapp else ", normal limits"),
    )


def _q(effect: Floats, variance: Floats, tau_squared: float) -> float:
    weight = 1.0 / (variance + tau_squared)
    return float(weight @ (effect - weight @ effect / weight.sum()) ** 2)


def _typical(variance: Floats) -> float:
    """Typical within-site variance (Higgins and Thompson 2002)."""
    weight = 1.0 / variance
    return float((variance.size - 1) * weight.sum() / (weight.sum() ** 2 - weight @ weight))


def _dersimonian_laird(variance: Floats, q: float, k: int) -> float:
    weight = 1.0 / variance
    return max(0.0, (q - (k - 1)) / float(weight.sum() - weight @ weight / weight.sum()))


def _reml(effect: Floats, variance: Floats) -> float:
    """Root of the restricted score; 0 where the likelihood falls from there on."""

    def score(tau_squared: float) -> float:
        weight = 1.0 / (variance + tau_squared)
        total = float(weight.sum())
        deviation = effect - weight @ effect / total
        return float(weight**2 @ deviation**2) - total + float(weight @ weight) / total

    if score(0.0) <= 0.0:
        return 0.0
    upper = max(1e-8, float(np.ptp(effect)) ** 2)
    while score(upper) > 0.0:
        upper *= 2.0
    return float(brentq(score, 0.0, upper, xtol=1e-14))


def _q_profile(effect: Floats, variance: Floats, tail: float) -> tuple[float, float]:
    """Limits of tau by inverting Cochran's Q (Viechtbauer 2007, Stat Med 26:37)."""

    def root(target: float) -> float:
        if _q(effect, variance, 0.0) <= target:
            return 0.0
        upper = max(1e-8, float(np.ptp(effect)) ** 2)
        while _q(effect, variance, upper) > target:
            upper *= 2.0
        return math.sqrt(float(brentq(lambda at: _q(effect, variance, at) - target, 0.0, upper, xtol=1e-14)))

    k = effect.size
    return root(float(chdtri(k - 1, tail))), root(float(chdtri(k - 1, 1.0 - tail)))


class PooledShare(NamedTuple):
    """A summary of AUROCs, sensitivities or other shares, pooled on the logit scale and carried back."""

    value: float
    interval: Limits
    prediction: Limits
    logit_scale: Pooled


def pool_shares(
    values: ArrayLike, errors: ArrayLike, *, between: Between = "reml", hartung_knapp: bool = True, level: float = 0.95
) -> PooledShare:
    """Pool values strictly between 0 and 1 on the logit scale; errors by the delta method, error / (v (1 - v)).

    Args and errors as `random_effects`; also StatisticsError for a value of 0 or 1, whose logit is infinite: leave the
    site out and say so, or pool counts.
    """
    share = checks.probabilities(values, "values")
    if share.min() <= 0.0 or share.max() >= 1.0:
        message = "A site has a value of 0 or 1, whose logit is infinite; leave it out and say so, or pool counts."
        raise StatisticsError(message)
    scaled = checks.finite(errors, "errors", share.size) / (share * (1.0 - share))
    found = random_effects(logit(share), scaled, between=between, hartung_knapp=hartung_knapp, level=level)
    method = f"{found.method}, logit scale"
    return PooledShare(
        value=float(expit(found.value)),
        interval=Limits(float(expit(found.low)), float(expit(found.high)), method),
        prediction=Limits(
            float(expit(found.predicted_low)), float(expit(found.predicted_high)), f"{method}, prediction interval"
        ),
        logit_scale=found,
    )

"""Areas (or sensitivities, specificities, accuracies) of readings of the same cases, and their covariance over cases.

Sources: DeLong et al. 1988, Biometrics 44:837; Quenouille 1956, Biometrika 43:353 (jackknife); Gallas 2006, Acad Radiol
13:353 (unbiased U-statistic estimate); Gallas, Bandos, Samuelson and Wagner 2009, Commun Stat Theory Methods 38:2586.
"""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.delong import clustered_delong, delong_covariance, placements
from bedside.types import Booleans, Floats, Integers

Covariance: TypeAlias = Literal["delong", "jackknife", "unbiased"]
Figure: TypeAlias = Literal["auroc", "sensitivity", "specificity", "accuracy"]

_BLOCK = 1 << 22


class Areas(NamedTuple):
    """Values of L readings and their covariance over cases, (L,) and (L, L)."""

    values: Floats
    covariance: Floats


def areas(
    ratings: Floats, positive: Booleans, figure: Figure, method: Covariance, cluster: Integers | None = None
) -> Areas:
    """Value of each reading and the covariance of them all.

    Args:
        ratings: Shape (L, n); for sensitivity, specificity and accuracy 0/1 calls.
        positive: Shape (n,); for accuracy of calls that are right or wrong of themselves, all True.
        figure: What is estimated.
        method: Of the covariance; for proportions all three are the usual n - 1 form.
        cluster: Shape (n,), each case's patient: Obuchowski's clustered form takes the place of "delong".

    Raises:
        StatisticsError: Fewer than two cases (patients) of a class (for accuracy: in all), calls other than 0 and 1, or
            repeated patients with another method than "delong".
    """
    if figure != "accuracy":
        checks.two_classes(positive, least=2)
    if cluster is not None and method != "delong":
        message = f"The {method} covariance has no form for repeated patients here; choose 'delong'."
        raise StatisticsError(message)
    if figure != "auroc":
        return _shares(ratings, positive, figure, cluster)
    if cluster is not None:
        return Areas(*clustered_delong(ratings, positive, cluster))
    if method == "delong":
        return Areas(*delong_covariance(ratings, positive))
    of_positive, of_negative = placements(ratings, positive)
    values = of_positive.mean(axis=1)
    if method == "jackknife":
        return Areas(values, _jackknife(values, of_positive, of_negative))
    return Areas(values, _unbiased(ratings, positive, of_positive, of_negative))


def _shares(ratings: Floats, positive: Booleans, figure: Figure, cluster: Integers | None) -> Areas:
    if not np.isin(ratings, (0.0, 1.0)).all():
        message = f"{figure} needs calls of 0 or 1; some readings are other numbers. Cut the ratings at a threshold."
        raise StatisticsError(message)
    about = {"sensitivity": positive, "specificity": ~positive}
    asked = about.get(figure, np.ones_like(positive))
    hits = np.where(positive[asked], ratings[:, asked], 1.0 - ratings[:, asked])
    unit = np.arange(hits.shape[1]) if cluster is None else np.unique(cluster[asked], return_inverse=True)[1]
    centred = hits - hits.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(unit, weights=row).astype(np.float64) for row in centred])
    units = sums.shape[1]
    if units < 2:
        message = f"The cases that {figure} is taken over are of one patient; at least two patients are needed."
        raise StatisticsError(message)
    covariance: Floats = units / (units - 1) * sums @ sums.T / hits.shape[1] ** 2
    return Areas(hits.mean(axis=1), covariance)


def _jackknife(values: Floats, of_positive: Floats, of_negative: Floats) -> Floats:
    """Leave-one-case-out areas follow from the placements without another sort."""
    m, n = of_positive.shape[1], of_negative.shape[1]
    left_out = np.hstack([(m * values[:, None] - of_positive) / (m - 1), (n * values[:, None] - of_negative) / (n - 1)])
    centred = left_out - left_out.mean(axis=1, keepdims=True)
    covariance: Floats = (m + n - 1) / (m + n) * centred @ centred.T
    return covariance


def _unbiased(ratings: Floats, positive: Booleans, of_positive: Floats, of_negative: Floats) -> Floats:
    """Moments of pairs of kernels that share both, one or no case (Gallas 2006)."""
    ours, theirs = ratings[:, positive], ratings[:, ~positive]
    readings, m = ours.shape
    n = theirs.shape[1]
    same = np.zeros((readings, readings))
    step = max(1, _BLOCK // (readings * n))
    for start in range(0, m, step):
        part = ours[:, start : start + step, None]
        kernel = (part > theirs[:, None, :]) + 0.5 * (part == theirs[:, None, :])
        flat = kernel.reshape(readings, -1)
        same += flat @ flat.T
    by_positive = n**2 * of_positive @ of_positive.T
    by_negative = m**2 * of_negative @ of_negative.T
    totals = np.outer(n * of_positive.sum(axis=1), n * of_positive.sum(axis=1))
    share_positive = (by_positive - same) / (m * n * (n - 1))
    share_negative = (by_negative - same) / (m * n * (m - 1))
    share_none = (totals - by_positive - by_negative + same) / (m * n * (m - 1) * (n - 1))
    covariance: Floats = (
        same / (m * n) + (n - 1) * share_positive + (m - 1) * share_negative + (m - 1) * (n - 1) * share_none
    ) / (m * n) - share_none
    return covariance

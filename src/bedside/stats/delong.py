"""Areas under correlated ROC curves: DeLong's covariance for independent cases, Obuchowski's for clustered ones.

Sources: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837; Sun and Xu 2014, IEEE Signal Process Lett 21:1389
(fast midranks); Obuchowski 1997, Biometrics 53:567 (clusters).
"""

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.auroc_limits import contrast, limits, newcombe_interval
from bedside.stats.interval import Contrast, Limits
from bedside.types import Booleans, Floats, Integers


def placements(scores: Floats, positive: Booleans) -> tuple[Floats, Floats]:
    """Share of the other class each case outranks, ties one half.

    Args:
        scores: Shape (L, n), one row a learner.
        positive: Shape (n,).

    Returns:
        For positives (L, n_positive) the share of negatives below, for negatives (L, n_negative) of positives above.
    """
    ours, theirs = scores[:, positive], scores[:, ~positive]
    of_positive, of_negative = np.empty_like(ours), np.empty_like(theirs)
    for row in range(scores.shape[0]):
        up, down = np.argsort(ours[row]), np.argsort(theirs[row])
        high, low = ours[row, up], theirs[row, down]
        of_positive[row, up] = _midrank(low, high) / low.size
        of_negative[row, down] = 1.0 - _midrank(high, low) / high.size
    return of_positive, of_negative


def _midrank(among: Floats, ranked: Floats) -> Floats:
    """How many of sorted `among` lie below each of sorted `ranked`, ties one half."""
    below = 0.5 * (np.searchsorted(among, ranked, side="left") + np.searchsorted(among, ranked, side="right"))
    return np.asarray(below, dtype=np.float64)


def _matrix(scores: ArrayLike, label: ArrayLike) -> tuple[Floats, Booleans]:
    matrix = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    positive = checks.labels(label, matrix.shape[-1])
    for row in matrix:
        checks.vector(row, "score", positive.size)
    return matrix, positive


def delong_covariance(scores: ArrayLike, label: ArrayLike) -> tuple[Floats, Floats]:
    """AUROCs of several learners on the same independent cases, and their covariance.

    Args:
        scores: Shape (L, n).
        label: Shape (n,).

    Returns:
        AUROCs (L,) and covariance (L, L).

    Raises:
        StatisticsError: Fewer than two cases of a class, NaN, wrong shapes.
    """
    matrix, positive = _matrix(scores, label)
    checks.two_classes(positive, least=2)
    of_positive, of_negative = placements(matrix, positive)
    return of_positive.mean(axis=1), _covariance_of_means(of_positive) + _covariance_of_means(of_negative)


def _covariance_of_means(values: Floats) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    covariance: Floats = centred @ centred.T / (values.shape[1] * (values.shape[1] - 1))
    return covariance


def clustered_delong(scores: ArrayLike, label: ArrayLike, cluster: ArrayLike) -> tuple[Floats, Floats]:
    """AUROCs and their covariance when patients contribute several cases (Obuchowski 1997).

    With one case a patient it equals `delong_covariance`.

    Args:
        scores: Shape (L, n).
        label: Shape (n,); a patient may have cases of both classes.
        cluster: Shape (n,), each case's patient.

    Returns:
        AUROCs (L,) and covariance (L, L).

    Raises:
        StatisticsError: Fewer than two patients with cases of a class, NaN, wrong shapes.
    """
    matrix, positive = _matrix(scores, label)
    patient = checks.codes(cluster, "cluster", positive.size)
    checks.two_classes(positive, least=2)
    of_positive, of_negative = placements(matrix, positive)
    aurocs = of_positive.mean(axis=1)
    ours = _cluster_sums(of_positive - aurocs[:, None], patient[positive], int(patient.max()) + 1)
    theirs = _cluster_sums(of_negative - aurocs[:, None], patient[~positive], int(patient.max()) + 1)
    with_positive, with_negative = np.unique(patient[positive]).size, np.unique(patient[~positive]).size
    if min(with_positive, with_negative) < 2:
        message = (
            f"Positive cases come from {with_positive} patients and negative cases from {with_negative}; at least two "
            "patients with each are needed for a clustered variance."
        )
        raise StatisticsError(message)
    m, n, patients = int(positive.sum()), int((~positive).sum()), ours.shape[1]
    covariance = with_positive / (with_positive - 1) * (ours @ ours.T) / m**2
    covariance += with_negative / (with_negative - 1) * (theirs @ theirs.T) / n**2
    cross = patients / (patients - 1) * (ours @ theirs.T) / (m * n)
    return aurocs, covariance + cross + cross.T


def _cluster_sums(values: Floats, cluster: Integers, clusters: int) -> Floats:
    return np.stack([np.bincount(cluster, weights=row, minlength=clusters) for row in values])


def auroc_interval(score: ArrayLike, label: ArrayLike, level: float = 0.95) -> Limits:
    """Interval of an AUROC for independent cases.

    Logit-transformed DeLong; where DeLong's variance vanishes (AUROC 0 or 1, or all scores tied) or a class has a
    single case, Newcombe's score-type interval, so that the width is never zero.

    Raises:
        StatisticsError: One class only, NaN, wrong shapes.
    """
    matrix, positive = _matrix(score, label)
    positives, negatives = checks.two_classes(positive)
    if min(positives, negatives) == 1:
        of_positive, _ = placements(matrix, positive)
        return newcombe_interval(float(of_positive.mean()), positives, negatives, level)
    aurocs, covariance = delong_covariance(matrix, positive)
    return limits(float(aurocs[0]), float(covariance[0, 0]), positives, negatives, level, "DeLong, logit scale")


def clustered_auroc_interval(score: ArrayLike, label: ArrayLike, cluster: ArrayLike, level: float = 0.95) -> Limits:
    """Interval of an AUROC when patients contribute several cases: Obuchowski's variance, logit scale.

    Where that variance vanishes, Newcombe's interval with numbers of patients in place of numbers of cases.

    Raises:
        StatisticsError: Fewer than two patients with cases of a class, NaN, wrong shapes.
    """
    aurocs, covariance = clustered_delong(score, label, cluster)
    positive = checks.labels(label)
    patient = checks.codes(cluster, "cluster", positive.size)
    positives, negatives = np.unique(patient[positive]).size, np.unique(patient[~positive]).size
    method = "Obuchowski 1997 (clustered by patient), logit scale"
    return limits(float(aurocs[0]), float(covariance[0, 0]), positives, negatives, level, method)


def delong_test(a: ArrayLike, b: ArrayLike, label: ArrayLike, level: float = 0.95) -> Contrast:
    """Paired test of two learners' AUROCs on the same independent cases: a minus b.

    Raises:
        StatisticsError: Fewer than two cases of a class, NaN, wrong shapes.
    """
    scores = np.stack([checks.vector(a, "first score"), checks.vector(b, "second score", np.size(a))])
    aurocs, covariance = delong_covariance(scores, label)
    positives, negatives = checks.two_classes(checks.labels(label))
    return contrast(aurocs, covariance, positives, negatives, level, "DeLong, paired")


def clustered_delong_test(
    a: ArrayLike, b: ArrayLike, label: ArrayLike, cluster: ArrayLike, level: float = 0.95
) -> Contrast:
    """Paired test of two learners' AUROCs when patients contribute several cases (Obuchowski 1997): a minus b.

    Raises:
        StatisticsError: Fewer than two patients with cases of a class, NaN, wrong shapes.
    """
    scores = np.stack([checks.vector(a, "first score"), checks.vector(b, "second score", np.size(a))])
    aurocs, covariance = clustered_delong(scores, label, cluster)
    positive = checks.labels(label)
    patient = checks.codes(cluster, "cluster", positive.size)
    positives, negatives = np.unique(patient[positive]).size, np.unique(patient[~positive]).size
    return contrast(aurocs, covariance, positives, negatives, level, "Obuchowski 1997 (clustered by patient), paired")

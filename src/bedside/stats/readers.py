"""Multi-reader multi-case analysis: do the results hold for other readers and other cases?

Sources: Obuchowski and Rockette 1995, Commun Stat Simul Comput 24:285; Hillis 2007, Stat Med 26:596 (degrees of
freedom); Hillis, Berbaum and Metz 2008, Acad Radiol 15:647; Hillis 2014, Stat Med 33:330 (single arms).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc, stdtr, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.compare import holm
from bedside.stats.delong import delong_test
from bedside.stats.interval import Contrast, normal_quantile
from bedside.stats.reading_covariance import Covariance, Figure, areas
from bedside.types import Booleans, Floats, Integers


class Readings(NamedTuple):
    """A fully crossed reading study: every reader read every case in every arm.

    Attributes:
        ratings: Shape (arms, readers, cases).
        positive: Shape (cases,).
        arms, readers: Names, in order.
    """

    ratings: Floats
    positive: Booleans
    arms: tuple[str, ...]
    readers: tuple[str, ...]


def crossed(arm: ArrayLike, reader: ArrayLike, case: ArrayLike, rating: ArrayLike, truth: ArrayLike) -> Readings:
    """Readings in long form, one a row, to a fully crossed study.

    Raises:
        StatisticsError: A reading missing or given twice (the analysis is not defined for readers who read different
            cases: say which were read by all, or analyse those), or a case with two truths.
    """
    values = checks.finite(rating, "rating", np.size(case))
    positive = checks.labels(truth, values.size)
    arms, arm_code = np.unique(np.asarray(arm), return_inverse=True)
    readers, reader_code = np.unique(np.asarray(reader), return_inverse=True)
    cases, case_code = np.unique(np.asarray(case), return_inverse=True)
    shape = (arms.size, readers.size, cases.size)
    times = np.zeros(shape, dtype=np.int64)
    np.add.at(times, (arm_code, reader_code, case_code), 1)
    if times.min() != 1 or times.max() != 1:
        message = (
            f"{int((times == 0).sum())} of {times.size} readings (arms x readers x cases) are missing and "
            f"{int((times > 1).sum())} are given more than once; a multi-reader analysis needs every reader to read "
            f"every case once in every arm. {int((times == 1).all(axis=(0, 1)).sum())} of {cases.size} cases are "
            "complete: analyse those, or readers one by one."
        )
        raise StatisticsError(message)
    of_case = np.zeros((cases.size, 2), dtype=np.bool_)
    of_case[case_code, positive.astype(np.int64)] = True
    if of_case.all(axis=1).any():
        message = f"{int(of_case.all(axis=1).sum())} cases are given both as positive and as negative; give one truth."
        raise StatisticsError(message)
    table = np.empty(shape)
    table[arm_code, reader_code, case_code] = values
    return Readings(table, of_case[:, 1], tuple(str(x) for x in arms), tuple(str(x) for x in readers))


class ArmValue(NamedTuple):
    """One arm's reader-averaged value, for the population of readers and cases."""

    arm: str
    value: float
    error: float
    low: float
    high: float
    degrees: float


class MultiReader(NamedTuple):
    """Result of an Obuchowski-Rockette analysis, random readers and random cases.

    Attributes:
        arms: Each arm's average.
        values: Shape (arms, readers).
        contrasts: Differences between arms, first minus second, in order of pairs (0, 1), (0, 2) ...
        f, df1, df2, p: The test that all arms are equal.
        error: Standard error of a difference of two arms.
        covariances: Cov1 (same reader, other arm), Cov2 (other reader, same arm), Cov3 (both differ).
        method: Words for the methods section.
    """

    arms: tuple[ArmValue, ...]
    values: Floats
    contrasts: tuple[Contrast, ...]
    f: float
    df1: float
    df2: float
    p: float
    error: float
    covariances: tuple[float, float, float]
    method: str


def _check(readings: Readings) -> tuple[int, int]:
    arms, readers, cases = readings.ratings.shape
    if readers < 2 or readings.positive.shape != (cases,):
        message = f"Readings have shape {readings.ratings.shape}; (arms, at least 2 readers, cases) is needed."
        raise StatisticsError(message)
    return arms, readers


def _unit(cluster: ArrayLike | None, readings: Readings) -> Integers | None:
    return None if cluster is None else checks.codes(cluster, "cluster", readings.positive.size)


def obuchowski_rockette(
    readings: Readings,
    *,
    figure: Figure = "auroc",
    covariance: Covariance = "delong",
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> MultiReader:
    """Compare arms (modalities, with and without the model) over random readers and random cases.

    Args:
        readings: Fully crossed study; see `crossed`.
        figure: AUROC of ratings, or sensitivity, specificity or accuracy of 0/1 calls.
        covariance: How the covariance over cases is estimated.
        level: Nominal coverage.
        cluster: Shape (cases,), each case's patient, where patients give several cases (with "delong" only).

    Raises:
        StatisticsError: One arm, fewer than two readers, fewer than two cases of a class, or no variation at all.
    """
    t, r = _check(readings)
    if t < 2:
        message = "There is one arm; a comparison needs two. Use `single_arm` for its average."
        raise StatisticsError(message)
    normal_quantile(level)
    found = areas(readings.ratings.reshape(t * r, -1), readings.positive, figure, covariance, _unit(cluster, readings))
    values = found.values.reshape(t, r)
    cov1, cov2, cov3 = _covariances(found.covariance.reshape(t, r, t, r))
    arm_means, reader_means, mean = values.mean(axis=1), values.mean(axis=0), values.mean()
    ms_arm = r * float(((arm_means - mean) ** 2).sum()) / (t - 1)
    residual = values - arm_means[:, None] - reader_means[None, :] + mean
    ms_both = float((residual**2).sum()) / ((t - 1) * (r - 1))
    spread = ms_both + max(r * (cov2 - cov3), 0.0)
    if spread <= 0.0:
        message = "The readings show no variation between readers or cases that a test could be built on."
        raise StatisticsError(message)
    df1 = float(t - 1)
    df2 = spread**2 / (ms_both**2 / ((t - 1) * (r - 1))) if ms_both > 0.0 else math.inf
    f = ms_arm / spread
    error = math.sqrt(2.0 * spread / r)
    p = _upper_f(f, df1, df2)
    method = f"Obuchowski-Rockette, Hillis degrees of freedom, {covariance} covariance, random readers and cases"
    contrasts = tuple(
        _contrast(float(arm_means[i] - arm_means[j]), error, df2, level, method)
        for i in range(t)
        for j in range(i + 1, t)
    )
    arms = tuple(
        _arm(name, values[i], float(_off_diagonal(found.covariance.reshape(t, r, t, r)[i, :, i, :])), level)
        for i, name in enumerate(readings.arms)
    )
    return MultiReader(arms, values, contrasts, f, df1, df2, p, error, (cov1, cov2, cov3), method)


def _upper_f(f: float, df1: float, df2: float) -> float:
    return float(fdtrc(df1, min(df2, 1e9), f))


def _contrast(value: float, error: float, degrees: float, level: float, method: str) -> Contrast:
    degrees = min(degrees, 1e9)
    half = float(stdtrit(degrees, (1.0 + level) / 2.0)) * error
    p = 2.0 * float(stdtr(degrees, -abs(value) / error))
    return Contrast(value, value - half, value + half, p, method)


def _off_diagonal(matrix: Floats) -> float:
    k = matrix.shape[0]
    return float((matrix.sum() - np.trace(matrix)) / (k * (k - 1)))


def _covariances(cube: Floats) -> tuple[float, float, float]:
    """Averages of the (arm, reader, arm, reader) covariance by what the two readings share."""
    t, r = cube.shape[:2]
    other_arm, other_reader = ~np.eye(t, dtype=np.bool_), ~np.eye(r, dtype=np.bool_)
    by_arm = cube.transpose(0, 2, 1, 3)
    same_reader = ~other_reader
    return (
        float(by_arm[other_arm][:, same_reader].mean()),
        float(by_arm[~other_arm][:, other_reader].mean()),
        float(by_arm[other_arm][:, other_reader].mean()),
    )


def _arm(name: str, values: Floats, cov2: float, level: float) -> ArmValue:
    r = values.size
    ms_reader = float(values.var(ddof=1))
    spread = ms_reader + max(r * cov2, 0.0)
    error = math.sqrt(spread / r)
    degrees = (r - 1) * (spread / ms_reader) ** 2 if ms_reader > 0.0 else math.inf
    half = float(stdtrit(min(degrees, 1e9), (1.0 + level) / 2.0)) * error
    value = float(values.mean())
    return ArmValue(name, value, error, value - half, value + half, degrees)


def single_arm(
    readings: Readings,
    *,
    figure: Figure = "auroc",
    covariance: Covariance = "delong",
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> ArmValue:
    """Reader-averaged value of the only arm, for the population of readers and cases (Hillis 2014).

    Raises:
        StatisticsError: More than one arm, fewer than two readers, fewer than two cases of a class.
    """
    t, r = _check(readings)
    if t != 1:
        message = f"There are {t} arms; use `obuchowski_rockette`."
        raise StatisticsError(message)
    found = areas(readings.ratings.reshape(r, -1), readings.positive, figure, covariance, _unit(cluster, readings))
    return _arm(readings.arms[0], found.values, _off_diagonal(found.covariance), level)


class ReaderContrast(NamedTuple):
    """The model against one reader; `p_adjusted` is Holm's over readers."""

    reader: str
    contrast: Contrast
    p_adjusted: float


class Standalone(NamedTuple):
    """The model alone against readers of the same cases.

    Attributes:
        average: Against the average reader, for the population of readers and cases.
        panel: Against the mean rating of the panel (its majority, for 0/1 calls), these readers only.
        readers: Against each reader.
    """

    average: Contrast
    panel: Contrast
    readers: tuple[ReaderContrast, ...]


def against_readers(score: ArrayLike, readings: Readings, level: float = 0.95) -> Standalone:
    """Compare the model's AUROC with the readers' in a single arm of unaided reading.

    The average contrast is a single-arm Obuchowski-Rockette analysis of the differences model - reader, whose variance
    carries readers and cases; the others are DeLong's for fixed readers.

    Raises:
        StatisticsError: More than one arm, fewer than two readers, fewer than two cases of a class.
    """
    t, r = _check(readings)
    if t != 1:
        message = f"There are {t} arms; give the one arm of unaided reading."
        raise StatisticsError(message)
    ratings = readings.ratings[0]
    model = checks.vector(score, "score", readings.positive.size)
    found = areas(np.vstack([model[None, :], ratings]), readings.positive, "auroc", "delong")
    lift = np.hstack([np.ones((r, 1)), -np.eye(r)])
    differences, spread = lift @ found.values, lift @ found.covariance @ lift.T
    arm = _arm("model minus readers", differences, _off_diagonal(spread), level)
    if arm.error <= 0.0:
        message = "Model and readers rank the cases alike; there is no variation to test."
        raise StatisticsError(message)
    method = "single-arm Obuchowski-Rockette of differences (Hillis 2014), random readers and cases"
    average = _contrast(arm.value, arm.error, arm.degrees, level, method)
    panel = delong_test(model, ratings.mean(axis=0), readings.positive, level)
    each = [delong_test(model, row, readings.positive, level) for row in ratings]
    adjusted = holm([contrast.p for contrast in each])
    rows = zip(readings.readers, each, adjusted.tolist(), strict=True)
    return Standalone(average, panel, tuple(ReaderContrast(*row) for row in rows))

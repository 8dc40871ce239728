"""Do 95 % intervals cover 95 %, and do tests at 5 % reject 5 % of true nulls? By simulation, at n = 50, 200, 1000.

Every method must cover between 93 % and 97 % (two simulation errors allowed). Where a method is known not to, its row
says so with the band it does keep, so that nothing is claimed here that does not hold. For patients who repeat, n
counts cases: n = 50 has 16 patients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from scipy.special import expit, logit, ndtr, ndtri
from tests.stats import populations as pop

from bedside.stats import (
    agreement,
    bootstrap,
    calibration,
    calibration_curve,
    compare,
    cv_auroc,
    delong,
    fairness,
    icc,
    kappa,
    krippendorff,
    mean,
    net_benefit,
    operating,
    partial_auroc,
    permutation,
    pooling,
    precision_recall,
    proportion,
    readers,
    roc,
)
from bedside.stats.auroc_limits import newcombe_interval
from bedside.stats.estimate import Estimate
from bedside.stats.interval import Limits
from bedside.stats.logistic import fit
from bedside.stats.reading_covariance import Covariance
from bedside.types import Booleans, Floats, Integers

pytestmark = pytest.mark.slow

Stream = np.random.Generator
Interval = Callable[[Stream, int], "Limits | Estimate | proportion.ClusteredProportion | pooling.Pooled"]
Band = tuple[float, float]

COVERS: Band = (0.93, 0.97)
REJECTS: Band = (0.035, 0.065)
CONSERVATIVE: Band = (0.0, 0.065)
THRESHOLD = 0.3


@dataclass(frozen=True)
class Method:
    """An interval, the true value, and where it is known to miss its band."""

    name: str
    interval: Interval
    truth: Callable[[], float]
    repetitions: int
    known: Mapping[int, Band] = field(default_factory=dict)
    sizes: tuple[int, ...] = (50, 200, 1000)


@dataclass(frozen=True)
class Test:
    """A p value under a true null hypothesis."""

    __test__ = False
    name: str
    p: Callable[[Stream, int], float]
    repetitions: int
    known: Mapping[int, Band] = field(default_factory=dict)
    sizes: tuple[int, ...] = (50, 200, 1000)


def seed(stream: Stream) -> int:
    return int(stream.integers(1_000_000_000))


def stratified(label: Booleans, folds: int = 5) -> Integers:
    fold = np.empty(label.size, dtype=np.int64)
    fold[np.argsort(label, kind="stable")] = np.arange(label.size) % folds
    return fold


def large() -> pop.Draw:
    return pop.independent(np.random.default_rng(99), 1_000_000)


@cache
def area_under_precision() -> float:
    draw = large()
    return float(roc.average_precision_statistic(draw.score, draw.label)(np.ones((1, draw.label.size)))[0])


@cache
def partial_area() -> float:
    draw = large()
    return float(partial_auroc.partial_auroc_statistic(draw.score, draw.label)(np.ones((1, draw.label.size)))[0])


@cache
def chances() -> Floats:
    return pop.probabilities(np.random.default_rng(99), 1_000_000)[0]


def true_net_benefit(prevalence: float | None = None) -> float:
    chance = chances()
    flagged, share = chance >= THRESHOLD, float(chance.mean())
    sensitivity, alarms = (chance * flagged).mean() / share, ((1 - chance) * flagged).mean() / (1 - share)
    at = share if prevalence is None else prevalence
    return float(at * sensitivity - (1 - at) * alarms * THRESHOLD / (1 - THRESHOLD))


def auroc_draws(draw: pop.Draw, stream: Stream, replicates: int = 1000) -> Limits:
    statistic = roc.auroc_statistic(draw.score, draw.label)
    return bootstrap.percentile_interval(bootstrap.bootstrap([statistic], draw.patient, replicates, seed(stream))[0])


def newcombe(stream: Stream, n: int) -> Limits:
    draw = pop.independent(stream, n)
    area = float(roc.auroc_statistic(draw.score, draw.label)(np.ones((1, n)))[0])
    return newcombe_interval(area, int(draw.label.sum()), int((~draw.label).sum()))


def on(draw: Callable[[Stream, int], pop.Draw], use: Callable[[pop.Draw, Stream], Limits | Estimate]) -> Interval:
    return lambda stream, n: use(draw(stream, n), stream)


def of_chances(use: Callable[[Floats, Booleans], Limits | Estimate]) -> Interval:
    return lambda stream, n: use(*pop.probabilities(stream, n))


def of_patients(use: Callable[[Floats, Booleans, Integers], Limits | Estimate]) -> Interval:
    return lambda stream, n: use(*pop.probabilities_of_patients(stream, n))


def slope_of_patients(stream: Stream, n: int) -> Estimate:
    while True:  # separated samples have no slope and no interval
        chance, label, patient = pop.probabilities_of_patients(stream, n)
        design = np.column_stack([np.ones(label.size), logit(chance)])
        if np.isfinite(fit(design, label, np.ones((1, label.size)))).all():
            return calibration.recalibration(chance, label, cluster=patient).slope


def miscalibrated(stream: Stream, n: int) -> Limits:
    chance, _ = pop.probabilities(stream, n)
    label = stream.random(n) < expit(0.5 + 0.6 * logit(chance))
    statistic = calibration_curve.ici_statistic(chance, label)
    return bootstrap.percentile_interval(bootstrap.bootstrap([statistic], np.arange(n), 300, seed(stream))[0])


def clustered_share(stream: Stream, n: int) -> proportion.ClusteredProportion:
    patients = n // 3
    chance = stream.beta(4.5, 0.5, patients)[:, None]
    hit = stream.random((patients, 3)) < chance
    return proportion.clustered_wilson(hit.ravel(), np.repeat(np.arange(patients), 3))


def two_raters(stream: Stream, n: int, alike: float = 0.6) -> tuple[Integers, Integers]:
    first = stream.integers(0, 4, n)
    return first, np.where(stream.random(n) < alike, first, stream.integers(0, 4, n))


@cache
def kappa_truth(weighting: kappa.Weighting, alike: float = 0.6) -> float:
    first, second = two_raters(np.random.default_rng(9), 1_000_000, alike)
    return kappa.kappa_table(np.bincount(first * 4 + second, minlength=16).reshape(4, 4), weighting).value


def kappa_of_patients(stream: Stream, n: int) -> Estimate:
    first, second = two_raters(stream, n // 3)
    return kappa.cohen_kappa(np.repeat(first, 3), np.repeat(second, 3), 4, cluster=np.repeat(np.arange(n // 3), 3))


def panel(stream: Stream, n: int) -> Floats:
    share = [0.6, 0.3, 0.1]
    truth = stream.choice(3, n, p=share)
    given = np.where(stream.random((n, 4)) < 0.7, truth[:, None], stream.choice(3, (n, 4), p=share))
    return agreement.rating_counts(given, 3)


@cache
def panel_truth(measure: Callable[[Floats], Estimate]) -> float:
    return measure(panel(np.random.default_rng(9), 400_000)).value


def ordinal(stream: Stream, n: int) -> Floats:
    truth = stream.integers(0, 4, n)
    return np.where(stream.random((n, 3)) < 0.7, truth[:, None], stream.integers(0, 4, (n, 3))).astype(float)


@cache
def alpha_truth() -> float:
    ratings = ordinal(np.random.default_rng(9), 100_000)
    return float(krippendorff.alpha_statistic(ratings, "ordinal")(np.ones((1, 100_000)))[0])


def measured(stream: Stream, n: int) -> Floats:
    """Four raters: subjects' variance 1, raters' .25, error .49."""
    table: Floats = stream.normal(size=(n, 1)) + stream.normal(0, 0.5, (1, 4)) + stream.normal(0, 0.7, (n, 4))
    return table


def sites(stream: Stream, k: int) -> pooling.Pooled:
    errors = stream.uniform(0.1, 0.4, k)
    return pooling.random_effects(1.0 + stream.normal(0, 0.3, k) + stream.normal(size=k) * errors, errors)


def next_site(stream: Stream, k: int) -> Limits:
    found, new = sites(stream, k), stream.normal(1.0, 0.3)
    return Limits(found.predicted_low - new, found.predicted_high - new, "")


METHODS = [
    Method(
        "AUROC, DeLong logit",
        on(pop.independent, lambda d, _: delong.auroc_interval(d.score, d.label)),
        lambda: pop.AUROC,
        2000,
    ),
    Method("AUROC, Newcombe", newcombe, lambda: pop.AUROC, 1500),
    Method(
        "AUROC, Obuchowski, repeated patients",
        on(pop.repeated, lambda d, _: delong.clustered_auroc_interval(d.score, d.label, d.patient)),
        lambda: pop.AUROC,
        1500,
    ),
    Method(
        "AUROC, LeDell within folds",
        on(pop.independent, lambda d, _: cv_auroc.cv_auroc_interval(d.score, d.label, stratified(d.label))),
        lambda: pop.AUROC,
        1000,
    ),
    Method("AUROC, bootstrap", on(pop.independent, auroc_draws), lambda: pop.AUROC, 400),
    # Sixteen patients are too few for a percentile bootstrap.
    Method(
        "AUROC, bootstrap, repeated patients", on(pop.repeated, auroc_draws), lambda: pop.AUROC, 400, {50: (0.88, 0.97)}
    ),
    Method("share .9, Wilson", lambda s, n: proportion.wilson(int(s.binomial(n, 0.9)), n), lambda: 0.9, 3000),
    Method(
        "share .9, Clopper-Pearson",
        lambda s, n: proportion.clopper_pearson(int(s.binomial(n, 0.9)), n),
        lambda: 0.9,
        3000,
        {50: (0.95, 1.0), 200: (0.95, 1.0), 1000: (0.95, 1.0)},  # exact means at least
    ),
    Method("share .9, Wilson, repeated patients", clustered_share, lambda: 0.9, 2000, {50: (0.93, 0.995)}),
    Method(
        "average precision, logit",
        on(pop.independent, lambda d, _: precision_recall.average_precision_interval(d.score, d.label)),
        area_under_precision,
        1500,
        {50: (0.93, 0.995)},  # too wide with 20 positives
    ),
    Method(
        "average precision, bootstrap",
        on(
            pop.independent,
            lambda d, s: precision_recall.average_precision_bootstrap(d.score, d.label, replicates=500, seed=seed(s)),
        ),
        area_under_precision,
        400,
        {50: (0.88, 0.97)},  # average precision is biased upwards in small samples
    ),
    Method(
        "sensitivity at specificity .9",
        on(
            pop.independent,
            lambda d, s: operating.sensitivity_at_specificity(d.score, d.label, 0.9, replicates=500, seed=seed(s)),
        ),
        lambda: float(ndtr(pop.SHIFT - ndtri(0.9))),
        400,
    ),
    Method(
        "partial AUROC, bootstrap",
        on(pop.independent, lambda d, s: partial_auroc.partial_auroc(d.score, d.label, replicates=500, seed=seed(s))),
        partial_area,
        400,
        {50: (0.90, 0.97)},
    ),
    Method("calibration slope", of_chances(lambda p, y: calibration.recalibration(p, y).slope), lambda: 1.0, 1000),
    Method(
        "calibration in the large",
        of_chances(lambda p, y: calibration.recalibration(p, y).in_the_large),
        lambda: 0.0,
        1000,
    ),
    Method(
        "calibration intercept", of_chances(lambda p, y: calibration.recalibration(p, y).intercept), lambda: 0.0, 1000
    ),
    Method("calibration slope, repeated patients", slope_of_patients, lambda: 1.0, 800),
    Method(
        "ICI .14, bootstrap",
        miscalibrated,
        lambda: float(np.abs(expit(0.5 + 0.6 * logit(chances())) - chances()).mean()),
        200,
    ),
    Method(
        "Brier score, Student",
        of_chances(lambda p, y: mean.mean_interval(calibration.brier_scores(p, y))),
        lambda: float((chances() * (1 - chances())).mean()),
        2000,
    ),
    Method(
        "log loss, Student",
        of_chances(lambda p, y: mean.mean_interval(calibration.log_losses(p, y))),
        lambda: float(-(chances() * np.log(chances()) + (1 - chances()) * np.log1p(-chances())).mean()),
        2000,
        {50: (0.92, 0.97)},  # skewed losses
    ),
    Method(
        "Brier score, Student, repeated patients",
        of_patients(lambda p, y, c: mean.mean_interval(calibration.brier_scores(p, y), cluster=c)),
        lambda: float((chances() * (1 - chances())).mean()),
        1500,
        {50: (0.89, 0.97)},  # skewed losses of 16 patients
    ),
    Method(
        "net benefit",
        of_chances(lambda p, y: net_benefit.net_benefit_interval(p, y, THRESHOLD)),
        true_net_benefit,
        1500,
    ),
    Method(
        "net benefit at prevalence .1",
        of_chances(lambda p, y: net_benefit.net_benefit_interval(p, y, THRESHOLD, prevalence=0.1)),
        lambda: true_net_benefit(0.1),
        1500,
    ),
    Method(
        "net benefit, repeated patients",
        of_patients(lambda p, y, c: net_benefit.net_benefit_interval(p, y, THRESHOLD, cluster=c)),
        true_net_benefit,
        1000,
        {50: (0.93, 0.99)},
    ),
    Method("kappa", lambda s, n: kappa.cohen_kappa(*two_raters(s, n), 4), lambda: kappa_truth("none"), 1500),
    Method(
        "kappa, quadratic",
        lambda s, n: kappa.cohen_kappa(*two_raters(s, n), 4, "quadratic"),
        lambda: kappa_truth("quadratic"),
        1500,
    ),
    Method(
        "kappa, quadratic, high agreement",
        lambda s, n: kappa.cohen_kappa(*two_raters(s, n, 0.85), 4, "quadratic"),
        lambda: kappa_truth("quadratic", 0.85),
        1500,
        {50: (0.89, 0.97)},  # seven discordant cases carry it
    ),
    Method("kappa, repeated patients", kappa_of_patients, lambda: kappa_truth("none"), 1500),
    Method(
        "Fleiss' kappa",
        lambda s, n: agreement.fleiss_kappa(panel(s, n)),
        lambda: panel_truth(agreement.fleiss_kappa),
        1200,
    ),
    Method("Gwet's AC1", lambda s, n: agreement.gwet_ac1(panel(s, n)), lambda: panel_truth(agreement.gwet_ac1), 1200),
    Method(
        "percent agreement",
        lambda s, n: agreement.percent_agreement(panel(s, n)),
        lambda: panel_truth(agreement.percent_agreement),
        1200,
    ),
    Method(
        "Krippendorff's alpha, bootstrap",
        lambda s, n: krippendorff.krippendorff_alpha(ordinal(s, n), "ordinal", replicates=500, seed=seed(s)),
        alpha_truth,
        250,
    ),
    Method("ICC, consistency", lambda s, n: icc.icc(measured(s, n), "consistency"), lambda: 1 / 1.49, 1500),
    Method("ICC, agreement", lambda s, n: icc.icc(measured(s, n), "agreement"), lambda: 1 / 1.74, 800),
    Method("pooling over sites, Hartung-Knapp", sites, lambda: 1.0, 1500, sizes=(4, 8, 20)),
    # The variance between sites is often estimated as nothing: the prediction interval is then too short.
    Method(
        "next site, prediction interval", next_site, lambda: 0.0, 1500, {8: (0.87, 0.97), 20: (0.90, 0.97)}, (4, 8, 20)
    ),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_coverage(method: Method) -> None:
    truth, seen, outside = method.truth(), [], []
    for n in method.sizes:
        stream = np.random.default_rng(n)
        found = [method.interval(stream, n) for _ in range(method.repetitions)]
        share = float(np.mean([each.low <= truth <= each.high for each in found]))
        low, high = method.known.get(n, COVERS)
        slack = 2.0 * np.sqrt(0.95 * 0.05 / method.repetitions)
        seen.append(f"{n}: {share:.1%}")
        if not low - slack <= share <= high + slack:
            outside.append(n)
    print(f"{method.name:45s} {'   '.join(seen)}")
    assert not outside, f"{method.name} covers {seen}"


def right(draw: pop.Draw) -> tuple[Booleans, Booleans]:
    return (draw.score > 0.6) == draw.label, (draw.other > 0.6) == draw.label


def paired_bootstrap(stream: Stream, n: int) -> float:
    draw = pop.independent(stream, n)
    statistics = [roc.auroc_statistic(score, draw.label) for score in (draw.score, draw.other)]
    first, second = bootstrap.bootstrap(statistics, draw.patient, 500, seed(stream))
    return bootstrap.two_sided_p(first - second)


def repeated_cross_validation(stream: Stream, n: int) -> Floats:
    """Differences in accuracy of two equally good one-predictor rules, five folds twice."""
    label = stream.random(n) < 0.4
    x = stream.normal(size=(n, 2)) + 0.6 * label[:, None]
    found = []
    for _ in range(2):
        fold = stream.permutation(n) % 5
        for number in range(5):
            learn, judge = fold != number, fold == number
            cut = 0.5 * (x[learn & label].mean(axis=0) + x[learn & ~label].mean(axis=0))
            accuracy = ((x[judge] > cut) == label[judge][:, None]).mean(axis=0)
            found.append(accuracy[0] - accuracy[1])
    return np.array(found)


def resampled(stream: Stream, n: int) -> float:
    found = repeated_cross_validation(stream, n)
    return compare.corrected_resampled_t(found, 0.8 * n, 0.2 * n).p if found.std() > 0 else 1.0


def reading_study(stream: Stream, n: int) -> readers.Readings:
    """Two arms alike, five readers; variances of cases, readers and their interactions (Roe and Metz 1997)."""
    positive = np.arange(n) % 5 < 2
    shift = 1.2 + stream.normal(0, 0.2, (1, 5, 1)) + stream.normal(0, 0.2, (2, 5, 1))
    noise = (
        stream.normal(0, 0.55, (1, 1, n))
        + stream.normal(0, 0.55, (2, 1, n))
        + stream.normal(0, 0.45, (1, 5, n))
        + stream.normal(0, 0.45, (2, 5, n))
    )
    return readers.Readings(noise + shift * positive, positive, ("A", "B"), tuple("12345"))


def mrmc(covariance: Covariance) -> Callable[[Stream, int], float]:
    return lambda stream, n: readers.obuchowski_rockette(reading_study(stream, n), covariance=covariance).p


def between_groups(stream: Stream, n: int) -> fairness.Gaps:
    draw, group = pop.independent(stream, n), np.where(stream.random(n) < 0.5, "a", "b")
    statistic = roc.auroc_statistic(draw.score, draw.label)
    return fairness.group_gaps(statistic, group, replicates=300, seed=seed(stream), least=5)


def gap(stream: Stream, n: int) -> float:
    found = between_groups(stream, n)
    return found.pairs[0].contrast.p if found.pairs else 1.0


def swapped_ranks(stream: Stream, n: int) -> float:
    draw = pop.independent(stream, n)
    return permutation.auroc_swap_test(draw.score, draw.other, draw.label, 300, seed(stream))


def odds(stream: Stream, n: int) -> float:
    draw, group = pop.independent(stream, n), np.where(stream.random(n) < 0.5, "a", "b")
    p = fairness.equalised_odds(draw.score > 0.6, draw.label, group, least=3).p
    return 1.0 if p is None else p


def cases(use: Callable[[pop.Draw], float]) -> Callable[[Stream, int], float]:
    return lambda stream, n: use(pop.independent(stream, n))


def patients(use: Callable[[pop.Draw], float]) -> Callable[[Stream, int], float]:
    return lambda stream, n: use(pop.repeated(stream, n))


ALWAYS = {50: CONSERVATIVE, 200: CONSERVATIVE, 1000: CONSERVATIVE}
TESTS = [
    Test("DeLong", cases(lambda d: delong.delong_test(d.score, d.other, d.label).p), 2000),
    Test(
        "Obuchowski, repeated patients",
        patients(lambda d: delong.clustered_delong_test(d.score, d.other, d.label, d.patient).p),
        1500,
    ),
    Test(
        "LeDell within folds",
        cases(lambda d: cv_auroc.cv_auroc_test(d.score, d.other, d.label, stratified(d.label)).p),
        1000,
    ),
    Test("paired bootstrap of AUROC", paired_bootstrap, 400),
    Test("swapped ranks", swapped_ranks, 300),
    Test("sign flips", lambda s, n: permutation.sign_flip_test(s.standard_t(3, n), 500, seed(s)), 800),
    Test("paired t", lambda s, n: mean.mean_test(s.standard_t(3, n)).p, 2000),
    Test("McNemar mid-p", cases(lambda d: compare.mcnemar(*right(d)).p), 2000),
    Test("McNemar uncorrected", cases(lambda d: compare.mcnemar(*right(d), form="uncorrected").p), 2000),
    Test("McNemar exact", cases(lambda d: compare.mcnemar(*right(d), form="exact").p), 2000, ALWAYS),
    Test("McNemar corrected", cases(lambda d: compare.mcnemar(*right(d), form="corrected").p), 2000, ALWAYS),
    Test(
        "McNemar, repeated patients",
        patients(lambda d: compare.clustered_mcnemar(*right(d), d.patient).p),
        2000,
        {50: CONSERVATIVE},
    ),
    Test(
        "net benefit difference",
        cases(
            lambda d: net_benefit.net_benefit_difference(expit(d.score - 1), expit(d.other - 1), d.label, THRESHOLD).p
        ),
        2000,
    ),
    # The correction is for learners whose rules move more than these do.
    Test("corrected resampled t", resampled, 500, ALWAYS),
    Test("multi-reader, DeLong covariance", mrmc("delong"), 1200),
    Test("multi-reader, jackknife covariance", mrmc("jackknife"), 1200),
    Test("multi-reader, unbiased covariance", mrmc("unbiased"), 800, sizes=(50, 200)),
    Test("equal groups", lambda s, n: between_groups(s, n).equality_p or 1.0, 300),
    Test("gap of a pair of groups", gap, 300),
    Test("equalised odds", odds, 1000),
]


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_type_one_error(test: Test) -> None:
    seen, outside = [], []
    for n in test.sizes:
        stream = np.random.default_rng(n + 7)
        share = float(np.mean([test.p(stream, n) <= 0.05 for _ in range(test.repetitions)]))
        low, high = test.known.get(n, REJECTS)
        slack = 2.0 * np.sqrt(0.05 * 0.95 / test.repetitions)
        seen.append(f"{n}: {share:.1%}")
        if not low - slack <= share <= high + slack:
            outside.append(n)
    print(f"{test.name:45s} {'   '.join(seen)}")
    assert not outside, f"{test.name} rejects {seen}"


def test_the_forms_for_independent_cases_reject_too_often_where_patients_repeat() -> None:
    stream = np.random.default_rng(1)
    draws = [pop.repeated(stream, 200) for _ in range(800)]
    naive = np.mean([delong.delong_test(d.score, d.other, d.label).p <= 0.05 for d in draws])
    clustered = np.mean([delong.clustered_delong_test(d.score, d.other, d.label, d.patient).p <= 0.05 for d in draws])
    assert naive > clustered + 0.01


def test_an_uncorrected_t_over_folds_rejects_far_too_often() -> None:
    stream = np.random.default_rng(1)
    found = [mean.mean_test(repeated_cross_validation(stream, 200)).p <= 0.05 for _ in range(300)]
    assert np.mean(found) > 0.1


def test_conformal_coverage_by_group_is_marginal_only() -> None:
    """Split conformal on scores whose spread differs by group: 90 % over all, not within groups."""
    stream = np.random.default_rng(1)
    covered = []
    for _ in range(300):
        group = stream.random(400) < 0.3
        score = np.abs(stream.normal(0, np.where(group, 2.0, 1.0)))
        limit = np.sort(score[:200])[int(np.ceil(201 * 0.9)) - 1]
        inside = score[200:] <= limit
        covered.append([inside.mean(), inside[group[200:]].mean(), inside[~group[200:]].mean()])
    overall, wide, narrow = np.mean(covered, axis=0)
    assert overall == pytest.approx(0.9, abs=0.01)
    assert wide < 0.85
    assert narrow > 0.93

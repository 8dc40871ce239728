import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats import calibration, calibration_curve, logistic
from bedside.stats.mean import mean_interval, mean_test
from bedside.types import Booleans, Floats


def predicted(seed: int, n: int = 300, slope: float = 0.7, shift: float = 0.3) -> tuple[Floats, Booleans]:
    stream = np.random.default_rng(seed)
    odds = stream.normal(-0.5, 1.2, n)
    label = stream.random(n) < 1.0 / (1.0 + np.exp(-(shift + slope * odds)))
    return 1.0 / (1.0 + np.exp(-odds)), label


seeds = st.integers(0, 10**6)


def test_recalibration_is_the_logistic_regression_of_statsmodels() -> None:
    chance, label = predicted(1)
    odds = np.log(chance / (1.0 - chance))
    theirs = sm.Logit(label.astype(float), sm.add_constant(odds)).fit(disp=0)
    ours = calibration.recalibration(chance, label)
    assert (ours.intercept.value, ours.slope.value) == pytest.approx(theirs.params, abs=1e-8)
    assert [ours.slope.low, ours.slope.high] == pytest.approx(theirs.conf_int()[1], abs=1e-7)
    large = sm.GLM(label.astype(float), np.ones(label.size), sm.families.Binomial(), offset=odds).fit()
    assert ours.in_the_large.value == pytest.approx(large.params[0], abs=1e-8)
    assert ours.in_the_large.low == pytest.approx(large.conf_int()[0][0], abs=1e-6)


def test_repeated_patients_are_one_patient() -> None:
    chance, label = predicted(2)
    n = label.size
    once = calibration.recalibration(chance, label, cluster=np.arange(n)).slope
    thrice = calibration.recalibration(np.tile(chance, 3), np.tile(label, 3), cluster=np.tile(np.arange(n), 3)).slope
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx((once.value, once.low, once.high), abs=1e-6)
    assert (thrice.cases, thrice.patients) == (3 * n, n)


@law
@given(seeds)
def test_weights_are_repetitions(seed: int) -> None:
    chance, label = predicted(seed, 120)
    drawn = np.random.default_rng(seed).integers(0, 4, (4, 120)).astype(float)
    for make in (
        calibration.slope_statistic,
        calibration.in_the_large_statistic,
        calibration.brier_statistic,
        calibration.log_loss_statistic,
        calibration.ece_statistic,
    ):
        found = make(chance, label)(drawn)
        for row, value in zip(drawn.astype(int), found, strict=True):
            if make is calibration.ece_statistic:
                continue
            again = make(np.repeat(chance, row), np.repeat(label, row))(np.ones((1, row.sum())))
            assert value == pytest.approx(again[0], abs=1e-6)


@law
@given(seeds)
def test_recalibrated_predictions_are_calibrated(seed: int) -> None:
    chance, label = predicted(seed)
    found = calibration.recalibration(chance, label)
    odds = np.log(chance / (1.0 - chance))
    mended = 1.0 / (1.0 + np.exp(-(found.intercept.value + found.slope.value * odds)))
    again = calibration.recalibration(mended, label)
    assert (again.slope.value, again.in_the_large.value) == pytest.approx((1.0, 0.0), abs=1e-5)
    assert mended.mean() == pytest.approx(label.mean(), abs=1e-8)


def test_scores_are_those_of_scikit_learn() -> None:
    chance, label = predicted(3)
    ones = np.ones((1, label.size))
    assert calibration.brier_statistic(chance, label)(ones)[0] == pytest.approx(brier_score_loss(label, chance))
    assert calibration.log_loss_statistic(chance, label)(ones)[0] == pytest.approx(log_loss(label, chance))


def test_certain_and_wrong_has_a_finite_loss() -> None:
    assert np.isfinite(calibration.log_losses([0.0, 1.0], [1, 0])).all()


def test_expected_calibration_error_by_hand() -> None:
    chance, label = [0.05, 0.05, 0.95, 0.95], [0, 1, 1, 1]
    ones = np.ones((1, 4))
    assert calibration.ece_statistic(chance, label)(ones) == pytest.approx([0.5 * 0.45 + 0.5 * 0.05])
    assert calibration.ece_statistic(chance, label, count=1)(ones) == pytest.approx([0.25])
    assert calibration.bins([0.0, 0.1, 0.95, 1.0]).tolist() == [0, 1, 9, 9]
    assert np.unique(calibration.bins(np.full(20, 0.3), "equal_count")).size == 1


def test_smooth_curve_finds_the_truth_of_a_large_sample() -> None:
    chance, label = predicted(4, 20_000)
    curve = calibration_curve.smooth_curve(chance, label)
    odds = np.log(curve.predicted / (1.0 - curve.predicted))
    truth = 1.0 / (1.0 + np.exp(-(0.3 + 0.7 * odds)))
    assert curve.observed == pytest.approx(truth, abs=0.03)
    assert ((curve.low <= truth) & (truth <= curve.high)).mean() > 0.8
    distance = np.abs(1.0 / (1.0 + np.exp(-(0.3 + 0.7 * np.log(chance / (1.0 - chance))))) - chance)
    found = calibration_curve.calibration_error(chance, label)
    assert found.ici == pytest.approx(distance.mean(), abs=0.01)
    assert (found.e50, found.e90) == pytest.approx(np.quantile(distance, [0.5, 0.9]), abs=0.02)
    wider = calibration_curve.smooth_curve(
        np.tile(chance[:500], 2), np.tile(label[:500], 2), cluster=np.tile(np.arange(500), 2)
    )
    once = calibration_curve.smooth_curve(chance[:500], label[:500], cluster=np.arange(500))
    assert wider.high - wider.low == pytest.approx(once.high - once.low, rel=0.2)


@law
@given(seeds)
def test_spline_is_straight_beyond_the_outer_knots(seed: int) -> None:
    knots = np.sort(np.random.default_rng(seed).normal(size=4)) + np.arange(4)
    beyond = np.array([knots[-1] + 1.0, knots[-1] + 2.0, knots[-1] + 3.0])
    below = np.array([knots[0] - 3.0, knots[0] - 2.0, knots[0] - 1.0])
    for at in (beyond, below):
        assert np.diff(calibration_curve.spline(at, knots), 2, axis=0) == pytest.approx(np.zeros((1, 3)), abs=1e-9)


@law
@given(seeds)
def test_reliability_adds_up(seed: int) -> None:
    chance, label = predicted(seed)
    for cluster in (None, np.arange(label.size) // 2):
        found = calibration_curve.reliability(chance, label, cluster=cluster)
        assert found.cases.sum() == label.size
        assert (found.cases * found.observed).sum() == pytest.approx(label.sum())
        assert ((found.low < found.high) & (found.low <= found.observed) & (found.observed <= found.high)).all()


def test_a_bin_of_one_patient_has_the_width_of_one_case() -> None:
    found = calibration_curve.reliability([0.1] * 5, [1, 1, 1, 1, 1], cluster=[0] * 5)
    assert found.low[0] < 0.25


def test_no_finite_fit_is_nan_in_replicates_and_named_for_the_sample() -> None:
    chance, label = np.linspace(0.01, 0.99, 40), np.arange(40) >= 20  # perfectly separated
    ones = np.ones((1, 40))
    assert np.isnan(calibration.slope_statistic(chance, label)(ones)[0])
    assert np.isfinite(calibration.in_the_large_statistic(chance, label)(ones)[0])
    for refused in (calibration.recalibration, calibration_curve.calibration_error, calibration_curve.smooth_curve):
        with pytest.raises(StatisticsError, match="finite"):
            refused(chance, label)
    with pytest.raises(StatisticsError, match="finite"):
        calibration.recalibration(np.full(40, 0.3), label)
    one_class = np.where(label, 1.0, 0.0)[None, :]
    assert np.isnan(calibration.slope_statistic(chance, np.arange(40) % 3 == 0)(one_class * 0.0)[0])


def test_separated_replicates_do_not_spoil_the_others() -> None:
    chance, label = predicted(5, 40)
    drawn = np.ones((3, 40))
    drawn[1] = np.where(label == (chance > 0.5), 1.0, 0.0)
    found = calibration.slope_statistic(chance, label)(drawn)
    assert np.isnan(found[1])
    assert found[0] == pytest.approx(found[2]) == pytest.approx(calibration.recalibration(chance, label).slope.value)


def test_chances_are_the_logistic_function() -> None:
    x = np.linspace(-40.0, 40.0, 81)
    assert logistic.chances(x) == pytest.approx(1.0 / (1.0 + np.exp(-x)))


def test_means_by_hand() -> None:
    from scipy import stats

    values = np.random.default_rng(0).normal(size=30)
    found = mean_interval(values)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 29, values.mean(), stats.sem(values)))
    assert mean_test(values).p == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue)
    twice = mean_interval(np.tile(values, 2), cluster=np.tile(np.arange(30), 2))
    assert (twice.low, twice.high) == pytest.approx((found.low, found.high))
    assert mean_test(np.zeros(5)).p == 1.0


@pytest.mark.parametrize(
    ("chance", "label", "words"),
    [
        ([0.2, 1.2], [0, 1], r"\[0, 1\]"),
        ([0.2, np.nan], [0, 1], "NaN"),
        ([0.2, 0.3], [1, 1], "of each outcome class"),
        ([0.2], [1], "of each outcome class"),
    ],
)
def test_bad_input(chance: list[float], label: list[int], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        calibration.recalibration(chance, label)


def test_more_bad_input() -> None:
    with pytest.raises(StatisticsError, match="one patient"):
        calibration.recalibration([0.1, 0.4], [0, 1], cluster=[3, 3])
    with pytest.raises(StatisticsError, match="infinite"):
        calibration.log_losses([np.inf, 0.1], [0, 1])
    with pytest.raises(StatisticsError, match="bins"):
        calibration.bins([0.1], count=0)
    with pytest.raises(StatisticsError, match="same value"):
        mean_interval([1.0, 1.0, 1.0])
    with pytest.raises(StatisticsError, match="same amount"):
        mean_test([1.0, 1.0, 1.0])
    with pytest.raises(StatisticsError, match="two patients"):
        mean_interval([1.0, 2.0], cluster=[0, 0])

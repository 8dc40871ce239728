import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.special import expit
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats import precision, sample_size
from bedside.stats.calibration import recalibration
from bedside.stats.learning_curve import learning_curve
from bedside.stats.proportion import wilson


def test_riley_binary_as_in_pmsampsize() -> None:
    """pmsampsize(type = "b", csrsquared = 0.288, parameters = 24, prevalence = 0.174): 623, 662, 221."""
    found = sample_size.development_binary(24, 0.174, 0.288)
    assert found.criteria == {"shrinkage": 623, "optimism": 662, "overall risk": 221}
    assert found.patients == 662
    assert found.per_parameter == pytest.approx(4.8, abs=0.01)
    # Riley 2021: an AUROC of 0.89 at this prevalence is about that R^2.
    assert sample_size.r_squared_of_auroc(0.89, 0.174) == pytest.approx(0.288, abs=0.005)


def test_riley_continuous_as_in_pmsampsize() -> None:
    """pmsampsize(type = "c", rsquared = 0.2, parameters = 25, intercept = 1.9, sd = 0.6): 918, 401, 259."""
    found = sample_size.development_continuous(25, 0.2, 1.9, 0.6)
    assert found.patients == 918
    assert (found.criteria["shrinkage"], found.criteria["optimism"], found.criteria["residual spread"]) == (
        918,
        401,
        259,
    )


def test_riley_time_to_event_as_in_the_guide() -> None:
    """Riley 2020, BMJ 368:m441: recurrent thrombosis; R2 0.051, 30 parameters, rate 0.065, 2.07 years, by 2 years.

    5143 patients, 692 events and 23.07 events a parameter by shrinkage, 1039 or 1040 by optimism; greatest R2 0.555.
    """
    assert sample_size.greatest_r_squared_of_times(0.065, 2.07) == pytest.approx(0.555, abs=5e-4)
    found = sample_size.development_time_to_event(30, 0.065, 2.07, 2.0, 0.051)
    assert found.criteria["shrinkage"] == found.patients == 5143
    assert found.criteria["optimism"] in (1039, 1040)
    assert (round(found.events), round(found.per_parameter, 2)) == (692, 23.07)


@given(st.integers(1, 40), st.floats(0.05, 1.0), st.floats(0.5, 10.0))
def test_longer_watching_needs_fewer_patients_for_the_overall_risk(
    parameters: int, share: float, watched: float
) -> None:
    rate = share / (2 * watched)
    little = 0.1 * sample_size.greatest_r_squared_of_times(rate, watched)
    short, long = (
        sample_size.development_time_to_event(parameters, rate, time, watched, little).criteria["overall risk"]
        for time in (watched, 2 * watched)
    )
    assert long <= short <= 2 * long + 2


def test_external_validation_as_in_pmvalsampsize() -> None:
    """pmvalsampsize(type = "b", prevalence = 0.018, cstatistic = 0.8, lpnormal = c(-5, 2.5), oeciwidth = 1)."""
    assert precision.cases_for_auroc(0.8, 0.018, 0.1) == 4252
    assert precision.cases_for_observed_expected(0.018, 1.0) == pytest.approx(905, abs=1)
    odds = np.random.default_rng(0).normal(-5.0, 2.5, 400_000)
    assert precision.cases_for_slope(odds, 0.2) == pytest.approx(4544, rel=0.01)


@law
@given(st.integers(1, 40), st.floats(0.02, 0.9), st.floats(0.55, 0.95))
def test_more_parameters_and_weaker_models_need_more(parameters: int, prevalence: float, auroc: float) -> None:
    strength = sample_size.r_squared_of_auroc(auroc, prevalence)
    assert 0.0 < strength < sample_size.greatest_r_squared(prevalence)
    found = sample_size.development_binary(parameters, prevalence, strength)
    assert sample_size.development_binary(parameters + 1, prevalence, strength).patients >= found.patients
    assert sample_size.development_binary(parameters, prevalence, strength * 0.8).patients >= found.patients
    assert found.patients == max(found.criteria.values())


@law
@given(st.floats(0.0, 1.0), st.floats(0.02, 0.5))
def test_shares_become_as_precise_as_asked(share: float, width: float) -> None:
    n = precision.cases_for_share(share, width)
    made = wilson(share * n, n)
    assert made.high - made.low <= width + 1e-9
    if n > 1:
        fewer = wilson(share * (n - 1), n - 1)
        assert fewer.high - fewer.low > width - 1e-9


def test_slope_is_as_precise_as_promised() -> None:
    stream = np.random.default_rng(0)
    odds = stream.normal(-1.0, 1.0, 50_000)
    n = precision.cases_for_slope(odds, 0.4)
    widths = []
    for _ in range(20):
        x = stream.choice(odds, n)
        found = recalibration(expit(x), stream.random(n) < expit(x)).slope
        widths.append(found.high - found.low)
    assert np.mean(widths) == pytest.approx(0.4, abs=0.02)


def test_learning_curve_is_recovered_and_reaches_on() -> None:
    n = np.array([50, 100, 200, 400, 800, 1600])
    truth = 0.9 - 1.5 * n**-0.6
    found = learning_curve(n, truth)
    assert (found.plateau, found.gain, found.rate) == pytest.approx((0.9, 1.5, 0.6), abs=1e-4)
    noisy = learning_curve(n, truth + np.random.default_rng(0).normal(0, 0.003, 6), np.full(6, 0.003))
    value, low, high = noisy.at([3200])
    assert low[0] < 0.9 - 1.5 * 3200**-0.6 < high[0]
    assert low[0] < value[0] < high[0]


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="R\\^2"):
        sample_size.development_binary(5, 0.1, 0.6)
    with pytest.raises(StatisticsError, match="parameters"):
        sample_size.development_binary(0, 0.1, 0.1)
    with pytest.raises(StatisticsError, match="at most 30"):
        sample_size.development_binary(31, 0.1, 0.1, mean_error=0.05)
    with pytest.raises(StatisticsError, match="Prevalence"):
        sample_size.greatest_r_squared(0.0)
    with pytest.raises(StatisticsError, match="the share with the event, is 2"):
        sample_size.greatest_r_squared_of_times(0.5, 4.0)
    with pytest.raises(StatisticsError, match="AUROC"):
        sample_size.r_squared_of_auroc(0.5, 0.1)
    with pytest.raises(StatisticsError, match="mean other than 0"):
        sample_size.development_continuous(5, 0.2, 0.0, 1.0)
    with pytest.raises(StatisticsError, match="at least one of each"):
        precision.auroc_error(0.8, 0, 10)
    with pytest.raises(StatisticsError, match="does not vary"):
        precision.cases_for_slope([1.0, 1.0], 0.2)
    with pytest.raises(StatisticsError, match="share"):
        precision.cases_for_share(1.5, 0.1)
    with pytest.raises(StatisticsError, match="four"):
        learning_curve([10, 20, 30], [0.5, 0.6, 0.7])
    with pytest.raises(StatisticsError, match="No inverse power law"):
        learning_curve([10, 20, 30, 40], [0.5, 0.5, 0.5, 0.5])
    with pytest.raises(StatisticsError, match="thousand million"):
        sample_size.smallest(1, lambda _: False)

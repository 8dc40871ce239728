import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.special import expit, logit
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats.pooling import pool_shares, random_effects

# Thirteen trials of BCG vaccine (Colditz 1994, JAMA 271:698): cases and not, vaccinated and not.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
        (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
        (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ],
    dtype=float,
)  # fmt: skip


def bcg() -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    a, b, c, d = BCG.T
    return np.log(a / (a + b)) - np.log(c / (c + d)), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_bcg_vaccine_as_in_metafor() -> None:
    """R's metafor prints: REML -0.7145, tau^2 0.3132 [0.1197, 1.1115], I^2 92.22 %, Q 152.2330; DL -0.7141, 0.3088."""
    found = random_effects(*bcg())
    assert found.value == pytest.approx(-0.7145, abs=5e-5)
    assert found.tau**2 == pytest.approx(0.3132, abs=5e-5)
    assert (found.tau_low**2, found.tau_high**2) == pytest.approx((0.1197, 1.1115), abs=5e-5)
    assert found.i_squared == pytest.approx(0.9222, abs=5e-5)
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.high - found.low == pytest.approx(2 * 2.178813 * 0.1808, abs=5e-4)
    plain = random_effects(*bcg(), between="dersimonian-laird", hartung_knapp=False)
    assert plain.value == pytest.approx(-0.7141, abs=5e-5)
    assert plain.tau**2 == pytest.approx(0.3088, abs=5e-5)
    assert (plain.low, plain.high) == pytest.approx((-1.0644, -0.3638), abs=5e-5)


@law
@given(st.integers(0, 10**6), st.integers(3, 12))
def test_pooling_moves_and_scales_with_its_values(seed: int, k: int) -> None:
    stream = np.random.default_rng(seed)
    values, errors = stream.normal(size=k), 0.1 + stream.random(k)
    one = random_effects(values, errors)
    two = random_effects(3.0 * values + 5.0, 3.0 * errors)
    assert (two.value, two.low, two.predicted_high) == pytest.approx(
        (3.0 * one.value + 5.0, 3.0 * one.low + 5.0, 3.0 * one.predicted_high + 5.0), rel=1e-5
    )
    assert one.predicted_low <= one.low <= one.value <= one.high <= one.predicted_high
    assert one.tau_low <= one.tau_high
    assert one.weights.sum() == pytest.approx(1.0)
    assert 0.0 <= one.i_squared <= 1.0


def test_sites_that_agree_have_no_spread_between_them() -> None:
    found = random_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.1])
    assert (found.tau, found.i_squared, found.q) == pytest.approx((0.0, 0.0, 0.0))
    assert found.value == pytest.approx(0.5)
    assert found.high > found.value


def test_shares_are_pooled_on_the_logit_scale() -> None:
    share, error = np.array([0.82, 0.88, 0.79, 0.9]), np.array([0.03, 0.02, 0.04, 0.02])
    found = pool_shares(share, error)
    scaled = random_effects(logit(share), error / (share * (1.0 - share)))
    assert found.value == pytest.approx(expit(scaled.value))
    assert 0.0 < found.prediction.low < found.interval.low < found.value < found.interval.high < 1.0


def test_two_sites_predict_nothing() -> None:
    found = pool_shares([0.8, 0.9], [0.02, 0.02])
    assert (found.prediction.low, found.prediction.high) == (0.0, 1.0)


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="at least two sites"):
        random_effects([0.5], [0.1])
    with pytest.raises(StatisticsError, match="errors above 0"):
        random_effects([0.5, 0.6], [0.1, 0.0])
    with pytest.raises(StatisticsError, match="NaN"):
        random_effects([0.5, np.nan], [0.1, 0.1])
    with pytest.raises(StatisticsError, match="0 or 1"):
        pool_shares([0.5, 1.0], [0.1, 0.1])

import itertools

import numpy as np
import pytest
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import permutation
from bedside.stats.delong import delong_test
from bedside.stats.margin import bootstrap_margin, equivalence, non_inferiority


def test_sign_flips_of_few_cases_are_all_tried() -> None:
    """Fisher's exact enumeration, on Darwin's plants of pot III and IV: 2^n assignments counted one by one."""
    values = np.array([49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0])
    totals = [
        sum(sign * v for sign, v in zip(signs, values, strict=True)) for signs in itertools.product((1, -1), repeat=10)
    ]
    expected = np.mean(np.abs(totals) >= abs(values.sum()))
    assert permutation.sign_flip_test(values) == pytest.approx(expected)


def test_darwins_fifteen_plants() -> None:
    """Fisher 1935, section 21: 1726 of 32,768 assignments are as extreme, p = .0527."""
    values = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    assert permutation.sign_flip_test(values, replicates=40_000, seed=1) == pytest.approx(0.0527, abs=0.004)


@law
@given(binary)
def test_p_values_do_not_depend_on_which_learner_is_first(sample: Binary) -> None:
    there = permutation.auroc_swap_test(sample.score, sample.other, sample.label, 200, sample.seed)
    back = permutation.auroc_swap_test(sample.other, sample.score, sample.label, 200, sample.seed)
    assert there == pytest.approx(back)
    assert 0.0 < there <= 1.0
    assert permutation.auroc_swap_test(sample.score, 2.0 * sample.score, sample.label, 50) == 1.0


def test_swapping_agrees_with_delong() -> None:
    stream = np.random.default_rng(4)
    label = stream.random(200) < 0.4
    common = stream.normal(size=200) + label
    a, b = common + 0.3 * label + stream.normal(0, 0.5, 200), common + stream.normal(0, 0.5, 200)
    assert permutation.auroc_swap_test(a, b, label, 4000) == pytest.approx(delong_test(a, b, label).p, abs=0.03)


def test_a_patients_cases_are_swapped_together() -> None:
    values = np.repeat([0.5, -0.2, 0.4, 0.1], 50)
    assert permutation.sign_flip_test(values, cluster=np.repeat(np.arange(4), 50)) >= 2 / 16
    assert permutation.sign_flip_test(values, replicates=500) < 0.02


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="permutations"):
        permutation.sign_flip_test([1.0, 2.0], replicates=0)
    with pytest.raises(StatisticsError, match="of each outcome class"):
        permutation.auroc_swap_test([0.1, 0.2], [0.2, 0.1], [1, 1])
    with pytest.raises(StatisticsError, match="not defined"):
        permutation.swap_test(lambda weights: np.full(len(weights), np.nan), 3)


def test_margins_by_hand() -> None:
    found = non_inferiority(-0.01, 0.01, 0.05)
    assert found.low == pytest.approx(-0.01 - 1.959964 * 0.01, abs=1e-7)
    assert found.holds
    assert not non_inferiority(-0.04, 0.01, 0.05).holds
    close = equivalence(0.0, 0.02, 0.05)
    assert close.p == pytest.approx(0.0062097, abs=1e-6)
    assert close.holds
    assert not equivalence(0.0, 0.05, 0.05).holds  # not significant, and not equivalent either
    assert equivalence(0.0, 0.02, 0.05, degrees=5).p > close.p


@law
@given(binary)
def test_the_bound_decides_as_the_p_value_does(sample: Binary) -> None:
    value, error = float(sample.score.mean()) * 0.1, 0.02 + 0.001 * sample.label.sum()
    for margin in (0.01, 0.05, 0.1):
        worse = non_inferiority(value, error, margin)
        assert worse.holds == (worse.low > -margin) or abs(worse.low + margin) < 1e-9
        same = equivalence(value, error, margin)
        assert same.holds == (same.low > -margin and same.high < margin)
        assert not same.holds or non_inferiority(value, error, margin, alpha=0.05).holds


def test_bootstrap_margin_follows_the_normal_one() -> None:
    found = np.random.default_rng(0).normal(0.0, 0.02, 20_000)
    ours, normal = bootstrap_margin(0.0, found, 0.05), non_inferiority(0.0, 0.02, 0.05)
    assert (ours.low, ours.p) == pytest.approx((normal.low, normal.p), abs=0.003)


@pytest.mark.parametrize(
    ("error", "margin", "alpha"), [(0.1, 0.0, 0.05), (0.0, 0.1, 0.05), (0.1, 0.1, 0.6), (0.1, -1, 0.05)]
)
def test_margins_are_declared_properly(error: float, margin: float, alpha: float) -> None:
    with pytest.raises(StatisticsError):
        non_inferiority(0.0, error, margin, alpha)

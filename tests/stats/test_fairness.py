import numpy as np
import pytest
from numpy.typing import NDArray
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats.calibration import slope_statistic
from bedside.stats.estimate import Estimate, NotEstimable
from bedside.stats.fairness import equalised_odds, group_gaps, joint_equality
from bedside.stats.roc import auroc_statistic
from bedside.types import Booleans, Floats


def sample(n: int, gap: float, seed: int = 0) -> tuple[Floats, Booleans, NDArray[np.str_]]:
    stream = np.random.default_rng(seed)
    group = stream.choice(["female", "male", "rare"], n, p=[0.5, 0.48, 0.02])
    label = stream.random(n) < 0.4
    score = stream.normal(size=n) + label * np.where(group == "female", 1.0 + gap, 1.0)
    return score, label, group


def test_groups_are_the_statistic_on_their_rows() -> None:
    score, label, group = sample(800, 1.0)
    found = group_gaps(auroc_statistic(score, label), group, replicates=300, least=40)
    female = found.groups["female"]
    assert isinstance(female, Estimate)
    inside = group == "female"
    ones = np.ones((1, int(inside.sum())))
    assert female.value == pytest.approx(auroc_statistic(score[inside], label[inside])(ones)[0])
    assert female.low < female.value < female.high
    assert female.patients == inside.sum()
    rare = found.groups["rare"]
    assert isinstance(rare, NotEstimable)
    assert "at least 40" in rare.reason
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("female", "male")
    assert pair.contrast.low > 0.0
    assert found.widest == pytest.approx(pair.contrast.value)
    assert found.equality_p is not None
    assert found.equality_p < 0.01


def test_no_gap_is_not_found() -> None:
    score, label, group = sample(600, 0.0, seed=3)
    found = group_gaps(auroc_statistic(score, label), group, replicates=300, least=40)
    assert found.equality_p is not None
    assert found.equality_p > 0.05
    assert found.pairs[0].contrast.low < 0.0 < found.pairs[0].contrast.high


def test_one_class_in_a_group_is_said() -> None:
    label = np.arange(80) % 2 == 0
    group = np.where(np.arange(80) < 40, "a", "b")
    label[40:] = True
    found = group_gaps(auroc_statistic(np.arange(80.0), label), group, replicates=50)
    reason = found.groups["b"]
    assert isinstance(reason, NotEstimable)
    assert "one outcome class" in reason.reason
    assert (found.pairs, found.widest, found.equality_p) == ((), None, None)
    chance = np.where(group == "a", 0.5, np.random.default_rng(0).random(80))
    flat = group_gaps(slope_statistic(chance, label), group, replicates=50)
    assert all(isinstance(each, NotEstimable) for each in flat.groups.values())


@law
@given(binary)
def test_odds_are_rates_and_turn_with_their_groups(case: Binary) -> None:
    flagged = case.score > 0.5
    group = np.where(np.arange(flagged.size) % 2 == 0, "a", "b")
    found = equalised_odds(flagged, case.label, group, least=2)
    swapped = equalised_odds(flagged, case.label, np.where(group == "a", "b", "a"), least=2)
    for ours, turned in ((found.true_positive, swapped.true_positive), (found.false_positive, swapped.false_positive)):
        for pair, back in zip(ours.pairs, turned.pairs, strict=True):
            assert pair.contrast.value == pytest.approx(-back.contrast.value)
            assert pair.contrast.low == pytest.approx(-back.contrast.high)
            assert pair.contrast.low <= pair.contrast.value <= pair.contrast.high
            assert pair.contrast.high - pair.contrast.low > 0.05
            assert 0.0 <= pair.contrast.p <= pair.p_adjusted <= 1.0
    a = found.true_positive.rates["a"]
    if isinstance(a, Estimate):
        assert a.value == pytest.approx(flagged[case.label & (group == "a")].mean())


def test_repeated_patients_are_less_certain() -> None:
    score, label, group = sample(300, 0.8)
    n = score.size
    wide = equalised_odds(
        np.tile(score > 0.5, 4), np.tile(label, 4), np.tile(group, 4), patient=np.tile(np.arange(n), 4)
    )
    naive = equalised_odds(np.tile(score > 0.5, 4), np.tile(label, 4), np.tile(group, 4))
    once = equalised_odds(score > 0.5, label, group)
    assert wide.true_positive.pairs[0].contrast.p > naive.true_positive.pairs[0].contrast.p
    assert wide.true_positive.pairs[0].contrast.p == pytest.approx(once.true_positive.pairs[0].contrast.p, rel=0.5)
    assert isinstance(wide.true_positive.rates["rare"], NotEstimable)
    assert once.difference is not None


def test_single_group_and_bad_input() -> None:
    alone = equalised_odds([1, 0, 1, 0], [1, 1, 0, 0], ["a"] * 4, least=2)
    assert (alone.difference, alone.p) == (None, None)
    with pytest.raises(StatisticsError, match="group"):
        equalised_odds([1, 0], [1, 0], ["a"])
    with pytest.raises(StatisticsError, match="0 and 1"):
        equalised_odds([0.5, 0], [1, 0], ["a", "b"])


def test_hotelling_holds_its_level_where_events_are_few_and_chi_squared_does_not() -> None:
    rng = np.random.default_rng(4)
    events, others, groups = 20, 60, 4
    rejected = np.zeros(2)
    for _ in range(300):
        rates = [rng.binomial(size, 0.8, groups) / size for size in (events, others)]
        drawn = [
            rng.binomial(size, rate[:, None], (groups, 300)) / size
            for size, rate in zip((events, others), rates, strict=True)
        ]
        values, replicates = np.array(rates), np.array(drawn)
        rejected += [
            joint_equality(values, replicates, events).p < 0.05,
            joint_equality(values, replicates).p < 0.05,
        ]
    assert rejected[0] / 300 < 0.06
    assert rejected[1] / 300 > 0.08


def test_joint_equality_says_why_it_cannot_be_tested() -> None:
    replicates = np.random.default_rng(0).random((2, 3, 200))
    with pytest.raises(StatisticsError, match="needs two"):
        joint_equality(np.ones((1, 1)), replicates[:1, :1])
    with pytest.raises(StatisticsError, match="needed are 5"):
        joint_equality(np.full((2, 3), 0.5), replicates, 4)
    with pytest.raises(StatisticsError, match="does not vary"):
        joint_equality(np.ones((2, 3)), np.ones((2, 3, 200)), 50)
    with pytest.raises(StatisticsError, match="not defined"):
        joint_equality(np.full((2, 3), np.nan), replicates, 50)


def test_one_measure_in_two_groups_is_the_familiar_wald_test() -> None:
    replicates = np.random.default_rng(0).normal([[0.7], [0.8]], 0.02, (2, 5000))[None]
    error = float(np.std(replicates[0, 0] - replicates[0, 1], ddof=1))
    found = joint_equality(np.array([[0.7, 0.8]]), replicates)
    assert found.df == 1
    assert found.statistic == pytest.approx((0.1 / error) ** 2)

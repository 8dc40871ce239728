import numpy as np
import pytest
from numpy.typing import NDArray
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats.calibration import slope_statistic
from bedside.stats.estimate import Estimate, NotEstimable
from bedside.stats.fairness import equalised_odds, group_gaps
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

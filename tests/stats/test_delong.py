from collections.abc import Callable

import numpy as np
import pytest
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import auroc_limits, cv_auroc, delong
from bedside.stats.roc import auroc_statistic


def test_subarachnoid_haemorrhage_as_in_proc(vector: Callable[[str], list[dict[str, str]]]) -> None:
    rows = vector("delong/aSAH.csv")
    label = [row["outcome"] == "Poor" for row in rows]
    wfns, s100b = ([float(row[name]) for row in rows] for name in ("wfns", "s100b"))
    aurocs, covariance = delong.delong_covariance([wfns, s100b], label)
    assert covariance[0, 0] == pytest.approx(0.00146991470882363, abs=1e-15)
    found = delong.delong_test(wfns, s100b, label)
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert (aurocs[0] - aurocs[1]) / error == pytest.approx(2.20898359144091, abs=1e-12)
    assert found.p == pytest.approx(0.0271757822291882, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((0.0104061769564846, 0.174214419249478), abs=1e-12)


@law
@given(binary)
def test_covariance_is_that_of_the_placements(sample: Binary) -> None:
    aurocs, covariance = delong.delong_covariance([sample.score, sample.other], sample.label)
    kernels = []
    for score in (sample.score, sample.other):
        ours, theirs = score[sample.label][:, None], score[~sample.label][None, :]
        kernels.append((ours > theirs) + 0.5 * (ours == theirs))
    assert aurocs == pytest.approx([kernel.mean() for kernel in kernels])
    expected = np.cov([k.mean(axis=1) for k in kernels]) / sample.label.sum()
    expected += np.cov([k.mean(axis=0) for k in kernels]) / (~sample.label).sum()
    assert covariance == pytest.approx(expected, abs=1e-12)


@law
@given(binary)
def test_one_case_a_patient_is_delongs_and_everyone_twice_is_not_more_certain(sample: Binary) -> None:
    _, plain = delong.delong_covariance([sample.score, sample.other], sample.label)
    n = sample.label.size
    _, single = delong.clustered_delong([sample.score, sample.other], sample.label, np.arange(n))
    assert single == pytest.approx(plain, abs=1e-12)
    twice = np.tile([sample.score, sample.other], 2)
    _, doubled = delong.clustered_delong(twice, np.tile(sample.label, 2), np.tile(np.arange(n), 2))
    assert doubled == pytest.approx(plain, abs=1e-12)


@law
@given(binary)
def test_intervals_hold_the_value_and_have_width(sample: Binary) -> None:
    value = float(auroc_statistic(sample.score, sample.label)(np.ones((1, sample.label.size)))[0])
    for limits in (
        delong.auroc_interval(sample.score, sample.label),
        delong.clustered_auroc_interval(sample.score, sample.label, np.arange(sample.label.size) // 2),
    ):
        assert 0.0 <= limits.low <= value <= limits.high <= 1.0
        assert limits.high - limits.low > 0.01


@law
@given(binary)
def test_exchanging_learners_turns_the_contrast(sample: Binary) -> None:
    there = delong.delong_test(sample.score, sample.other, sample.label)
    back = delong.delong_test(sample.other, sample.score, sample.label)
    assert (there.value, there.low, there.p) == pytest.approx((-back.value, -back.high, back.p))
    same = delong.delong_test(sample.score, 3.0 * sample.score, sample.label)
    assert (same.value, same.p) == (0.0, 1.0)


@pytest.mark.parametrize("positives", [1, 5, 200])
def test_perfect_separation_keeps_its_width(positives: int) -> None:
    label = np.arange(400) < positives
    limits = delong.auroc_interval(label.astype(float), label)
    assert limits.high == 1.0
    assert 0.0 < limits.low < 1.0
    assert "score-type" in limits.method
    turned = delong.auroc_interval(1.0 - label, label)
    assert (turned.low, turned.high) == pytest.approx((0.0, 1.0 - limits.low))


def test_newcombe_solves_its_equation() -> None:
    found = auroc_limits.newcombe_interval(0.8, 30, 50)
    for limit in (found.low, found.high):
        shape = 1.0 + 39.0 * ((1.0 - limit) / (2.0 - limit) + limit / (1.0 + limit))
        assert abs(0.8 - limit) == pytest.approx(1.959963985 * np.sqrt(limit * (1.0 - limit) * shape / 1500.0))


def test_perfect_against_constant_is_still_a_contrast() -> None:
    label = np.arange(40) < 15
    found = delong.delong_test(label.astype(float), np.zeros(40), label)
    assert found.value == 0.5
    assert 0.0 < found.low < 0.5 < found.high
    assert found.p < 1e-3


@law
@given(binary)
def test_within_fold_area_is_the_mean_and_one_fold_is_delongs(sample: Binary) -> None:
    n = sample.label.size
    of_positive, of_negative = delong.placements(sample.score[None, :], sample.label)
    expected = of_positive.var() / of_positive.size + of_negative.var() / of_negative.size
    whole = cv_auroc.cv_influence(sample.score, sample.label, np.zeros(n))
    assert whole.covariance()[0, 0] == pytest.approx(expected * n / (n - 1), abs=1e-15)
    limits = cv_auroc.cv_auroc_interval(sample.score, sample.label, np.zeros(n))
    assert limits.low <= whole.aurocs[0] <= limits.high
    fold = np.tile([0, 1], n)
    score, label = np.repeat(sample.score, 2) + 100.0 * fold, np.repeat(sample.label, 2)
    found = cv_auroc.cv_influence(score, label, fold, np.repeat(np.arange(n), 2))
    once = cv_auroc.cv_influence(sample.score, sample.label, np.zeros(n))
    assert found.aurocs == pytest.approx(once.aurocs)
    assert found.covariance() == pytest.approx(once.covariance())  # a repetition adds no patients


def test_influence_follows_the_published_variance() -> None:
    """LeDell 2015, section 4: mean over folds of the mean squared influence, over n; equal class counts in folds."""
    stream = np.random.default_rng(0)
    label, fold = np.tile([True, False, False, True, False], 40), np.repeat(np.arange(4), 50)
    score = stream.normal(size=200) + label
    found = cv_auroc.cv_influence(score, label, fold)
    squares = []
    for number in range(4):
        ours, theirs = score[(fold == number) & label], score[(fold == number) & ~label]
        kernel = (ours[:, None] > theirs[None, :]).astype(float)
        of_positive = (kernel.mean(axis=1) - kernel.mean()) / 0.4
        of_negative = (kernel.mean(axis=0) - kernel.mean()) / 0.6
        squares.append(np.mean(np.concatenate([of_positive, of_negative]) ** 2))
    assert found.covariance()[0, 0] == pytest.approx(np.mean(squares) / 200 * 200 / 199)


def test_contrast_within_folds() -> None:
    stream = np.random.default_rng(0)
    label, fold = np.tile([True, False], 100), np.repeat(np.arange(5), 40)
    good, bad = stream.normal(size=200) + 2.0 * label, stream.normal(size=200)
    assert cv_auroc.cv_auroc_test(good, bad, label, fold).p < 1e-4
    assert cv_auroc.cv_auroc_test(good, good, label, fold).p == 1.0


@pytest.mark.parametrize(
    ("score", "label", "cluster", "words"),
    [
        ([1.0, 2.0, 3.0], [1, 1, 1], [0, 1, 2], "of each outcome class"),
        ([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0], [0, 0, 1, 2], "at least two patients"),
        ([1.0, np.nan, 3.0, 4.0], [1, 1, 0, 0], [0, 1, 2, 3], "NaN"),
        ([1.0], [1], [0], "of each outcome class"),
        ([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0], [0, 1], "one code a case"),
    ],
)
def test_no_variance_is_named(score: list[float], label: list[int], cluster: list[int], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        delong.clustered_auroc_interval(score, label, cluster)


def test_single_patients_and_impossible_areas_are_named() -> None:
    with pytest.raises(StatisticsError, match="one patient"):
        cv_auroc.cv_influence([1.0, 2.0], [0, 1], [0, 0], [5, 5])
    with pytest.raises(StatisticsError, match="no interval"):
        auroc_limits.newcombe_interval(1.2, 3, 3)


def test_a_fold_of_one_class_is_named() -> None:
    with pytest.raises(StatisticsError, match="Fold 2 of 2"):
        cv_auroc.cv_influence([1.0, 2.0, 3.0, 4.0], [0, 1, 1, 1], [0, 0, 1, 1])


@law
@given(binary)
def test_repeated_patients_are_tested_as_patients(sample: Binary) -> None:
    n = sample.label.size
    once = delong.clustered_delong_test(sample.score, sample.other, sample.label, np.arange(n))
    plain = delong.delong_test(sample.score, sample.other, sample.label)
    assert (once.value, once.low, once.p) == pytest.approx((plain.value, plain.low, plain.p))
    rows = np.tile(np.arange(n), 3)
    thrice = delong.clustered_delong_test(sample.score[rows], sample.other[rows], sample.label[rows], rows)
    assert (thrice.value, thrice.low, thrice.p) == pytest.approx((once.value, once.low, once.p))

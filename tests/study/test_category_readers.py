"""Readers of unordered categories judged: values by hand, laws, and refusals that give their reason."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from bedside.data.category_readings import NO_MAJORITY, CategoryTable
from bedside.errors import StudyError, TableProblem
from bedside.evidence.readers import JudgedContrast, JudgedPerformance, ReaderEvidence
from bedside.stats.agreement import fleiss_kappa, gwet_ac1, rating_counts
from bedside.stats.proportion import wilson
from bedside.stats.reading_covariance import areas
from bedside.study.category_judges import contrasts, most_votes, nominal, statistic
from bedside.study.category_model import CategoryModel
from bedside.study.category_readers import judge_categories
from bedside.study.judges import Judge
from bedside.study.reader_conduct import Conduct

judged = partial(judge_categories, replicates=200)

NAMES = ("sinus", "AF", "flutter")
TRUTH = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
ANA = [0, 0, 0, 1, 1, 1, 2, 2, 2, 0]
BEN = [0] * 10
CYD = [0, 1, 0, 2, 1, 2, 1, 2, 2, 1]


def table(values: Any, truth: Any, *, categories: Sequence[str] = NAMES, patient: Any = None) -> CategoryTable:
    """Readings (arms, readers, cases)."""
    array = np.asarray(values, dtype=np.float64)
    arms = ("without",) if array.shape[0] == 1 else ("with", "without")
    cases = tuple(f"c{k:03}" for k in range(array.shape[2]))
    codes = np.arange(len(cases)) if patient is None else np.asarray(patient)
    readers = ("ana", "ben", "cyd", "dan")[: array.shape[1]]
    return CategoryTable(array, np.asarray(truth, dtype=np.int64), codes, arms, readers, cases, tuple(categories))


def drawn(arms: int = 1, readers: int = 3, cases: int = 90, seed: int = 0, patient: Any = None) -> CategoryTable:
    """Readers who choose right in about seven of ten cases."""
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 3
    wrong = rng.random((arms, readers, cases)) < 0.3
    return table(np.where(wrong, rng.integers(0, 3, wrong.shape), truth), truth, patient=patient)


def model_of(readings: CategoryTable, choice: Any, **more: Any) -> CategoryModel:
    names = [(*readings.categories, NO_MAJORITY)[k] for k in choice]
    return CategoryModel("model", dict(zip(readings.cases, names, strict=True)), "made up", **more)


def value(found: ReaderEvidence, judge: str, measure: str, category: str = "") -> JudgedPerformance:
    return next(r for r in found.performance if (r.judge, r.measure, r.category) == (judge, measure, category))


def pick(found: ReaderEvidence, first: str, second: str, measure: str) -> JudgedContrast:
    return next(r for r in found.contrasts if (r.first, r.second, r.measure) == (first, second, measure))


def test_values_by_hand() -> None:
    found = judged(table([[ANA, BEN]], TRUTH))
    assert value(found, "ana", "accuracy").value == 0.7
    assert value(found, "ana", "balanced_accuracy").value == pytest.approx((3 / 4 + 2 / 3 + 2 / 3) / 3)
    assert value(found, "ana", "f1_macro").value == pytest.approx((6 / 8 + 4 / 6 + 4 / 6) / 3)
    assert value(found, "ana", "sensitivity", "sinus").value == 3 / 4
    assert value(found, "ana", "specificity", "sinus").value == pytest.approx(5 / 6)
    assert value(found, "ana", "sensitivity", "AF").value == pytest.approx(2 / 3)
    assert value(found, "ana", "specificity", "flutter").value == pytest.approx(6 / 7)
    row, limits = value(found, "ana", "accuracy"), wilson(7, 10)
    assert (row.low, row.high) == pytest.approx((limits.low, limits.high))
    # ben says sinus throughout: right in 4 of 10, F1 of sinus 8 / 14, of the others 0.
    assert value(found, "ben", "accuracy").value == 0.4
    assert value(found, "ben", "balanced_accuracy").value == pytest.approx(1 / 3)
    assert value(found, "ben", "f1_macro").value == pytest.approx(4 / 21)
    assert value(found, "ben", "specificity", "sinus").value == 0.0
    agreed = {(r.first, r.second, r.measure): r.value for r in found.agreement}
    assert agreed["ana", "reference", "kappa"] == pytest.approx((0.7 - 0.34) / (1 - 0.34))
    assert agreed["ben", "reference", "kappa"] == pytest.approx(0.0)
    assert agreed["all readers", "each other", "percent_agreement"] == pytest.approx(0.4)
    # Fleiss: 14 sinus, 3 AF, 3 flutter among 20 ratings.
    expected = 0.7**2 + 2 * 0.15**2
    assert agreed["all readers", "each other", "fleiss_kappa"] == pytest.approx((0.4 - expected) / (1 - expected))
    chance = (1 - expected) / 2
    assert agreed["all readers", "each other", "gwet_ac1"] == pytest.approx((0.4 - chance) / (1 - chance))
    assert any("ben (without) put every case into sinus" in text for text in found.limits)
    assert found.category_cases == {"sinus": 4, "AF": 3, "flutter": 3}
    assert found.positives is None


def test_krippendorff_by_hand() -> None:
    """Alpha is 1 - (n - 1) observed / expected disagreement of 20 ratings: 12 discordant, 400 - 14^2 - 2 * 3^2."""
    found = judged(table([[ANA, BEN]], TRUTH))
    row = next(r for r in found.agreement if r.measure == "krippendorff_alpha")
    assert row.value == pytest.approx(1 - 19 * 12 / (400 - 14**2 - 9 - 9))


def test_the_confusion_table_counts_every_reading() -> None:
    found = judged(table([[ANA, BEN, CYD]], TRUTH))
    ana = next(each for each in found.confusion if each.judge == "ana")
    assert ana.counts == ((3, 1, 0), (0, 2, 1), (1, 0, 2))
    assert ana.truth == ana.said == NAMES
    panel = next(each for each in found.confusion if each.judge == "panel")
    # Votes: 000 001 000 102 101 102 201 202 202 001 (ana, ben, cyd); cases 4, 6, 7 have three different votes.
    assert panel.said == (*NAMES, NO_MAJORITY)
    assert panel.counts == ((3, 0, 0, 1), (0, 1, 0, 2), (1, 0, 2, 0))


def test_a_tie_of_the_panel_is_never_right() -> None:
    found = judged(table([[ANA, BEN, CYD]], TRUTH))
    assert value(found, "panel", "accuracy").value == 0.6
    assert value(found, "panel", "sensitivity", "AF").value == pytest.approx(1 / 3)
    # Of the 7 cases without AF one is a tie: no false alarm, and yet not counted as right.
    assert value(found, "panel", "specificity", "AF").value == pytest.approx(6 / 7)
    assert any("no majority in 3 cases" in text for text in found.limits)
    assert "no majority" in found.methods[0]


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=8))
def test_most_votes_do_not_depend_on_the_order_of_the_voters(votes: list[list[int]]) -> None:
    choices = np.array(votes, dtype=np.float64).T
    found = most_votes(choices, 4)
    assert np.array_equal(found, most_votes(choices[::-1], 4))
    for case, winner in zip(votes, found.tolist(), strict=True):
        assert winner == (max(set(case), key=case.count) if len(set(case)) < 3 else 4)


def test_the_exact_test_by_hand() -> None:
    """Eight cases that only the model has right against one that only the reader has: p is 2 (1 + 9) / 2^9."""
    truth = [0, 1, 2] * 4
    reader = [*(np.array(truth[:8]) + 1) % 3, *truth[8:]]
    model = [*truth[:8], (truth[8] + 1) % 3, *truth[9:]]
    readings = table([[reader]], truth)
    row = pick(judged(readings, model_of(readings, model)), "model", "ana", "accuracy")
    assert row.p == pytest.approx(20 / 512)
    assert row.difference == pytest.approx(7 / 12)
    assert "McNemar exact" in row.method


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=40))
def test_means_over_categories_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    pairs = [*pairs, (0, 1), (1, 1), (2, 0)]
    truth, call = np.array(pairs).T
    for measure, expected in (
        ("balanced_accuracy", metrics.balanced_accuracy_score(truth, call)),
        ("f1_macro", metrics.f1_score(truth, call, average="macro", zero_division=0)),
    ):
        ours = statistic(measure, call.astype(float), truth, 3)(np.ones((1, truth.size)))[0]
        assert ours == pytest.approx(expected)


@settings(max_examples=15, deadline=None)
@given(st.permutations([0, 1, 2]), st.integers(0, 1000), st.booleans())
def test_relabelling_the_categories_changes_nothing(order: list[int], seed: int, repeated: bool) -> None:
    readings = drawn(cases=45, seed=seed, patient=np.arange(45) // 2 if repeated else None)
    number = np.argsort(order)
    moved = replace(
        readings,
        values=number[readings.values.astype(int)].astype(float),
        truth=number[readings.truth],
        categories=tuple(NAMES[k] for k in order),
    )
    choice = np.random.default_rng(seed).integers(0, 3, 45)
    one, other = judged(readings, model_of(readings, choice)), judged(moved, model_of(moved, number[choice]))
    assert sorted(map(repr, one.performance)) == sorted(map(repr, other.performance))
    assert one.contrasts == other.contrasts
    assert one.multi_reader == other.multi_reader
    for row, same in zip(one.agreement, other.agreement, strict=True):
        assert row.value == pytest.approx(same.value)
        assert (row.low, row.high) == pytest.approx((same.low, same.high))
    cells = [
        {(c.judge, t, s): n for c in e.confusion for t, line in zip(c.truth, c.counts, strict=True)
         for s, n in zip(c.said, line, strict=True)}
        for e in (one, other)
    ]  # fmt: skip
    assert cells[0] == cells[1]


def test_a_perfect_reader_has_an_interval_with_width() -> None:
    found = judged(table([[TRUTH, ANA]], TRUTH))
    for measure in ("accuracy", "balanced_accuracy", "f1_macro"):
        row = value(found, "ana", measure)
        assert row.value == row.high == 1.0
        assert row.low is not None
        assert row.low < 0.9


def test_accuracy_over_readers_and_cases_rests_on_the_covariance_of_zeros_and_ones() -> None:
    readings = drawn(arms=2)
    found = judged(readings)
    hits = (readings.values == readings.truth).astype(float).reshape(6, -1)
    expected = np.cov(hits) / hits.shape[1]
    ones = np.ones(hits.shape[1], dtype=np.bool_)
    assert np.allclose(areas(hits, ones, "accuracy", "delong").covariance, expected)
    made = next(row for row in found.multi_reader if row.measure == "accuracy")
    assert made.covariances is not None
    assert made.covariances[0] == pytest.approx(np.mean([expected[k, k + 3] for k in range(3)]))
    assert [arm.value for arm in made.arms] == pytest.approx(hits.reshape(2, 3, -1).mean(axis=(1, 2)).tolist())
    first = pick(found, "the average reader (with)", "the average reader (without)", "accuracy")
    assert first.holds_for == "readers like these"
    refused = next(row for row in found.multi_reader if row.measure == "auroc")
    assert "rank no cases" in refused.reason


def test_accuracy_of_calls_needs_no_two_classes_and_counts_both_kinds_of_right_calls() -> None:
    positive = np.array([True, True, False, False, False])
    calls = np.array([[1.0, 0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0, 1.0]])
    assert areas(calls, positive, "accuracy", "delong").values.tolist() == [0.6, 0.6]


def test_repeated_patients_are_resampled_together() -> None:
    single = drawn(readers=2, cases=60)
    doubled = table(np.concatenate([single.values] * 2, axis=2), np.tile(single.truth, 2),
                    patient=np.tile(np.arange(60), 2))  # fmt: skip
    choice = np.random.default_rng(3).integers(0, 3, 60)
    alone = judged(single, model_of(single, choice))
    twice = judged(doubled, model_of(doubled, np.tile(choice, 2)))
    naive = judged(table(doubled.values, doubled.truth), model_of(doubled, np.tile(choice, 2)))

    def width(found: ReaderEvidence, measure: str) -> float:
        row = value(found, "ana", measure)
        assert row.low is not None
        assert row.high is not None
        return row.high - row.low

    for measure in ("accuracy", "balanced_accuracy", "f1_macro"):
        assert width(twice, measure) == pytest.approx(width(alone, measure), rel=0.1)
        assert width(naive, measure) < 0.85 * width(twice, measure)
    row = pick(twice, "model", "ana", "accuracy")
    assert "bootstrap by patient" in row.method
    kappa = next(r for r in twice.agreement if (r.first, r.second) == ("ana", "ben"))
    assert "clustered by patient" in kappa.method


def test_agreement_of_all_readers_is_that_of_the_statistics() -> None:
    readings = drawn()
    found = judged(readings)
    counts = rating_counts(readings.values[0].T, 3)
    rows = {row.measure: row for row in found.agreement if row.first == "all readers"}
    for name, estimate in (("fleiss_kappa", fleiss_kappa(counts)), ("gwet_ac1", gwet_ac1(counts))):
        assert (rows[name].value, rows[name].low) == pytest.approx((estimate.value, estimate.low))
    assert "kappa_quadratic" not in {row.measure for row in found.agreement}


def test_a_category_that_the_reference_lacks_has_no_sensitivity_and_no_mean() -> None:
    found = judged(table([[ANA, CYD]], TRUTH, categories=(*NAMES, "other")))
    assert value(found, "ana", "accuracy").value == 0.7
    assert value(found, "ana", "specificity", "other").value == 1.0
    for measure, category in (("sensitivity", "other"), ("balanced_accuracy", ""), ("f1_macro", "")):
        row = value(found, "ana", measure, category)
        assert row.value is None
        assert "'other'" in row.reason
    assert any("No case is of other" in text for text in found.limits)


def test_readers_who_all_say_one_thing_have_no_kappa() -> None:
    found = judged(table([[BEN, BEN]], TRUTH))
    kappa = next(r for r in found.agreement if (r.first, r.second) == ("ana", "ben"))
    assert kappa.value is None
    assert "one and the same category" in kappa.reason
    fleiss = next(r for r in found.agreement if r.measure == "fleiss_kappa")
    assert "one category" in fleiss.reason


def test_a_reader_behind_the_reference_standard_is_not_judged_by_it() -> None:
    readings = drawn()
    found = judged(readings, model_of(readings, readings.truth.tolist()), conduct=Conduct(made_reference=("ana",)))
    mine = [row for row in found.performance if row.judge == "ana"]
    assert len(mine) == 3 + 2 * 3
    assert all(row.value is None and "incorporation" in row.reason for row in mine)
    assert "incorporation" in pick(found, "model", "ana", "accuracy").reason
    assert found.limits[0].startswith("Incorporation")
    assert "ana" not in {each.judge for each in found.confusion}
    assert pick(found, "model", "the average reader", "accuracy").p is not None


def test_cases_not_read_by_all_forbid_the_multi_reader_analysis_only() -> None:
    readings = drawn()
    readings.values[0, 0, :30] = np.nan
    found = judged(readings, model_of(readings, readings.truth.tolist()))
    assert "readers read different cases" in pick(found, "model", "the average reader", "accuracy").reason
    assert pick(found, "model", "ana", "f1_macro").cases == 60
    assert value(found, "panel", "accuracy").cases == 60
    assert not found.crossed


def test_every_test_is_adjusted_but_the_primary_one() -> None:
    readings = drawn()
    model = model_of(readings, np.random.default_rng(1).integers(0, 3, 90).tolist())
    found = judged(readings, model, conduct=Conduct(primary="f1_macro"))
    (primary,) = [row for row in found.contrasts if row.primary]
    assert (primary.measure, primary.p_adjusted) == ("f1_macro", primary.p)
    others = [row for row in found.contrasts if row.p is not None and not row.primary]
    assert len(others) == 1 + 3 * 4 - 1
    assert all(row.p is not None and row.p_adjusted is not None and row.p_adjusted >= row.p for row in others)


def test_models_of_folds_are_not_tested_as_one_and_may_tie() -> None:
    readings = drawn()
    choice = [3, *readings.truth.tolist()[1:]]
    found = judged(readings, model_of(readings, choice, folds=True))
    assert value(found, "model", "accuracy").value == pytest.approx(89 / 90)
    assert next(e for e in found.confusion if e.judge == "model").said[-1] == NO_MAJORITY
    assert "fitted models taken as given" in pick(found, "model", "ana", "accuracy").method
    assert "one a fold" in pick(found, "model", "the average reader", "accuracy").reason


def test_equal_judges_do_not_differ() -> None:
    readings = drawn(readers=1, cases=30)
    shared = nominal(readings.truth, readings.patient, NAMES, 100, 0)
    judge = Judge("a", "reader", "without", np.full(30, np.nan), readings.values[0, 0])
    for row in contrasts(judge, judge, shared):
        assert (row.difference, row.p) == (0.0, 1.0)


def test_what_cannot_be_is_refused() -> None:
    readings = drawn()
    with pytest.raises(StudyError, match="rank no cases"):
        judged(readings, conduct=Conduct(primary="auroc"))
    with pytest.raises(StudyError, match="of categories give one of accuracy"):
        judged(readings, conduct=Conduct(primary="sensitivity"))
    with pytest.raises(StudyError, match="no reader is called 'z'"):
        judged(readings, conduct=Conduct(pooled=("z",)))
    model = model_of(readings, readings.truth.tolist())
    with pytest.raises(TableProblem, match="no prediction of 1 of 90 cases"):
        judged(readings, replace(model, choice=dict(list(model.choice.items())[1:])))
    with pytest.raises(TableProblem, match="the model chose 'VT'"):
        judged(readings, replace(model, choice=dict.fromkeys(readings.cases, "VT")))


def test_the_same_readings_and_seed_give_the_same_evidence() -> None:
    one, other = (judged(drawn(arms=2)).model_dump_json() for _ in range(2))
    assert one == other
    assert ReaderEvidence.model_validate_json(one).confusion

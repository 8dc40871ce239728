import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from tests.conformance.endpoint import value_of

from bedside.endpoints.endpoint import Reference, View
from bedside.endpoints.ordinal.decision import CutPoints, MostProbable, Rounded, expected
from bedside.endpoints.ordinal.kind import ordinal
from bedside.endpoints.ordinal.measures import GradeMeasure, ordinal_measures
from bedside.errors import CohortProblem, OutcomeProblem
from bedside.stats.kappa import cohen_kappa, kappa_table
from bedside.study.analysis import Analysis, Group, Scope
from bedside.study.judged import Judged
from bedside.types import Floats

GRADES = ("none", "mild", "moderate", "severe")
ENDPOINT = ordinal(grades=GRADES)
Shares = tuple[float, ...]


# Sixteenths add up without rounding, so that equal sums are ties in every order of adding.
SIXTEENTHS = [raw for raw in product(range(1, 14), repeat=4) if sum(raw) == 16]
SHARES: list[Shares] = [tuple(one / 16 for one in raw) for raw in SIXTEENTHS]
CLEAR = [share for share in SHARES if share.count(max(share)) == 1]
CASE = st.tuples(st.integers(0, 3), st.sampled_from(SHARES))
CLEAR_CASE = st.tuples(st.integers(0, 3), st.sampled_from(CLEAR))


def measured(rule: MostProbable | Rounded | CutPoints, cuts: dict[str, float] | None = None) -> dict[str, GradeMeasure]:
    return {measure.name: measure for measure in ordinal_measures(GRADES, rule, cuts or {})}


def certain(grades: list[int]) -> list[Shares]:
    return [tuple(float(k == grade) for k in range(4)) for grade in grades]


@settings(max_examples=40, deadline=None)
@given(st.lists(CASE, min_size=4, max_size=40))
def test_plain_values_are_those_of_scikit_learn(cases: list[tuple[int, Shares]]) -> None:
    outcomes, told = [truth for truth, _ in cases], [share for _, share in cases]
    outcomes = [*outcomes, 0, 1, 2, 3]
    told = [*told, *SHARES[:4]]
    matrix = np.array(told)
    chosen = matrix.argmax(axis=1)
    assume(len(set(chosen.tolist())) > 1)
    reached = np.array([[truth >= k for k in (1, 2, 3)] for truth in outcomes])
    above = np.array([[sum(share[k:]) for k in (1, 2, 3)] for share in told])
    expected_values = {
        "quadratic_kappa": metrics.cohen_kappa_score(outcomes, chosen, weights="quadratic", labels=[0, 1, 2, 3]),
        "linear_kappa": metrics.cohen_kappa_score(outcomes, chosen, weights="linear", labels=[0, 1, 2, 3]),
        "accuracy": metrics.accuracy_score(outcomes, chosen),
        "grade_error": metrics.mean_absolute_error(outcomes, chosen),
        "far_off": float((np.abs(chosen - outcomes) > 1).mean()),
        "auroc_mean": float(np.mean([metrics.roc_auc_score(reached[:, k], above[:, k]) for k in range(3)])),
        "auroc_macro": metrics.roc_auc_score(outcomes, matrix, multi_class="ovr", labels=[0, 1, 2, 3]),
        "auroc_from_2": metrics.roc_auc_score(reached[:, 1], above[:, 1]),
        "ranked_probability_score": float(((above - reached) ** 2).mean()),
        "log_loss": metrics.log_loss(outcomes, matrix, labels=[0, 1, 2, 3]),
    }
    by_name = measured(MostProbable())
    for name, value in expected_values.items():
        assert value_of(by_name[name], outcomes, told) == pytest.approx(value, abs=1e-9), name


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=30))
def test_perfect_agreement_is_one(outcomes: list[int]) -> None:
    assume(len(set(outcomes)) > 1)
    for rule in (MostProbable(), Rounded()):
        by_name = measured(rule)
        assert value_of(by_name["quadratic_kappa"], outcomes, certain(outcomes)) == pytest.approx(1.0)
        assert value_of(by_name["grade_error"], outcomes, certain(outcomes)) == 0.0
        assert value_of(by_name["ranked_probability_score"], outcomes, certain(outcomes)) == 0.0


@settings(max_examples=40, deadline=None)
@given(st.lists(CLEAR_CASE, min_size=4, max_size=30))
def test_reversed_grades_change_no_agreement(cases: list[tuple[int, Shares]]) -> None:
    outcomes, told = [truth for truth, _ in cases], [share for _, share in cases]
    # No ties for the most probable grade: they go to the lower one, which is the higher one in reverse.
    by_name = measured(MostProbable())
    backwards = [3 - truth for truth in outcomes], [share[::-1] for share in told]
    for name in ("quadratic_kappa", "linear_kappa", "accuracy", "ranked_probability_score", "auroc_mean"):
        assert value_of(by_name[name], *backwards) == pytest.approx(
            value_of(by_name[name], outcomes, told), nan_ok=True
        ), name
    areas = [value_of(by_name[f"auroc_from_{k}"], outcomes, told) for k in (1, 2, 3)]
    assert [value_of(by_name[f"auroc_from_{4 - k}"], *backwards) for k in (1, 2, 3)] == pytest.approx(
        areas, nan_ok=True
    )


def test_kappa_by_hand() -> None:
    # Two of four right, one off by one, one off by three: disagreement 10 / 36; by chance, of the margins, 20 / 36.
    outcomes, decided = [0, 1, 2, 3], [0, 1, 1, 0]
    value = value_of(measured(MostProbable())["quadratic_kappa"], outcomes, certain(decided))
    apart = sum((a - b) ** 2 for a in outcomes for b in decided) / 16
    assert value == pytest.approx(1.0 - ((0 + 0 + 1 + 9) / 4) / apart)


def test_the_interval_of_kappa_is_the_closed_form() -> None:
    stream = np.random.default_rng(1)
    outcomes = stream.integers(0, 4, 200)
    decided = np.clip(outcomes + stream.integers(-1, 2, 200), 0, 3)
    measure = measured(MostProbable())["quadratic_kappa"]
    assert measure.interval is not None
    found = measure.interval(measure.contribute(outcomes.tolist(), certain(decided.tolist())).rows, 0.95)
    assert found is not None
    table = np.zeros((4, 4))
    np.add.at(table, (outcomes, decided), 1.0)
    plain, limits = kappa_table(table, "quadratic"), cohen_kappa(outcomes, decided, 4, "quadratic")
    assert (found.low, found.high) == (limits.low, limits.high)
    assert found.high - found.low == pytest.approx(2 * 1.972 * plain.error, rel=0.05)


def kappa_of_cuts(outcomes: list[int], grades: Floats, cuts: list[float]) -> float:
    decided = np.searchsorted(cuts, grades, side="right")
    labels = [0, 1, 2, 3]
    return float(metrics.cohen_kappa_score(outcomes, decided, weights="quadratic", labels=labels))


@settings(max_examples=25, deadline=None)
@given(st.lists(CASE, min_size=6, max_size=30))
def test_no_single_cut_can_be_moved_to_a_better_kappa(cases: list[tuple[int, Shares]]) -> None:
    outcomes, told = [truth for truth, _ in cases], [share for _, share in cases]
    grades = expected(np.array(told))
    assume(len(set(outcomes)) > 1)
    assume(np.unique(grades).size > 2)
    cuts = list(CutPoints().choose(np.array(outcomes), np.array(told)).values())
    assert cuts == sorted(cuts)
    best = kappa_of_cuts(outcomes, grades, cuts)
    halves = kappa_of_cuts(outcomes, grades, [0.5, 1.5, 2.5])
    assert math.isnan(halves) or best >= halves - 1e-9
    for k in range(3):
        for place in (np.unique(grades)[1:] + np.unique(grades)[:-1]) / 2:
            moved = sorted([*cuts[:k], float(place), *cuts[k + 1 :]])
            if moved[:k] + moved[k + 1 :] == cuts[:k] + cuts[k + 1 :]:
                value = kappa_of_cuts(outcomes, grades, moved)
                assert math.isnan(value) or value <= best + 1e-9


def test_cut_points_mend_grades_that_are_drawn_to_the_middle() -> None:
    outcomes = [0] * 20 + [1] * 20 + [2] * 20 + [3] * 20
    timid: dict[int, Shares] = {
        0: (0.4, 0.3, 0.2, 0.1),
        1: (0.3, 0.3, 0.2, 0.2),
        2: (0.2, 0.2, 0.3, 0.3),
        3: (0.1, 0.2, 0.3, 0.4),
    }
    told = [timid[truth] for truth in outcomes]
    reference = Reference(outcomes, outcomes, told)
    tuned = {measure.name: measure for measure in ENDPOINT.measures(reference)}
    assert value_of(tuned["quadratic_kappa"], outcomes, told) == pytest.approx(1.0)
    assert value_of(measured(Rounded())["quadratic_kappa"], outcomes, told) < 0.7
    assert tuned["quadratic_kappa"].operating
    assert set(ENDPOINT.settings(reference)) == {"cut_1", "cut_2", "cut_3"}


def test_one_grade_in_tuning_chooses_no_cuts() -> None:
    with pytest.raises(CohortProblem, match="Rounded"):
        ENDPOINT.settings(Reference([1, 1], [1, 1], [(0.1, 0.7, 0.1, 0.1)] * 2))


def test_the_next_grade_costs_less_than_the_one_beyond_it() -> None:
    near, far = (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    assert ENDPOINT.loss([0], [near]) == pytest.approx(1 / 3)
    assert ENDPOINT.loss([0], [far]) == pytest.approx(1.0)


def test_the_loss_is_proper() -> None:
    stream = np.random.default_rng(3)
    truth = np.array([0.4, 0.1, 0.2, 0.3])
    outcomes = np.repeat(np.arange(4), (truth * 100).astype(int)).tolist()
    best = ENDPOINT.loss(outcomes, [tuple(truth.tolist())] * len(outcomes))
    for other in stream.dirichlet(np.ones(4), 50):
        assert ENDPOINT.loss(outcomes, [tuple(other.tolist())] * len(outcomes)) >= best - 1e-12


def test_cells_are_read_by_word() -> None:
    assert [ENDPOINT.parse(cell) for cell in ("none", " Mild", "SEVERE")] == [0, 1, 3]
    with pytest.raises(OutcomeProblem, match="'none', 'mild', 'moderate', 'severe'"):
        ENDPOINT.parse("terrible")


def test_doubts_name_what_is_wrong() -> None:
    sound = {"quadratic_kappa": 0.7, "far_off": 0.02, "smallest_class": 90.0, "calibration_intercept_from_2": 0.1}
    assert not ENDPOINT.doubt(sound)
    assert ENDPOINT.doubt({**sound, "smallest_class": 9.0}).startswith("Only 9 cases of the rarest grade")
    assert "no better than chance" in ENDPOINT.doubt({**sound, "quadratic_kappa": -0.1})
    assert "25% of its grades" in ENDPOINT.doubt({**sound, "far_off": 0.25})
    assert "moderate or more are too low" in ENDPOINT.doubt({**sound, "calibration_intercept_from_2": 0.6})


def test_figures_say_what_the_rows_show() -> None:
    outcomes = [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10
    told = certain([0] * 10 + [0] * 4 + [1] * 6 + [2] * 10 + [1] * 2 + [3] * 8)
    zeros, patient = np.zeros(40, dtype=np.int64), np.arange(40, dtype=np.int64)
    cuts = {"cut_1": 0.5, "cut_2": 1.5, "cut_3": 2.5}
    figures = {one.name: one for one in ENDPOINT.figures([View("net", outcomes, told, zeros, patient, [cuts])])}
    assert list(figures) == ["roc", "confusion", "probability_by_grade", "calibration"]
    assert "the true grade in 85% of cases, on a lower one in 15%" in figures["confusion"].conclusion
    assert "5.0% are off by more" in figures["confusion"].conclusion or "5% are off" in figures["confusion"].conclusion
    assert [series.y[1] for series in figures["confusion"].series] == pytest.approx([0.4, 0.6, 0.0, 0.0])
    assert "severe or more" in [series.label for series in figures["probability_by_grade"].series]
    assert [series.label for series in figures["calibration"].series] == [
        "mild or more",
        "moderate or more",
        "severe or more",
    ]


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(
    ("outcomes", "decided", "defined"),
    [([1] * 12, [1] * 12, False), ([1] * 12, [1, 2] * 6, True), ([1] * 11 + [2], [1] * 12, True)],
    ids=["one grade throughout", "one true grade", "one decided grade"],
)
def test_kappa_of_a_single_grade_has_a_reason_and_never_a_number_that_is_none(
    outcomes: list[int],
    decided: list[int],
    defined: bool,
    clustered: bool,
) -> None:
    patient = np.arange(12) // (2 if clustered else 1)
    measures = tuple(measured(MostProbable()).values())
    one = Judged("network", outcomes, certain(decided), np.zeros(12, dtype=np.int64), patient, [measures])
    scope = Scope("holdout", "test", replicates=50, seed=0, by_split=False, train_test=(10.0, 10.0))
    rows = {row.measure: row for row in Analysis([one], [Group("all", np.arange(12))], scope).performance()}
    for name in ("quadratic_kappa", "linear_kappa"):
        row = rows[name]
        if not defined:
            assert (row.value, row.low, row.high) == (None, None, None)
            assert "needs more than one outcome class" in row.reason
            continue
        value, low, high = row.value, row.low, row.high
        assert value == pytest.approx(0.0, abs=1e-12)
        if low is None or high is None:
            assert row.method.startswith("no interval: ")
        else:
            assert -1.0 <= low <= 1e-12
            assert -1e-12 <= high <= 1.0

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from tests.conformance.endpoint import evaluate, value_of

from bedside.endpoints.endpoint import View
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multiclass.measures import multiclass_measures
from bedside.errors import OutcomeProblem, StatisticsError, StudyError

CLASSES = ("glioma", "meningioma", "none")
ENDPOINT = multiclass(classes=CLASSES)
BY_NAME = {measure.name: measure for measure in multiclass_measures(CLASSES)}

Shares = tuple[float, float, float]


def shares(raw: tuple[int, int, int]) -> Shares:
    total = sum(raw)
    return raw[0] / total, raw[1] / total, raw[2] / total


CASE = st.tuples(st.integers(0, 2), st.tuples(*[st.integers(1, 5)] * 3).map(shares))


@settings(max_examples=40, deadline=None)
@given(st.lists(CASE, min_size=3, max_size=40))
def test_plain_values_are_those_of_scikit_learn(cases: list[tuple[int, Shares]]) -> None:
    outcomes, predictions = [truth for truth, _ in cases], [told for _, told in cases]
    assume(len(set(outcomes)) == 3)
    matrix = np.array(predictions)
    chosen = matrix.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(outcomes, chosen),
        "error_rate": 1 - metrics.accuracy_score(outcomes, chosen),
        "balanced_accuracy": metrics.balanced_accuracy_score(outcomes, chosen),
        "f1_macro": metrics.f1_score(outcomes, chosen, average="macro"),
        "kappa": metrics.cohen_kappa_score(outcomes, chosen),
        "auroc_macro": metrics.roc_auc_score(outcomes, matrix, multi_class="ovr", labels=[0, 1, 2]),
        "log_loss": metrics.log_loss(outcomes, matrix, labels=[0, 1, 2]),
        "brier": float(((matrix - np.eye(3)[outcomes]) ** 2).sum(axis=1).mean()),
    }
    table = metrics.confusion_matrix(outcomes, chosen, labels=[0, 1, 2], normalize="true")
    expected["top_confusion"] = float(np.max(table - np.diag(np.diag(table))))
    assert set(expected) == set(BY_NAME)
    for name, value in expected.items():
        assert value_of(BY_NAME[name], outcomes, predictions) == pytest.approx(value), name


@settings(max_examples=40, deadline=None)
@given(st.lists(CASE, min_size=1, max_size=25), st.integers(0, 2**32 - 1))
def test_multiplicity_is_repetition_in_every_measure(cases: list[tuple[int, Shares]], seed: int) -> None:
    outcomes, predictions = [truth for truth, _ in cases], [told for _, told in cases]
    times = np.random.default_rng(seed).integers(0, 3, len(cases))
    assume(times.sum() > 0)
    copies = np.repeat(np.arange(len(cases)), times).tolist()
    for measure in BY_NAME.values():
        weighted = evaluate(measure, measure.contribute(outcomes, predictions), times[None, :].astype(np.float64))[0]
        repeated = value_of(measure, [outcomes[k] for k in copies], [predictions[k] for k in copies])
        assert weighted == pytest.approx(repeated, nan_ok=True), measure.name


def test_two_classes_agree_with_the_binary_kind() -> None:
    from bedside.endpoints.binary.measures import binary_measures

    outcomes, told = [0, 1, 1, 0, 1], [0.2, 0.4, 0.9, 0.6, 0.6]
    two = {one.name: one for one in multiclass_measures(("no", "yes"))}
    one = {one.name: one for one in binary_measures(0.5)}
    both = [(1 - p, p) for p in told]
    truth = [outcome == 1 for outcome in outcomes]
    for ours, theirs in (("auroc_macro", "auroc"), ("accuracy", "accuracy"), ("log_loss", "log_loss")):
        assert value_of(two[ours], outcomes, both) == pytest.approx(value_of(one[theirs], truth, told))
    assert value_of(two["brier"], outcomes, both) == pytest.approx(2 * value_of(one["brier"], truth, told))


def test_a_class_without_cases_leaves_means_over_classes_undefined() -> None:
    outcomes, predictions = [0, 1, 0], [(0.6, 0.3, 0.1), (0.2, 0.7, 0.1), (0.1, 0.2, 0.7)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("auroc_macro", "balanced_accuracy", "f1_macro", "top_confusion"):
            assert math.isnan(value_of(BY_NAME[name], outcomes, predictions)), name
    assert value_of(BY_NAME["accuracy"], outcomes, predictions) == pytest.approx(2 / 3)


def test_what_is_no_distribution_is_refused() -> None:
    for bad, words in (
        ([(0.5, 0.5)], "one probability for each of 3 classes"),
        ([(0.5, 0.4, 0.0)], "add up to 1"),
        ([(1.5, -0.5, 0.0)], r"\[0, 1\]"),
    ):
        with pytest.raises(StatisticsError, match=words):
            ENDPOINT.loss([0], bad)
    with pytest.raises(StatisticsError, match="numbered 0 to 2"):
        ENDPOINT.loss([3], [(0.2, 0.3, 0.5)])


@pytest.mark.parametrize(("cell", "outcome"), [("glioma", 0), (" Meningioma", 1), ("NONE", 2)])
def test_cells(cell: object, outcome: int) -> None:
    assert ENDPOINT.parse(cell) == outcome


@pytest.mark.parametrize("cell", [0, 1, "0", True, "gli", "a long free text"], ids=repr)
def test_other_cells_are_refused(cell: object) -> None:
    with pytest.raises(OutcomeProblem, match="'glioma', 'meningioma', 'none'"):
        ENDPOINT.parse(cell)


def test_numbered_grades_are_read_as_numbers_and_text() -> None:
    grades = multiclass(classes=("1", "2", "3"))
    assert [grades.parse(cell) for cell in (1, 2.0, "3", "3.0", np.int64(2))] == [0, 1, 2, 2, 1]


@pytest.mark.parametrize("classes", [(), ("one",), ("a", "A"), ("a", "")], ids=repr)
def test_classes_must_be_two_or_more_different_words(classes: tuple[str, ...]) -> None:
    with pytest.raises(StudyError, match="at least two different words"):
        multiclass(classes=classes)


def test_pool_is_the_mean_probability() -> None:
    assert ENDPOINT.pool([[(0.2, 0.3, 0.5)], [(0.4, 0.5, 0.1)]])[0] == pytest.approx((0.3, 0.4, 0.3))


def test_doubts_name_what_is_wrong() -> None:
    sound = {"kappa": 0.6, "top_confusion": 0.2, "smallest_class": 400.0}
    assert not ENDPOINT.doubt(sound)
    assert ENDPOINT.doubt({**sound, "smallest_class": 9.0}).startswith("Only 9 cases of the rarest class")
    assert "no better than chance" in ENDPOINT.doubt({**sound, "kappa": -0.1})
    assert "60%" in ENDPOINT.doubt({**sound, "top_confusion": 0.6})


def test_confusion_figure_names_the_commonest_confusion() -> None:
    outcomes = [0] * 10 + [1] * 10 + [2] * 10
    told = [(0.8, 0.1, 0.1)] * 10 + [(0.1, 0.8, 0.1)] * 6 + [(0.1, 0.2, 0.7)] * 4 + [(0.1, 0.1, 0.8)] * 10
    zeros, patient = np.zeros(30, dtype=np.int64), np.arange(30, dtype=np.int64)
    figures = {one.name: one for one in ENDPOINT.figures([View("net", outcomes, told, zeros, patient, [{}])])}
    assert list(figures) == ["roc", "confusion", "calibration"]
    assert "taking meningioma for none: 40% of 10 cases" in figures["confusion"].conclusion
    assert figures["confusion"].x_categories == ("glioma (10)", "meningioma (10)", "none (10)")
    assert [series.y[1] for series in figures["confusion"].series] == pytest.approx([0.0, 0.6, 0.4])
    assert "tells glioma from the rest best (AUROC 1.000)" in figures["roc"].conclusion

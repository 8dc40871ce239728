import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from tests.conformance.endpoint import value_of

from bedside.endpoints.endpoint import Reference, View
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.multilabel.labels import Chances, Findings, labelled
from bedside.endpoints.multilabel.measures import LabelMeasure, multilabel_measures
from bedside.endpoints.target import classes_by_case
from bedside.errors import CohortProblem, OutcomeProblem, StatisticsError, StudyError

LABELS = ("effusion", "mass", "hiatal hernia")
SLUGS = ("effusion", "mass", "hiatal_hernia")
ENDPOINT = multilabel(labels=LABELS)
CUTS = dict.fromkeys(SLUGS, 0.5)

WHOLE = st.tuples(st.tuples(*[st.booleans()] * 3), st.tuples(*[st.sampled_from([0.1, 0.3, 0.5, 0.8, 0.9])] * 3))
PARTLY = st.tuples(
    st.tuples(*[st.sampled_from([True, False, None])] * 3), st.tuples(*[st.sampled_from([0.1, 0.3, 0.5, 0.8])] * 3)
)


def measures(cuts: dict[str, float] | None = None) -> dict[str, LabelMeasure]:
    return {measure.name: measure for measure in multilabel_measures(labelled(LABELS), cuts or CUTS)}


@settings(max_examples=40, deadline=None)
@given(st.lists(WHOLE, min_size=3, max_size=30))
def test_plain_values_are_those_of_scikit_learn(cases: list[tuple[Findings, Chances]]) -> None:
    outcomes, told = [truth for truth, _ in cases], [chance for _, chance in cases]
    truth, matrix = np.array(outcomes, dtype=int), np.array(told)
    assume(bool(((truth.sum(axis=0) > 0) & (truth.sum(axis=0) < len(truth))).all()))
    said = (matrix >= 0.5).astype(int)
    expected = {
        "auroc_macro": metrics.roc_auc_score(truth, matrix, average="macro"),
        "auprc_macro": metrics.average_precision_score(truth, matrix, average="macro"),
        "auprc_micro": metrics.average_precision_score(truth, matrix, average="micro"),
        "auroc_mass": metrics.roc_auc_score(truth[:, 1], matrix[:, 1]),
        "brier": float(((matrix - truth) ** 2).mean()),
        "f1_macro": metrics.f1_score(truth, said, average="macro", zero_division=0),
        "f1_micro": metrics.f1_score(truth, said, average="micro", zero_division=0),
        "hamming_loss": metrics.hamming_loss(truth, said),
        "subset_accuracy": metrics.accuracy_score(truth, said),
    }
    by_name = measures()
    for name, value in expected.items():
        assert value_of(by_name[name], outcomes, told) == pytest.approx(value), name


@settings(max_examples=40, deadline=None)
@given(st.lists(PARTLY, min_size=2, max_size=25), st.permutations(range(3)))
def test_permuted_labels_permute_the_measures(cases: list[tuple[Findings, Chances]], order: list[int]) -> None:
    outcomes, told = [truth for truth, _ in cases], [chance for _, chance in cases]
    moved = [tuple(one[k] for k in order) for one in outcomes], [tuple(one[k] for k in order) for one in told]
    here = measures({slug: 0.2 + 0.2 * k for k, slug in enumerate(SLUGS)})
    labels = labelled(tuple(LABELS[k] for k in order))
    there = {one.name: one for one in multilabel_measures(labels, {SLUGS[k]: 0.2 + 0.2 * k for k in range(3)})}
    assert set(here) == set(there)
    for name, measure in here.items():
        assert value_of(there[name], *moved) == pytest.approx(value_of(measure, outcomes, told), nan_ok=True), name


@settings(max_examples=40, deadline=None)
@given(st.lists(PARTLY, min_size=2, max_size=25), st.floats(0.0, 1.0))
def test_what_nobody_read_changes_nothing(cases: list[tuple[Findings, Chances]], other: float) -> None:
    outcomes, told = [truth for truth, _ in cases], [chance for _, chance in cases]
    changed = [
        tuple(other if found is None else chance for found, chance in zip(truth, chances, strict=True))
        for truth, chances in cases
    ]
    for name, measure in measures().items():
        assert value_of(measure, outcomes, changed) == pytest.approx(value_of(measure, outcomes, told), nan_ok=True), (
            name
        )
    if any(found is not None for truth in outcomes for found in truth):
        assert ENDPOINT.loss(outcomes, changed) == pytest.approx(ENDPOINT.loss(outcomes, told))


def test_an_unread_label_is_no_negative() -> None:
    told = [(0.9, 0.5, 0.5), (0.1, 0.5, 0.5), (0.95, 0.5, 0.5)]
    read: list[Findings] = [(True, True, True), (False, False, False), (None, None, None)]
    negative: list[Findings] = [(True, True, True), (False, False, False), (False, False, False)]
    auroc = measures()["auroc_effusion"]
    assert value_of(auroc, read, told) == 1.0
    assert value_of(auroc, negative, told) == 0.5
    by_class = classes_by_case(ENDPOINT.target, read)
    assert {word: cases.tolist() for word, cases in by_class.items()} == {
        label: [True, False, False] for label in LABELS
    }
    with pytest.raises(StatisticsError, match="1 outcomes were not read for 'effusion'"):
        ENDPOINT.target.questions[0].index(read)


def test_perfect_predictions_are_perfect() -> None:
    outcomes: list[Findings] = [(True, False, True), (False, True, None), (True, None, False), (False, False, True)]
    told = [tuple(0.9 if found else 0.1 for found in truth) for truth in outcomes]
    by_name = measures()
    for name in ("auroc_macro", "auprc_macro", "auprc_micro", "f1_macro", "f1_micro", "subset_accuracy"):
        assert value_of(by_name[name], outcomes, told) == 1.0, name
    assert value_of(by_name["hamming_loss"], outcomes, told) == 0.0


def test_thresholds_are_fixed_on_tuning_or_declared() -> None:
    tuning: list[Findings] = [(True, True, True), (False, False, False), (True, True, None), (False, False, None)]
    told: list[Chances] = [(0.8, 0.3, 0.9), (0.2, 0.1, 0.7), (0.6, 0.4, 0.0), (0.4, 0.2, 1.0)]
    reference = Reference(tuning, tuning, told)
    assert dict(ENDPOINT.settings(reference)) == pytest.approx(
        {"threshold_effusion": 0.5, "threshold_mass": 0.25, "threshold_hiatal_hernia": 0.8}
    )
    declared = multilabel(labels=LABELS, thresholds={"mass": 0.9})
    assert declared.settings(reference)["threshold_mass"] == 0.9
    assert "declared before the run: mass" in declared.rule
    with pytest.raises(CohortProblem, match=r"threshold of 'mass' cannot be chosen: of 2 tuning cases .* 0 have it"):
        ENDPOINT.settings(Reference((), [(True, False, True), (False, False, False)], [(0.5, 0.5, 0.5)] * 2))


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("no finding", (False, False, False)),
        ("Effusion", (True, False, False)),
        ("mass|Effusion", (True, True, False)),
        ("mass; hiatal  hernia", (False, True, True)),
        ("effusion; not read: mass, hiatal hernia", (True, None, None)),
        ("No finding; not read: effusion", (None, False, False)),
    ],
)
def test_cells(cell: str, outcome: Findings) -> None:
    assert ENDPOINT.parse(cell) == outcome
    assert ENDPOINT.parse(ENDPOINT.describe(outcome)) == outcome


@pytest.mark.parametrize("cell", ["", "edema", "effusion,", "effusion; not read: effusion", 1, True], ids=repr)
def test_other_cells_are_refused(cell: object) -> None:
    with pytest.raises(OutcomeProblem, match="allowed"):
        ENDPOINT.parse(cell)


@pytest.mark.parametrize("labels", [(), ("one",), ("a b", "A-b"), ("a", ""), ("a", "b|c")], ids=repr)
def test_labels_must_be_two_or_more_different_words(labels: tuple[str, ...]) -> None:
    with pytest.raises(StudyError, match="at least two different words"):
        multilabel(labels=labels)


@pytest.mark.parametrize("thresholds", [{"edema": 0.5}, {"mass": 0.0}, {"mass": 1.0}], ids=repr)
def test_thresholds_must_belong_to_labels(thresholds: dict[str, float]) -> None:
    with pytest.raises(StudyError, match="strictly between 0 and 1"):
        multilabel(labels=LABELS, thresholds=thresholds)


def test_what_is_no_outcome_or_prediction_is_refused() -> None:
    with pytest.raises(StatisticsError, match="one entry for each of 3 labels"):
        ENDPOINT.loss([(True, False)], [(0.5, 0.5, 0.5)])
    with pytest.raises(StatisticsError, match="one probability for each of 3 labels"):
        ENDPOINT.loss([(True, False, None)], [(0.5, 0.5)])
    with pytest.raises(StatisticsError, match="none of the labels of 1 cases was read"):
        ENDPOINT.loss([(None, None, None)], [(0.5, 0.5, 0.5)])


def test_splits_are_balanced_by_the_first_finding() -> None:
    cases: list[Findings] = [(False, True, True), (None, None, True), (False, None, False), (True, True, True)]
    assert [ENDPOINT.stratum(case) for case in cases] == [1, 2, 3, 0]


def test_doubts_name_what_is_wrong() -> None:
    sound = {"auroc_macro": 0.85, "f1_macro": 0.6, "auroc_mass": 0.8, "smallest_class": 200.0}
    assert not ENDPOINT.doubt(sound)
    assert ENDPOINT.doubt({**sound, "smallest_class": 9.0}).startswith("Only 9 cases with the rarest finding")
    assert "cannot tell mass from other cases" in ENDPOINT.doubt({**sound, "auroc_mass": 0.45})
    assert "they are rare" in ENDPOINT.doubt({**sound, "f1_macro": 0.1})


def test_figures_say_what_the_rows_show() -> None:
    outcomes: list[Findings] = [(True, False, None), (False, True, True)] * 15
    told = [(0.8, 0.4, 0.2), (0.3, 0.2, 0.9)] * 15
    zeros, patient = np.zeros(30, dtype=np.int64), np.arange(30, dtype=np.int64)
    cuts = {f"threshold_{slug}": 0.5 for slug in SLUGS}
    figures = {one.name: one for one in ENDPOINT.figures([View("net", outcomes, told, zeros, patient, [cuts])])}
    assert list(figures) == ["roc", "labels", "errors", "calibration"]
    assert "sees effusion best (AUROC 1.000) and mass worst (0.000)" in figures["roc"].conclusion
    assert "misses mass most often: 100%" in figures["errors"].conclusion
    assert "15 labels that were not read are left out" in figures["errors"].conclusion
    assert figures["labels"].x_categories == ("effusion (15)", "mass (15)", "hiatal hernia (15)")

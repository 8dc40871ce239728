import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from tests.conformance.endpoint import evaluate, value_of

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.measures import binary_measures
from bedside.endpoints.binary.operating import AtSensitivity, AtSpecificity, FixedThreshold, OperatingRule, Youden
from bedside.endpoints.endpoint import Reference, View
from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.types import Booleans, Floats

BY_NAME = {measure.name: measure for measure in binary_measures(0.5)}
ENDPOINT = binary(positive="malignant", negative="benign")

Cases = list[tuple[bool, float]]
COARSE = st.tuples(st.booleans(), st.integers(0, 20).map(lambda k: k / 20))
"""Few distinct probabilities, so that ties are the rule."""


def split(cases: Cases) -> tuple[list[bool], list[float]]:
    return [truth for truth, _ in cases], [probability for _, probability in cases]


def test_names() -> None:
    assert set(BY_NAME) == {
        *("accuracy", "error_rate", "sensitivity", "specificity", "ppv", "npv", "f1", "auroc", "auprc", "brier"),
        *("log_loss", "calibration_slope", "calibration_intercept", "net_benefit"),
    }


@settings(max_examples=40, deadline=None)
@given(st.lists(COARSE, min_size=2, max_size=40))
def test_plain_values_are_those_of_scikit_learn(cases: Cases) -> None:
    outcomes, predictions = split(cases)
    assume(0 < sum(outcomes) < len(outcomes))
    flagged = [probability >= 0.5 for probability in predictions]
    assume(0 < sum(flagged) < len(flagged))
    clipped = np.clip(predictions, 1e-7, 1 - 1e-7)
    expected = {
        "accuracy": metrics.accuracy_score(outcomes, flagged),
        "error_rate": 1 - metrics.accuracy_score(outcomes, flagged),
        "sensitivity": metrics.recall_score(outcomes, flagged),
        "specificity": metrics.recall_score(outcomes, flagged, pos_label=False),
        "ppv": metrics.precision_score(outcomes, flagged),
        "npv": metrics.precision_score(outcomes, flagged, pos_label=False),
        "f1": metrics.f1_score(outcomes, flagged),
        "auroc": metrics.roc_auc_score(outcomes, predictions),
        "auprc": metrics.average_precision_score(outcomes, predictions),
        "brier": metrics.brier_score_loss(outcomes, predictions),
        "log_loss": metrics.log_loss(outcomes, clipped),
    }
    for name, value in expected.items():
        assert value_of(BY_NAME[name], outcomes, predictions) == pytest.approx(value), name


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(COARSE, st.integers(0, 3)), min_size=2, max_size=30))
def test_weights_are_those_of_scikit_learn(drawn: list[tuple[tuple[bool, float], int]]) -> None:
    outcomes, predictions = split([case for case, _ in drawn])
    weights = np.array([[weight for _, weight in drawn]], dtype=np.float64)
    kept = weights[0] > 0
    assume(0 < sum(truth for truth, keep in zip(outcomes, kept, strict=True) if keep) < int(kept.sum()))
    for name, scorer in (("auroc", metrics.roc_auc_score), ("auprc", metrics.average_precision_score)):
        given_rows = BY_NAME[name].contribute(outcomes, predictions)
        expected = scorer(outcomes, predictions, sample_weight=weights[0])
        assert evaluate(BY_NAME[name], given_rows, weights)[0] == pytest.approx(expected), name


@settings(max_examples=40, deadline=None)
@given(st.lists(COARSE, min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_multiplicity_is_repetition_in_every_measure(cases: Cases, seed: int) -> None:
    outcomes, predictions = split(cases)
    n = len(outcomes)
    times = np.random.default_rng(seed).integers(0, 3, n)
    assume(times.sum() > 0)
    copies = np.repeat(np.arange(n), times).tolist()
    ill, well = ([p for k, p in enumerate(predictions) if times[k] and outcomes[k] == side] for side in (True, False))
    overlap = bool(ill and well) and min(ill) < max(well) and min(well) < max(ill)
    for measure in BY_NAME.values():
        if measure.name == "calibration_slope" and not overlap:
            continue  # no finite slope; where the search for it gives up is the statistics' own law
        weighted = evaluate(measure, measure.contribute(outcomes, predictions), times[None, :].astype(np.float64))[0]
        repeated = value_of(measure, [outcomes[k] for k in copies], [predictions[k] for k in copies])
        assert weighted == pytest.approx(repeated, rel=1e-6, abs=1e-7, nan_ok=True), measure.name


@settings(max_examples=40, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(-1.0, 1.0))
def test_recalibration_is_read_back(slope: float, intercept: float) -> None:
    """Observed frequencies that follow a line in the logit have that line as calibration."""
    odds = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    rate = 1.0 / (1.0 + np.exp(-(intercept + slope * odds)))
    predictions = (1.0 / (1.0 + np.exp(-odds))).tolist() * 2
    weights = np.concatenate([rate, 1.0 - rate])[None, :]
    rows = BY_NAME["calibration_slope"].contribute([True] * 5 + [False] * 5, predictions)
    assert evaluate(BY_NAME["calibration_slope"], rows, weights)[0] == pytest.approx(slope, rel=1e-5)
    if slope == 1.0:
        assert evaluate(BY_NAME["calibration_intercept"], rows, weights)[0] == pytest.approx(intercept)


def test_net_benefit_by_hand() -> None:
    """Two true positives and one false one among ten, at a threshold of one fifth: (2 - 1 / 4) / 10."""
    measure = {one.name: one for one in binary_measures(0.2)}["net_benefit"]
    outcomes, predictions = [True] * 3 + [False] * 7, [0.9, 0.2, 0.1, 0.3] + [0.0] * 6
    assert value_of(measure, outcomes, predictions) == pytest.approx(0.175)


def test_certain_and_wrong_costs_what_the_clip_says() -> None:
    assert value_of(BY_NAME["log_loss"], [True], [0.0]) == pytest.approx(-math.log(1e-7))
    assert "1e-07" in BY_NAME["log_loss"].columns[0]


def test_perfect_discrimination_keeps_an_interval() -> None:
    interval = BY_NAME["auroc"].interval
    assert interval is not None
    found = interval(BY_NAME["auroc"].contribute([True] * 20 + [False] * 20, [0.9] * 20 + [0.1] * 20).rows, 0.95)
    assert found is not None
    assert found.low < found.high == 1.0


def test_repeated_patients_have_clustered_contrasts() -> None:
    """With one case a patient Obuchowski's is DeLong's; copies of every case change neither difference nor p."""
    stream = np.random.default_rng(4)
    outcomes = (stream.random(80) < 0.4).tolist()
    ours, theirs = (np.clip(stream.normal(0.4, 0.2, 80) + k * np.array(outcomes), 0, 1) for k in (0.25, 0.1))
    patient = np.arange(80, dtype=np.int64)
    for name, method in (("auroc", "Obuchowski"), ("sensitivity", "McNemar clustered"), ("specificity", "clustered")):
        measure = BY_NAME[name]
        one, two = (measure.contribute(outcomes, told.tolist()).rows for told in (ours, theirs))
        assert measure.contrast is not None
        assert measure.clustered_contrast is not None
        plain, alone = measure.contrast(one, two, 0.95), measure.clustered_contrast(one, two, patient, 0.95)
        twice = measure.clustered_contrast(
            np.repeat(one, 2, axis=0), np.repeat(two, 2, axis=0), np.repeat(patient, 2), 0.95
        )
        copied = measure.contrast(np.repeat(one, 2, axis=0), np.repeat(two, 2, axis=0), 0.95)
        assert plain is not None
        assert alone is not None
        assert twice is not None
        assert copied is not None
        assert method in alone.method
        assert alone.value == pytest.approx(plain.value)
        assert (twice.value, twice.low, twice.high, twice.p) == pytest.approx(
            (alone.value, alone.low, alone.high, alone.p)
        )
        assert twice.high - twice.low > copied.high - copied.low, "copies are no new patients"
        if name == "auroc":
            assert (alone.low, alone.high, alone.p) == pytest.approx((plain.low, plain.high, plain.p), abs=0.01)


def test_folds_use_the_cross_validated_interval() -> None:
    stream = np.random.default_rng(0)
    outcomes = (np.arange(60) % 2 == 0).tolist()
    predictions = np.clip(stream.normal(0.4, 0.2, 60) + 0.2 * np.array(outcomes), 0, 1).tolist()
    rows = BY_NAME["auroc"].contribute(outcomes, predictions).rows
    patient, fold = np.arange(60, dtype=np.int64), np.arange(60, dtype=np.int64) // 20
    clustered = BY_NAME["auroc"].clustered_interval
    assert clustered is not None
    found = clustered(rows, patient, fold, 0.95)
    assert found is not None
    assert "LeDell" in found.method
    one_class = np.where(np.array(outcomes), 0, 1).astype(np.int64)
    assert clustered(rows, patient, one_class, 0.95) is None, "a fold of one class is left to the bootstrap"


# ----------------------------------------------------------------------------------------- operating points


def tuned(rule: OperatingRule, cases: Cases) -> tuple[float, float, float]:
    """Threshold, and sensitivity and specificity there."""
    outcomes, predictions = split(cases)
    truth: Booleans = np.array(outcomes)
    probability: Floats = np.array(predictions)
    threshold = rule.choose(truth, probability)
    flagged = probability >= threshold
    return threshold, float(flagged[truth].mean()), float((~flagged[~truth]).mean())


@st.composite
def both_classes(draw: st.DrawFn) -> Cases:
    cases = draw(st.lists(COARSE, min_size=2, max_size=30))
    assume(len({truth for truth, _ in cases}) == 2)
    return cases


def candidates(cases: Cases) -> list[tuple[float, float]]:
    """Sensitivity and specificity at every threshold that matters, from nobody to everybody positive."""
    outcomes, predictions = split(cases)
    truth, probability = np.array(outcomes), np.array(predictions)
    found = []
    for threshold in [*np.unique(probability), 2.0]:
        flagged = probability >= threshold
        found.append((float(flagged[truth].mean()), float((~flagged[~truth]).mean())))
    return found


@settings(max_examples=40, deadline=None)
@given(both_classes())
def test_youden_is_the_best_sum(cases: Cases) -> None:
    threshold, sensitivity, specificity = tuned(Youden(), cases)
    assert 0.0 <= threshold < 1.0
    assert sensitivity + specificity == pytest.approx(max(a + b for a, b in candidates(cases)))


@settings(max_examples=40, deadline=None)
@given(both_classes(), st.floats(0.05, 0.95))
def test_at_sensitivity_keeps_it_and_is_as_specific_as_can_be(cases: Cases, wanted: float) -> None:
    _, sensitivity, specificity = tuned(AtSensitivity(wanted), cases)
    assert sensitivity >= wanted - 1e-9
    assert specificity == pytest.approx(max(b for a, b in candidates(cases) if a >= wanted - 1e-12))


@settings(max_examples=40, deadline=None)
@given(both_classes(), st.floats(0.05, 0.95))
def test_at_specificity_keeps_it_and_is_as_sensitive_as_can_be(cases: Cases, wanted: float) -> None:
    assume(not any(probability == 1.0 and not truth for truth, probability in cases))  # always called positive
    _, sensitivity, specificity = tuned(AtSpecificity(wanted), cases)
    assert specificity >= wanted - 1e-9
    assert sensitivity == pytest.approx(max(a for a, b in candidates(cases) if b >= wanted - 1e-12))


def test_threshold_lies_between_two_scores() -> None:
    threshold, _, _ = tuned(Youden(), [(False, 0.1), (False, 0.3), (True, 0.5), (True, 0.9)])
    assert threshold == pytest.approx(0.4)


def test_one_class_on_tuning_data_is_refused() -> None:
    for rule in (Youden(), AtSensitivity(0.9), AtSpecificity(0.9)):
        with pytest.raises(CohortProblem, match="0 positive and 2 negative"):
            tuned(rule, [(False, 0.1), (False, 0.2)])
    assert FixedThreshold(0.2).choose(np.array([False]), np.array([0.1])) == 0.2


@pytest.mark.parametrize("rule", [AtSensitivity, AtSpecificity, FixedThreshold])
@pytest.mark.parametrize("value", [0.0, 1.0, 95.0, float("nan")])
def test_shares_outside_zero_and_one_are_refused(rule: type[AtSensitivity], value: float) -> None:
    with pytest.raises(StudyError, match="strictly between 0 and 1"):
        rule(value)


def test_settings_hold_the_threshold_of_the_measures() -> None:
    reference = Reference(development=(), tuning=[False, True, True], predictions=[0.2, 0.4, 0.8])
    endpoint = binary(positive="a", negative="b", operating=FixedThreshold(0.5))
    assert endpoint.settings(reference) == {"threshold": 0.5}
    sensitivity = next(one for one in endpoint.measures(reference) if one.name == "sensitivity")
    assert value_of(sensitivity, [True, True], [0.49, 0.5]) == 0.5


# --------------------------------------------------------------------------------------------- table cells


@pytest.mark.parametrize(
    "cell", ["malignant", "Malignant ", "MALIGNANT", 1, 1.0, True, np.True_, "1", "1.0", "yes"], ids=repr
)
def test_positive_cells(cell: object) -> None:
    assert ENDPOINT.parse(cell) is True


@pytest.mark.parametrize(
    "cell", ["benign", " BENIGN", 0, 0.0, -0.0, False, np.int64(0), "0", "0.0", "No", "FALSE"], ids=repr
)
def test_negative_cells(cell: object) -> None:
    assert ENDPOINT.parse(cell) is False


@pytest.mark.parametrize("cell", [2, -1, 0.5, "2", "y", "maybe", "NA", None, "", b"1", float("nan"), [1]], ids=repr)
def test_other_cells_are_refused_with_what_is_allowed(cell: object) -> None:
    with pytest.raises(OutcomeProblem, match="'malignant' and 'benign', 1 and 0, true and false, yes and no"):
        ENDPOINT.parse(cell)


def test_long_text_is_never_repeated() -> None:
    with pytest.raises(OutcomeProblem, match="a text of 10 characters") as caught:
        ENDPOINT.parse("Jane Smith")
    assert "Jane" not in str(caught.value)
    with pytest.raises(OutcomeProblem, match="none of these"):
        ENDPOINT.parse(4711081)
    with pytest.raises(OutcomeProblem, match="'unk'"):
        ENDPOINT.parse("unk")


@pytest.mark.parametrize("words", [("2", "1"), ("1", "2"), ("no", "yes"), ("0", "1"), ("3", "4"), ("yes", "never")])
def test_generic_codes_are_not_read_where_they_could_mean_something_else(words: tuple[str, str]) -> None:
    endpoint = binary(positive=words[0], negative=words[1])
    assert endpoint.parse(words[0]) is True
    assert endpoint.parse(words[1]) is False
    for other in {"0", "1", "true", "false", "yes", "no"} - set(words):
        with pytest.raises(OutcomeProblem):
            endpoint.parse(other)


def test_words_that_are_codes_in_their_usual_sense_keep_the_others() -> None:
    assert binary(positive="yes", negative="no").parse(1) is True


@pytest.mark.parametrize("words", [("sick", "Sick "), ("", "well"), ("1", "1.0")])
def test_words_must_differ(words: tuple[str, str]) -> None:
    with pytest.raises(StudyError, match="two different words"):
        binary(positive=words[0], negative=words[1])


@pytest.mark.parametrize("limits", [(0.5, 0.2), (0.0, 0.5), (0.1, 1.0), (0.2, 0.2)])
def test_net_benefit_range_is_checked(limits: tuple[float, float]) -> None:
    with pytest.raises(StudyError, match="net benefit range"):
        binary(positive="a", negative="b", net_benefit=limits)


# ------------------------------------------------------------------------------------- doubts and figures


def test_pool_is_the_mean_probability() -> None:
    assert ENDPOINT.pool([[0.2, 0.4], [0.4, 0.8]]) == pytest.approx([0.3, 0.6])


def test_doubts_name_what_is_wrong() -> None:
    sound = {"calibration_slope": 1.0, "calibration_intercept": 0.0, "net_benefit": 0.1, "smallest_class": 400.0}
    assert not ENDPOINT.doubt(sound)
    assert "too extreme" in ENDPOINT.doubt({**sound, "calibration_slope": 0.5})
    assert "too timid" in ENDPOINT.doubt({**sound, "calibration_slope": 2.0})
    assert "too low on the whole" in ENDPOINT.doubt({**sound, "calibration_intercept": 0.5})
    assert "treating nobody" in ENDPOINT.doubt({**sound, "net_benefit": -0.01})
    assert ENDPOINT.doubt({**sound, "smallest_class": 12.0}).startswith("Only 12 cases")


def views(fold_shift: float = 0.0) -> list[View[bool, float]]:
    """A good and a useless learner in two folds; the shift spoils pooled ranks and leaves those within folds."""
    stream = np.random.default_rng(5)
    truth = np.arange(400) % 4 == 0
    fold = np.arange(400, dtype=np.int64) // 200
    good = np.clip(0.25 + 0.2 * truth + stream.normal(0, 0.1, 400) + fold_shift * fold, 0.0, 1.0)
    useless = stream.random(400)
    patient = np.arange(400, dtype=np.int64)
    settings = [{"threshold": 0.35}, {"threshold": 0.35 + fold_shift}]
    return [
        View(name, truth.tolist(), predictions.tolist(), fold, patient, settings)
        for name, predictions in (("good_model", good), ("coin", useless))
    ]


def test_figures_quote_auroc_within_folds() -> None:
    roc = ENDPOINT.figures(views(fold_shift=0.5))[0]
    first = ENDPOINT.figures(views(fold_shift=0.5))[0].series[0].label
    within = float(first.split("AUROC ")[1].rstrip(")"))
    both = views(fold_shift=0.5)[0]
    each = [metrics.roc_auc_score(both.outcomes[k : k + 200], both.predictions[k : k + 200]) for k in (0, 200)]
    pooled = metrics.roc_auc_score(both.outcomes, both.predictions)
    assert within == pytest.approx(np.mean(each), abs=6e-4)
    assert abs(within - pooled) > 0.02, "the case must tell the two apart"
    assert "2 splits are drawn together. AUROCs are means within splits." in roc.conclusion


def test_operating_points_use_the_threshold_of_each_fold() -> None:
    roc = ENDPOINT.figures(views(fold_shift=0.5))[0]
    point = next(series for series in roc.series if series.style == "points" and series.learner == "good_model")
    one = views(fold_shift=0.5)[0]
    flagged = np.array(one.predictions) >= np.where(one.fold == 0, 0.35, 0.85)
    truth = np.array(one.outcomes)
    assert point.x[0] == pytest.approx(flagged[~truth].mean(), abs=1e-6)
    assert point.y[0] == pytest.approx(flagged[truth].mean(), abs=1e-6)


def test_all_figures_are_drawn_and_name_the_better() -> None:
    figures = {figure.name: figure for figure in ENDPOINT.figures(views())}
    assert list(figures) == [
        "roc",
        "precision_recall",
        "calibration",
        "predictions",
        "decision_curve",
        "interventions_avoided",
    ]
    assert figures["roc"].conclusion.startswith("Good model gives a malignant case a higher probability")
    assert figures["precision_recall"].horizontal[0][1] == pytest.approx(0.25)
    curve = {series.label: series for series in figures["decision_curve"].series}
    prevalence, at = 0.25, curve["treat all"].x[50]
    assert curve["treat all"].y[50] == pytest.approx(prevalence - (1 - prevalence) * at / (1 - at), abs=1e-5)
    assert set(curve["treat none"].y) == {0.0}
    histogram = figures["predictions"].series
    assert [sum(series.y) for series in histogram] == pytest.approx([1.0, 1.0], abs=1e-4)


def test_precision_recall_steps_keep_the_average_precision() -> None:
    one = views()[0]
    figure = next(figure for figure in ENDPOINT.figures([one]) if figure.name == "precision_recall")
    recall, precision = np.array(figure.series[0].x), np.array(figure.series[0].y)
    area = float(np.sum(np.diff(recall) * precision[1:]))
    assert area == pytest.approx(metrics.average_precision_score(one.outcomes, one.predictions), abs=0.01)


def test_one_class_leaves_out_curves_that_need_both() -> None:
    one = views()[0]
    alone = View("good_model", [False] * 400, one.predictions, one.fold, one.patient, one.settings)
    assert [figure.name for figure in ENDPOINT.figures([alone])] == ["calibration", "predictions"]


def test_net_benefit_at_a_declared_prevalence_is_the_published_formula() -> None:
    rng = np.random.default_rng(4)
    truth = rng.random(400) < 0.4
    probability = np.clip(0.5 * truth + 0.5 * rng.random(400), 0, 1)
    measure = {one.name: one for one in binary_measures(0.2, 0.05)}["net_benefit"]
    rows = measure.contribute(truth.tolist(), probability.tolist()).rows
    flagged = probability >= 0.2
    expected = 0.05 * flagged[truth].mean() - 0.95 * flagged[~truth].mean() * 0.25
    assert measure.statistic(rows)(np.ones((1, 400)))[0] == pytest.approx(expected)
    own = {one.name: one for one in binary_measures(0.2, float(truth.mean()))}["net_benefit"]
    plain = {one.name: one for one in binary_measures(0.2)}["net_benefit"]
    values = [
        one.statistic(one.contribute(truth.tolist(), probability.tolist()).rows)(np.ones((1, 400)))[0]
        for one in (own, plain)
    ]
    assert values[0] == pytest.approx(values[1])


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_a_target_prevalence_is_a_share(share: float) -> None:
    with pytest.raises(StudyError, match="strictly between 0 and 1"):
        binary(positive="ill", negative="well", prevalence=share)

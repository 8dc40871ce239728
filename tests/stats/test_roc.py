import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import roc


def multiplicities(sample: Binary, b: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    drawn = np.random.default_rng(sample.seed).integers(0, 3, (b, sample.label.size)).astype(np.float64)
    drawn[:, :4] += 1.0  # both classes stay
    return drawn


@law
@given(binary)
def test_areas_are_those_of_the_repeated_rows(sample: Binary) -> None:
    drawn = multiplicities(sample)
    area = roc.auroc_statistic(sample.score, sample.label)(drawn)
    precision = roc.average_precision_statistic(sample.score, sample.label)(drawn)
    for row, found, average in zip(drawn.astype(int), area, precision, strict=True):
        label, score = np.repeat(sample.label, row), np.repeat(sample.score, row)
        assert found == pytest.approx(roc_auc_score(label, score), abs=1e-12)
        assert average == pytest.approx(average_precision_score(label, score), abs=1e-12)


@law
@given(binary)
def test_area_does_not_change_with_scale_and_turns_with_sign(sample: Binary) -> None:
    ones = np.ones((1, sample.label.size))
    area = roc.auroc_statistic(sample.score, sample.label)(ones)
    assert roc.auroc_statistic(np.exp(sample.score), sample.label)(ones) == pytest.approx(area)
    assert roc.auroc_statistic(-sample.score, sample.label)(ones) == pytest.approx(1.0 - area)
    assert roc.auroc_statistic(sample.score, ~sample.label)(ones) == pytest.approx(1.0 - area)


@law
@given(binary)
def test_curves_enclose_the_areas(sample: Binary) -> None:
    ones = np.ones((1, sample.label.size))
    curve = roc.roc_curve(sample.score, sample.label)
    assert auc(curve.x, curve.y) == pytest.approx(roc.auroc_statistic(sample.score, sample.label)(ones)[0])
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    found = roc.precision_recall_curve(sample.score, sample.label)
    precision, recall, _ = precision_recall_curve(sample.label, sample.score)
    area = np.sum(np.diff(found.x, prepend=0.0) * found.y)
    assert area == pytest.approx(-np.sum(np.diff(recall) * precision[:-1]))


def test_a_large_sample_takes_the_same_path_in_blocks() -> None:
    stream = np.random.default_rng(0)
    label, score = stream.random(3000) < 0.8, stream.normal(size=3000)
    drawn = stream.integers(0, 3, (200, 3000)).astype(np.float64)
    assert len(list(roc.blocks(200, 3000))) > 1
    area = roc.auroc_statistic(score, label)(drawn)
    assert area[[0, 199]] == pytest.approx([roc_auc_score(label, score, sample_weight=drawn[k]) for k in (0, 199)])


def test_a_replicate_without_a_class_is_undefined() -> None:
    score, label = np.array([0.1, 0.4, 0.6]), np.array([False, True, True])
    only_positive, nobody, both = [0.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]
    drawn = np.array([only_positive, nobody, both])
    for make in (roc.auroc_statistic, roc.average_precision_statistic):
        assert np.isnan(make(score, label)(drawn)).tolist() == [True, True, False]


def test_constant_predictions_do_not_discriminate() -> None:
    label = np.array([True, False, False, True, False])
    ones = np.ones((1, 5))
    assert roc.auroc_statistic(np.zeros(5), label)(ones) == pytest.approx([0.5])
    assert roc.average_precision_statistic(np.zeros(5), label)(ones) == pytest.approx([0.4])


@pytest.mark.parametrize(
    ("score", "label", "words"),
    [
        ([0.1, np.nan], [0, 1], "NaN"),
        ([], [], "empty"),
        ([0.1, 0.2], [0, 2], "0 and 1"),
        ([0.1, 0.2, 0.3], [0, 1], "2 values where 3"),
        ([[0.1, 0.2]], [0, 1], "shape"),
    ],
)
def test_input_that_has_no_area_is_named(score: list[float], label: list[int], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        roc.auroc_statistic(score, label)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [([[1.0, -1.0]], "negative"), ([[1.0, np.nan]], "NaN"), ([1.0, 1.0], "shape"), ([[1.0]], "shape")],
)
def test_weights_that_are_no_multiplicities_are_refused(drawn: list[list[float]], words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        roc.auroc_statistic([0.1, 0.2], [0, 1])(np.array(drawn))


def test_curves_need_both_classes() -> None:
    for make in (roc.roc_curve, roc.precision_recall_curve):
        with pytest.raises(StatisticsError, match="at least 1 of each"):
            make([0.1, 0.2], [1, 1])

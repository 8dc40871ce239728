"""Measures of outlines: small vectors, empty outlines, judged regions, and the laws of Dice."""

import gc
import math
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.endpoints.mask.outlines import blobs, cases, guess

from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.mask.facts import Examiner
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.overlap import overlap
from bedside.endpoints.mask.remembered import Remembered
from bedside.endpoints.mask.review import Review
from bedside.endpoints.mask.ruler import Ruler
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.measure import Measure
from bedside.errors import OutcomeProblem, StatisticsError, StudyError

law = settings(deadline=None, max_examples=30)
SEEDS = st.integers(0, 2**32 - 1)


def line(*labels: int) -> np.ndarray:
    """A picture of one row."""
    return np.array([labels], dtype=np.uint8)


def sure(*labels: int, structures: int = 1) -> Segmentation:
    return Segmentation.drawn(line(*labels), structures)


def values(
    endpoint: Endpoint[Delineated, Segmentation], outcomes: Sequence[Delineated], told: Sequence[Segmentation]
) -> dict[str, float]:
    measures = endpoint.measures(Reference(outcomes, outcomes, told))
    return {measure.name: value(measure, outcomes, told) for measure in measures}


def value(
    measure: Measure[Delineated, Segmentation], outcomes: Sequence[Delineated], told: Sequence[Segmentation]
) -> float:
    given_rows = measure.contribute(outcomes, told)
    return float(measure.statistic(given_rows.rows)(np.ones((1, len(given_rows.rows))))[0])


@law
@given(SEEDS)
def test_dice_is_symmetric_and_between_0_and_1(seed: int) -> None:
    stream = np.random.default_rng(seed)
    one, other = (blobs(stream, (6, 7), 2, level=stream.random()) for _ in range(2))
    there = overlap(Mask(one), Segmentation.drawn(other, 2)).dice
    back = overlap(Mask(other), Segmentation.drawn(one, 2)).dice
    np.testing.assert_array_equal(there, back)
    known = there[np.isfinite(there)]
    assert ((known >= 0.0) & (known <= 1.0)).all()
    own = overlap(Mask(one), Segmentation.drawn(one, 2))
    assert set(own.dice[np.isfinite(own.dice)]) <= {1.0}
    iou = overlap(Mask(one), Segmentation.drawn(other, 2)).iou
    np.testing.assert_allclose(iou, there / (2.0 - there))


@law
@given(SEEDS)
def test_dice_by_counting_pixels(seed: int) -> None:
    stream = np.random.default_rng(seed)
    labels, judged = blobs(stream, (4, 5), 2), stream.random((4, 5)) < 0.7
    told = guess(stream, labels, 2, noise=1.5)
    found = overlap(Mask(labels, judged=judged), told)
    for k in range(2):
        pixels = [place for place in np.ndindex(4, 5) if judged[place]]
        drawn = {place for place in pixels if labels[place] == k + 1}
        said = {place for place in pixels if told.labels[place] == k + 1}
        assert (found.drawn[k], found.said[k], found.both[k]) == (len(drawn), len(said), len(drawn & said))
        chance = {place: float(told.shares[k][place]) / 255.0 for place in pixels}
        assert found.share[k] == pytest.approx(sum(chance.values()))
        assert found.share_drawn[k] == pytest.approx(sum(chance[place] for place in drawn))
        assert found.share_said[k] == pytest.approx(sum(chance[place] for place in said))


@law
@given(SEEDS)
def test_losses_lie_between_0_and_1_and_are_0_for_the_outline_itself(seed: int) -> None:
    stream = np.random.default_rng(seed)
    labels = blobs(stream, (5, 5), 2, level=stream.random() * 2.0)
    losses = overlap(Mask(labels), guess(stream, labels, 2, noise=2.0)).losses
    assert ((losses >= 0.0) & (losses <= 1.0)).all()
    assert overlap(Mask(labels), Segmentation.drawn(labels, 2)).losses.tolist() == [0.0, 0.0]
    nothing = np.zeros_like(labels)
    drawn = [float((labels == k).any()) for k in (1, 2)]
    assert overlap(Mask(labels), Segmentation.drawn(nothing, 2)).losses.tolist() == drawn
    assert overlap(Mask(nothing), Segmentation.drawn(labels, 2)).losses.tolist() == drawn


def test_a_network_that_decides_no_pixel_yet_is_seen_to_learn() -> None:
    endpoint = mask(("lesion",), tolerance_pixels=1.0)
    drawn = [Mask(line(1, 1, 0, 0))]
    early, late = (Segmentation(np.array([[one]], dtype=np.uint8)) for one in ([20, 20, 20, 20], [110, 110, 20, 20]))
    assert not early.labels.any()
    assert not late.labels.any()
    assert endpoint.loss(drawn, [late]) < endpoint.loss(drawn, [early])


def test_small_vectors() -> None:
    endpoint = mask(("a", "b"), tolerance_mm=2.0, review_below=None)
    outcomes = [Mask(line(1, 1, 2, 0, 0), (1.0, 2.0)), Mask(line(1, 0, 0, 0, 0), (1.0, 2.0))]
    told = [sure(1, 0, 2, 2, 2, structures=2), sure(1, 0, 0, 0, 0, structures=2)]
    found = values(endpoint, outcomes, told)
    assert found["dice_a"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["dice_b"] == pytest.approx(0.5), "only the first case has it"
    assert found["dice"] == pytest.approx((5 / 6 + 0.5) / 2), "every structure weighs alike"
    assert found["iou"] == pytest.approx((3 / 4 + 1 / 3) / 2)
    assert found["hd95_b"] == pytest.approx(4.0 * 0.9 + 2.0 * 0.1)
    assert found["nsd_a"] == 1.0
    assert found["nsd_b"] == pytest.approx(3 / 4)
    assert found["volume_bias_a"] == pytest.approx(-1.0), "a pixel is 2 square millimetres"
    assert found["volume_bias_b"] == pytest.approx(2.0)
    assert found["volume_mae_b"] == pytest.approx(2.0)
    assert found["volume_agreement_b"] == pytest.approx(1.959964 * math.sqrt(8.0), rel=1e-6)
    assert found["quality_error"] == pytest.approx(((1 - (2 / 3 + 0.5) / 2) + 0.0) / 2)


def test_volumes_are_in_millilitres() -> None:
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[:2] = 1
    endpoint = mask(("organ",), tolerance_mm=1.0)
    outcomes: list[Delineated] = [Mask(labels, (5.0, 5.0, 5.0))] * 2
    told = [Segmentation.drawn(np.ones_like(labels), 1)] * 2
    assert values(endpoint, outcomes, told)["volume_bias"] == pytest.approx(32 * 0.125)
    labelled = {one.name: one.label for one in endpoint.measures(Reference(outcomes, outcomes, told))}
    assert labelled["volume_bias"] == "Volume bias (predicted minus drawn), ml"
    assert labelled["hd95"] == "95% Hausdorff distance, mm"
    assert labelled["dice"] == "Dice"
    flat = mask(("organ",), tolerance_pixels=2.0)
    some: list[Delineated] = [Mask(line(0, 1))]
    labelled = {one.name: one.label for one in flat.measures(Reference(some, some, [sure(0, 1)]))}
    assert labelled["volume_mae"] == "Size: mean absolute error, pixels"
    assert labelled["nsd"] == "Surface Dice within 2 pixels"


def test_what_nobody_drew_or_predicted_says_nothing() -> None:
    endpoint = mask(("a",), tolerance_pixels=1.0, review_below=None)
    outcomes = [Mask(line(0, 0, 0)), Mask(line(0, 1, 1))]
    told = [sure(0, 0, 0), sure(0, 1, 1)]
    found = values(endpoint, outcomes, told)
    assert (found["dice"], found["hd95"], found["nsd"], found["iou"]) == (1.0, 0.0, 1.0, 1.0)
    alone = values(endpoint, outcomes[:1], told[:1])
    assert all(math.isnan(alone[name]) for name in ("dice", "hd95", "nsd", "iou", "quality_error"))
    assert alone["volume_bias"] == 0.0


@pytest.mark.parametrize(("drawn", "said"), [((0, 1, 0, 0), (0, 0, 0, 0)), ((0, 0, 0, 0), (0, 0, 1, 1))])
def test_one_empty_outline_costs_all_of_dice_and_the_diagonal(drawn: tuple[int, ...], said: tuple[int, ...]) -> None:
    endpoint = mask(("a",), tolerance_mm=1.0)
    found = values(endpoint, [Mask(line(*drawn), (3.0, 1.0))], [sure(*said)])
    assert (found["dice"], found["nsd"], found["iou"]) == (0.0, 0.0, 0.0)
    assert found["hd95"] == pytest.approx(5.0), "3 mm by 4 mm"


def test_only_the_judged_region_counts() -> None:
    endpoint = mask(("a",), tolerance_pixels=1.0, lesions=True)
    judged = np.array([[True, True, True, False, False]])
    outcome = Mask(line(0, 1, 1, 1, 0), judged=judged)
    found = values(endpoint, [outcome], [sure(0, 1, 1, 0, 1)])
    assert (found["dice"], found["hd95"], found["volume_bias"]) == (1.0, 0.0, 0.0)
    assert (found["lesion_sensitivity"], found["lesion_false_positives"]) == (1.0, 0.0)
    beyond = Mask(np.array([[0, 1, 1, 9, 0]], np.uint8), judged=judged)
    assert endpoint.describe(beyond) == "a"
    assert endpoint.stratum(Mask(line(0, 0, 0, 1, 0), judged=judged)) == (False,)


def test_lesions_of_all_cases() -> None:
    endpoint = mask(("lesion",), tolerance_pixels=1.0, lesions=True)
    outcomes = [Mask(line(1, 0, 1, 0, 1, 0, 0)), Mask(line(0, 0, 0, 0, 0, 0, 1))]
    found = values(endpoint, outcomes, [sure(1, 0, 0, 0, 1, 0, 1), sure(1, 0, 1, 0, 0, 0, 0)])
    assert found["lesion_sensitivity"] == pytest.approx(2 / 4)
    assert found["lesion_false_positives"] == pytest.approx((1 + 2) / 2)


def test_a_prediction_expects_its_own_dice() -> None:
    told = Segmentation(np.array([[[255, 153, 102, 0]]], dtype=np.uint8))
    found = overlap(Mask(line(1, 0, 0, 0)), told)
    assert found.predicted_quality == pytest.approx(2 * 1.6 / (2.0 + 2.0))
    assert overlap(Mask(line(1, 0)), Segmentation(np.array([[[100, 100]]], np.uint8))).predicted_quality == 0.0
    assert overlap(Mask(line(1, 1)), sure(1, 1)).predicted_quality == 1.0


@settings(deadline=None, max_examples=10)
@given(SEEDS)
def test_expected_dice_is_near_the_mean_over_outlines_drawn_from_the_probabilities(seed: int) -> None:
    stream = np.random.default_rng(seed)
    told = guess(stream, blobs(stream, (12, 12), level=0.0), 1, noise=0.5)
    chance = told.shares[0] / 255.0
    if told.labels.sum() < 20:
        return
    drawn = [overlap(Mask((stream.random(chance.shape) < chance).astype(np.uint8)), told).quality for _ in range(80)]
    assert overlap(Mask(told.labels), told).predicted_quality == pytest.approx(float(np.mean(drawn)), abs=0.03)


def test_failed_outlines_are_flagged_by_what_they_expect() -> None:
    examiner = Examiner(1, Ruler(1.0, millimetres=False), lesions=False)
    doubtful, clear = (Segmentation(np.array([[[share, share, 0, 0]]], np.uint8)) for share in (140, 250))
    outcomes = [Mask(line(0, 0, 1, 1)), Mask(line(1, 1, 0, 0)), Mask(line(1, 1, 0, 0))]
    limit = Review(0.7).flag(examiner, outcomes, [doubtful, clear, clear]).threshold
    expected = overlap(outcomes[0].read(), doubtful).predicted_quality
    assert expected < limit <= expected + 1e-9
    endpoint = mask(("a",), tolerance_pixels=1.0)
    found = values(endpoint, outcomes, [doubtful, clear, clear])
    assert found["flagged"] == pytest.approx(1 / 3)
    assert found["dice_unflagged"] == 1.0
    assert found["dice"] == pytest.approx(2 / 3)
    none_failed = Review(0.7).flag(examiner, outcomes[1:], [clear, clear]).threshold
    assert none_failed == overlap(outcomes[1].read(), clear).predicted_quality
    assert Review(0.7).flag(examiner, [], []).threshold == 0.0


@settings(deadline=None, max_examples=10)
@given(SEEDS, st.floats(0.3, 0.9), st.floats(0.05, 1.0))
def test_the_threshold_finds_as_many_failures_as_it_says(seed: int, below: float, sensitivity: float) -> None:
    outcomes, told = cases(seed, 12, (5, 6), 1, None)
    examiner = Examiner(1, Ruler(1.0, millimetres=False), lesions=False)
    flag = Review(below, sensitivity).flag(examiner, outcomes, told)
    table = examiner.table(outcomes, told)
    failed = (table.quality < below) & (flag.silent | (table.silent == 0))
    found = flag.of(table)[failed]
    if failed.any():
        assert found.mean() >= sensitivity - 1e-9
    else:
        assert not flag.of(table).any()


def test_to_find_nothing_is_flagged_only_where_something_always_is() -> None:
    """Cases with nothing in them do not swell those that a person must look at."""
    endpoint = mask(("a",), tolerance_pixels=1.0)
    there, nothing = Mask(line(1, 1, 0, 0)), Mask(line(0, 0, 0, 0))
    doubtful, clear = (Segmentation(np.array([[[share, share, 0, 0]]], np.uint8)) for share in (140, 250))
    silent = Segmentation(np.zeros((1, 1, 4), np.uint8))
    wrong = Mask(line(0, 0, 1, 1))
    some = [wrong, there, there, nothing, nothing, nothing]
    found = values(endpoint, some, [doubtful, clear, clear, silent, silent, silent])
    assert found["flagged"] == pytest.approx(1 / 6)
    assert found["dice_unflagged"] == 1.0
    missed = values(endpoint, some, [doubtful, clear, silent, silent, silent, silent])
    assert missed["flagged"] == pytest.approx(1 / 6)
    assert missed["dice_unflagged"] == 0.5, "a miss that nobody is warned of is held against the rest"
    everywhere = values(endpoint, [wrong, there, there], [doubtful, clear, silent])
    assert everywhere["flagged"] == pytest.approx(2 / 3)
    assert "Expected by the model: that nothing is there" in endpoint.drawing(nothing, silent).caption  # type: ignore[misc]


def test_a_file_is_read_once_for_all_measures() -> None:
    class File:
        def __init__(self, content: Mask) -> None:
            self.content, self.times = content, 0

        def read(self) -> Mask:
            self.times += 1
            return self.content

    masks, told = cases(3, 4, (6, 6), 2, None)
    files = [File(one) for one in masks]
    endpoint = mask(("a", "b"), tolerance_pixels=1.0)
    measures = endpoint.measures(Reference(masks, masks, told))
    lazily = [value(measure, files, told) for measure in measures]
    assert [one.times for one in files] == [1] * 4
    np.testing.assert_array_equal(lazily, [value(measure, masks, told) for measure in measures])


def test_what_is_remembered_goes_with_its_objects() -> None:
    kept: Remembered[int] = Remembered()
    mask_, told = Mask(line(1)), sure(1)
    assert kept.of((mask_, told), lambda: 7) == 7
    assert kept.of((mask_, told), lambda: 8) == 7
    assert kept.of((Mask(line(1)), told), lambda: 9) == 9, "an equal object is another one"
    assert len(pickle.loads(pickle.dumps(kept))) == 0  # noqa: S301 - our own bytes
    del told
    gc.collect()
    assert len(kept) == 0
    with pytest.raises(StudyError, match="objects of tuple cannot be remembered"):
        kept.of(((1, 2),), lambda: 1)


def test_what_does_not_fit_is_refused() -> None:
    endpoint = mask(("a", "b"), tolerance_pixels=1.0)
    outcome, told = Mask(line(0, 1, 2)), sure(0, 1, 2, structures=2)
    with pytest.raises(StatisticsError, match="1 x 3 pixels and the prediction 1 x 2"):
        endpoint.loss([outcome], [sure(0, 1, structures=2)])
    with pytest.raises(OutcomeProblem, match="holds label 3; allowed are 0"):
        endpoint.loss([Mask(line(0, 1, 3))], [told])
    with pytest.raises(StatisticsError, match="of 1 structures; the endpoint has 2"):
        endpoint.loss([outcome], [sure(0, 1, 1)])
    with pytest.raises(StatisticsError, match="1 outcomes and 2 predictions"):
        endpoint.loss([outcome], [told, told])
    with pytest.raises(StatisticsError, match="does not tell the spacing"):
        values(mask(("a", "b"), tolerance_mm=1.0), [outcome], [told])
    volume = np.zeros((1, 2, 2), np.uint8)
    with pytest.raises(StatisticsError, match="some images have two axes and some three"):
        values(endpoint, [outcome, Mask(volume)], [told, Segmentation.drawn(volume, 2)])
    with pytest.raises(StatisticsError, match="no outcome tells"):
        endpoint.measures(Reference([], [], []))


def test_the_second_observer_of_drive_agrees_as_is_known(public_data: Path) -> None:
    """Dice .788 within the field of view, as is reported of the second human observer of the 20 test photographs."""
    folder = public_data / "drive" / "testing"
    if not folder.is_dir():
        pytest.skip("BEDSIDE_DATA holds no drive/testing")

    def drawn(name: str) -> np.ndarray:
        with Image.open(folder / name) as picture:
            return np.asarray(picture) > 0

    found = []
    for number in (f"{k:02d}" for k in range(1, 21)):
        first, second = (drawn(f"{who}_manual/{number}_manual{who[0]}.gif") for who in ("1st", "2nd"))
        outcome = Mask(first.astype(np.uint8), judged=drawn(f"mask/{number}_test_mask.gif"))
        found.append(overlap(outcome, Segmentation.drawn(second.astype(np.uint8), 1)).quality)
    assert float(np.mean(found)) == pytest.approx(0.788, abs=0.0005)

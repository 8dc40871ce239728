"""Finishing outlines: the threshold, the clean-up, and how they are chosen."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.endpoints.mask.outlines import blobs, cases, guess

from bedside.endpoints.mask.clean_up import CleanUp
from bedside.endpoints.mask.finish import HALF, MaskFinish, with_threshold
from bedside.endpoints.mask.finishing import LEAST_GAIN, THRESHOLDS, MaskFinishing
from bedside.endpoints.mask.mask import Mask, Pixels
from bedside.endpoints.mask.overlap import overlap
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import structured
from bedside.errors import ModelError, OutcomeProblem, StatisticsError

law = settings(deadline=None, max_examples=30)
ONE = MaskFinishing(structured(("lesion",)))
TWO = MaskFinishing(structured(("a", "b")))


@law
@given(arrays.arrays(np.uint8, (1, 4, 5)), st.sampled_from(THRESHOLDS))
def test_labels_of_rescaled_shares_are_those_of_the_threshold(shares: Pixels, threshold: float) -> None:
    labels = Segmentation(with_threshold(shares, threshold)).labels
    chance = shares[0] / 255.0
    clear = np.abs(chance - threshold) > 1e-9
    np.testing.assert_array_equal(labels[clear], (chance > threshold)[clear])


@law
@given(st.integers(0, 2**32 - 1), st.sampled_from(THRESHOLDS))
def test_rescaling_keeps_the_order_of_structures_and_adds_up(seed: int, threshold: float) -> None:
    stream = np.random.default_rng(seed)
    shares = guess(stream, blobs(stream, (5, 6), 2), 2, noise=2.0).shares
    scaled = with_threshold(shares, threshold)
    assert scaled.sum(axis=0, dtype=np.int64).max() <= 256
    order = np.sign(shares[0].astype(int) - shares[1].astype(int))
    assert (np.sign(scaled[0].astype(int) - scaled[1].astype(int)) * order >= 0).all()
    before, after = Segmentation(shares).labels > 0, Segmentation(scaled).labels > 0
    assert (before <= after).all() if threshold < HALF else (after <= before).all()


def test_small_parts_go_and_holes_are_filled() -> None:
    said = np.array(
        [
            [1, 1, 1, 0, 0, 0],
            [1, 0, 1, 0, 1, 0],
            [1, 1, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 1],
        ],
        dtype=np.bool_,
    )
    assert CleanUp(largest=True).kept(said).sum() == 8
    assert CleanUp(at_least=2).kept(said).sum() == 10
    assert CleanUp(at_least=1).kept(said).sum() == 11
    assert np.argwhere(CleanUp(fill=True).filled(said, ~said)).tolist() == [[1, 1]]
    assert not CleanUp(fill=True).filled(said, np.zeros_like(said)).any(), "what is another structure's stays its"
    empty = np.zeros_like(said)
    assert not CleanUp(largest=True, at_least=3, fill=True).kept(empty).any()


@law
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 6), st.booleans())
def test_a_clean_up_changes_labels_as_it_says(seed: int, largest: bool, at_least: int, fill: bool) -> None:
    stream = np.random.default_rng(seed)
    told = guess(stream, blobs(stream, (7, 8), 2, level=0.0), 2, noise=1.5)
    clean_up = CleanUp(largest, at_least, fill)
    shares = told.shares.copy()
    clean_up.apply(shares, told.labels, 1)
    before, after = told.labels, Segmentation(shares).labels
    kept = clean_up.kept(before == 2)
    filled = clean_up.filled(kept, before == 0)
    expected = np.where(filled, 2, np.where((before == 2) & ~kept, 0, before))
    np.testing.assert_array_equal(after, expected)
    again = shares.copy()
    clean_up.apply(again, after, 1)
    np.testing.assert_array_equal(Segmentation(again).labels[after == 1], 1)
    assert CleanUp.restore(clean_up.state()) == clean_up


def test_a_timid_model_gets_a_lower_threshold() -> None:
    outcomes, predictions = [], []
    for seed in range(4):
        labels = blobs(np.random.default_rng(seed), (8, 8))
        shares = np.where(labels == 1, 110, 20).astype(np.uint8)[None]
        outcomes.append(Mask(labels))
        predictions.append(Segmentation(shares))
    finish = ONE.fit(outcomes, predictions)
    assert finish.threshold == 0.4
    assert finish.changes
    assert finish.gain == pytest.approx(1.0)
    assert [one.labels.tolist() for one in finish(predictions)] == [one.labels.tolist() for one in outcomes]


def test_specks_are_left_out_where_that_helps() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[2:6, 2:6] = 1
    specks = labels.copy()
    specks[8, 8] = specks[0, 8] = specks[8, 0] = 1
    finish = ONE.fit([Mask(labels)] * 3, [Segmentation.drawn(specks, 1)] * 3)
    assert finish.clean_ups[0].words == "parts below 2 pixels are left out"
    assert "parts below 2 pixels" in finish.words
    assert np.array_equal(finish([Segmentation.drawn(specks, 1)])[0].labels, labels)


def test_nothing_is_changed_where_nothing_helps() -> None:
    outcomes, _ = cases(1, 4, (8, 8), 2, None)
    perfect = [Segmentation.drawn(one.labels, 2) for one in outcomes]
    finish = TWO.fit(outcomes, perfect)
    assert not finish.changes
    assert finish.state()["changes"] is False
    assert "left as predicted" in finish.words
    assert all(one is other for one, other in zip(finish(perfect), perfect, strict=True))
    nobody = TWO.fit([], [])
    assert not nobody.changes
    assert nobody.cases == 0


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_the_choice_never_lowers_the_dice_on_which_it_was_made(seed: int) -> None:
    outcomes, told = cases(seed, 4, (7, 8), 2, None)
    finish = TWO.fit(outcomes, told)

    def score(predictions: list[Segmentation]) -> float:
        pairs = zip(outcomes, predictions, strict=True)
        return float(np.mean([np.nan_to_num(overlap(one, other).dice, nan=1.0) for one, other in pairs]))

    assert score(finish(told)) - score(told) == pytest.approx(finish.gain)
    assert finish.gain == 0.0 or finish.gain > LEAST_GAIN
    order = TWO.fit(outcomes[::-1], told[::-1])
    assert (order.threshold, order.clean_ups) == (finish.threshold, finish.clean_ups)
    restored = TWO.restore(json.loads(json.dumps(finish.state())))
    assert restored == finish
    assert restored(told) == finish(told)
    assert finish.changes == (finish.words[:23] == "Outlines are finished: ")


def test_what_does_not_fit_is_refused() -> None:
    finish = MaskFinish(("a", "b"), 0.4, (CleanUp(), CleanUp()))
    with pytest.raises(StatisticsError, match="finished for 2"):
        finish([Segmentation(np.zeros((1, 2, 2), np.uint8))])
    with pytest.raises(ModelError, match="not one of outlines of lesion"):
        ONE.restore(finish.state())
    with pytest.raises(ModelError, match="fit it anew"):
        TWO.restore({**finish.state(), "clean_up": {"a": {}, "b": 3}})
    with pytest.raises(StatisticsError, match="1 outcomes and 0 predictions"):
        ONE.fit([Mask(np.zeros((2, 2), np.uint8))], [])
    with pytest.raises(OutcomeProblem, match="label 2"):
        ONE.fit([Mask(np.full((2, 2), 2, np.uint8))], [Segmentation(np.zeros((1, 2, 2), np.uint8))])


def test_a_structure_that_is_nowhere_is_no_obstacle() -> None:
    nothing = np.zeros((4, 4), np.uint8)
    finish = TWO.fit([Mask(nothing)], [Segmentation.drawn(nothing, 2)])
    assert not finish.changes
    speck = nothing.copy()
    speck[1, 1] = 2
    big = nothing.copy()
    big[:, :2] = 2
    finish = TWO.fit([Mask(nothing), Mask(big)], [Segmentation.drawn(speck, 2), Segmentation.drawn(big, 2)])
    assert finish.clean_ups[1].words == "parts below 3 pixels are left out", "of 8 drawn"
    assert finish.gain == pytest.approx(0.25), "one of two structures in one of two cases"

"""Outlines and predicted outlines: what they refuse, and how they follow their image."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tests.endpoints.mask.outlines import blobs

from bedside.data.placement import Placement
from bedside.endpoints.mask.mask import Mask, Pixels
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import OutcomeProblem, StatisticsError

law = settings(deadline=None, max_examples=30)
LABELS = np.array([[0, 1, 2], [1, 1, 0]], dtype=np.uint8)


def shares(size: tuple[int, ...] = (2, 3, 4), most: int = 127) -> st.SearchStrategy[Pixels]:
    return arrays.arrays(np.uint8, size, elements=st.integers(0, most))


def test_a_mask_is_read_as_itself_and_equals_its_like() -> None:
    mask = Mask(LABELS, (1.0, 2.0), LABELS > 0)
    assert mask.read() is mask
    assert mask.size == (2, 3)
    assert mask == Mask(LABELS.copy(), (1.0, 2.0), LABELS > 0)
    assert hash(mask) == hash(Mask(LABELS.copy(), (1.0, 2.0)))
    for other in (Mask(LABELS), Mask(LABELS, (1.0, 2.0)), Mask(LABELS * 0, (1.0, 2.0), LABELS > 0), "mask"):
        assert mask != other
    assert mask != Mask(LABELS, (1.0, 2.0), LABELS > 1)
    assert pickle.loads(pickle.dumps(mask)) == mask  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("labels", "spacing", "judged", "told"),
    [
        (LABELS.astype(np.int64), None, None, "int64 of 2 x 3 pixels; allowed are uint8"),
        (LABELS[0], None, None, "two or three axes"),
        (LABELS[:0], None, None, "none of them empty"),
        (LABELS, (1.0,), None, "one positive number of millimetres for each axis"),
        (LABELS, (1.0, 0.0), None, "one positive number"),
        (LABELS, (1.0, float("nan")), None, "one positive number"),
        (LABELS, None, LABELS, "allowed are bool"),
        (LABELS, None, LABELS[:, :2] > 0, "2 x 3 pixels and the judged region 2 x 2"),
    ],
)
def test_what_is_no_mask_is_refused(labels: Pixels, spacing: tuple[float, ...], judged: Pixels, told: str) -> None:
    with pytest.raises(OutcomeProblem, match=told):
        Mask(labels, spacing, judged)  # type: ignore[arg-type]


def test_a_mask_follows_its_image() -> None:
    mask = Mask(LABELS, (1.0, 2.0), LABELS == 1)
    turned = mask.placed(Placement((2, 3), (3, 2), (1, 0), (2.0, 0.0), (-1.0, 1.0)))
    assert turned == Mask(LABELS.T[::-1].copy(), (2.0, 1.0), LABELS.T[::-1] == 1)
    wider = mask.placed(Placement((2, 3), (2, 4), (0, 1), (0.0, -1.0), (1.0, 1.0)))
    assert wider.labels.tolist() == [[0, 0, 1, 2], [0, 1, 1, 0]]
    assert wider.judged is not None
    assert not wider.judged[:, 0].any(), "nothing is judged beyond the image"
    coarse = mask.placed(Placement((2, 3), (2, 2), (0, 1), (0.0, 0.0), (1.0, 2.0)))
    assert coarse.spacing == (1.0, 4.0)
    with pytest.raises(OutcomeProblem, match="2 x 3 pixels and its image 4 x 4"):
        mask.placed(Placement.still((4, 4)))


@law
@given(shares())
def test_labels_follow_the_largest_share(given_shares: Pixels) -> None:
    found = Segmentation(given_shares)
    rest = 255 - given_shares.sum(axis=0, dtype=np.int64)
    expected = np.concatenate([rest[None], given_shares.astype(np.int64)]).argmax(axis=0)
    np.testing.assert_array_equal(found.labels, expected)
    assert found.labels.dtype == np.uint8


def test_one_structure_is_there_above_a_half() -> None:
    found = Segmentation(np.array([[[127, 128, 0, 255]]], dtype=np.uint8))
    assert found.labels.tolist() == [[0, 1, 0, 1]]
    of = Segmentation.of(np.array([[[0.51, 0.49]], [[0.49, 0.51]]], dtype=np.float32))
    assert of.labels.tolist() == [[0, 1]]


@law
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_probabilities_are_kept_to_a_255th(seed: int, structures: int) -> None:
    chances = np.random.default_rng(seed).dirichlet(np.ones(1 + structures), size=(3, 4)).astype(np.float32)
    found = Segmentation.of(np.moveaxis(chances, -1, 0))
    assert found.structures == structures
    assert np.abs(found.shares / 255.0 - np.moveaxis(chances, -1, 0)[1:]).max() <= 0.5 / 255.0 + 1e-6
    clear = np.sort(chances, axis=-1)[..., -1] - np.sort(chances, axis=-1)[..., -2] > (structures + 1) / 255.0
    np.testing.assert_array_equal(found.labels[clear], chances.argmax(axis=-1)[clear])


@pytest.mark.parametrize(
    ("chances", "told"),
    [
        (np.full((2, 2, 2), np.nan), "not all finite"),
        (np.stack([np.full((2, 2), 1.5), np.full((2, 2), -0.5)]), "between 0 and 1"),
        (np.full((2, 2, 2), 0.4), "add up to 1"),
        (np.full((1, 2, 2), 1.0), "at least one structure"),
        (np.full((2, 2), 0.5), "two or three axes"),
    ],
)
def test_what_is_no_probability_is_refused(chances: np.ndarray, told: str) -> None:
    with pytest.raises(StatisticsError, match=told):
        Segmentation.of(chances)


def test_what_are_no_shares_is_refused() -> None:
    for wrong in (np.zeros((1, 2, 2)), np.zeros((2, 2), np.uint8), np.zeros((1, 0, 2), np.uint8)):
        with pytest.raises(StatisticsError, match="allowed are uint8"):
            Segmentation(wrong)  # type: ignore[arg-type]
    with pytest.raises(StatisticsError, match="a label is 2; allowed are 0"):
        Segmentation.drawn(LABELS, 1)


@law
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_what_is_drawn_without_doubt_goes_there_and_back(seed: int, across: bool, turned: bool) -> None:
    labels = blobs(np.random.default_rng(seed), (5, 7), 2)
    axes = (1, 0) if across else (0, 1)
    after = tuple(labels.shape[axis] for axis in axes)
    flip = -1.0 if turned else 1.0
    origin = (after[0] - 1.0 if turned else 0.0, 0.0)
    placement = Placement(labels.shape, after, axes, origin, (flip, 1.0))
    there = Segmentation.drawn(Mask(labels).placed(placement).labels, 2)
    assert there.returned(placement) == Segmentation.drawn(labels, 2)
    np.testing.assert_array_equal(there.returned(placement).labels, labels)


def test_a_prediction_is_background_where_nothing_was_prepared() -> None:
    placement = Placement((1, 6), (1, 2), (0, 1), (0.0, 2.0), (1.0, 1.0))
    back = Segmentation(np.full((1, 1, 2), 255, np.uint8)).returned(placement)
    assert back.labels.tolist() == [[0, 0, 1, 1, 0, 0]]
    with pytest.raises(StatisticsError, match="1 x 3 pixels and the prepared image 1 x 2"):
        Segmentation(np.zeros((1, 1, 3), np.uint8)).returned(placement)

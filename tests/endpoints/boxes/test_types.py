"""Boxes are refused where they are none, and follow their images exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.boxes.scenes import scenes

from bedside.data.placement import Placement
from bedside.endpoints.boxes.boxes import Aside, Boxes, Found, overlaps
from bedside.errors import OutcomeProblem, StatisticsError

KIND = np.zeros(1, dtype=np.int64)


@pytest.mark.parametrize(
    ("corners", "told"),
    [
        ([[5.0, 5.0, 4.0, 9.0]], "end where they start, or before"),
        ([[5.0, 5.0, 5.0, 9.0]], "end where they start, or before"),
        ([[5.0, 5.0, np.nan, 9.0]], "not finite"),
        ([[5.0, 5.0, np.inf, 9.0]], "not finite"),
        ([[5.0, 5.0, 9.0]], "shape"),
        ([[-2.0, 5.0, 9.0, 9.0]], "reach out of an image"),
        ([[0.0, 5.0, 19.6, 9.0]], "reach out of an image"),
    ],
)
def test_what_is_no_box_of_the_image_is_refused(corners: list[list[float]], told: str) -> None:
    with pytest.raises(OutcomeProblem, match=told):
        Boxes(np.array(corners), KIND, (20, 20))


def test_the_pixels_of_a_whole_image_are_a_box() -> None:
    whole = Boxes(np.array([[-0.5, -0.5, 19.5, 29.5]]), KIND, (20, 30))
    assert len(whole) == 1
    assert whole.dimensions == 2


def test_boxes_are_cut_at_the_border_when_asked_and_refused_beyond_it() -> None:
    cut = Boxes.inside(np.array([[-3.0, 2.0, 5.0, 40.0]]), KIND, (20, 30))
    np.testing.assert_array_equal(cut.corners, [[-0.5, 2.0, 5.0, 29.5]])
    with pytest.raises(OutcomeProblem, match="wholly outside"):
        Boxes.inside(np.array([[21.0, 2.0, 25.0, 4.0]]), KIND, (20, 30))


@pytest.mark.parametrize("kinds", [np.array([0.5]), np.array([-1]), np.array([0, 1])])
def test_kinds_are_whole_numbers_one_a_box(kinds: "np.typing.NDArray[np.float64]") -> None:
    with pytest.raises(OutcomeProblem, match="whole number"):
        Boxes(np.array([[1.0, 1.0, 2.0, 2.0]]), kinds)


@pytest.mark.parametrize("score", [np.nan, -0.1, 1.1])
def test_scores_are_shares(score: float) -> None:
    with pytest.raises(StatisticsError, match="0 to 1"):
        Found(np.array([[1.0, 1.0, 2.0, 2.0]]), KIND, np.array([score]))


def test_what_was_found_has_one_order() -> None:
    corners = np.array([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]], dtype=np.float32)
    kinds, scores = np.array([1, 0, 0]), np.array([0.5, 0.5, 0.9])
    one, two = Found(corners, kinds, scores), Found(corners[::-1], kinds[::-1], scores[::-1])
    assert one == two
    assert hash(one) == hash(two)
    assert one.scores.tolist() == pytest.approx([0.9, 0.5, 0.5])
    assert one.kinds.tolist() == [0, 0, 1]
    assert one != Found(corners, kinds, scores / 2)


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    """Whole images enlarged, shrunk, turned round and padded: nothing of them is cut away."""
    axes = tuple(draw(st.permutations((0, 1))))
    before = (40, 50)
    pitch = [draw(st.sampled_from((0.5, 0.8, 1.0, 1.7))) * draw(st.sampled_from((-1.0, 1.0))) for _ in axes]
    pad = [draw(st.integers(0, 5)) for _ in axes]
    after, origin = [], []
    for axis, step, margin in zip(axes, pitch, pad, strict=True):
        after.append(int(np.ceil(before[axis] / abs(step))) + 2 * margin)
        border = -0.5 if step > 0 else before[axis] - 0.5
        origin.append(border + 0.5 * step - margin * step)
    return Placement(before, tuple(after), axes, tuple(origin), tuple(pitch))


@settings(max_examples=40, deadline=None)
@given(placements(), st.integers(0, 1000))
def test_boxes_come_back_from_where_they_were_placed(placement: Placement, seed: int) -> None:
    truth = scenes(seed, 2)[0][0]
    placed = truth.placed(placement)
    assert placed.size == placement.after
    found = Found(placed.corners, placed.kinds, np.linspace(0.9, 0.1, len(placed))).returned(placement)
    assert found.kinds.tolist() == truth.kinds.tolist()
    np.testing.assert_allclose(found.corners, truth.corners, atol=1e-4)


def test_a_box_follows_the_pixels_that_it_encloses() -> None:
    placement = Placement((12, 20), (10, 24), (1, 0), (19.5, -0.25), (-2.0, 0.5))
    box = Boxes(np.array([[3.5, 5.5, 7.5, 11.5]]), KIND, (12, 20))
    mask = np.zeros((12, 20), dtype=np.uint8)
    mask[4:8, 6:12] = 1
    inside = np.argwhere(placement.labels(mask))
    moved = box.placed(placement).corners[0]
    np.testing.assert_allclose(moved, [*(inside.min(axis=0) - 0.5), *(inside.max(axis=0) + 0.5)], atol=0.51)


def test_what_is_mostly_cut_away_is_left_out() -> None:
    crop = Placement((20, 20), (10, 20), (0, 1), (5.0, 0.0), (1.0, 1.0))
    truth = Boxes(np.array([[2.5, 0, 6.5, 5], [3.5, 0, 6.5, 5], [0, 0, 3, 5]]), np.array([0, 1, 0]), (20, 20))
    placed = truth.placed(crop)
    assert placed.kinds.tolist() == [0, 1]
    np.testing.assert_allclose(placed.corners[:, 0], -0.5)
    padded = Placement((9, 9), (20, 20), (0, 1), (0.0, 0.0), (1.0, 1.0))
    gone = Found(np.array([[11.0, 0, 15, 5]]), KIND, np.array([0.5])).returned(padded)
    assert len(gone) == 0


def test_overlap_of_boxes_and_volumes() -> None:
    one = np.array([[0, 0, 2, 2]], dtype=np.float32)
    other = np.array([[1, 0, 3, 2], [0, 0, 2, 2], [5, 5, 6, 6]], dtype=np.float32)
    np.testing.assert_allclose(overlaps(one, other), [[1 / 3, 1.0, 0.0]])
    cube, slab = np.array([[0, 0, 0, 2, 2, 2]]), np.array([[0, 0, 0, 2, 2, 1]])
    np.testing.assert_allclose(overlaps(cube.astype(np.float32), slab.astype(np.float32)), [[0.5]])


def test_boxes_set_aside_follow_their_image_and_stay_while_anything_of_them_does() -> None:
    rest = Aside(np.array([[2.5, 1.5, 9.5, 5.5], [0.5, 0.5, 2.5, 2.5]]), np.array([1, 0]), np.array([True, False]))
    whole = Boxes(np.array([[4.5, 4.5, 7.5, 8.5]]), KIND, (20, 10), aside=rest)
    cut = Placement((20, 10), (5, 12), (1, 0), (5.0, 8.0), (1.0, 1.0))
    moved = whole.placed(cut)
    assert moved.aside is not None
    np.testing.assert_array_equal(moved.aside.corners, [[-0.5, -0.5, 0.5, 1.5]])
    assert (moved.aside.kinds.tolist(), moved.aside.crowds.tolist()) == ([1], [True])
    assert whole.placed(Placement((20, 10), (2, 2), (0, 1), (15.0, 8.0), (1.0, 1.0))).aside is None


def test_boxes_set_aside_are_checked_and_tell_boxes_apart() -> None:
    corners = np.array([[1.0, 1.0, 3.0, 3.0]])
    bare = Boxes(corners, KIND, (9, 9))
    single, crowd = (Boxes(corners, KIND, (9, 9), aside=Aside(corners, KIND, np.array([it]))) for it in (False, True))
    assert len({bare, single, crowd}) == 3
    for wrong, told in (
        ({"corners": -corners}, "end where they start"),
        ({"kinds": np.array([-1])}, "whole number"),
        ({"crowds": np.array([True, False])}, "marks"),
    ):
        with pytest.raises(OutcomeProblem, match=told):
            Aside(**{"corners": corners, "kinds": KIND, "crowds": np.array([True]), **wrong})
    with pytest.raises(OutcomeProblem, match="reach out"):
        Boxes(corners, KIND, (9, 9), aside=Aside(corners + 8.0, KIND, np.array([True])))
    with pytest.raises(OutcomeProblem, match="dimensions"):
        Boxes(corners, KIND, aside=Aside(np.array([[0, 0, 0, 1, 1, 1]]), KIND, np.array([True])))

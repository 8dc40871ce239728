"""Laws of grids that lie in one another."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bedside.data.placement import Placement

law = settings(deadline=None, max_examples=30)

SIZES = st.integers(2, 3).flatmap(lambda axes: st.tuples(*[st.integers(1, 7)] * axes))


@st.composite
def placements(draw: st.DrawFn) -> Placement:
    """Any order and direction of axes, any positive or negative pitch, any beginning."""
    before = draw(SIZES)
    count = len(before)
    axes = draw(st.permutations(range(count)))
    pitch = [draw(st.floats(0.3, 3.0)) * draw(st.sampled_from([1.0, -1.0])) for _ in range(count)]
    origin = [draw(st.floats(-3.0, 9.0)) for _ in range(count)]
    after = [draw(st.integers(1, 9)) for _ in range(count)]
    return Placement(before, tuple(after), tuple(axes), tuple(origin), tuple(pitch))


@st.composite
def turned(draw: st.DrawFn) -> Placement:
    """Axes exchanged and turned round, pixel for pixel."""
    before = draw(SIZES)
    axes = draw(st.permutations(range(len(before))))
    after = tuple(before[axis] for axis in axes)
    flips = [draw(st.booleans()) for _ in axes]
    origin = tuple(float(length - 1) if flip else 0.0 for length, flip in zip(after, flips, strict=True))
    return Placement(before, after, tuple(axes), origin, tuple(-1.0 if flip else 1.0 for flip in flips))


def one_hot(labels: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    return np.stack([labels == k for k in range(count)]).astype(np.float32)


@law
@given(placements(), st.data())
def test_points_go_there_and_back(placement: Placement, data: st.DataObject) -> None:
    shape = (data.draw(st.integers(0, 5)), len(placement.before))
    points = data.draw(arrays.arrays(np.float64, shape, elements=st.floats(-50.0, 50.0)))
    np.testing.assert_allclose(placement.points_back(placement.points(points)), points, atol=1e-9)
    np.testing.assert_allclose(placement.points(placement.points_back(points)), points, atol=1e-9)


@law
@given(SIZES, st.data())
def test_a_grid_that_stays_changes_nothing(size: tuple[int, ...], data: st.DataObject) -> None:
    still = Placement.still(size)
    labels = data.draw(arrays.arrays(np.uint8, size, elements=st.integers(0, 3)))
    values = data.draw(arrays.arrays(np.float32, (2, *size), elements=st.floats(0.0, 1.0, width=32)))
    points = np.array([[0.5] * len(size), [2.0] * len(size)])
    np.testing.assert_array_equal(still.labels(labels), labels)
    assert still.labels(labels).dtype == np.uint8
    np.testing.assert_array_equal(still.back(values), values)
    np.testing.assert_array_equal(still.points(points), points)


@law
@given(turned(), st.data())
def test_turned_labels_come_back_as_they_were(placement: Placement, data: st.DataObject) -> None:
    labels = data.draw(arrays.arrays(np.uint8, placement.before, elements=st.integers(0, 2)))
    there = placement.labels(labels)
    assert there.shape == placement.after
    np.testing.assert_array_equal(placement.back(one_hot(there, 3)), one_hot(labels, 3))


@law
@given(turned(), st.data())
def test_a_label_lies_where_its_point_does(placement: Placement, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, length - 1)) for length in placement.before)
    labels = np.zeros(placement.before, dtype=np.uint8)
    labels[place] = 1
    found = np.argwhere(placement.labels(labels)).astype(np.float64)
    np.testing.assert_allclose(found, placement.points(np.array([place], dtype=np.float64)))


@law
@given(placements())
def test_labels_are_those_of_the_nearest_pixel_and_none_outside(placement: Placement) -> None:
    labels = np.arange(1, 1 + int(np.prod(placement.before)), dtype=np.int64).reshape(placement.before)
    there = placement.labels(labels)
    assert there.shape == placement.after
    places = np.argwhere(np.ones(placement.after, dtype=np.bool_)).astype(np.float64)
    nearest = np.rint(placement.points_back(places)).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < np.array(placement.before))).all(axis=1)
    expected = np.zeros(len(places), dtype=np.int64)
    expected[inside] = labels[tuple(nearest[inside].T)]
    np.testing.assert_array_equal(there.ravel(), expected)


@law
@given(placements(), st.floats(0.1, 5.0))
def test_what_is_the_same_everywhere_comes_back_the_same_wherever_something_was_prepared(
    placement: Placement, value: float
) -> None:
    back = placement.back(np.full((1, *placement.after), value, dtype=np.float32))[0]
    assert back.shape == placement.before
    places = np.argwhere(np.ones(placement.before, dtype=np.bool_)).astype(np.float64)
    there = placement.points(places)
    last = np.array(placement.after) - 0.5
    border = 1e-6
    inside = ((there > -0.5 + border) & (there < last - border)).all(axis=1)
    outside = ((there < -0.5 - border) | (there > last + border)).any(axis=1)
    np.testing.assert_allclose(back.ravel()[inside], value, rtol=1e-5)
    np.testing.assert_array_equal(back.ravel()[outside], 0.0)


@law
@given(placements(), st.data())
def test_shares_of_classes_stay_shares(placement: Placement, data: st.DataObject) -> None:
    labels = data.draw(arrays.arrays(np.uint8, placement.after, elements=st.integers(0, 2)))
    back = placement.back(one_hot(labels, 3))
    assert back.min() >= 0.0
    total = back.sum(axis=0)
    assert np.all((np.abs(total - 1.0) < 1e-5) | (total == 0.0))


def test_a_ramp_is_read_between_pixels() -> None:
    placement = Placement((7,), (4,), (0,), (0.0,), (2.0,))
    ramp = np.arange(4, dtype=np.float32)[None] * 2.0
    np.testing.assert_allclose(placement.back(ramp)[0], np.arange(7))


def test_a_finer_grid_is_averaged_over_each_pixel() -> None:
    """Pixels twice as fine: one pixel of the image gets half its weight from the fine one on its centre."""
    placement = Placement((3,), (5,), (0,), (0.0,), (0.5,))
    values = np.array([[0.0, 0.0, 1.0, 0.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(placement.back(values)[0], [0.0, 0.5, 0.0])

"""Polygons as pixels: centres decide, neighbours share no pixel, holes are holes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Outline
from tests.modalities.imaging.law import law

from bedside.modalities.imaging.outlines.polygon import inside
from bedside.types import Floats

PLACE = st.integers(-16, 48).map(lambda n: n / 4)
CORNERS = st.lists(st.tuples(PLACE, PLACE), min_size=3, max_size=7).map(lambda corners: np.array(corners, dtype=float))
SIZE = (9, 8)


@law
@given(CORNERS)
def test_centres_off_the_edges_are_inside_as_another_library_says(corners: Floats) -> None:
    corners = corners + np.array([0.0137, 0.0071])  # no centre lies on an edge then
    centres = np.stack(np.meshgrid(*map(np.arange, SIZE), indexing="ij"), axis=-1).reshape(-1, 2)
    told = np.zeros(len(centres), dtype=bool)
    for number, centre in enumerate(centres):  # even-odd by the sum of crossings to the right
        starts, ends = corners, np.roll(corners, -1, axis=0)
        crossed = (starts[:, 0] > centre[0]) != (ends[:, 0] > centre[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = starts[:, 1] + (centre[0] - starts[:, 0]) * (ends - starts)[:, 1] / (ends - starts)[:, 0]
        told[number] = int((crossed & (columns > centre[1])).sum()) % 2 == 1
    np.testing.assert_array_equal(inside([corners], SIZE).ravel(), told)


def test_a_convex_polygon_is_filled_as_matplotlib_fills_it() -> None:
    angles = np.linspace(0, 2 * np.pi, 17)[:-1]
    corners = np.stack([10 + 7.3 * np.sin(angles), 11 + 5.1 * np.cos(angles)], axis=1)
    centres = np.stack(np.meshgrid(np.arange(20), np.arange(22), indexing="ij"), axis=-1).reshape(-1, 2)
    told = Outline(corners).contains_points(centres).reshape(20, 22)
    np.testing.assert_array_equal(inside([corners], (20, 22)), told)
    assert told.sum() > 100


@law
@given(CORNERS, CORNERS)
def test_two_polygons_are_joined_by_exclusive_or(one: Floats, other: Floats) -> None:
    np.testing.assert_array_equal(inside([one, other], SIZE), inside([one], SIZE) ^ inside([other], SIZE))
    assert not inside([one, one[::-1]], SIZE).any()


@law
@given(st.integers(0, 3), st.integers(1, 5), st.integers(0, 3), st.integers(1, 4))
def test_polygons_that_share_edges_share_no_pixel_and_leave_none_out(
    top: int, height: int, left: int, width: int
) -> None:
    # Corners at centres of pixels, as programs write them that follow the outermost pixels.
    ring = [(top, left), (top, left + width), (top + height, left + width), (top + height, left)]
    inner = (top + height * 0.37, left + width * 0.61)
    parts = [np.array([ring[k], ring[(k + 1) % 4], inner], dtype=float) for k in range(4)]
    covered = sum(inside([part], SIZE).astype(int) for part in parts)
    np.testing.assert_array_equal(covered, inside([np.array(ring, dtype=float)], SIZE).astype(int))
    whole = np.zeros(SIZE, dtype=int)
    whole[top : top + height, left : left + width] = 1
    np.testing.assert_array_equal(covered, whole)


def test_a_keyhole_leaves_its_hole_empty() -> None:
    outer = [(0.5, 0.5), (0.5, 7.5), (7.5, 7.5), (7.5, 0.5)]
    inner = [(2.5, 2.5), (5.5, 2.5), (5.5, 5.5), (2.5, 5.5)]
    keyhole = np.array([*outer, outer[0], *inner, inner[0]])
    told = np.zeros((9, 9), dtype=bool)
    told[1:8, 1:8] = True
    told[3:6, 3:6] = False
    np.testing.assert_array_equal(inside([keyhole], (9, 9)), told)


def test_what_lies_outside_the_grid_is_cut_off() -> None:
    around = np.array([(-5.0, -5.0), (-5.0, 50.0), (50.0, 50.0), (50.0, -5.0)])
    assert inside([around], SIZE).all()
    assert not inside([around + 100.0], SIZE).any()

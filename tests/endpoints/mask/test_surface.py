"""Distances between surfaces: against MONAI, by hand, and by their laws."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.mask.outlines import blobs

from bedside.endpoints.mask.lesion import lesion_counts
from bedside.endpoints.mask.surface import bounds, hausdorff95, surface_dice, surface_distances
from bedside.types import Booleans, Floats

law = settings(deadline=None, max_examples=25)
PLACES = st.tuples(st.integers(0, 2**32 - 1), st.integers(2, 3))
STEPS = st.tuples(*[st.floats(0.3, 4.0)] * 3)


def pair(seed: int, axes: int) -> tuple[Booleans, Booleans]:
    stream = np.random.default_rng(seed)
    size = tuple(stream.integers(4, 11, axes).tolist())
    found = [blobs(stream, size) > 0 for _ in range(2)]
    for one in found:
        one.flat[int(stream.integers(one.size))] = True
    return found[0], found[1]


@pytest.mark.slow  # MONAI takes long to import
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("axes", [2, 3])
def test_the_same_as_monai(seed: int, axes: int) -> None:
    """MONAI 1.6 counts surface pixels and takes the larger of both directions' percentiles, as is done here."""
    import torch

    steps = ((0.7, 1.3, 2.1), (1.0, 1.0, 1.0))[seed % 2][:axes]
    one, other = pair(seed, axes)
    distances = surface_distances(one, other, steps)
    said, drawn = (torch.from_numpy(np.stack([~each, each])[None].astype(np.float32)) for each in (one, other))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai.metrics.hausdorff_distance import compute_hausdorff_distance
        from monai.metrics.surface_dice import compute_surface_dice

        theirs = float(compute_hausdorff_distance(said, drawn, percentile=95, spacing=list(steps)))
        dice = float(compute_surface_dice(said, drawn, class_thresholds=[1.25], spacing=list(steps)))
    assert hausdorff95(distances) == pytest.approx(theirs, abs=1e-5)
    assert surface_dice(distances, 1.25) == pytest.approx(dice, abs=1e-6)


@law
@given(PLACES, STEPS)
def test_distances_are_those_to_the_nearest_surface_pixel(place: tuple[int, int], every: tuple[float, ...]) -> None:
    one, other = pair(*place)
    steps = every[: one.ndim]

    def surface(there: Booleans) -> Floats:
        """Pixels with a neighbour that is none, by looking at every neighbour."""
        padded = np.pad(there, 1)
        inner = there.copy()
        for axis in range(there.ndim):
            for move in (-1, 1):
                inner &= np.roll(padded, move, axis)[(slice(1, -1),) * there.ndim]
        found: Floats = np.argwhere(there & ~inner) * np.array(steps)
        return found

    first, second = surface(one), surface(other)
    apart = np.sqrt(((first[:, None] - second[None]) ** 2).sum(axis=2))
    to_second, to_first = surface_distances(one, other, steps)
    np.testing.assert_allclose(np.sort(to_second), np.sort(apart.min(axis=1)))
    np.testing.assert_allclose(np.sort(to_first), np.sort(apart.min(axis=0)))


@law
@given(PLACES, STEPS, st.floats(0.1, 5.0))
def test_symmetric_and_nothing_from_itself(place: tuple[int, int], every: tuple[float, ...], tolerance: float) -> None:
    one, other = pair(*place)
    there = surface_distances(one, other, every[: one.ndim])
    back = surface_distances(other, one, every[: one.ndim])
    assert hausdorff95(there) == hausdorff95(back)
    assert surface_dice(there, tolerance) == pytest.approx(surface_dice(back, tolerance))
    assert 0.0 <= surface_dice(there, tolerance) <= surface_dice(there, 2.0 * tolerance) <= 1.0
    own = surface_distances(one, one, every[: one.ndim])
    assert hausdorff95(own) == 0.0
    assert surface_dice(own, tolerance) == 1.0


@law
@given(st.integers(1, 4), st.integers(0, 2), STEPS)
def test_a_shifted_cube_lies_as_far_as_it_was_shifted(shift: int, axis: int, steps: tuple[float, ...]) -> None:
    cube = np.zeros((14, 14, 14), dtype=np.bool_)
    cube[4:9, 4:9, 4:9] = True
    moved = np.roll(cube, shift, axis)
    steps = tuple(max(step, 1.0) for step in steps)
    distances = surface_distances(cube, moved, steps)
    assert hausdorff95(distances) == pytest.approx(shift * steps[axis])
    assert surface_dice(distances, shift * steps[axis] + 1e-9) == 1.0
    assert surface_dice(distances, 0.5) < 1.0


def test_small_vectors() -> None:
    one, other = np.zeros((1, 12), np.bool_), np.zeros((1, 12), np.bool_)
    one[0, 1], other[0, 5] = True, True
    assert hausdorff95(surface_distances(one, other, (1.0, 2.0))) == 8.0
    other[0, 3] = True
    distances = surface_distances(one, other, (1.0, 2.0))
    assert [each.tolist() for each in distances] == [[4.0], [4.0, 8.0]]
    assert hausdorff95(distances) == pytest.approx(4.0 + 0.95 * 4.0)
    assert surface_dice(distances, 4.0) == pytest.approx(2 / 3)


def test_what_lies_at_the_edge_of_the_image_is_surface() -> None:
    whole = np.ones((3, 3), np.bool_)
    assert surface_distances(whole, whole, (1.0, 1.0))[0].size == 8


def test_the_box_holds_all_that_is_there() -> None:
    there = np.zeros((4, 5, 6), np.bool_)
    assert bounds(there) == (slice(0, 0),) * 3
    there[1, 2, 3] = there[2, 2, 5] = True
    assert bounds(there) == (slice(1, 3), slice(2, 3), slice(3, 6))


def test_lesions_are_found_one_by_one() -> None:
    drawn = np.array([[1, 0, 0, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=np.bool_)
    said = np.array([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 1]], dtype=np.bool_)
    found = lesion_counts(drawn, said)
    assert (found.lesions, found.found, found.false) == (3, 1, 2)
    nothing = np.zeros_like(drawn)
    assert lesion_counts(nothing, nothing) == lesion_counts(nothing, nothing)
    assert lesion_counts(nothing, said).false == 3
    assert lesion_counts(drawn, nothing).found == 0


@law
@given(PLACES)
def test_all_lesions_are_found_by_themselves(place: tuple[int, int]) -> None:
    one, other = pair(*place)
    own = lesion_counts(one, one)
    assert own.found == own.lesions > 0
    assert own.false == 0
    both = lesion_counts(one, other)
    assert 0 <= both.found <= both.lesions
    everywhere = lesion_counts(one, np.ones_like(one))
    assert (everywhere.found, everywhere.false) == (own.lesions, 0)

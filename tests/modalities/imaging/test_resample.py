from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nibabel import orientations
from tests.modalities.imaging.law import law
from torch.nn import functional

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.resample import on_grid, oriented, placed, resampled

ways: Any = orientations  # publishes no types
SIDES = st.integers(2, 40)


def noise(*shape: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@law
@given(SIDES, SIDES, SIDES, SIDES)
def test_scaling_is_what_torch_calls_antialiased_bilinear(rows: int, columns: int, high: int, wide: int) -> None:
    pixels = noise(2, rows, columns)
    theirs = functional.interpolate(torch.from_numpy(pixels)[None], (high, wide), mode="bilinear", antialias=True)
    np.testing.assert_allclose(resampled(pixels, (high, wide)), theirs[0].numpy(), atol=2e-5)


@law
@given(SIDES, SIDES, st.integers(2, 20), st.integers(2, 20), st.integers(2, 20))
def test_a_constant_stays_constant_and_no_value_leaves_the_range(
    rows: int, columns: int, deep: int, high: int, wide: int
) -> None:
    np.testing.assert_allclose(resampled(np.full((1, rows, columns, 7), 3.5), (deep, high, wide)), 3.5, rtol=1e-6)
    pixels = noise(1, rows, columns)
    new = resampled(pixels, (high, wide))
    assert pixels.min() - 1e-6 <= new.min() <= new.max() <= pixels.max() + 1e-6


def test_the_same_grid_changes_nothing() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(1, 4, 6)
    assert resampled(pixels, (4, 6)) is pixels


def test_stripes_too_fine_for_the_new_grid_become_grey_and_no_new_stripes() -> None:
    stripes = np.tile(np.array([0.0, 1.0], dtype=np.float32), 100)[None, None].repeat(200, axis=1)
    assert np.ptp(resampled(stripes, (60, 60))) < 0.1  # nearest or plain linear sampling would give 0 and 1


@law
@given(st.permutations("RAS"), st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_volume_is_turned_to_any_orientation_with_its_geometry(axes: list[str], flipped: list[bool]) -> None:
    opposite = dict(zip("RAS", "LPI", strict=True))
    wanted = "".join(opposite[axis] if flip else axis for axis, flip in zip(axes, flipped, strict=True))
    affine = np.diag([-1.0, -2.0, 3.0, 1.0])
    affine[:3, 3] = (10.0, 20.0, -5.0)
    pixels = noise(1, 4, 5, 6)
    image = Image(pixels, Geometry((1.0, 2.0, 3.0), affine))
    turned = oriented(image, wanted)
    assert turned.geometry is not None
    assert turned.geometry.affine is not None
    assert "".join(ways.aff2axcodes(turned.geometry.affine)) == wanted
    np.testing.assert_allclose(np.linalg.norm(turned.geometry.affine[:3, :3], axis=0), turned.geometry.spacing)
    # Every voxel keeps its place in the patient.
    place = np.array([1, 2, 3])
    where = turned.geometry.affine @ [*place, 1]
    old = np.rint(np.linalg.solve(affine, where))[:3].astype(int)
    assert turned.pixels[0, 1, 2, 3] == pixels[(0, *old)]


@pytest.mark.parametrize("geometry", [None, Geometry((1.0, 1.0, 1.0))])
def test_orientation_without_an_affine_is_refused(geometry: Geometry | None) -> None:
    with pytest.raises(FileProblem, match=r"does not say where its axes point.*RAS.*orientation=None"):
        oriented(Image(noise(1, 4, 4, 4), geometry), "RAS")


def test_a_declared_spacing_is_kept_exactly_and_around_the_centre() -> None:
    # A ramp of one unit a millimetre: neighbours must differ by the declared millimetres wherever the image reaches.
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32)[:, None] * 0.7, (30, 20))[None]
    image = Image(ramp, Geometry((0.7, 1.0)))
    new = on_grid(image, ImagePlan((16, 16), spacing=(1.3, 1.0)))
    assert new.shape == (1, 16, 20)
    np.testing.assert_allclose(np.diff(new[0, 1:-1, 0]), 1.3, rtol=0.05)  # a triangle on a grid is linear but nearly
    assert (new[0, -2, 0] - new[0, 1, 0]) / 13 == pytest.approx(1.3, rel=0.01)
    assert new.mean() == pytest.approx(ramp.mean(), rel=1e-3)


def test_a_spacing_that_the_file_does_not_tell_is_refused() -> None:
    with pytest.raises(FileProblem, match=r"distance between its pixels.*1.3 x 1 mm.*spacing=None"):
        on_grid(Image(noise(1, 30, 20)), ImagePlan((16, 16), spacing=(1.3, 1.0)))


@pytest.mark.parametrize(("fit", "size"), [("letterbox", (8, 16)), ("crop", (16, 32)), ("stretch", (16, 16))])
def test_the_aspect_is_kept_unless_stretching_is_declared(fit: Any, size: tuple[int, int]) -> None:
    plan = ImagePlan((16, 16), fit=fit)
    assert on_grid(Image(noise(1, 20, 40)), plan).shape[1:] == size
    assert placed(on_grid(Image(noise(1, 20, 40)), plan), plan.size).shape == (1, 16, 16)


def test_the_aspect_is_that_of_millimetres_where_they_are_known() -> None:
    slices = Image(noise(1, 10, 30, 30), Geometry((3.0, 1.0, 1.0)))
    assert on_grid(slices, ImagePlan((24, 24, 24))).shape[1:] == (24, 24, 24)


def test_padding_is_as_dark_as_the_darkest_of_its_channel_and_even_on_both_sides() -> None:
    pixels = np.stack([np.full((2, 4), 7.0), np.full((2, 4), 9.0)])
    pixels[0, 0, 0] = 3.0
    whole = placed(pixels, (4, 4))
    np.testing.assert_array_equal(whole[:, 1:3], pixels)
    assert (whole[0, [0, 3]] == 3.0).all()
    assert (whole[1, [0, 3]] == 9.0).all()
    np.testing.assert_array_equal(placed(whole, (2, 4)), pixels)


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 2)])
def test_an_image_that_is_too_small_is_refused_with_its_size(size: tuple[int, int]) -> None:
    with pytest.raises(FileProblem, match=f"{size[0]} x {size[1]} pixels.*smaller size"):
        on_grid(Image(noise(1, *size)), ImagePlan((28, 28)))
    assert on_grid(Image(noise(1, 3, 3)), ImagePlan((28, 28), enlarge=10.0)).shape == (1, 28, 28)


def test_a_tilted_volume_is_not_resampled_as_if_it_were_straight() -> None:
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[1, 2] = 2.0
    tilted = Image(noise(1, 6, 6, 6), Geometry((1.0, 1.0, float(np.hypot(2, 3))), affine))
    with pytest.raises(FileProblem, match=r"meet at 56\.3 degrees.*declare spacing=None"):
        on_grid(tilted, ImagePlan(size=(6, 6, 6), spacing=(2.0, 2.0, 2.0)))
    assert on_grid(tilted, ImagePlan(size=(6, 6, 6), fit="stretch")).shape == (1, 6, 6, 6)
    nearly = affine.copy()
    nearly[1, 2] = 0.03
    straight = Image(tilted.pixels, Geometry((1.0, 1.0, 3.0), nearly))
    assert on_grid(straight, ImagePlan(size=(6, 6, 6), spacing=(2.0, 2.0, 2.0))).shape == (1, 3, 3, 9)

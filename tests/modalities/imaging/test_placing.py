"""Where prepared pixels lie: a ramp of coordinates, prepared, shows at every pixel the place that is told."""

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.placing import placement, uncut_placement
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.shaped import shaped, uncut
from bedside.types import Floats

CODES = tuple("".join(letters) for order in permutations(("RL", "AP", "SI")) for letters in product(*order))


def ramp(size: tuple[int, ...], geometry: Geometry | None = None) -> Image:
    """An image whose channels hold each pixel's own coordinates."""
    return Image(np.stack(np.meshgrid(*map(np.arange, size), indexing="ij")).astype(np.float32), geometry)


def affine(codes: str, spacing: tuple[float, ...]) -> Floats:
    """Of a volume whose axes point as these letters say."""
    found = np.eye(4)
    found[:3, :3] = 0.0
    for axis, (letter, distance) in enumerate(zip(codes, spacing, strict=True)):
        row = next(row for row, pair in enumerate(("LR", "PA", "IS")) if letter in pair)
        found[row, axis] = distance if letter in "RAS" else -distance
    found[:3, 3] = (-7.0, 11.0, 3.0)
    return found


def agree(image: Image, plan: ImagePlan) -> None:
    """Away from the borders, where neighbours are missing, every prepared pixel shows where it comes from."""
    found, prepared = placement(image, plan), shaped(image, plan).pixels
    assert found.before == image.size
    assert found.after == plan.size == prepared.shape[1:]
    places = np.stack(np.meshgrid(*map(np.arange, plan.size), indexing="ij"), axis=-1).reshape(-1, len(plan.size))
    told = found.points_back(places.astype(np.float64))
    np.testing.assert_allclose(found.points(told), places, atol=1e-9)
    # The filter is as wide as a step to either side; nearer to the border it is cut off.
    reach = np.empty(image.dimensions)
    reach[list(found.axes)] = np.maximum(1.0, np.abs(found.pitch))
    inside = ((told >= reach - 1) & (told <= np.array(image.size) - reach)).all(axis=1)
    shown = prepared.reshape(image.dimensions, -1).T
    # Interpolation is exact on a ramp, the average over a wider step only nearly: its weights are few.
    off = np.abs(shown[inside] - told[inside]) / np.where(reach > 1.0, 0.1 * reach, 1e-3)
    assert off.max(initial=0.0) <= 1.0
    # The part beyond the image is padding: the smallest value of each channel.
    beyond = ((told < -0.5 - reach) | (told > np.array(image.size) - 0.5 + reach)).any(axis=1)
    if plan.orientation is None and beyond.any():
        assert len(np.unique(shown[beyond], axis=0)) == 1


@law
@given(
    size=st.tuples(st.integers(6, 40), st.integers(6, 40)),
    want=st.tuples(st.integers(4, 40), st.integers(4, 40)),
    fit=st.sampled_from(["letterbox", "crop", "stretch"]),
    spacing=st.none() | st.tuples(st.floats(0.5, 3.0), st.floats(0.5, 3.0)),
)
def test_images_scaled_to_a_size(
    size: tuple[int, ...], want: tuple[int, ...], fit: str, spacing: "tuple[float, ...] | None"
) -> None:
    geometry = None if spacing is None else Geometry(spacing)
    plan = ImagePlan(size=want, channels=2, fit=fit, clip=None, scale="image", enlarge=1e6)  # type: ignore[arg-type]
    agree(ramp(size, geometry), plan)


@law
@given(
    size=st.tuples(*(st.integers(4, 16) for _ in range(3))),
    want=st.tuples(*(st.integers(3, 14) for _ in range(3))),
    have=st.tuples(*(st.floats(0.5, 3.0) for _ in range(3))),
    spacing=st.none() | st.tuples(*(st.floats(0.5, 3.0) for _ in range(3))),
    codes=st.sampled_from(CODES),
    orientation=st.none() | st.sampled_from(CODES),
)
def test_volumes_turned_and_resampled(
    size: tuple[int, ...],
    want: tuple[int, ...],
    have: tuple[float, ...],
    spacing: "tuple[float, ...] | None",
    codes: str,
    orientation: "str | None",
) -> None:
    plan = ImagePlan(
        size=want, channels=3, spacing=spacing, orientation=orientation, clip=None, scale="image", enlarge=1e6
    )
    agree(ramp(size, Geometry(have, affine(codes, have))), plan)


@law
@given(
    size=st.tuples(*(st.integers(4, 16) for _ in range(3))),
    spacing=st.none() | st.tuples(*(st.floats(0.5, 3.0) for _ in range(3))),
    codes=st.sampled_from(CODES),
)
def test_what_is_not_cut_has_the_size_that_is_told(
    size: tuple[int, ...], spacing: "tuple[float, ...] | None", codes: str
) -> None:
    image = ramp(size, Geometry((1.0, 1.0, 2.0), affine(codes, (1.0, 1.0, 2.0))))
    plan = ImagePlan(size=(4, 4, 4), channels=3, spacing=spacing, orientation="RAS", clip=None, scale="image")
    plan = replace(plan, enlarge=1e6)
    found, made = uncut_placement(image, plan, scaled=False), uncut(image, plan, scaled=False)
    assert found.after == made.pixels.shape[1:]
    if spacing is None:
        assert set(map(abs, found.pitch)) == {1.0}
        corner = found.points_back(np.zeros((1, 3)))[0]
        np.testing.assert_array_equal(made.pixels[:, 0, 0, 0], corner)


@pytest.mark.parametrize("spacing", [None, (2.0, 3.0)])
def test_images_from_which_hair_is_removed_are_shrunk_first(spacing: "tuple[float, ...] | None") -> None:
    """Their grid is that of two steps in a row; 8-bit colours show it to a whole number."""
    rows, columns = np.meshgrid(np.arange(101), np.arange(83), indexing="ij")
    image = Image(np.stack([rows, columns, 0 * rows]).astype(np.uint8), Geometry((1.0, 1.5)))
    plan = ImagePlan(size=(20, 24), channels=3, remove_hair=True, scale="image", clip=None, spacing=spacing)
    found, made = placement(image, plan), shaped(image, plan).pixels
    for place in ((10, 12), (8, 9), (12, 15)):
        told = found.points_back(np.array([place], dtype=np.float64))[0]
        np.testing.assert_allclose(made[(slice(0, 2), *place)], told, atol=1.01)


def test_what_cannot_be_prepared_has_no_place() -> None:
    with pytest.raises(FileProblem, match="where its axes point"):
        placement(ramp((5, 6, 7)), ImagePlan(size=(4, 4, 4), channels=3, orientation="RAS"))
    with pytest.raises(FileProblem, match="distance between its pixels"):
        placement(ramp((5, 6, 7)), ImagePlan(size=(4, 4, 4), channels=3, spacing=(1.0, 1.0, 1.0)))

"""A map comes back to where the image was, whatever the plan did to it."""

from typing import Any

import numpy as np
import pytest

from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.laid_back import laid_back
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.shaped import shaped


def marked(size: tuple[int, ...], place: tuple[float, ...], geometry: Geometry | None = None) -> Image:
    """A smooth bump at this share of each axis."""
    axes = np.meshgrid(*((np.arange(n) + 0.5) / n for n in size), indexing="ij")
    apart = sum((axis - share) ** 2 for axis, share in zip(axes, place, strict=True))
    return Image(100.0 * np.exp(-np.asarray(apart) / 0.01)[None], geometry)


def peak(values: Any) -> tuple[float, ...]:
    found = np.unravel_index(int(values.argmax()), values.shape)
    return tuple((int(k) + 0.5) / n for k, n in zip(found, values.shape, strict=True))


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("size", [(40, 40), (30, 61), (90, 44), (24, 24)])
def test_what_was_seen_lands_where_it_was(size: tuple[int, int], fit: Any) -> None:
    image, plan = marked(size, (0.4, 0.6)), ImagePlan(size=(24, 24), fit=fit)
    values = shaped(image, plan).pixels[0].astype(np.float32)
    np.testing.assert_allclose(peak(laid_back(values, image, plan)), (0.4, 0.6), atol=0.05)


def test_a_map_of_the_same_grid_is_unchanged() -> None:
    values = np.random.default_rng(0).random((12, 15)).astype(np.float32)
    found = laid_back(values, Image(np.zeros((1, 12, 15))), ImagePlan(size=(12, 15)))
    np.testing.assert_allclose(found, values, atol=1e-6)


def test_what_was_cut_away_moved_nothing() -> None:
    found = laid_back(
        np.ones((20, 20), dtype=np.float32), Image(np.zeros((1, 20, 40))), ImagePlan((20, 20), fit="crop")
    )
    assert found.shape == (20, 20)
    np.testing.assert_array_equal(found.any(axis=0), [False] * 5 + [True] * 10 + [False] * 5)


@pytest.mark.parametrize("orientation", [None, "RAS", "PIR", "LSA"])
def test_turned_and_resampled_volumes(orientation: str | None) -> None:
    affine = np.diag([-2.0, 1.0, 1.5, 1.0])
    image = marked((20, 36, 28), (0.3, 0.6, 0.7), Geometry((2.0, 1.0, 1.5), affine))
    plan = ImagePlan(size=(32, 30, 34), spacing=(1.5, 1.5, 1.5), orientation=orientation)
    values = shaped(image, plan).pixels[0].astype(np.float32)
    np.testing.assert_allclose(peak(laid_back(values, image, plan)), (0.3, 0.6, 0.7), atol=0.06)

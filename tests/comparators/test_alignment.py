"""Images brought onto each other, and outlines carried with them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from tests.comparators.outlined import PARTS, SOLID_PLAN, bodies

from bedside.comparators.alignment import Frame, aligned, carried, likeness
from bedside.comparators.atlas import MultiAtlas, shared
from bedside.comparators.mean_location import MeanLocation
from bedside.endpoints.mask.mask import Mask


def blobs(size: tuple[int, ...], seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    noise = np.random.default_rng(seed).normal(size=size)
    made = ndimage.gaussian_filter(noise, 3.0)
    return np.asarray(made / made.std(), dtype=np.float32)


@pytest.mark.parametrize("size", [(40, 32), (22, 26, 20)])
def test_a_move_is_found(size: tuple[int, ...]) -> None:
    """The second image is the first one moved by 2 and -3 pixels: each of its pixels comes from there."""
    whole = blobs(size, 1)
    shift = (2.0, -3.0, 1.0)[: len(size)]
    moved = ndimage.shift(whole, [-one for one in shift], order=1, mode="nearest")
    first, second = (Frame(each, np.ones(len(size))) for each in (whole, moved))
    assert likeness(first, second) < 0.9
    where = carried(first, second, aligned(first, second))
    middle = tuple(slice(6, -6) for _ in size)
    off = where - np.indices(size) - np.array(shift).reshape(-1, *(1 for _ in size))
    assert np.abs(off[(slice(None), *middle)]).mean() < 0.6


def test_a_turn_is_found_in_millimetres() -> None:
    """Pixels twice as long along the second axis: turned by 12 degrees about the centre."""
    size, spacing = (48, 24), np.array([1.0, 2.0])
    whole = Frame(ndimage.zoom(blobs((48, 48), 2), (1, 0.5), order=1), spacing)
    angle = np.radians(12.0)
    places = (np.indices(size).reshape(2, -1).T - (np.array(size) - 1) / 2) * spacing
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = ((places @ turn.T) / spacing + (np.array(size) - 1) / 2).T.reshape(2, *size)
    turned = Frame(ndimage.map_coordinates(whole.grey, expected, order=1, mode="nearest"), spacing)
    off = np.abs(carried(whole, turned, aligned(whole, turned)) - expected)
    assert off[:, 10:-10, 5:-5].mean() < 0.7


def test_an_image_lies_on_itself() -> None:
    frame = Frame(blobs((24, 30), 3), np.ones(2))
    assert likeness(frame, frame) == pytest.approx(1.0)
    np.testing.assert_allclose(carried(frame, frame, np.zeros(4)), np.indices((24, 30)), atol=1e-9)
    assert np.abs(aligned(frame, frame)).max() < 0.1


def test_an_even_image_is_like_nothing() -> None:
    even = Frame(np.zeros((12, 12), dtype=np.float32), np.ones(2))
    assert likeness(even, Frame(blobs((12, 12), 1), np.ones(2))) == 0.0


def test_its_own_atlas_outlines_an_image() -> None:
    development = bodies(3)
    recipe = MultiAtlas(PARTS, SOLID_PLAN)
    model, record = recipe.fit({"atlases": 1, "sharpness": 2.0}, development, [], seed=1)
    (told,) = model.predict([development[1].predictors])
    assert PARTS.loss([development[1].outcome], [told]) < 0.25, "but for what resampling blurs"
    assert record == {"atlases": 3, "voters": 1, "holds_development_images": True}
    assert "holds these development images" in recipe.description


def test_what_no_atlas_votes_on_is_background_without_a_warning() -> None:
    """So sharp that the weight of every atlas is nought in single precision where brightness differs at all."""
    development = bodies(3)
    model, _ = MultiAtlas(PARTS, SOLID_PLAN).fit({"atlases": 2, "sharpness": 6.0}, development[:2], [], seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (told,) = replace(model, sharpness=1e6).predict([development[2].predictors])
        shares = shared(np.array([[0.0, 1e-30, 1.0], [0.0, 3e-30, 1.0]], dtype=np.float32))
    assert not told.labels.all()
    np.testing.assert_allclose(shares, [[1.0, 0.25, 0.5], [0.0, 0.75, 0.5]], rtol=1e-6)


def test_a_mean_location_follows_proportions_and_size() -> None:
    labels = np.zeros((20, 40), dtype=np.uint8)
    labels[5:10, 10:20] = 1
    location = MeanLocation.of([Mask(labels), Mask(np.ascontiguousarray(np.repeat(labels, 2, axis=0)))])
    found = location.outline((40, 20))
    expected = np.zeros((40, 20), dtype=np.bool_)
    expected[10:20, 5:10] = True
    assert 2 * (found & expected).sum() / (found.sum() + expected.sum()) > 0.85


def test_a_structure_that_is_nowhere_has_no_location() -> None:
    assert not MeanLocation.of([Mask(np.zeros((12, 12), dtype=np.uint8))]).outline((9, 9)).any()

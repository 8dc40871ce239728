"""Maps over pictures: colour and a line where it matters, the picture untouched where it does not."""

import io

import numpy as np
from PIL import Image as Pillow

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.overlay import limits, overlaid
from bedside.modalities.imaging.picture import SQUARE, picture


def test_places_that_do_not_matter_stay_as_they_are_and_the_rest_is_lined() -> None:
    plane = np.full((100, 100), 90, dtype=np.uint8)
    places = np.zeros((10, 10))
    places[2:5, 2:5] = 1.0
    drawn = overlaid(plane, places, *limits(places))
    assert (drawn[60:, 60:] == 90).all()
    assert (drawn == 255).all(axis=2).any()
    inside = drawn[35, 35].astype(int)
    assert inside[0] > inside[2] + 40  # yellow


def test_a_map_without_anything_leaves_the_picture() -> None:
    plane = np.random.default_rng(0).integers(0, 255, (20, 20, 3)).astype(np.uint8)
    np.testing.assert_array_equal(overlaid(plane, np.zeros((4, 4)), *limits(np.zeros((4, 4)))), plane)


def test_few_pixels_are_shown_crisp() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3, 28, 28)).astype(np.uint8)
    drawn = np.asarray(Pillow.open(io.BytesIO(picture(Image(pixels)))))
    known = {tuple(colour) for colour in pixels.reshape(3, -1).T.tolist()}
    assert {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()} <= known


def test_maps_are_drawn_alone_without_any_image() -> None:
    places = np.random.default_rng(0).random((8, 8, 8)).astype(np.float32)
    flat = Pillow.open(io.BytesIO(picture(None, places[0])))
    volume = Pillow.open(io.BytesIO(picture(None, places)))
    assert flat.size == (SQUARE, SQUARE)
    assert volume.size == (3 * SQUARE + 4, SQUARE)


def test_the_planes_of_a_volume_go_through_what_matters() -> None:
    pixels = np.zeros((1, 20, 20, 20), dtype=np.uint8)
    pixels[0, 4:7, 10:13, 15:18] = 200
    places = np.zeros((10, 10, 10), dtype=np.float32)
    places[2:4, 5:7, 7:9] = 1.0
    with_map = np.asarray(Pillow.open(io.BytesIO(picture(Image(pixels), places))))
    without = np.asarray(Pillow.open(io.BytesIO(picture(Image(pixels)))))
    assert (without[:, :192] == 0).all()  # its middle plane misses the bright cube
    upper = with_map[:192]
    assert all(upper[:, start : start + 192].any() for start in (0, 194, 388))

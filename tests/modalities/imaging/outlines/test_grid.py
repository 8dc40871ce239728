"""Outlines on the grid of their image: equal ones pass, others are refused or, when asked for, taken by nearness."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.outlines.grid import onto
from bedside.modalities.imaging.outlines.label_map import LabelMap
from bedside.types import Floats

SIZE = (4, 5, 6)
LABELS = np.random.default_rng(2).integers(0, 3, SIZE).astype(np.uint8)
NAMES = {1: "a", 2: "b"}


def affine(spacing: tuple[float, ...] = (2.0, 1.0, 1.5), turn: float = 0.4) -> Floats:
    made = np.eye(4)
    made[:3, :3] = np.diag(spacing)
    made[:2, :2] = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ made[:2, :2]
    made[:3, 3] = (-7.0, 11.0, 3.0)
    return made


def geometry(placed: Floats) -> Geometry:
    return Geometry(tuple(np.linalg.norm(placed[:3, :3], axis=0).tolist()), placed)


IMAGE = Image(np.zeros((1, *SIZE)), geometry(affine()))
OUTLINES = LabelMap(LABELS, geometry(affine()), NAMES)


def moved(distance: float) -> LabelMap:
    placed = affine()
    placed[0, 3] += distance
    return LabelMap(LABELS, geometry(placed), NAMES)


def test_the_same_grid_passes_with_the_images_geometry() -> None:
    found = onto(moved(0.05), IMAGE)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.geometry is IMAGE.geometry
    bare = LabelMap(LABELS, None, NAMES)
    assert onto(bare, IMAGE).geometry is IMAGE.geometry
    assert onto(OUTLINES, Image(IMAGE.pixels)).geometry is OUTLINES.geometry


@pytest.mark.parametrize(
    ("outlines", "image", "found"),
    [
        (moved(0.2), IMAGE, r"lie up to 0\.2 mm from the pixels of the image, where 0\.1 mm"),
        (LabelMap(LABELS, geometry(affine(turn=0.45)), NAMES), IMAGE, "lie up to"),
        (LabelMap(LABELS[1:], None, NAMES), IMAGE, "have 3 x 5 x 6 pixels and the image 4 x 5 x 6"),
        (LabelMap(LABELS[0], None, NAMES), IMAGE, "have 5 x 6 pixels and the image 4 x 5 x 6"),
        (
            LabelMap(LABELS, Geometry((2.0, 1.0, 1.2)), NAMES),
            IMAGE,
            "have pixels of 2 x 1 x 1.2 mm and the image of 2 x 1 x 1.5 mm",
        ),
    ],
)
def test_another_grid_is_refused_by_both_its_sides(outlines: LabelMap, image: Image, found: str) -> None:
    with pytest.raises(FileProblem, match=found):
        onto(outlines, image)
    if outlines.geometry is not None and outlines.geometry.affine is not None:
        with pytest.raises(FileProblem, match="ask for the nearest label"):
            onto(outlines, image)
        assert onto(outlines, image, nearest=True).size == SIZE
    else:
        with pytest.raises(FileProblem, match="save them on the pixels of their image"):
            onto(outlines, image, nearest=True)


def test_a_wider_tolerance_is_taken_as_asked() -> None:
    assert onto(moved(0.2), IMAGE, tolerance=0.25).geometry is IMAGE.geometry


@law
@given(st.permutations(range(3)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_axes_in_another_order_and_direction_lose_nothing(order: list[int], flipped: list[bool]) -> None:
    step = np.eye(4)
    placed, labels = affine(), LABELS
    for axis, flip in enumerate(flipped):
        if flip:
            step[axis, axis], step[axis, 3] = -1.0, SIZE[axis] - 1.0
            labels = np.flip(labels, axis)
    placed = (placed @ step)[:, [*order, 3]]
    other = LabelMap(np.ascontiguousarray(labels.transpose(order)), geometry(placed), NAMES)
    np.testing.assert_array_equal(onto(other, IMAGE, nearest=True).labels, LABELS)


def test_a_finer_grid_gives_the_label_at_each_centre_and_background_outside() -> None:
    fine = np.repeat(np.repeat(LABELS, 3, axis=1), 3, axis=2)[:, 3:]  # the first row of the image is not covered
    placed = affine()
    placed[:3, 1:3] /= 3.0
    placed[:3, 3] += placed[:3, 1] * 2.0 - placed[:3, 2]
    found = onto(LabelMap(fine, geometry(placed), NAMES), IMAGE, nearest=True)
    np.testing.assert_array_equal(found.labels[:, 1:], LABELS[:, 1:])
    assert not found.labels[:, 0].any()


def test_grids_that_do_not_meet_are_refused() -> None:
    with pytest.raises(FileProblem, match="no pixel of the image lies in their grid"):
        onto(moved(500.0), IMAGE, nearest=True)


def test_a_plane_and_a_volume_are_never_resampled() -> None:
    flat = Image(np.zeros((1, 5, 6)), Geometry((1.0, 1.5)))
    with pytest.raises(FileProblem, match="save them on the pixels of their image"):
        onto(replace(OUTLINES), flat, nearest=True)

"""What is drawn of an outline is what was drawn, what was said, and where they differ; outlines are read once."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from bedside.data.marks import Layer
from bedside.endpoints.mask.drawing import uncertainty
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.outline import Outline
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import OutcomeProblem

ENDPOINT = mask(("core", "rim"), tolerance_pixels=1.0)


def layers(outcome: Mask, prediction: Segmentation) -> dict[str, Layer]:
    assert ENDPOINT.drawing is not None
    return {layer.label: layer for layer in ENDPOINT.drawing(outcome, prediction).layers}


def case() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    drawn, said = np.zeros((6, 6), dtype=np.uint8), np.zeros((6, 6), dtype=np.uint8)
    drawn[1:3, 1:3], drawn[4, :] = 1, 2
    said[1:3, 2:4], said[4, :3] = 1, 2
    return drawn, said


def test_errors_are_the_places_where_labels_differ() -> None:
    drawn, said = case()
    missed, added = layers(Mask(drawn), Segmentation.drawn(said, 2))["errors"].marks
    np.testing.assert_array_equal(missed.inside, (drawn != said) & (drawn > 0))
    np.testing.assert_array_equal(added.inside, (drawn == 0) & (said > 0))


def test_every_structure_has_its_two_lines() -> None:
    drawn, said = case()
    lines = layers(Mask(drawn), Segmentation.drawn(said, 2))["outlines"].marks
    assert [(one.role, one.number) for one in lines] == [
        ("reference", 0), ("reference", 1), ("predicted", 0), ("predicted", 1)
    ]  # fmt: skip
    np.testing.assert_array_equal(lines[1].inside, drawn == 2)
    np.testing.assert_array_equal(lines[2].inside, said == 1)


def test_nothing_is_drawn_outside_the_judged_region() -> None:
    drawn, said = case()
    judged = np.zeros((6, 6), dtype=np.bool_)
    judged[:3] = True
    for layer in layers(Mask(drawn, judged=judged), Segmentation.drawn(said, 2)).values():
        assert not any(mark.inside[3:].any() for mark in layer.marks if mark.inside is not None)


def test_doubt_is_largest_where_all_are_equally_probable() -> None:
    shares = np.zeros((2, 1, 3), dtype=np.uint8)
    shares[:, 0, 0], shares[0, 0, 1] = 85, 255
    found = uncertainty(Segmentation(shares))
    np.testing.assert_allclose(found[0], [1.0, 0.0, 0.0], atol=1e-9)
    drawn, said = case()
    assert "doubt" not in layers(Mask(drawn), Segmentation.drawn(said, 2))


def test_doubt_of_a_volume_needs_little_more_room_than_it_takes() -> None:
    prediction = Segmentation(np.full((2, 40, 60, 60), 80, dtype=np.uint8))
    tracemalloc.start()
    found = uncertainty(prediction)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * found.nbytes


def test_the_caption_tells_dice_and_what_has_none() -> None:
    drawn, said = case()
    drawn[4], said[4] = 0, 0
    assert ENDPOINT.drawing is not None
    caption = ENDPOINT.drawing(Mask(drawn), Segmentation.drawn(said, 2)).caption
    assert "core 0.500" in caption
    assert "rim neither drawn nor predicted" in caption


class Told:
    """A file of labels that counts how often it is read."""

    geometry = None

    def __init__(self, labels: NDArray[np.uint16]) -> None:
        self.labels, self.times = labels, 0

    def read(self) -> "Told":
        self.times += 1
        return self


def test_an_outline_is_read_once_and_needs_no_more_than_a_byte() -> None:
    told, field = Told(np.array([[0, 2], [1, 0]], dtype=np.uint16)), Told(np.array([[1, 1], [0, 1]], dtype=np.uint16))
    outline = Outline(told, field)
    mask_of = outline.read()
    assert mask_of.labels.dtype == np.uint8
    assert mask_of.judged is not None
    assert mask_of.judged.tolist() == [[True, True], [False, True]]
    assert outline.read() is mask_of
    assert told.times == 1
    with pytest.raises(OutcomeProblem, match="label 300"):
        Outline(Told(np.array([[300, 0], [0, 0]], dtype=np.uint16))).read()

"""What is drawn of boxes: all that are there and found, and those that have no partner."""

import numpy as np

from bedside.data.marks import Mark
from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.drawing import SHOWN
from bedside.endpoints.boxes.kind import boxes

ENDPOINT = boxes(("red", "white"))
THERE = np.array([[0, 0, 10, 10], [20, 20, 30, 30], [0, 20, 10, 30]], dtype=np.float32)
OUTCOME = Boxes(THERE, np.array([0, 0, 1]))
FOUND = Found(
    np.array([[1, 1, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [0, 20, 10, 30]], dtype=np.float32),
    np.array([0, 0, 1, 1]),
    np.array([0.9, 0.8, 0.7, SHOWN / 2], dtype=np.float32),
)


def corners(mark: Mark) -> list[list[float]]:
    assert mark.corners is not None
    return [[float(edge) for edge in box] for box in mark.corners]


def test_each_box_is_missed_found_or_false_once() -> None:
    assert ENDPOINT.drawing is not None
    drawn = ENDPOINT.drawing(OUTCOME, FOUND)
    missed, added = drawn.layers[1].marks
    # The second red one is found as a white one only; the white one is found, but without conviction.
    assert corners(missed) == [THERE[1].tolist(), THERE[2].tolist()]
    assert corners(added) == [[0, 0, 10, 9], [20, 20, 30, 30]]
    assert "red 2 there, 2 found, 1 of them rightly; white 1 there, 1 found, 0 of them rightly" in drawn.caption


def test_lines_are_of_the_kinds() -> None:
    assert ENDPOINT.drawing is not None
    lines = ENDPOINT.drawing(OUTCOME, FOUND).layers[0].marks
    assert [(one.role, one.number, len(corners(one))) for one in lines] == [
        ("reference", 0, 2), ("reference", 1, 1), ("predicted", 0, 2), ("predicted", 1, 1)
    ]  # fmt: skip


def test_an_image_without_boxes_is_drawn_too() -> None:
    assert ENDPOINT.drawing is not None
    nothing = Boxes(np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.int64))
    missed, added = ENDPOINT.drawing(nothing, FOUND).layers[1].marks
    assert not corners(missed)
    assert len(corners(added)) == 3
    missed, added = ENDPOINT.drawing(OUTCOME, Found.nothing(2)).layers[1].marks
    assert len(corners(missed)) == 3
    assert not corners(added)

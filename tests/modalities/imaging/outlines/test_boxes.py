"""Boxes of VOC and COCO files: the same box from both, parsed safely, and impossible ones named by their number."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.outlines.box_list import BoxList
from bedside.modalities.imaging.outlines.coco import read_coco
from bedside.modalities.imaging.outlines.voc import read_voc

SIZE = (20, 30)
WHOLE = st.tuples(st.integers(1, 20), st.integers(1, 30), st.integers(0, 19), st.integers(0, 29))


def voc(
    path: Path, boxes: Any, size: str = "<size><width>30</width><height>20</height></size>", head: str = ""
) -> Path:
    objects = "".join(
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
        f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for name, difficult, (x0, y0, x1, y1) in boxes
    )
    path.write_text(f"{head}<annotation>{size}{objects}</annotation>", encoding="utf-8")
    return path


def coco(path: Path, annotations: Any, **replaced: Any) -> Path:
    whole = {
        "images": [
            {"id": 7, "file_name": "a.png", "height": 20, "width": 30},
            {"id": 9, "file_name": "b.png", "height": 5, "width": 6},
        ],
        "categories": [{"id": 3, "name": "cell"}, {"id": 1, "name": "dust"}],
        "annotations": annotations,
    }
    path.write_text(json.dumps({**whole, **replaced}))
    return path


def test_a_box_of_voc_holds_both_its_corners(tmp_path: Path) -> None:
    path = voc(tmp_path / "a.xml", [("cell", 0, (1, 1, 30, 20)), ("dust", 1, (5, 4, 5, 4))])
    found = read_voc(path)
    np.testing.assert_array_equal(found.corners, [[-0.5, -0.5, 19.5, 29.5], [2.5, 3.5, 3.5, 4.5]])
    assert found.corners.dtype == np.float32
    assert found.names == ("cell", "dust")
    assert found.size == SIZE
    assert found.aside.tolist() == [False, True]
    assert found.clipped == 0


def test_a_box_of_coco_is_a_corner_and_a_size(tmp_path: Path) -> None:
    path = coco(
        tmp_path / "a.json",
        [
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 30, 20], "segmentation": [[0, 0, 1, 1, 1, 0]]},
            {"image_id": 7, "category_id": 1, "bbox": [4.0, 3.0, 1.0, 1.5], "iscrowd": 1, "segmentation": []},
        ],
    )
    found = read_coco(path)
    assert set(found.boxes) == {"a.png", "b.png"}
    boxes = found.boxes["a.png"]
    np.testing.assert_array_equal(boxes.corners, [[-0.5, -0.5, 19.5, 29.5], [2.5, 3.5, 4.0, 4.5]])
    assert boxes.aside.tolist() == [False, True]
    assert found.outlines == 1
    assert found.names == ("cell", "dust")
    assert found.boxes["b.png"].corners.shape == (0, 4)
    assert found.boxes["b.png"].size == (5, 6)


def test_a_size_of_coco_may_be_written_with_a_point(tmp_path: Path) -> None:
    item = {"image_id": 7, "category_id": 3, "bbox": [0, 0, 30, 20]}
    images = [{"id": 7, "file_name": "a.png", "height": 20.0, "width": 30.0}]
    boxes = read_coco(coco(tmp_path / "a.json", [item], images=images)).boxes["a.png"]
    assert boxes.size == (20, 30)
    assert all(isinstance(one, int) for one in boxes.size)


@law
@given(st.lists(WHOLE, min_size=1, max_size=4))
def test_both_formats_tell_the_same_boxes(tmp_path_factory: pytest.TempPathFactory, told: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("boxes")
    pixels = [(r, c, min(20, r + h), min(30, c + w)) for r, c, h, w in told]
    one = read_voc(voc(folder / "a.xml", [("cell", 0, (c, r, c1, r1)) for r, c, r1, c1 in pixels]))
    boxes = [
        {"image_id": 7, "category_id": 3, "bbox": [c - 1, r - 1, c1 - c + 1, r1 - r + 1]} for r, c, r1, c1 in pixels
    ]
    other = read_coco(coco(folder / "a.json", boxes)).boxes["a.png"]
    np.testing.assert_array_equal(one.corners, other.corners)
    starts, ends = np.split(one.corners, 2, axis=1)
    covered = [(r1 - r + 1) * (c1 - c + 1) for r, c, r1, c1 in pixels]
    np.testing.assert_array_equal(np.prod(ends - starts, axis=1), covered)


def test_a_box_that_overshoots_a_little_is_cut_and_counted(tmp_path: Path) -> None:
    path = voc(tmp_path / "a.xml", [("cell", 0, (0, 5, 32, 8)), ("cell", 0, (2, 2, 4, 4))])
    found = read_voc(path)
    np.testing.assert_array_equal(found.corners[0], [3.5, -0.5, 7.5, 29.5])
    assert found.clipped == 1
    with pytest.raises(FileProblem, match=r"box 1 in .*a\.xml reaches out of its image of 20 x 30 .* more than 0"):
        read_voc(path, overshoot=0.0)


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ((8, 5, 4, 9), "ends where it starts or before"),
        ((8, 9, 12, 5), "ends where it starts or before"),
        ((8, 5, 35, 9), "reaches out of its image"),
        ((31, 5, 32, 9), "lies outside"),
        ((-9, 5, 0, 9), "reaches out of its image"),
        (("nan", 5, 7, 9), "not finite"),
        (("left", 5, 7, 9), "corner that is no number"),
        (("", 5, 7, 9), "has no <bndbox/xmin>"),
    ],
)
def test_a_box_that_cannot_be_is_named_by_file_and_number(tmp_path: Path, box: Any, found: str) -> None:
    path = voc(tmp_path / "a.xml", [("cell", 0, (2, 2, 4, 4)), ("cell", 0, box)])
    with pytest.raises(FileProblem, match=found) as caught:
        read_voc(path)
    assert f"box 2 in {path}" in str(caught.value)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({"bbox": [4, 3, 0, 2]}, "bbox 0 wide and 2 high"),
        ({"bbox": [4, 3, -5, 2]}, "bbox -5 wide"),
        ({"bbox": [4, 3, 2]}, "no bbox of four numbers"),
        ({"bbox": [4, 3, 2, None]}, "no bbox of four numbers"),
        ({"bbox": "4 3 2 2"}, "has no bbox"),
        ({"image_id": 8}, "image_id that the file does not describe"),
        ({"category_id": 8}, "category_id that the file does not describe"),
        ({"bbox": [4, 3, 50, 2]}, "box 2 in .* reaches out"),
    ],
)
def test_an_annotation_of_coco_that_cannot_be_is_named(tmp_path: Path, item: Any, found: str) -> None:
    good = {"image_id": 9, "category_id": 3, "bbox": [0, 0, 3, 3]}
    path = coco(tmp_path / "a.json", [good, {**good, "image_id": 7, **item}])
    with pytest.raises(FileProblem, match=found) as caught:
        read_coco(path)
    assert str(path) in str(caught.value)
    assert " 2 " in str(caught.value)


@pytest.mark.parametrize(
    ("replaced", "found"),
    [
        ({"images": None}, "no list of images"),
        ({"images": [{"id": 7, "file_name": "a.png", "height": 20, "width": 0}]}, "without height or width"),
        ({"images": [{"id": 7, "file_name": "a.png", "height": 20, "width": 30.5}]}, "without height or width"),
        ({"images": [{"id": 7, "file_name": "a.png", "height": 20, "width": float("nan")}]}, "without height or width"),
        ({"images": [{"id": 7, "file_name": "a.png", "height": 20}]}, "item 1 of images .* has no width"),
        ({"images": [{"id": 7, "file_name": "a.png", "height": 2, "width": 3}] * 2}, "1 images whose id is another's"),
        (
            {"images": [{"id": k, "file_name": "a.png", "height": 2, "width": 3} for k in (7, 8)]},
            "two images of one file name",
        ),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 3, "name": "a"}]}, "two categories of one name"),
    ],
)
def test_a_coco_file_that_contradicts_itself_is_refused(tmp_path: Path, replaced: Any, found: str) -> None:
    with pytest.raises(FileProblem, match=found):
        read_coco(coco(tmp_path / "a.json", [], **replaced))


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = coco(tmp_path / "a.json", [])
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(FileProblem, match="no JSON"):
        read_coco(path)
    path.write_text("[" * 200_000)
    with pytest.raises(FileProblem, match="no JSON"):
        read_coco(path)
    with pytest.raises(FileProblem, match="cannot be read"):
        read_coco(tmp_path / "absent.json")


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_xml_with_a_document_type_is_refused_before_anything_is_expanded(tmp_path: Path, coding: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    bombs = "".join(f'<!ENTITY b{k + 1} "{f"&b{k};" * 10}">' for k in range(9))
    for inner in (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', f'<!ENTITY b0 "x">{bombs}<!ENTITY e "&b9;">', ""):
        head = f'<?xml version="1.0" encoding="{coding}"?><!DOCTYPE annotation [{inner}]>'
        path = voc(tmp_path / "a.xml", [("&e;" if inner else "cell", 0, (2, 2, 4, 4))], head=head)
        path.write_text(path.read_text("utf-8"), encoding=coding)
        with pytest.raises(FileProblem, match="declares a document type") as caught:
            read_voc(path)
        assert "secret" not in str(caught.value).replace(str(tmp_path), "")


def test_what_is_no_annotation_is_refused(tmp_path: Path) -> None:
    path = voc(tmp_path / "a.xml", [("cell", 0, (2, 2, 4, 4))])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileProblem, match="not well-formed XML"):
        read_voc(path)
    path.write_text("<html/>")
    with pytest.raises(FileProblem, match="root is <html>"):
        read_voc(path)
    path.write_text("")
    with pytest.raises(FileProblem, match="not well-formed"):
        read_voc(path)
    with pytest.raises(FileProblem, match="cannot be read"):
        read_voc(tmp_path / "absent.xml")


def test_the_size_of_the_image_is_known_and_agrees(tmp_path: Path) -> None:
    path = voc(tmp_path / "a.xml", [("cell", 0, (2, 2, 4, 4))], size="")
    with pytest.raises(FileProblem, match="does not tell the size of its image"):
        read_voc(path)
    assert read_voc(path, size=SIZE).size == SIZE
    known = voc(tmp_path / "b.xml", [])
    assert read_voc(known).corners.shape == (0, 4)
    with pytest.raises(FileProblem, match=r"on an image of 20 x 30 pixels \(rows first\) and the image has 30 x 20"):
        read_voc(known, size=(30, 20))
    odd = voc(tmp_path / "c.xml", [], size="<size><width>3.5</width><height>20</height></size>")
    with pytest.raises(FileProblem, match="no whole number"):
        read_voc(odd)
    boxes = read_voc(known)
    assert boxes.on(Image(np.zeros((3, *SIZE))), "b.xml") is boxes
    with pytest.raises(FileProblem, match=r"b\.xml was drawn on an image of 20 x 30"):
        boxes.on(Image(np.zeros((3, 30, 20))), "b.xml")


def test_boxes_of_volumes_have_six_corners() -> None:
    found = BoxList.of(np.array([[0.5, 1.5, 2.5, 3.5, 4.5, 5.5]]), ["nodule"], (9, 9, 9), "a")
    assert found.corners.shape == (1, 6)
    with pytest.raises(FileProblem, match="corners of the shape"):
        BoxList(found.corners, ("nodule",), (9, 9), found.aside)

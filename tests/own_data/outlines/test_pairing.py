"""Files of outlines and images belong together by name; what is not certain is told, never guessed."""

from pathlib import Path

import numpy as np
import pytest
from tests.own_data.outlines.scenes import png

from bedside.errors import FileProblem
from bedside.own_data.images.files import image_files
from bedside.own_data.outlines.pairing import Pairs, outline_files, paired


def pairs(root: Path, images: list[str], outlines: list[str], folder: str = "masks") -> Pairs:
    for where, names in (("images", images), (folder, outlines)):
        for name in names:
            png(root / where / name, np.zeros((3, 3), dtype=np.uint8))
    files = outline_files(root / folder, root / "images")
    return paired(image_files(root / "images", without=files), root / folder, files)


@pytest.mark.parametrize(
    ("image", "outline"),
    [
        ("a.png", "a.png"),
        ("a.png", "a_mask.png"),
        ("a.png", "a_seg.tif"),
        ("a.png", "a-label.png"),
        ("a.png", "a_gt.png"),
        ("a.png", "A_MASK.png".replace("A", "a")),
        ("a.png", "mask_a.png"),
        ("a_0000.png", "a.png"),
        ("img_a.png", "mask_a.png"),
        ("ward/a.png", "ward/a_mask.png"),
        ("ward/a.png", "a_segmentation.png"),
        ("roi_12.png", "roi_12.png"),
        ("a.1.png", "a.1_mask.png"),
    ],
)
def test_usual_names_belong_together(tmp_path: Path, image: str, outline: str) -> None:
    found = pairs(tmp_path, [image, "other.png"], [outline])
    assert found.found == {tmp_path / "images" / image: tmp_path / "masks" / outline}
    assert not found.several
    assert not found.unused


def test_the_path_decides_before_the_name(tmp_path: Path) -> None:
    found = pairs(tmp_path, ["x/a.png", "y/a.png"], ["x/a.png", "y/a.png"])
    assert {image.parent.name: mask.parent.name for image, mask in found.found.items()} == {"x": "x", "y": "y"}


def test_what_is_not_certain_is_told(tmp_path: Path) -> None:
    found = pairs(tmp_path, ["a.png", "b.png", "c.png"], ["a_mask.png", "a_mask_1.png", "b.png", "z.png"])
    assert {image.name: mask.name for image, mask in found.found.items()} == {"b.png": "b.png"}
    assert [image.name for image in found.several] == ["a.png"]
    assert [path.name for path in found.unused] == ["z.png"]


def test_one_file_cannot_be_of_two_images(tmp_path: Path) -> None:
    found = pairs(tmp_path, ["x/a.png", "y/a.png", "b.png"], ["a.png", "b.png"])
    assert [image.name for image in found.found] == ["b.png"]
    assert len(found.several) == 2


def test_images_and_outlines_may_share_a_folder(tmp_path: Path) -> None:
    found = pairs(tmp_path, ["a.png", "b.png"], ["a_label.png", "b_gt.png"], folder="images")
    assert {image.name: mask.name for image, mask in found.found.items()} == {
        "a.png": "a_label.png",
        "b.png": "b_gt.png",
    }


def test_no_pair_at_all_is_refused_with_an_example_of_both(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"an image is a\.png, a file of outlines z\.png.*such as a_mask"):
        pairs(tmp_path, ["a.png"], ["z.png"])

"""Images, masks and boxes that allow no study: one clear sentence of the right kind, before anything is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.own_data.outlines.scenes import AFFINE, boxed, coco, masked, nifti, png, scene, voc, volumes

from bedside.errors import BedsideError, CohortProblem, FileProblem, OutcomeProblem, StudyError
from bedside.own_data.outlines.about import About
from bedside.own_data.outlines.study import study_from_boxes, study_from_masks

Folders = tuple[Path, Path]


def wrong_size(root: Path) -> Folders:
    images, masks = masked(root)
    png(masks / "case_03_mask.png", np.zeros((24, 24), dtype=np.uint8))
    return images, masks


def moved(root: Path) -> Folders:
    images, masks = volumes(root)
    affine = AFFINE.copy()
    affine[0, 3] += 3.0
    nifti(masks / "v_02.nii.gz", scene(2, (12, 18, 10), 2)[1], affine)
    return images, masks


def no_masks(root: Path) -> Folders:
    images, masks = masked(root)
    for path in masks.iterdir():
        path.rename(path.with_name(path.name.replace("case", "patient")))
    return images, masks


def empty(root: Path) -> Folders:
    images, masks = masked(root)
    for path in masks.iterdir():
        path.unlink()
    return images, masks


def background(root: Path) -> Folders:
    return masked(root, value=0)


def unknown(root: Path) -> Folders:
    images, masks = masked(root, value=1)
    png(masks / "case_05_mask.png", scene(5)[1] * np.uint8(3))
    return images, masks


def single_pixels(root: Path) -> Folders:
    for k in range(12):
        png(root / "images" / f"{k}.png", np.full((1, 1), k, dtype=np.uint8))
        png(root / "masks" / f"{k}.png", np.full((1, 1), 255, dtype=np.uint8))
    return root / "images", root / "masks"


def smooth(root: Path) -> Folders:
    images, masks = masked(root)
    png(masks / "case_00_mask.png", np.arange(480, dtype=np.uint16).reshape(24, 20).clip(0, 255).astype(np.uint8))
    return images, masks


def twice(root: Path) -> Folders:
    images, masks = masked(root)
    png(images / "case_98.png", scene(0)[0])
    png(masks / "case_98.png", scene(1)[1] * np.uint8(255))
    return images, masks


def rare(root: Path) -> Folders:
    images, masks = masked(root, value=0)
    for k in range(3):
        png(masks / f"case_{k:02}_mask.png", scene(k)[1])
    return images, masks


@pytest.mark.parametrize(
    ("make", "structures", "kind", "words"),
    [
        (wrong_size, [], FileProblem, r"case_03_mask.png: the outlines have 24 x 24 pixels and the image 24 x 20"),
        (moved, [], FileProblem, r"v_02.nii.gz: the outlines lie up to 3 mm from the pixels of the image"),
        (
            no_masks,
            [],
            FileProblem,
            r"is named as one of the 12 images .* \(an image is case_00.png, a file of outlines",
        ),
        (empty, [], FileProblem, "holds no file of outlines"),
        (background, [], OutcomeProblem, "all 12 masks are background"),
        (unknown, ["cell"], FileProblem, "case_05_mask.png holds the numbers 3, which have no name"),
        (masked, ["cell", "nucleus"], OutcomeProblem, r"'nucleus' \(number 2\) is drawn in none of 12 masks"),
        (masked, ["1=cell", "nucleus"], StudyError, "all with the number that they have"),
        (single_pixels, [], OutcomeProblem, "both a mask and pixels that can be used .*image too small"),
        (smooth, [], FileProblem, "smoothed borders"),
        (twice, [], OutcomeProblem, r"case_00.png and case_98.png show the same"),
        (rare, [], CohortProblem, r"'structure' is drawn in images of 3 patient\(s\), fewer than the"),
        (lambda root: (masked(root)[0], root / "nowhere"), [], FileProblem, "does not exist; name the folder"),
    ],
)
def test_masks_that_allow_no_study(
    tmp_path: Path, make: Callable[[Path], Folders], structures: list[str], kind: type[BedsideError], words: str
) -> None:
    images, masks = make(tmp_path)
    with pytest.raises(kind, match=words) as caught:
        study_from_masks(images, masks, structures=structures)
    assert "\n" not in str(caught.value)


def inverted(root: Path) -> Folders:
    images, where = boxed(root)
    voc(where / "case_04.xml", [("cell", (9, 9, 4, 12))])
    return images, where


def of_another(root: Path) -> Folders:
    images, where = boxed(root)
    voc(where / "case_04.xml", [("cell", (2, 2, 4, 12))], size=(30, 30))
    return images, where


def nothing(root: Path) -> Folders:
    images, where = boxed(root)
    for path in where.iterdir():
        voc(path, [])
    return images, where


def strangers(root: Path) -> Folders:
    images, _ = boxed(root)
    return images, coco(root / "boxes.json", {"elsewhere.png": [(1, 1, 5, 5)]})


def thin(root: Path) -> Folders:
    images, _ = boxed(root)
    return images, coco(root / "boxes.json", {"case_00.png": [(1, 1, 0, 5)]})


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (inverted, FileProblem, "box 1 in .*case_04.xml ends where it starts or before"),
        (of_another, FileProblem, "case_04.xml was drawn on an image of 30 x 30 pixels"),
        (nothing, OutcomeProblem, "none of 12 annotated images has a box"),
        (strangers, FileProblem, r"\(such as 'elsewhere.png'\) lies below .* an image is case_00.png"),
        (thin, FileProblem, "annotation 1 in .*boxes.json has a bbox 0 wide"),
        (lambda root: (boxed(root)[0], root / "no.json"), FileProblem, "name a folder of PASCAL VOC files"),
        (
            lambda root: (boxed(root)[0], masked(root / "m")[1]),
            FileProblem,
            r"holds no PASCAL VOC file \(.xml\); of COCO",
        ),
    ],
)
def test_boxes_that_allow_no_study(
    tmp_path: Path, make: Callable[[Path], Folders], kind: type[BedsideError], words: str
) -> None:
    images, where = make(tmp_path)
    with pytest.raises(kind, match=words) as caught:
        study_from_boxes(images, where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"spacing": (1.0,)}, "12 of 12 files do not tell the distance"),
        ({"flips": ("front-back",)}, "no direction front-back"),
        ({"site": "ward"}, r"no column 'ward' \(the site\)"),
    ],
)
def test_what_is_asked_for_must_be_there(tmp_path: Path, about: dict[str, Any], words: str) -> None:
    images, masks = masked(tmp_path)
    with pytest.raises(BedsideError, match=words):
        study_from_masks(images, masks, about=About(**about))

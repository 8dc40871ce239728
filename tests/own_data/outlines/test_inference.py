"""What is inferred from images, masks and boxes, and told before anything is trained."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.own_data.images.pictures import table
from tests.own_data.outlines.scenes import boxed, coco, masked, nifti, png, scene, voc, volumes

from bedside.data.sample import Excluded, Sample
from bedside.endpoints.boxes.boxes import Boxes
from bedside.own_data.outlines.about import About
from bedside.own_data.outlines.declaration import BoxDeclaration, MaskDeclaration
from bedside.own_data.outlines.study import DrawnStudy, study_from_boxes, study_from_masks


def drawn(made: DrawnStudy) -> tuple[list[Sample[Any, Any]], list[Excluded]]:
    found = [one for record in made.study.source.records(Path()) for one in made.study.cohort.draw(record)]
    samples = [one for one in found if isinstance(one, Sample)]
    return samples, [one for one in found if isinstance(one, Excluded)]


@pytest.mark.parametrize("value", [1, 255])
def test_one_structure_however_it_was_drawn(tmp_path: Path, value: int) -> None:
    images, masks = masked(tmp_path, value=value)
    made = study_from_masks(images, masks)
    declared = made.declaration
    assert isinstance(declared, MaskDeclaration)
    assert [(one.number, one.name) for one in declared.masks.structures] == [(1, "structure")]
    assert (declared.masks.tolerance_mm, declared.masks.tolerance_pixels) == (None, 1.0)
    assert declared.learners.comparators == ("otsu", "pixel_forest")
    assert declared.study.name == tmp_path.name.lower().replace("-", "_") or declared.study.name.startswith("images_")
    samples, excluded = drawn(made)
    assert (len(samples), excluded) == (12, [])
    labels = samples[3].outcome.read().labels
    np.testing.assert_array_equal(labels, scene(3)[1])


def test_volumes_are_measured_in_millimetres_and_keep_their_numbers(tmp_path: Path) -> None:
    images, labels = volumes(tmp_path)
    for path in labels.iterdir():
        values = scene(int(path.name[2:4]), (12, 18, 10), 2)[1]
        nifti(path, np.where(values == 2, 5, values).astype(np.uint8))
    made = study_from_masks(images, labels, structures=["1=front", "5=rear"])
    declared = made.declaration
    assert isinstance(declared, MaskDeclaration)
    assert (declared.windows.dimensions, declared.windows.orientation) == (3, "RAS")
    assert declared.masks.tolerance_mm == 1.0
    assert declared.learners.comparators == ("atlas", "pixel_forest")
    read = drawn(made)[0][0].outcome.read()
    assert sorted(np.unique(read.labels).tolist()) == [0, 1, 2]
    assert read.spacing == (2.0, 1.0, 1.0)
    assert any("'rear' (number 5) in 10" in note for note in made.notes)


def test_missing_and_ambiguous_masks_are_excluded_and_counted(tmp_path: Path) -> None:
    images, masks = masked(tmp_path)
    (masks / "case_01_mask.png").unlink()
    png(masks / "case_02_seg.png", scene(2)[1])
    png(masks / "case_77.png", scene(2)[1])
    made = study_from_masks(images, masks)
    samples, excluded = drawn(made)
    assert len(samples) == 10
    assert sorted(one.reason for one in excluded) == ["mask missing", "several masks of one name"]
    told = "\n".join(made.notes)
    assert "1 images have no mask; excluded and counted (such as case_01.png)" in told
    assert "1 masks belong to no image (such as case_77.png)" in told


def test_an_empty_mask_is_a_negative(tmp_path: Path) -> None:
    images, masks = masked(tmp_path)
    png(masks / "case_00_mask.png", np.zeros((24, 20), dtype=np.uint8))
    made = study_from_masks(images, masks)
    assert len(drawn(made)[0]) == 12
    assert any(note.startswith("1 masks are background") for note in made.notes)


def test_patients_come_from_a_table_beside_the_images(tmp_path: Path) -> None:
    images, masks = masked(tmp_path)
    rows = [f"case_{k:02},person {k // 2},{'ab'[k % 2]}" for k in range(12)]
    about = About(labels=table(tmp_path / "who.csv", "image,patient,ward", rows), subgroups=("ward",))
    made = study_from_masks(images, masks, about=about)
    samples, _ = drawn(made)
    assert made.declaration.columns.patient == "patient"
    assert len({sample.patient for sample in samples}) == 6
    assert samples[1].attributes == {"ward": "b"}


def test_masks_may_lie_below_the_images(tmp_path: Path) -> None:
    images, masks = masked(tmp_path)
    masks.rename(images / "outlines")
    made = study_from_masks(images, images / "outlines")
    assert made.declaration.images.count == 12


def test_voc_and_coco_of_the_same_boxes_give_the_same_study(tmp_path: Path) -> None:
    images, where = boxed(tmp_path)
    (where / "case_05.xml").unlink()
    first = study_from_boxes(images, where)
    samples, excluded = drawn(first)
    assert [one.reason for one in excluded] == ["no annotation of the image"]
    assert [len(sample.outcome) for sample in samples].count(0) == 2
    every: dict[str, list[tuple[float, ...]]] = {}
    for sample, k in zip(samples, [k for k in range(12) if k != 5], strict=True):
        assert isinstance(sample.outcome, Boxes)
        every[f"case_{k:02}.png"] = [
            (left + 0.5, top + 0.5, right - left, bottom - top) for top, left, bottom, right in sample.outcome.corners
        ]
    # JSON knows no numbers of single precision.
    plain = {name: [tuple(map(float, box)) for box in boxes] for name, boxes in every.items()}
    second = study_from_boxes(images, coco(tmp_path / "boxes.json", plain))
    assert isinstance(first.declaration, BoxDeclaration)
    assert isinstance(second.declaration, BoxDeclaration)
    assert second.declaration.boxes.sha256 == first.declaration.boxes.sha256
    assert [sample.outcome for sample in drawn(second)[0]] == [sample.outcome for sample in samples]


def test_kinds_are_named_the_rarest_first(tmp_path: Path) -> None:
    images, where = boxed(tmp_path)
    for k in range(6):
        voc(where / f"case_{k:02}.xml", [("red", (2, 2, 6, 6)), ("red", (8, 8, 12, 12)), ("white", (2, 12, 8, 18))])
    for k in range(6, 12):
        voc(where / f"case_{k:02}.xml", [])
    assert study_from_boxes(images, where).declaration.names == ("white", "red")


def test_difficult_boxes_and_crowds_are_kept_aside(tmp_path: Path) -> None:
    images, where = boxed(tmp_path)
    plain = study_from_boxes(images, where)
    voc(where / "case_10.xml", [("cell", (2, 2, 6, 6)), ("dirt", (9, 9, 12, 12))], difficult=(0, 1))
    made = study_from_boxes(images, where)
    assert isinstance(plain.declaration, BoxDeclaration)
    assert isinstance(made.declaration, BoxDeclaration)
    assert made.declaration.boxes.sha256 != plain.declaration.boxes.sha256
    assert made.declaration.names == ("cell",), "nobody is asked to find what is only set aside"
    outcome = drawn(made)[0][10].outcome
    assert (len(outcome), len(outcome.aside)) == (0, 1)
    np.testing.assert_array_equal(outcome.aside.corners, [[0.5, 0.5, 5.5, 5.5]])
    assert outcome.aside.crowds.tolist() == [False]
    assert any("2 boxes are marked as crowds or difficult" in note for note in made.notes)

    path = coco(tmp_path / "boxes.json", {f"case_{k:02}.png": [(2, 2, 8, 8), (9, 9, 4, 4)] for k in range(12)})
    told = json.loads(path.read_bytes())
    told["annotations"][1]["iscrowd"] = 1
    path.write_text(json.dumps(told), "utf-8")
    outcome = drawn(study_from_boxes(images, path))[0][0].outcome
    assert (len(outcome), outcome.aside.crowds.tolist()) == (1, [True])

"""From images and what is drawn in them to evidence, to masks and boxes of new images, and back by study.toml."""

import csv
import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from tests.command import Bedside
from tests.own_data.outlines.scenes import AFFINE, boxed, masked, png, scene, voc, volumes

from bedside.errors import FileProblem
from bedside.evidence.schema import Evidence
from bedside.modalities.imaging.outlines.coco import read_coco
from bedside.modalities.imaging.outlines.reading import read_label_map
from bedside.own_data.declaration import ValidationPart
from bedside.own_data.outlines.declaration import BoxDeclaration, DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.study import DrawnStudy, study_from_boxes, study_from_masks
from bedside.own_data.outlines.toml import render_drawn
from bedside.own_data.toml import declaration, load
from bedside.study.hashes import study_hash
from bedside.study.run import run


def quick(made: DrawnStudy, folder: Path, *learners: str) -> Path:
    """Learners that fit soon, one holdout, as a study.toml in the folder."""
    (folder / "made.toml").write_text(made.toml_for(folder), "utf-8")
    declared = declaration(folder / "made.toml")
    assert isinstance(declared, MaskDeclaration | BoxDeclaration)
    update: dict[str, object] = {
        "validations": (ValidationPart(kind="holdout", development=0.4, tuning=0.3, test=0.3),),
        "learners": declared.learners.model_copy(
            update={"model": learners[0], "comparators": learners[1:], "primary_comparator": learners[1]}
        ),
        "study": declared.study.model_copy(update={"trials": 1, "bootstrap": 50}),
        "training": declared.training.model_copy(update={"epochs": 2}),
    }
    if isinstance(declared, MaskDeclaration):
        update["training"] = declared.training.model_copy(update={"epochs": 2, "per_image": 1})
    path = folder / "study.toml"
    changed: DrawnDeclaration = declared.model_copy(update=update)
    path.write_text(render_drawn(changed), "utf-8")
    return path


@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_the_toml_gives_the_same_study_wherever_it_lies(tmp_path: Path, kind: str) -> None:
    make = {"masks": lambda: study_from_masks(*masked(tmp_path)), "boxes": lambda: study_from_boxes(*boxed(tmp_path))}
    made = make[kind]()
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(made.toml_for(folder), "utf-8")
    again = load(folder / "study.toml")
    assert study_hash(again) == study_hash(made.study)
    assert len(list(again.source.records(tmp_path))) == 12
    assert again.show_cases
    hidden = (folder / "study.toml").read_text("utf-8").replace("show_cases = true", "show_cases = false")
    (folder / "study.toml").write_text(hidden, "utf-8")
    assert not load(folder / "study.toml").show_cases


def test_changed_drawings_are_refused(tmp_path: Path) -> None:
    images, masks = masked(tmp_path)
    toml = quick(study_from_masks(images, masks), tmp_path, "pixel_forest", "otsu")
    png(masks / "case_03_mask.png", scene(4)[1] * np.uint8(255))
    with pytest.raises(FileProblem, match=r"the masks or boxes of .* have changed since study.toml was written"):
        list(load(toml).source.records(tmp_path))
    png(images / "case_03.png", scene(99)[0])
    with pytest.raises(FileProblem, match=r"the images below .* have changed"):
        list(load(toml).source.records(tmp_path))


def test_masks_of_new_images_are_written(bedside: Bedside, tmp_path: Path) -> None:
    quick(study_from_masks(*masked(tmp_path), structures=["cell"]), tmp_path, "otsu", "frangi")
    answer = bedside("run", "study.toml", "--jobs", 1, "--json", "--out", "run")
    assert answer.code == 0, answer.err
    assert {
        row.learner
        for row in Evidence.model_validate_json((tmp_path / "run" / "evidence.json").read_text()).performance
    } == {"otsu", "frangi"}
    pixels, labels = scene(77)
    png(tmp_path / "new" / "ward" / "one.png", pixels)
    (tmp_path / "new" / "broken.png").write_text("hello")
    refused = bedside("predict", "run", "new")
    assert refused.code == 2
    assert "name a new one with --out FOLDER" in " ".join(refused.err.replace("│", " ").split())
    scored = bedside("predict", "run", "new", "--out", "outlines")
    assert scored.code == 0, scored.err
    out = tmp_path / "outlines"
    assert json.loads((out / "labels.json").read_text("utf-8")) == {"background": 0, "cell": 1}
    found = read_label_map(out / "ward" / "one.png").labels
    assert found.shape == labels.shape
    assert (found == labels).mean() > 0.8
    with Image.open(out / "ward" / "one.png") as picture:
        assert picture.mode == "P"
    rows = list(csv.DictReader((out / "images.csv").read_text("utf-8").splitlines()))
    assert [(row["image"], row["file"]) for row in rows] == [("broken.png", ""), ("ward/one.png", "ward/one.png")]
    assert rows[0]["problem"]
    assert float(rows[1]["voxels"]) == found.sum()
    again = bedside("predict", "run", "new", "--out", "new")
    assert again.code == 2
    assert "is not empty" in " ".join(again.err.replace("│", " ").split())


@pytest.mark.slow
def test_masks_of_new_volumes_lie_on_them(bedside: Bedside, tmp_path: Path) -> None:
    images, labels = volumes(tmp_path)
    quick(study_from_masks(images, labels, structures=["front", "rear"]), tmp_path, "pixel_forest", "u_net", "atlas")
    assert bedside("run", "study.toml", "--jobs", 1, "--json", "--out", "run").code == 0
    scored = bedside("predict", "run", images, "--out", "outlines", "--learner", "u_net")
    assert scored.code == 0, scored.err
    made: Any = nibabel.load(tmp_path / "outlines" / "v_00.nii.gz")
    np.testing.assert_allclose(made.affine, AFFINE)
    assert made.shape == (12, 18, 10)
    assert set(np.unique(np.asarray(made.dataobj)).tolist()) <= {0, 1, 2}
    assert json.loads((tmp_path / "outlines" / "labels.json").read_text()) == {"background": 0, "front": 1, "rear": 2}


@pytest.mark.slow
def test_boxes_of_new_images_are_written(bedside: Bedside, tmp_path: Path) -> None:
    images, where = boxed(tmp_path)
    for k in range(6):
        voc(where / f"case_{k:02}.xml", [("cell", (2, 2, 8, 9)), ("cell", (10, 10, 18, 18))])
    quick(study_from_boxes(images, where), tmp_path, "detector", "templates", "blobs")
    answer = bedside("run", "study.toml", "--jobs", 1, "--json", "--out", "run")
    assert answer.code == 0, answer.err
    scored = bedside("predict", "run", images, "--out", "found", "--learner", "blobs")
    assert scored.code == 0, scored.err
    told = read_coco(tmp_path / "found" / "boxes.json")
    assert told.names == ("cell",)
    assert len(told.boxes) == 12
    rows = list(csv.DictReader((tmp_path / "found" / "boxes.csv").read_text("utf-8").splitlines()))
    assert len(rows) == sum(len(one.names) for one in told.boxes.values()) > 0
    assert all(0.0 <= float(row["score"]) <= 1.0 for row in rows)
    assert len((tmp_path / "found" / "images.csv").read_text("utf-8").splitlines()) == 13


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_a_simulated_run_needs_no_images(tmp_path: Path, kind: str) -> None:
    made = study_from_masks(*masked(tmp_path)) if kind == "masks" else study_from_boxes(*boxed(tmp_path))
    learners = ("pixel_forest", "otsu") if kind == "masks" else ("blobs", "templates")
    toml = quick(made, tmp_path, *learners)
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    evidence = run(load(toml), out=tmp_path / "out", root=None, seed=0, simulated=24, jobs=1)
    assert evidence.study.simulated


def test_options_that_do_not_go_together(bedside: Bedside, tmp_path: Path) -> None:
    masked(tmp_path)
    for options, said in (
        (("--masks", "masks"), "give --images DIR"),
        (("--images", "images", "--structures", "a"), "give --masks DIR or --boxes"),
        (("--images", "images", "--masks", "masks", "--boxes", "voc"), "one of both"),
        (("--images", "images", "--boxes", "voc", "--structures", "a"), "boxes are named in their files"),
        (("--images", "images", "--masks", "masks", "--outcome", "x"), "with --masks leave out --outcome"),
        (("--images", "images", "--masks", "masks", "--size", "32"), "leave out --size"),
    ):
        answer = bedside("run", *options)
        assert answer.code == 2, said
        assert said in " ".join(answer.err.replace("│", " ").split()), answer.err

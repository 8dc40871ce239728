"""Images and labels that allow no study: one clear sentence of the right kind."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.own_data.images.pictures import classes, flat, picture, table

from bedside.errors import BedsideError, CohortProblem, FileProblem, OutcomeProblem, StudyError, TableProblem
from bedside.own_data.images.study import study_from_images


def in_two_classes(root: Path) -> Path:
    shutil.copy(classes(root) / "ill" / "ill00.png", root / "well" / "same.png")
    return root


def mostly_text(root: Path) -> Path:
    classes(root)
    for k in range(30):
        (root / "ill" / f"fake{k}.png").write_text("no image")
    return root


def empty(root: Path) -> Path:
    root.mkdir()
    return root


@pytest.mark.parametrize(
    ("make", "options", "kind", "words"),
    [
        (lambda root: root, {}, FileProblem, "does not exist; name the folder"),
        (empty, {}, FileProblem, "holds no image; put DICOM"),
        (lambda root: classes(root, ("ill",)), {}, FileProblem, r"one sub-folder with images \(ill\); at least two"),
        (lambda root: picture(root / "a" / "x.png").parents[1], {}, FileProblem, "at least two are needed"),
        (flat, {}, FileProblem, "no class sub-folders; .*--labels"),
        (lambda root: classes(root, ("train", "test")), {}, FileProblem, "are partitions"),
        (mostly_text, {}, FileProblem, "30 of 54 files .* cannot be read as images"),
        (in_two_classes, {}, OutcomeProblem, "ill/ill00.png and well/same.png show the same"),
        (lambda root: classes(root, each=3), {}, CohortProblem, "occurs in 3 patient.s., fewer than the 5 folds"),
        (classes, {"outcome": ["grp"]}, StudyError, "no table of labels was given"),
        (classes, {"positive": "sick"}, OutcomeProblem, "'sick' is none of the values .* 'ill', 'well'"),
        (classes, {"endpoint": "continuous"}, OutcomeProblem, "holds words, not numbers"),
        (classes, {"endpoint": "ordinal"}, OutcomeProblem, "give it, the lowest first: --grades ill,well"),
        (classes, {"grades": ["well", "ill"]}, OutcomeProblem, "at least three different words"),
        (classes, {"grades": ["a", "b", "c"], "positive": "ill"}, OutcomeProblem, "no positive value"),
        (classes, {"spacing": [1.0]}, StudyError, "24 of 24 files do not tell the distance"),
        (classes, {"size": [8, 8, 8]}, StudyError, "images have no 3 axes"),
        (classes, {"size": [1]}, StudyError, "at least 2"),
        (classes, {"flips": ["front-back"]}, StudyError, "no direction front-back"),
        (classes, {"site": "ward"}, TableProblem, r"no column 'ward' \(the site\)"),
    ],
)
def test_folders_that_allow_no_study(
    tmp_path: Path, make: Callable[[Path], Path], options: dict[str, Any], kind: type[BedsideError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        study_from_images(make(tmp_path / "scans"), **options)
    assert "\n" not in str(caught.value)


GOOD = [f"im{k:02},{'ab'[k % 2]},{k % 5},p{k // 2}" for k in range(30)]


@pytest.mark.parametrize(
    ("rows", "options", "kind", "words"),
    [
        (GOOD, {"outcome": ["gpr"]}, TableProblem, "no column 'gpr' .the outcome.; did you mean 'grp'"),
        (GOOD, {"patient": "pax"}, TableProblem, "no column 'pax' .the patient."),
        (GOOD, {"outcome": ["grp"], "patient": "grp"}, StudyError, "both outcome and patient"),
        (GOOD, {"outcome": ["name"]}, OutcomeProblem, "30 different values"),
        (GOOD, {"outcome": ["grade"], "grades": list("0123")}, OutcomeProblem, "6 of 30 labels .* none of the grades"),
        (GOOD, {"outcome": ["grp", "grade"]}, OutcomeProblem, "'grp' is neither 1 nor 0 nor empty in 30 of 30"),
        (GOOD, {"outcome": ["grp", "grade"], "positive": "a"}, OutcomeProblem, "findings that may coexist"),
        ([row.replace("im", "zz") for row in GOOD], {}, TableProblem, "no column of labels.csv names the images"),
        ([*GOOD[:-1], GOOD[0]], {"outcome": ["grp"]}, TableProblem, "stand in several rows .* rows 1 and 30"),
        ([row.replace(",b,", ",a,") for row in GOOD], {"outcome": ["grp"]}, OutcomeProblem, "the same in all rows"),
        ([f"im{k:02},{'ab'[k % 2]},1,p" for k in range(30)], {"outcome": ["grp"]}, CohortProblem, "of one patient"),
    ],
)
def test_labels_that_allow_no_study(
    tmp_path: Path, rows: list[str], options: dict[str, Any], kind: type[BedsideError], words: str
) -> None:
    listed = table(tmp_path / "labels.csv", "name,grp,grade,subject", rows)
    if "patient" in options and options["patient"] == "pax":
        options = {**options, "outcome": ["grp"]}
    with pytest.raises(kind, match=words) as caught:
        study_from_images(flat(tmp_path / "images"), labels=listed, **options)
    assert "\n" not in str(caught.value)


def test_a_name_that_means_two_files_is_refused(tmp_path: Path) -> None:
    for k in range(20):
        picture(tmp_path / "x" / "ab"[k % 2] / f"im{k // 2}.png", seed=k)
    listed = table(tmp_path / "labels.csv", "name,grp", [f"im{k},{'ab'[k % 2]}" for k in range(10)])
    with pytest.raises(TableProblem, match=r"2 files below .* are called 'im0' \(a/im0.png and b/im0.png\)"):
        study_from_images(tmp_path / "x", labels=listed)


def test_a_table_that_is_not_utf8_is_refused_and_read_when_its_encoding_is_named(tmp_path: Path) -> None:
    from bedside.modalities.tabular.reading import Format

    rows = [f"im{k:02},{'é' if k % 2 else 'b'}" for k in range(30)]
    listed = table(tmp_path / "labels.csv", "name,grp", rows, encoding="latin-1")
    with pytest.raises(FileProblem, match=r"not encoded as utf-8 .*--encoding"):
        study_from_images(flat(tmp_path / "images"), labels=listed)
    made = study_from_images(tmp_path / "images", labels=listed, form=Format(encoding="latin-1"))
    assert {made.declaration.outcome.positive, *made.declaration.outcome.negative} == {"é", "b"}

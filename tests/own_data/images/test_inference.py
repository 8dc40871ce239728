"""What is inferred of images and labels, and that a person is told."""

import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.written import slices, write
from tests.own_data.images.pictures import classes, flat, picture, table

from bedside.data.sample import Excluded, Sample
from bedside.own_data.images.declaration import DICOM_PATIENT
from bedside.own_data.images.files import image_files, without_suffix
from bedside.own_data.images.study import ImageStudy, study_from_images


def drawn(made: ImageStudy) -> tuple[list[Sample], list[str]]:  # type: ignore[type-arg]
    """Samples, and the reasons of what was excluded."""
    cases = [case for record in made.study.source.records(Path()) for case in made.study.cohort.draw(record)]
    return [case for case in cases if isinstance(case, Sample)], [c.reason for c in cases if isinstance(c, Excluded)]


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    made = study_from_images(classes(tmp_path / "scans"))
    samples, excluded = drawn(made)
    assert (len(samples), excluded) == (24, [])
    assert made.declaration.outcome.positive == "ill"
    assert sum(sample.outcome for sample in samples) == 12
    assert made.study.name == "scans"
    assert made.declaration.plan.size == (24, 20)
    assert made.study.identity.startswith("unknown")
    assert any("Whose images they are is not known" in limit for limit in made.study.limits)
    assert len({sample.patient for sample in samples}) == 24
    assert (made.declaration.training.epochs, made.declaration.training.batch) == (40, 16)


def test_three_classes_one_of_them_against_the_rest(tmp_path: Path) -> None:
    folder = classes(tmp_path, ("benign", "malignant", "odd"))
    assert study_from_images(folder).declaration.outcome.endpoint == "multiclass"
    made = study_from_images(folder, positive="Malignant")
    assert made.declaration.outcome.negative == ("benign", "odd")
    assert sum(sample.outcome for sample in drawn(made)[0]) == 12


@pytest.mark.parametrize(
    ("names", "grades"),
    [(("0", "1", "2"), ("0", "1", "2")), (("mild", "none", "severe"), ("none", "mild", "severe"))],
)
def test_folders_that_have_an_order_are_grades(tmp_path: Path, names: tuple[str, ...], grades: tuple[str, ...]) -> None:
    outcome = study_from_images(classes(tmp_path, names, each=6)).declaration.outcome
    assert (outcome.endpoint, outcome.classes) == ("ordinal", grades)
    asked = study_from_images(tmp_path, endpoint="multiclass").declaration.outcome
    assert (asked.endpoint, set(asked.classes)) == ("multiclass", set(grades))


def test_what_cannot_be_read_is_excluded_and_named(tmp_path: Path) -> None:
    folder = classes(tmp_path)
    (folder / "ill" / "fake.png").write_text("hello")
    (folder / "ill" / "zero.png").write_bytes(b"")
    whole = folder / "well" / "well00.png"
    whole.write_bytes(whole.read_bytes()[:150])
    picture(folder / "well" / "dot.png", size=(1, 1))
    made = study_from_images(folder)
    samples, excluded = drawn(made)
    assert len(samples) == 23
    assert sorted(excluded) == ["image cannot be read"] * 3 + ["image too small"]
    said = "\n".join(made.notes)
    assert "3 files cannot be read; excluded and counted:" in said
    assert all(name in said for name in ("ill/fake.png", "ill/zero.png", "well/well00.png is damaged or truncated"))
    assert "1 image(s) excluded: image too small" in said


def test_a_truncated_dicom_file_is_excluded(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for k in range(12):
        (tmp_path / "ab"[k % 2]).mkdir(exist_ok=True)
        write(tmp_path / "ab"[k % 2] / f"{k}.dcm", rng.integers(0, 900, (20, 20)).astype(np.uint16), PatientID=f"P{k}")
    cut = tmp_path / "a" / "0.dcm"
    cut.write_bytes(cut.read_bytes()[:-200])
    samples, excluded = drawn(study_from_images(tmp_path))
    assert (len(samples), excluded) == (11, ["image cannot be read"])


def test_sizes_and_channels_may_be_mixed(tmp_path: Path) -> None:
    folder = classes(tmp_path)
    for k in range(3):
        picture(folder / "ill" / f"large{k}.png", seed=k, size=(200, 90), colour=True)
    made = study_from_images(folder)
    assert made.declaration.plan.channels == 1
    assert "24 grey, 3 colour" in "\n".join(made.notes)
    assert "3 others are converted" in "\n".join(made.notes)
    assert len(drawn(made)[0]) == 27


def test_names_without_suffix_are_resolved_and_what_does_not_match_is_counted(tmp_path: Path) -> None:
    folder = flat(tmp_path / "images")
    rows = [f"im{k + 5:02},{'ab'[k % 2]}" for k in range(30)]
    made = study_from_images(folder, labels=table(tmp_path / "labels.csv", "name,diagnosis", rows))
    samples, excluded = drawn(made)
    assert made.declaration.images.column == "name"
    assert made.declaration.outcome.columns == ("diagnosis",)
    assert len(samples) == 25
    assert sorted(excluded) == ["image file missing"] * 5 + ["image without a row in the table of labels"] * 5
    assert "5 rows name no file (rows 26, 27, 28, 29, 30)" in "\n".join(made.notes)


@given(st.text("abc01._-", min_size=1, max_size=8), st.sampled_from([".png", ".nii.gz", ".nii", ".jpg", ".dcm"]))
def test_a_suffix_is_taken_off_once(stem: str, suffix: str) -> None:
    assert without_suffix(stem + suffix) == stem


def test_patients_come_from_a_column_and_their_images_stay_together(tmp_path: Path) -> None:
    rows = [f"im{k:02}.png,{'ab'[k % 2]},p{k // 3}" for k in range(30)]
    listed = table(tmp_path / "labels.csv", "path,label,patient_id", rows)
    made = study_from_images(flat(tmp_path / "images"), labels=listed)
    samples, _ = drawn(made)
    assert made.study.identity == "images of one patient share the column 'patient_id'"
    assert len({sample.patient for sample in samples}) == 10
    assert not any("p1" in sample.patient for sample in samples)
    assert "10 patients, 10 of them with several images" in made.notes
    for split in made.study.validations[0].splits(samples, made.study.endpoint.stratum, 0):
        judged = {samples[k].patient for k in split.test.tolist()}
        assert judged.isdisjoint({samples[k].patient for k in split.development.tolist()})


def test_dicom_tells_patient_sex_and_site(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for k in range(20):
        (tmp_path / "ab"[k % 2]).mkdir(exist_ok=True)
        pixels = rng.integers(0, 900, (20, 20)).astype(np.uint16)
        told = {
            "PatientID": f"P{k // 2 if k < 4 else k}",
            "PatientSex": "FM"[k % 3 == 0],
            "InstitutionName": f"H{k % 2}",
        }
        write(tmp_path / "ab"[k % 2] / f"{k}.dcm", pixels, Modality="DX", **told)
    made = study_from_images(tmp_path, subgroups=["sex"], site="site")
    samples, _ = drawn(made)
    assert made.declaration.columns.patient == DICOM_PATIENT
    assert len({sample.patient for sample in samples}) == 18
    assert {sample.attributes["sex"] for sample in samples} == {"female", "male"}
    assert made.declaration.validations[1].kind == "leave_site_out"
    assert "2 of them with several images" in "\n".join(made.notes)
    assert "P17" not in made.toml_for(tmp_path)


def test_one_identifier_for_all_is_not_believed(tmp_path: Path) -> None:
    for k in range(12):
        (tmp_path / "ab"[k % 2]).mkdir(exist_ok=True)
        pixels = np.random.default_rng(k).integers(0, 900, (20, 20)).astype(np.uint16)
        write(tmp_path / "ab"[k % 2] / f"{k}.dcm", pixels, PatientID="ANON", StudyInstanceUID=f"1.2.{k}")
    made = study_from_images(tmp_path)
    assert not made.declaration.columns.patient
    assert "which somebody put there" in "\n".join(made.notes)


def test_ct_slices_of_a_folder_are_one_volume_with_a_window(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for k in range(12):
        volume = rng.integers(-900, 900, (6, 16, 16)).astype(np.int16)
        positions = np.array([[0.0, 0.0, 2.0 * z] for z in range(6)])
        slices(tmp_path / "ab"[k % 2] / f"scan{k}", volume, positions, PatientID=f"P{k}", SeriesInstanceUID=f"1.2.{k}")
    made = study_from_images(tmp_path, flips=["left-right"])
    plan = made.declaration.plan
    assert (len(plan.size), plan.orientation, plan.window) == (3, "RAS", (40.0, 400.0))
    assert plan.clip == ()
    assert "as all are CT" in "\n".join(made.notes)
    assert len(drawn(made)[0]) == 12


def test_volumes_with_numbers_are_a_regression_in_millimetres(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "scans").mkdir()
    rows = []
    for k in range(14):
        values = (rng.normal(100, 20, (12, 10, 9)) * 10.0 ** (k % 4)).astype(np.float32)
        untyped: Any = nibabel
        untyped.save(untyped.Nifti1Image(values, np.diag([1.5, 1.5, 2.0, 1.0])), tmp_path / "scans" / f"v{k}.nii.gz")
        rows.append(f"v{k}.nii.gz,{1000 + 37.5 * k}")
    made = study_from_images(tmp_path / "scans", labels=table(tmp_path / "y.csv", "scan,volume_ml", rows))
    outcome, plan = made.declaration.outcome, made.declaration.plan
    assert (outcome.endpoint, outcome.unit) == ("continuous", "mL")
    assert (plan.orientation, plan.spacing, plan.scale) == ("RAS", (1.5, 1.5, 1.5), "image")
    assert plan.size == (12, 10, 12)  # the largest extent at the finest distance, rounded up to what is learned from
    assert "no common unit" in "\n".join(made.notes)


def test_findings_that_may_coexist(tmp_path: Path) -> None:
    folder = flat(tmp_path / "images")
    words = ["effusion|mass", "mass", "No Finding"]
    one = table(tmp_path / "one.csv", "name,finding", [f"im{k:02},{words[k % 3]}" for k in range(30)])
    made = study_from_images(folder, labels=one)
    assert (made.declaration.outcome.endpoint, made.declaration.outcome.nothing) == ("multilabel", "No Finding")
    assert [sample.outcome for sample in drawn(made)[0]][:3] == [(True, True), (False, True), (False, False)]
    rows = [f"im{k:02},{k % 2},{'' if k == 3 else int(k % 3 == 0)}" for k in range(30)]
    several = study_from_images(
        folder, labels=table(tmp_path / "b.csv", "name,eff,mass", rows), outcome=["eff", "mass"]
    )
    assert several.declaration.outcome.classes == ("mass", "eff")
    assert drawn(several)[0][3].outcome == (None, True)


def test_masks_and_tables_beside_images_are_left_out(tmp_path: Path) -> None:
    folder = classes(tmp_path)
    shutil.copy(folder / "ill" / "ill00.png", folder / "ill" / "ill00_mask.png")
    (folder / "ill" / "notes.txt").write_text("x")
    found = image_files(folder)
    assert len(found.paths) == 24
    assert found.left_out == {"masks beside an image": 1, "tables and texts": 1}

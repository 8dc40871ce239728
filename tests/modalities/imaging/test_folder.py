"""Folders of classes and lists of paths: labels, patients, attributes, and what is left out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom.uid import generate_uid
from tests.modalities.imaging.written import slices, write

from bedside.errors import DataError, FileProblem, TableProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.folder import FROM_DICOM, UNKNOWN, read_folder, read_listing
from bedside.modalities.imaging.header import age_band

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def png(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(GREY).save(path)
    return path


def test_sub_folders_are_classes_and_patients_unknown(tmp_path: Path) -> None:
    for name in ("benign/Jane Doe.png", "benign/b/2.png", "malignant/1.png"):
        png(tmp_path / name)
    found = read_folder(tmp_path)
    assert [record.label for record in found.records] == ["benign", "benign", "malignant"]
    assert found.labels == ("benign", "malignant")
    assert found.patients == UNKNOWN
    assert {record.patient for record in found.records} == {None}
    assert found.notes == ()
    assert all(record.image.read().size == (3, 4) for record in found.records)
    assert len({record.key for record in found.records}) == 3
    assert "Jane" not in repr(found)


def test_keys_do_not_depend_on_where_the_folder_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        png(tmp_path / place / "a/1.png"), png(tmp_path / place / "b/1.png")
    one, other = (read_folder(tmp_path / place) for place in ("here", "there"))
    assert [record.key for record in one.records] == [record.key for record in other.records]


def test_masks_and_other_files_are_left_out_and_counted(tmp_path: Path) -> None:
    png(tmp_path / "a/1.png"), png(tmp_path / "a/1_mask.png"), png(tmp_path / "b/odd_mask.png")
    (tmp_path / "a/readme.txt").write_text("about these images")
    (tmp_path / "a/.DS_Store").write_bytes(b"\0")
    found = read_folder(tmp_path)
    assert [record.label for record in found.records] == ["a", "b"]  # odd_mask.png stands beside no image: it is one
    assert set(found.notes) == {"1 files left out: masks beside an image", "1 files left out: not images"}


def test_patients_and_attributes_come_from_dicom(tmp_path: Path) -> None:
    told = {"PatientSex": "F", "PatientAge": "047Y", "InstitutionName": "North", "Manufacturer": "M"}
    for name in "ab":
        (tmp_path / name).mkdir()
    write(tmp_path / "a/1.dcm", GREY, PatientID="P1", ImagerPixelSpacing=[0.1, 0.1], Modality="DX", **told)
    write(tmp_path / "b/1.dcm", GREY, PatientID="P2", **told)
    write(tmp_path / "b/2.dcm", GREY, PatientID="P2", PatientAge="011M")
    found = read_folder(tmp_path)
    assert found.patients == FROM_DICOM
    assert [record.patient for record in found.records] == ["P1", "P2", "P2"]
    first, _, third = (record.attributes for record in found.records)
    assert first == {
        "sex": "female",
        "age_band": "40 to 59",
        "site": "North",
        "manufacturer": "M",
        "modality": "DX",
    }
    assert third == {"age_band": "under 20", "modality": "CT"}
    assert found.notes == (
        "1 of 3 images tell pixel spacing at the detector, not in the patient (Imager Pixel Spacing)",
    )


def test_a_series_in_a_class_folder_is_one_volume(tmp_path: Path) -> None:
    volume = np.zeros((4, 3, 4), dtype=np.int16)
    positions = np.array([[0.0, 0.0, 2.0 * k] for k in range(4)])
    slices(tmp_path / "a/case", volume, positions, PatientID="P1")
    png(tmp_path / "b/1.png")
    found = read_folder(tmp_path)
    assert [record.image.read().size for record in found.records] == [(4, 3, 4), (3, 4)]
    assert [record.patient for record in found.records] == ["P1", None]
    assert "1 of 2 images do not tell their patient" in found.notes


def test_one_identifier_for_everybody_is_not_believed(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    for name in ("a/1.dcm", "b/1.dcm"):
        write(tmp_path / name, GREY, PatientID="ANON", StudyInstanceUID=generate_uid())
    found = read_folder(tmp_path)
    assert found.patients == UNKNOWN
    assert "all 2 DICOM files of 2 examinations carry one patient identifier" in found.notes[0]
    assert "ANON" not in found.notes[0]


def test_folders_that_are_no_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is not a folder"):
        read_folder(tmp_path / "nowhere")
    png(tmp_path / "a/1.png")
    with pytest.raises(FileProblem, match=r"has 1 sub-folders \(a\)"):
        read_folder(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(FileProblem, match="b holds no image"):
        read_folder(tmp_path)


def test_an_empty_image_is_not_passed_over(tmp_path: Path) -> None:
    png(tmp_path / "a/1.png"), png(tmp_path / "b/1.png").write_bytes(b"")
    with pytest.raises(FileProblem, match="empty"):
        read_folder(tmp_path)


def listing(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_a_list_names_labels_patients_and_attributes(tmp_path: Path) -> None:
    png(tmp_path / "x/1.png"), png(tmp_path / "x/2.png"), png(tmp_path / "x/3.png")
    path = listing(tmp_path, "path,label,patient,site\nx/1.png,ill,7,North\nx/2.png,,7,\nx/3.png,well,8,South\n")
    found = read_listing(path)
    assert [record.label for record in found.records] == ["ill", None, "well"]
    assert [record.patient for record in found.records] == ["7", "7", "8"]
    assert [dict(record.attributes) for record in found.records] == [{"site": "North"}, {}, {"site": "South"}]
    assert found.patients == "by the column 'patient'"
    assert found.labels == ("ill", "well")
    below = read_listing(listing(tmp_path / "x", "path,grade\n1.png,2\n"), tmp_path / "x", label="grade")
    assert (below.records[0].label, below.patients) == ("2", UNKNOWN)


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("file,label\nx/1.png,a\n", TableProblem, "needs one column 'path'; its columns are file, label"),
        ("path,label\n", TableProblem, "no rows"),
        ("path,label\nx/1.png\n", TableProblem, "line 2"),
        ("path,label\nx/1.png,a\nx/1.png,b\n", TableProblem, "1 paths are listed twice"),
        ("path,label\nx/1.png,a\nx/9.png,b\n", FileProblem, "1 of 2 paths"),
        ("path,label,patient\nx/1.png,a,7\nx/2.png,b,\n", TableProblem, "is empty in 1 of 2 rows"),
        ("path,label,site,site\nx/1.png,a,n,s\n", TableProblem, "names a column twice"),
    ],
)
def test_lists_that_say_too_little_are_refused(tmp_path: Path, text: str, kind: type[DataError], found: str) -> None:
    png(tmp_path / "x/1.png"), png(tmp_path / "x/2.png")
    with pytest.raises(kind, match=found):
        read_listing(listing(tmp_path, text))


def test_an_image_file_is_named_by_a_hash(tmp_path: Path) -> None:
    one = ImageFile(png(tmp_path / "Jane Doe.png"))
    assert "Jane" not in repr(one)
    assert one.short_name in repr(one)
    assert one.read().size == (3, 4)


def test_age_bands() -> None:
    bands = [age_band(years) for years in (None, -1, 0, 19.9, 20, 79, 80, 200)]
    assert bands == [None, None, "under 20", "under 20", "20 to 39", "60 to 79", "80 and over", None]

"""DICOM segmentations: what was written is read back on the grid of the image, however that lies in the patient."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import ImplicitVRLittleEndian, RLELossless
from tests.modalities.imaging.outlines.written import files, segmentation, series, turned
from tests.modalities.imaging.written import dataset

from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.outlines.reading import LabelMapFile, read_label_map, structure_names

SIZE = (4, 5, 7)  # 35 pixels a frame: frames of one bit do not end at whole bytes
ORIENTATIONS = {
    "axial": turned((0.0, 0.0, 0.0)),
    "slices downwards": turned((0.0, 0.0, 0.0), mirrored=True),
    "coronal": turned((np.pi / 2, 0.0, 0.0)),
    "oblique": turned((0.3, -0.5, 0.2)),
    "oblique, downwards": turned((-0.7, 0.2, 1.1), mirrored=True),
}


def labels() -> NDArray[np.uint8]:
    """Two structures that touch; the first slice is empty."""
    made = np.zeros(SIZE, dtype=np.uint8)
    made[1:3, 1:4, 1:3] = 1
    made[2:4, 1:3, 3:6] = 2
    return made


def stacked(made: NDArray[Any]) -> NDArray[Any]:
    """One mask a segment, on a last axis."""
    return np.stack([made == 1, made == 2], axis=-1).astype(np.uint8)


@pytest.fixture(params=ORIENTATIONS)
def scan(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bool]:
    """A series, and whether its slices are read in the reverse of the order they were written in."""
    axes = ORIENTATIONS[request.param]
    return series(tmp_path / "series", SIZE, axes), bool(np.linalg.det(axes) < 0)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_what_was_written_is_read_back(scan: tuple[Path, bool], tmp_path: Path, kind: str) -> None:
    folder, reverse = scan
    masks = labels() if kind == "LABELMAP" else stacked(labels())
    path = segmentation(tmp_path / "seg.dcm", files(folder), masks, kind, ["body", " tumour"])
    if kind != "BINARY":  # which has no compression of its own
        coded = pydicom.dcmread(path)
        coded.compress(RLELossless, encoding_plugin="pydicom")
        coded.save_as(path)
    found = read_label_map(path, ImageFile(folder))
    np.testing.assert_array_equal(found.labels, labels()[:: -1 if reverse else 1])
    assert found.names == {1: "body", 2: "tumour"}
    assert found.labels.dtype == np.uint8
    image = ImageFile(folder).read()
    assert image.geometry is not None
    assert found.geometry is image.geometry or np.array_equal(found.geometry.affine, image.geometry.affine)  # type: ignore[union-attr, arg-type]
    assert structure_names(path) == ("body", "tumour")


def test_frames_stored_mirrored_or_turned_find_their_pixels(tmp_path: Path) -> None:
    """The same segmentation, of the same pixels, stored with rows and columns exchanged and turned round."""
    axes = ORIENTATIONS["oblique"]
    folder = series(tmp_path / "series", SIZE, axes)
    path = segmentation(tmp_path / "seg.dcm", files(folder), stacked(labels()), "BINARY", ["body", "tumour"])
    written = pydicom.dcmread(path)
    shared = written.SharedFunctionalGroupsSequence[0]
    between = [float(x) for x in shared.PixelMeasuresSequence[0].PixelSpacing]
    turned_frames = []
    for frame, group in zip(written.pixel_array, written.PerFrameFunctionalGroupsSequence, strict=True):
        place = group.PlanePositionSequence[0]
        corner = np.array(place.ImagePositionPatient, dtype=float)
        corner += (SIZE[1] - 1) * between[0] * axes[:, 1]  # the last row first
        place.ImagePositionPatient = np.round(corner, 8).tolist()
        turned_frames.append(frame[::-1].T)
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = np.round([*-axes[:, 1], *axes[:, 0]], 10).tolist()
    shared.PixelMeasuresSequence[0].PixelSpacing = between[::-1]
    written.Rows, written.Columns = written.Columns, written.Rows
    packed = np.packbits(np.stack(turned_frames).ravel(), bitorder="little").tobytes()
    written.PixelData = packed + b"\0" * (len(packed) % 2)
    written.save_as(tmp_path / "turned.dcm")
    found = read_label_map(tmp_path / "turned.dcm", ImageFile(folder))
    np.testing.assert_array_equal(found.labels, labels())


def test_slices_without_a_frame_are_background(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, ORIENTATIONS["oblique"])
    path = segmentation(tmp_path / "seg.dcm", files(folder)[1:3], stacked(labels())[1:3], "BINARY", ["a", "b"])
    assert int(pydicom.dcmread(path).NumberOfFrames) == 3
    found = read_label_map(path, ImageFile(folder))
    np.testing.assert_array_equal(found.labels[1:3], labels()[1:3])
    assert not found.labels[[0, 3]].any()


def test_half_of_the_largest_fraction_is_inside(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, ORIENTATIONS["axial"])
    shares = np.zeros((*SIZE, 1), dtype=np.float32)
    shares[1, 2, 3:6, 0] = (0.49, 0.5, 0.9)
    path = segmentation(tmp_path / "seg.dcm", files(folder), shares, "FRACTIONAL", ["a"], max_fractional_value=200)
    found = read_label_map(path, ImageFile(folder))
    assert np.argwhere(found.labels).tolist() == [[1, 2, 4], [1, 2, 5]]


def test_overlaps_are_refused_unless_the_lower_number_may_win(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, ORIENTATIONS["axial"])
    masks = stacked(labels())
    masks[2, 1, 2, :] = 1
    path = segmentation(tmp_path / "seg.dcm", files(folder), masks, "BINARY", ["body", "tumour"])
    with pytest.raises(FileProblem, match="overlap in 1 pixels"):
        read_label_map(path, ImageFile(folder))
    assert LabelMapFile(path, ImageFile(folder), first_wins=True).read().labels[2, 1, 2] == 1
    other = read_label_map(path, ImageFile(folder), names={1: "tumour", 2: "body"}, first_wins=True)
    assert other.labels[2, 1, 2] == 1
    assert (other.labels == 1).sum() == masks[..., 1].sum()
    alone = read_label_map(path, ImageFile(folder), names={7: "tumour"})
    np.testing.assert_array_equal(alone.labels, 7 * masks[..., 1])


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, ORIENTATIONS["oblique"])
    path = segmentation(tmp_path / "seg.dcm", files(folder), stacked(labels()), "BINARY", ["body", "tumour"])
    with pytest.raises(FileProblem, match="none was given"):
        read_label_map(path)
    with pytest.raises(FileProblem, match=r"'Tumour'.*capitals"):
        read_label_map(path, ImageFile(folder), names={1: "Tumour"})
    other = series(tmp_path / "other", SIZE, turned((0.3, -0.5, 0.25)))
    with pytest.raises(FileProblem, match=r"does not lie on the pixels of its image \(up to 0\.\d+ pixels"):
        read_label_map(path, ImageFile(other))
    short = series(tmp_path / "short", (3, *SIZE[1:]), ORIENTATIONS["oblique"])
    with pytest.raises(FileProblem, match="pixels outside its image, which has the size 3 x 5 x 7"):
        read_label_map(path, ImageFile(short))
    moved = pydicom.dcmread(path)
    moved.FrameOfReferenceUID = "1.2.3"
    moved.save_as(tmp_path / "moved.dcm")
    with pytest.raises(FileProblem, match="different frames of reference"):
        read_label_map(tmp_path / "moved.dcm", ImageFile(folder))
    with pytest.raises(FileProblem, match="its image tells none"):
        read_label_map(path, ImageFile(files_without_positions(tmp_path)))


def files_without_positions(tmp_path: Path) -> Path:
    path = tmp_path / "cine.dcm"
    dataset(np.zeros(SIZE, dtype=np.uint16), PixelSpacing=[0.5, 0.7]).save_as(path, enforce_file_format=True)
    return path


def test_damage_is_told(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, ORIENTATIONS["axial"])
    path = segmentation(
        tmp_path / "seg.dcm",
        files(folder),
        stacked(labels()),
        "BINARY",
        ["body", "tumour"],
        transfer_syntax_uid=ImplicitVRLittleEndian,
    )
    nobody = pydicom.dcmread(path)
    nobody.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9
    nobody.save_as(tmp_path / "nobody.dcm")
    with pytest.raises(FileProblem, match=r"frame 2 of .* belongs to no segment"):
        read_label_map(tmp_path / "nobody.dcm", ImageFile(folder))
    strange = pydicom.dcmread(path)
    strange.SegmentationType = "SURFACE"
    strange.save_as(tmp_path / "strange.dcm")
    with pytest.raises(FileProblem, match="type SURFACE; BINARY, FRACTIONAL, LABELMAP"):
        read_label_map(tmp_path / "strange.dcm", ImageFile(folder))
    placeless = pydicom.dcmread(path)
    del placeless.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    placeless.save_as(tmp_path / "placeless.dcm")
    with pytest.raises(FileProblem, match=r"frame 1 of .* does not say where it lies"):
        read_label_map(tmp_path / "placeless.dcm", ImageFile(folder))
    whole = path.read_bytes()
    for share in (0.3, 0.9, 0.995):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FileProblem, match=r"seg\.dcm"):
            read_label_map(path, ImageFile(folder))
    with pytest.raises(FileProblem, match=r"holds no outlines \(modality CT\)"):
        read_label_map(next(folder.iterdir()), ImageFile(folder))


def test_one_slice_is_segmented_as_an_image(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", (1, 5, 7), ORIENTATIONS["oblique"])
    path = segmentation(tmp_path / "seg.dcm", files(folder), stacked(labels())[2:3], "BINARY", ["body", "tumour"])
    found = read_label_map(path, ImageFile(folder))
    np.testing.assert_array_equal(found.labels, labels()[2])
    volume = series(tmp_path / "volume", SIZE, ORIENTATIONS["oblique"])
    several = segmentation(tmp_path / "several.dcm", files(volume), stacked(labels()), "BINARY", ["body", "tumour"])
    with pytest.raises(FileProblem, match=r"in 3 planes and its image is one of 5 x 7"):
        read_label_map(several, ImageFile(folder))

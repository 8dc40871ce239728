"""Label maps in pictures and volumes: numbers as they are stored, and everything that is no label map refused."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow
from tests.modalities.imaging.law import law

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.outlines.label_map import LabelMap
from bedside.modalities.imaging.outlines.reading import LabelMapFile, read_label_map
from bedside.modalities.imaging.outlines.values import labelled

MASK = np.zeros((4, 6), dtype=np.uint8)
MASK[1:3, 2:5] = 255
PARTS = np.array([[0, 1, 1], [2, 0, 3]], dtype=np.uint8)


def saved(path: Path, values: Any, mode: str | None = None, **told: Any) -> Path:
    picture = Pillow.fromarray(values)
    if mode == "P":
        picture.putpalette([k * 7 % 256 for k in range(768)])
    elif mode is not None:
        picture = picture.convert(mode)
    picture.save(path, **told)
    return path


def nifti(path: Path, values: Any, affine: Any = None) -> Path:
    volume: Any = nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine)  # type: ignore[no-untyped-call]
    nibabel.save(volume, path)
    return path


@pytest.mark.parametrize(("name", "mode"), [
    ("a.png", None), ("a.png", "1"), ("a.png", "RGB"), ("a.png", "RGBA"), ("a.gif", None), ("a.bmp", None),
    ("a.tif", None), ("a.tif", "1"), ("a.tif", "RGB"),
])  # fmt: skip
def test_a_mask_of_0_and_255_is_one_structure(tmp_path: Path, name: str, mode: str | None) -> None:
    found = read_label_map(saved(tmp_path / name, MASK, mode))
    np.testing.assert_array_equal(found.labels, MASK // 255)
    assert found.names == {1: "structure"}
    assert found.geometry is None
    named = read_label_map(tmp_path / name, names={1: "vessel"})
    assert named.names == {1: "vessel"}
    assert named.present.tolist() == [1]


def test_of_16_bits_the_largest_number_is_one_structure_too(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (MASK // 255).astype(np.uint16) * 65_535)
    np.testing.assert_array_equal(read_label_map(path).labels, MASK // 255)


@pytest.mark.parametrize(("name", "mode"), [("a.png", None), ("a.png", "P"), ("a.tif", None), ("a.tif", "P")])
def test_numbers_of_greys_and_palettes_are_structures(tmp_path: Path, name: str, mode: str | None) -> None:
    told = {"compression": "tiff_lzw"} if (name, mode) == ("a.tif", "P") else {}
    path = saved(tmp_path / name, PARTS, mode, **told)
    found = read_label_map(path)
    np.testing.assert_array_equal(found.labels, PARTS)
    assert found.names == {1: "structure 1", 2: "structure 2", 3: "structure 3"}
    with pytest.raises(FileProblem, match=r"holds the numbers 3, which have no name; 0 \(background\) and 1, 2 are"):
        read_label_map(path, names={1: "a", 2: "b"})
    more = read_label_map(path, names={1: "a", 2: "b", 3: "c", 9: "d"})
    assert more.present.tolist() == [1, 2, 3]


def test_pages_of_a_tiff_are_slices(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([PARTS, PARTS[:, ::-1]]), photometric="minisblack")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.tif").labels, [PARTS, PARTS[:, ::-1]])
    first = Pillow.fromarray(PARTS)
    first.putpalette(list(range(256)) * 3)
    other = first.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)
    first.save(tmp_path / "b.tif", save_all=True, append_images=[other])
    np.testing.assert_array_equal(read_label_map(tmp_path / "b.tif").labels, [PARTS, PARTS[:, ::-1]])


def smoothed(path: Path) -> Path:
    large = Pillow.fromarray(MASK).resize((60, 40), Pillow.Resampling.BICUBIC)
    large.save(path)
    return path


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda p: smoothed(p / "a.png"), "as pictures and masks with smoothed borders do"),
        (lambda p: saved(p / "a.png", np.array([[0, 128, 255]], dtype=np.uint8)), "holds 255 beside 1 other values"),
        (lambda p: saved(p / "a.jpg", MASK), "is a JPEG, which changes values"),
        (lambda p: saved(p / "a.png", np.stack([MASK, MASK * 0, MASK], axis=-1)), "in colours, which name no"),
        (lambda p: saved(p / "a.png", np.stack([MASK] * 4, axis=-1)), "transparent in parts"),
        (lambda p: nifti(p / "a.nii.gz", np.full((2, 2, 2), 0.5, dtype=np.float32)), "not whole, the first 0.5"),
        (lambda p: nifti(p / "a.nii.gz", np.full((2, 2, 2), np.nan, dtype=np.float32)), "not whole"),
        (lambda p: nifti(p / "a.nii.gz", np.full((2, 2, 2), -1, dtype=np.int16)), "go from -1 to -1"),
        (lambda p: nifti(p / "a.nii.gz", np.full((2, 2, 2), 70_000, dtype=np.int32)), "0 .* to 65535"),
        (lambda p: p / "absent.png", "does not exist"),
    ],
)
def test_what_is_no_label_map_is_refused(tmp_path: Path, make: Any, found: str) -> None:
    path = make(tmp_path)
    with pytest.raises(FileProblem, match=found) as caught:
        read_label_map(path)
    assert str(path) in str(caught.value)


def test_damage_and_films_are_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 3, (50, 50)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileProblem, match="damaged or truncated"):
        read_label_map(path)
    frames = [Pillow.fromarray(MASK), Pillow.fromarray(255 - MASK)]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(FileProblem, match="film of 2 frames"):
        read_label_map(tmp_path / "b.gif")
    (tmp_path / "c.xml").write_text("<?xml version='1.0'?><a/>")
    with pytest.raises(FileProblem, match="web page or XML"):
        read_label_map(tmp_path / "c.xml")


def test_whole_numbers_of_any_type_are_labels_of_a_volume(tmp_path: Path) -> None:
    values = np.arange(24).reshape(2, 3, 4) % 3
    for kind in (np.uint8, np.int16, np.int32, np.float32, np.float64):
        found = read_label_map(nifti(tmp_path / "a.nii.gz", values.astype(kind)), names={1: "front", 2: "rear"})
        np.testing.assert_array_equal(found.labels, values.T)
        assert found.labels.dtype == np.uint8
        assert found.geometry is not None
    large = read_label_map(nifti(tmp_path / "b.nii.gz", (values * 7000).astype(np.int32)))
    assert large.labels.dtype == np.uint16
    assert large.present.tolist() == [7000, 14000]
    drawn = read_label_map(nifti(tmp_path / "c.nii.gz", (values > 1).astype(np.uint8) * 255))
    assert drawn.present.tolist() == [1]


def test_without_anything_outlined_there_is_a_map_of_background(tmp_path: Path) -> None:
    found = read_label_map(saved(tmp_path / "a.png", MASK * 0), names={1: "vessel"})
    assert not found.labels.any()
    assert found.present.size == 0


@law
@given(
    arrays(np.int64, (3, 4), elements=st.integers(0, 40)), st.sampled_from([np.uint8, np.uint16, np.int32, np.float32])
)
def test_numbers_stay_what_they_are(values: Any, kind: Any) -> None:
    found = labelled(values.astype(kind), None, None, "a", drawn=False)
    np.testing.assert_array_equal(found.labels, values)
    assert found.present.tolist() == sorted(set(values[values > 0].tolist()))
    assert found.read() is found


@pytest.mark.parametrize(
    ("labels", "geometry", "names", "found"),
    [
        (PARTS.astype(np.int64), None, {1: "a", 2: "b", 3: "c"}, "type int64"),
        (PARTS[0], None, {1: "a"}, "shape"),
        (PARTS, None, {1: "a", 2: "b"}, "numbers 3, which have no name"),
        (PARTS, None, {1: "a", 2: "b", 3: "a"}, "the same name"),
        (PARTS, None, {0: "a", 1: "b", 2: "c", 3: "d"}, "0 is background"),
        (PARTS, Geometry((1.0, 1.0, 1.0)), {1: "a", 2: "b", 3: "c"}, "3 pixel distances"),
    ],
)
def test_a_map_that_cannot_be_is_refused(labels: Any, geometry: Any, names: dict[int, str], found: str) -> None:
    with pytest.raises(FileProblem, match=found):
        LabelMap(labels, geometry, names)


def test_a_map_is_held_against_its_image(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", MASK)
    image = Image(np.zeros((3, 4, 6), dtype=np.uint8), Geometry((0.2, 0.2)))
    found = LabelMapFile(path, image, {1: "vessel"}).read()
    assert found.geometry is image.geometry
    assert str(path) not in repr(LabelMapFile(path, image))
    with pytest.raises(FileProblem, match=r"a\.png: the outlines have 4 x 6 pixels and the image 6 x 4"):
        LabelMapFile(path, Image(np.zeros((1, 6, 4)))).read()

"""A folder of DICOM slices becomes one volume by geometry alone, or is refused."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid
from tests.modalities.imaging.written import slices, write

from bedside.errors import FileProblem
from bedside.modalities.imaging.look import digest_of
from bedside.modalities.imaging.reading import read_image

VOLUME = np.random.default_rng(0).integers(-100, 3000, (6, 3, 4)).astype(np.int16)
POSITIONS = np.array([[-10.0, -20.0, 5.0 + 3.0 * k] for k in range(6)])


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(6)), st.booleans())
def test_the_order_and_names_of_files_do_not_matter(order: list[int], backwards: bool) -> None:
    with TemporaryDirectory() as folder:
        names = [f"{'z' if k % 2 else 'a'}{place}.dcm" for place, k in enumerate(order)]
        turned = POSITIONS[::-1] if backwards else POSITIONS
        image = read_image(slices(Path(folder), VOLUME[order], turned[order], names))
        np.testing.assert_array_equal(image.pixels[0], VOLUME[::-1] if backwards else VOLUME)
        straight = read_image(slices(Path(folder) / "straight", VOLUME, turned))
        assert digest_of(image) == digest_of(straight)


def test_every_voxel_lies_where_its_slice_says(tmp_path: Path) -> None:
    turned = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]  # sagittal: rows run to the back, columns run down
    positions = np.array([[30.0 - 2.0 * k, -20.0, 90.0] for k in range(6)])
    image = read_image(slices(tmp_path, VOLUME, positions, ImageOrientationPatient=turned))
    assert image.geometry is not None
    assert image.geometry.affine is not None
    assert image.geometry.spacing == pytest.approx((2.0, 0.5, 0.7))
    for k in range(6):
        for i, j in ((0, 0), (2, 1), (1, 3)):
            left, back, up = positions[k] + 0.7 * j * np.array(turned[:3]) + 0.5 * i * np.array(turned[3:])
            (place,) = np.flatnonzero((image.pixels[0] == VOLUME[k]).all(axis=(1, 2)))
            np.testing.assert_allclose(image.geometry.affine @ [place, i, j, 1], [-left, -back, up, 1], atol=1e-9)


def test_a_tilted_gantry_shears_the_volume(tmp_path: Path) -> None:
    tilted = POSITIONS + np.arange(6)[:, None] * np.array([0.0, 0.8, 0.0])
    geometry = read_image(slices(tmp_path, VOLUME, tilted)).geometry
    assert geometry is not None
    assert geometry.affine is not None
    np.testing.assert_allclose(geometry.affine[:3, 0], [0.0, -0.8, 3.0])


def test_rounded_positions_are_forgiven(tmp_path: Path) -> None:
    positions = np.array([[0.0, 0.0, round(0.625 * k, 1)] for k in range(6)])
    assert read_image(slices(tmp_path, VOLUME, positions)).size == (6, 3, 4)


def test_one_slice_is_an_image(tmp_path: Path) -> None:
    assert read_image(slices(tmp_path, VOLUME[:1], POSITIONS[:1])).size == (3, 4)


def refused(folder: Path) -> str:
    with pytest.raises(FileProblem) as caught:
        read_image(folder)
    assert "SECRET" not in str(caught.value)
    return str(caught.value)


def test_missing_slices_are_counted(tmp_path: Path) -> None:
    kept = [0, 1, 2, 5]
    text = refused(slices(tmp_path, VOLUME[kept], POSITIONS[kept]))
    assert "9.00 mm, usually 3.00 mm: 2 slices are missing" in text


def test_unequal_gaps_are_named(tmp_path: Path) -> None:
    uneven = POSITIONS.copy()
    uneven[4:, 2] += 0.8
    assert "the gap between slices 4 and 5" in refused(slices(tmp_path, VOLUME, uneven))


def test_positions_that_occur_twice_are_counted(tmp_path: Path) -> None:
    twice = POSITIONS[[0, 0, 1, 1, 2, 2]]
    assert "3 of 6 slices" in refused(slices(tmp_path, VOLUME, twice))


def test_slices_shifted_sideways_are_refused(tmp_path: Path) -> None:
    shifted = POSITIONS.copy()
    shifted[3, 0] += 2.0
    assert "shifted sideways" in refused(slices(tmp_path, VOLUME, shifted))


def test_mixed_series_are_counted_without_naming_them(tmp_path: Path) -> None:
    slices(tmp_path, VOLUME[:4], POSITIONS[:4])
    other = generate_uid()
    for k in (4, 5):
        write(tmp_path / f"{k}.dcm", VOLUME[k], SeriesInstanceUID=other, ImagePositionPatient=list(POSITIONS[k]))
    text = refused(tmp_path)
    assert "holds 2 series (4 files CT 3 x 4, 2 files CT 3 x 4)" in text
    assert other not in text


@pytest.mark.parametrize(
    ("elements", "found"),
    [
        ({"ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]}, "several orientations"),
        ({"PixelSpacing": [0.6, 0.7]}, "slices of 2 pixel spacings"),
        ({"ImagePositionPatient": None}, "1 of 6 slices do not say where they lie"),
    ],
)
def test_a_slice_that_does_not_belong_is_refused(tmp_path: Path, elements: dict[str, object], found: str) -> None:
    slices(tmp_path, VOLUME, POSITIONS)
    told: dict[str, object] = {
        "PixelSpacing": [0.5, 0.7],
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "ImagePositionPatient": list(POSITIONS[5]),
    }
    write(tmp_path / "5.dcm", VOLUME[5], **{**told, **elements})
    assert found in refused(tmp_path)


def test_slices_of_two_sizes_are_refused(tmp_path: Path) -> None:
    slices(tmp_path, VOLUME[:5], POSITIONS[:5])
    slices(tmp_path, VOLUME[5:, :2], POSITIONS[5:], ["5.dcm"])
    assert "slices of 2 sizes (2 x 4, 3 x 4)" in refused(tmp_path)


def test_other_files_and_empty_folders_are_refused(tmp_path: Path) -> None:
    assert "holds no files" in refused(tmp_path)
    slices(tmp_path, VOLUME, POSITIONS)
    (tmp_path / "notes.txt").write_text("slice 3 is blurred")
    assert "1 of its 7 files are no DICOM files, the first notes.txt" in refused(tmp_path)

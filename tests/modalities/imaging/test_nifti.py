"""NIfTI volumes: positions as sform or qform tell them, none where neither does."""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.errors import FileProblem
from bedside.modalities.imaging.header import read_header
from bedside.modalities.imaging.reading import read_image

VOLUME = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
TURNED = np.array([[0, -2.0, 0, 10], [1.5, 0, 0, -5], [0, 0, 3.0, 7], [0, 0, 0, 1]])


def saved(path: Path, data: Any, affine: Any = TURNED, codes: tuple[int, int] = (1, 0), **header: Any) -> Path:
    """A file whose sform and qform have these codes."""
    volume: Any = nibabel.Nifti1Image(data, affine)  # type: ignore[no-untyped-call]
    volume.header.set_xyzt_units("mm")
    volume.set_sform(affine, codes[0])
    volume.set_qform(affine, codes[1])
    for name, value in header.items():
        volume.header[name] = value
    nibabel.save(volume, path)
    return path


def sized(path: Path, *size: int) -> Path:
    """The same file with other dimensions in its header."""
    return patched(path, 40, np.array([3, *size], dtype="<i2"))


def patched(path: Path, place: int, numbers: Any) -> Path:
    """The same file with other bytes in its header."""
    data = bytearray(path.read_bytes())
    data[place : place + numbers.nbytes] = numbers.tobytes()
    path.write_bytes(bytes(data))
    return path


@settings(deadline=None, max_examples=20)
@given(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3)), st.sampled_from([(1, 0), (0, 1), (2, 1)]))
def test_every_voxel_lies_where_the_file_says(
    tmp_path_factory: Any, at: tuple[int, int, int], codes: tuple[int, int]
) -> None:
    path = saved(tmp_path_factory.mktemp("nifti") / "a.nii", VOLUME, codes=codes)
    image = read_image(path)
    i, j, k = at
    assert image.pixels[0, k, j, i] == VOLUME[i, j, k]
    assert image.geometry is not None
    assert image.geometry.affine is not None
    np.testing.assert_allclose(image.geometry.affine @ [k, j, i, 1], TURNED @ [i, j, k, 1], atol=1e-5)
    assert image.geometry.spacing == pytest.approx((3.0, 2.0, 1.5), rel=1e-5)


def test_no_identity_is_made_up(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii.gz", VOLUME, codes=(0, 0))
    geometry = read_image(path).geometry
    assert geometry is not None
    assert geometry.affine is None
    assert geometry.spacing == pytest.approx((3.0, 2.0, 1.5))
    assert "no position" in read_header(path).note
    assert not read_header(saved(tmp_path / "b.nii", VOLUME)).note


def test_units_become_millimetres(tmp_path: Path) -> None:
    geometry = read_image(saved(tmp_path / "a.nii", VOLUME, xyzt_units=3)).geometry  # 3 is micrometres
    assert geometry is not None
    assert geometry.spacing == pytest.approx((0.003, 0.002, 0.0015))


def test_stored_numbers_are_scaled(tmp_path: Path) -> None:
    path = patched(saved(tmp_path / "a.nii", VOLUME), 112, np.array([2.0, -7.0], "<f4"))  # scl_slope, scl_inter
    np.testing.assert_array_equal(read_image(path).pixels[0], VOLUME.T * 2 - 7)


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii.gz", VOLUME)
    renamed = path.rename(tmp_path / "scan.png")
    assert read_image(renamed).size == (4, 3, 2)


def test_one_slice_is_an_image(tmp_path: Path) -> None:
    image = read_image(saved(tmp_path / "a.nii", VOLUME[:, :, :1]))
    assert image.size == (3, 2)
    assert image.geometry is not None
    assert image.geometry.spacing == pytest.approx((2.0, 1.5))


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda p: saved(p, np.zeros((2, 3, 4, 5), dtype=np.int16)), "dimensions 2 x 3 x 4 x 5"),
        (lambda p: saved(p, VOLUME.astype(np.complex64)), "complex64"),
        (lambda p: saved(p, VOLUME, pixdim=[1, 1.5, 4.0, 3.0, 0, 0, 0, 0]), "contradicts itself"),
        (lambda p: patched(saved(p, VOLUME), 280, np.array([np.nan] * 4, "<f4")), "spacing is"),
        (lambda p: patched(saved(p, VOLUME), 280, np.zeros(12, "<f4")), "and 0 x 0 x 0 mm by its affine"),
        (lambda p: sized(saved(p, VOLUME), 30_000, 30_000, 4), "30,000 x 30,000 pixels"),
        (lambda p: sized(saved(p, VOLUME), 2_000, 2_000, 2_000), "2,000 x 2,000 x 2,000 voxels"),
        (lambda p: sized(saved(p, VOLUME), 20, 30, 40), "truncated"),
    ],
)
def test_what_is_no_volume_is_refused(tmp_path: Path, make: Any, found: str) -> None:
    with np.errstate(invalid="ignore"):
        path = make(tmp_path / "a.nii")
    with pytest.raises(FileProblem, match=found) as caught:
        read_image(path)
    assert str(path) in str(caught.value)


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii.gz", np.random.default_rng(0).integers(0, 9999, (20, 20, 20)).astype(np.int16))
    whole = path.read_bytes()
    for share in (0.5, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FileProblem, match="truncated"):
            read_image(path)
    path.write_bytes(gzip.compress(b"no volume" * 100))
    with pytest.raises(FileProblem, match="holds no NIfTI"):
        read_image(path)


def test_real_volumes_are_read_as_the_library_reads_them(public_data: Path) -> None:
    paths = sorted((public_data / "hippocampus" / "images").glob("*.nii.gz"))
    if not paths:
        pytest.skip("hippocampus/images is not in BEDSIDE_DATA")
    for path in paths[::40]:
        known: Any = nibabel.load(path)
        image = read_image(path)
        np.testing.assert_array_equal(image.pixels[0], np.asarray(known.dataobj).T)
        assert image.geometry is not None
        assert image.geometry.affine is not None
        np.testing.assert_allclose(image.geometry.affine[:, [2, 1, 0, 3]], known.affine)


def test_a_slope_without_a_finite_intercept_is_damage(tmp_path: Path) -> None:
    path = patched(saved(tmp_path / "a.nii", VOLUME), 112, np.array([2.0, np.inf], "<f4"))
    with pytest.raises(FileProblem, match="slope and intercept are not finite; write the file anew"):
        read_image(path)

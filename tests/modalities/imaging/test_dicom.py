"""DICOM files: values as the modality means them, geometry as the header tells it, damage in a clear sentence."""

from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.written import AXIAL, SERIES, STUDY, dataset, enhanced, write
from tests.modalities.tabular.law import law

from bedside.errors import FileProblem
from bedside.modalities.imaging.reading import read_image
from bedside.modalities.imaging.scaling import rescaled
from bedside.modalities.imaging.window import windowed

RNG = np.random.default_rng(3)
RAMP = np.arange(12, dtype=np.uint16).reshape(3, 4)


def shipped(name: str) -> Path:
    """A file that comes with pydicom; nothing is fetched."""
    return Path(pydicom.data.__file__).parent / "test_files" / name


def test_a_tomogram_is_in_hounsfield_units_with_its_spacing() -> None:
    image = read_image(shipped("CT_small.dcm"))
    stored = pydicom.dcmread(shipped("CT_small.dcm")).pixel_array
    np.testing.assert_array_equal(image.pixels[0], stored.astype(np.int64) - 1024)
    assert image.geometry is not None
    assert image.geometry.spacing == (0.661468, 0.661468)
    assert image.geometry.affine is None


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_lossless_transfer_syntaxes_decode_to_the_same_image(name: str) -> None:
    plain, coded = read_image(shipped("MR_small.dcm")), read_image(shipped(name))
    np.testing.assert_array_equal(plain.pixels, coded.pixels)
    assert plain.pixels.dtype == coded.pixels.dtype


@pytest.mark.parametrize(
    "name", ["SC_rgb_dcmtk_+eb+cy+n2.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_jpeg_dcmtk.dcm"]
)
def test_luminance_and_chrominance_become_red_green_and_blue(name: str) -> None:
    image, plain = read_image(shipped(name)), read_image(shipped("SC_rgb_rle.dcm"))
    assert image.pixels.shape == (3, 100, 100)
    assert np.abs(image.pixels.astype(int) - plain.pixels).max() <= 8  # what JPEG loses


def test_a_palette_becomes_its_colours() -> None:
    assert read_image(shipped("examples_palette.dcm")).channels == 3


def test_dose_is_in_grays_on_its_own_grid() -> None:
    image = read_image(shipped("rtdose.dcm"))
    whole = pydicom.dcmread(shipped("rtdose.dcm"))
    np.testing.assert_allclose(image.pixels[0], whole.pixel_array * float(whole.DoseGridScaling), rtol=1e-6)
    assert image.geometry is not None
    assert image.geometry.affine is not None
    assert image.geometry.spacing == (5.0, 10.0, 10.0)


def test_more_is_brighter_unless_the_values_are_measurements(tmp_path: Path) -> None:
    film = write(
        tmp_path / "film.dcm", RAMP, Modality="DX", PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11
    )
    np.testing.assert_array_equal(read_image(film).pixels[0], 4095 - RAMP)
    emission = write(tmp_path / "pet.dcm", RAMP, Modality="PT", PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_image(emission).pixels[0], RAMP)


def test_values_of_interest_are_applied_only_when_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", RAMP, WindowCenter=[6.0, 2.0], WindowWidth=[5.0, 1.0], RescaleIntercept=0)
    np.testing.assert_array_equal(read_image(path).pixels[0], RAMP)
    shown = read_image(path, voi=True).pixels[0]
    assert shown[0, 3] == 0.0  # at centre - 0.5 - (width - 1) / 2 and below, PS3.3 C.11.2.1.2
    assert shown[1, 1] == pytest.approx(0.375)
    assert shown[2, 3] == 1.0
    with pytest.raises(FileProblem, match="declares no window"):
        read_image(write(tmp_path / "b.dcm", RAMP), voi=True)


def test_each_frame_is_shown_by_its_own_window(tmp_path: Path) -> None:
    volume = np.stack([np.array([[0, 50, 99]]) * 10**k for k in range(3)]).astype(np.uint16)
    path = enhanced(tmp_path / "e.dcm", volume, np.array([[0.0, 0.0, k] for k in range(3)]), [(1.0, 0.0)] * 3)
    written = pydicom.dcmread(path)
    for k, group in enumerate(written.PerFrameFunctionalGroupsSequence):
        window = pydicom.Dataset()
        window.WindowCenter, window.WindowWidth, window.VOILUTFunction = 50.0 * 10**k, 100.0 * 10**k, "LINEAR_EXACT"
        group.FrameVOILUTSequence = pydicom.Sequence([window])
    written.save_as(path)
    np.testing.assert_allclose(read_image(path, voi=True).pixels[0, :, 0], [[0.0, 0.5, 0.99]] * 3, rtol=1e-6)


def test_a_window_of_the_standards_example() -> None:
    # PS3.3 C.11.2.1.2.2: centre 2048 and width 4096 map 0 to the lowest and 4095 to the highest output.
    np.testing.assert_array_equal(windowed(np.array([0, 4095]), 2048, 4096), [0.0, 1.0])
    with pytest.raises(FileProblem, match="at least 1"):
        windowed(RAMP, 0, 0.5)


@law
@given(
    st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=20),
    st.one_of(st.integers(1, 50).map(float), st.floats(1e-4, 100)),
    st.one_of(st.integers(-5000, 5000).map(float), st.floats(-1e4, 1e4)),
)
def test_rescaling_is_exact_for_whole_rules_and_rounded_once_for_others(
    stored: list[int], slope: float, intercept: float
) -> None:
    made = rescaled(np.array(stored, dtype=np.int16), slope, intercept)
    exact = [value * slope + intercept for value in stored]
    if slope.is_integer() and intercept.is_integer():
        assert made.dtype.kind == "i"
        assert made.tolist() == exact
    else:
        np.testing.assert_array_equal(made, np.array(exact).astype(np.float32))


def test_spacing_at_the_detector_serves_where_there_is_no_other(tmp_path: Path) -> None:
    geometry = read_image(write(tmp_path / "a.dcm", RAMP, Modality="DX", ImagerPixelSpacing=[0.2, 0.3])).geometry
    assert geometry is not None
    assert geometry.spacing == (0.2, 0.3)
    assert read_image(write(tmp_path / "b.dcm", RAMP)).geometry is None


def test_wrong_spacing_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"a\.dcm: pixel spacing is \(0\.0, 0\.5\)"):
        read_image(write(tmp_path / "a.dcm", RAMP, PixelSpacing=[0.0, 0.5]))


def test_frames_of_an_enhanced_file_are_ordered_by_position_and_scaled_by_their_own_rules(tmp_path: Path) -> None:
    volume = RNG.integers(0, 1000, (4, 3, 5)).astype(np.uint16)
    order = [2, 0, 3, 1]
    positions = np.array([[-10.0, -20.0, 30.0 + 2.5 * k] for k in order])
    image = read_image(enhanced(tmp_path / "e.dcm", volume, positions, [(1.0 + k, -k) for k in order]))
    for k, frame in zip(order, volume, strict=True):
        np.testing.assert_array_equal(image.pixels[0, k], frame * (1.0 + k) - k)
    assert image.geometry is not None
    assert image.geometry.spacing == (2.5, 0.5, 0.7)  # from positions, not from the thickness of 9 mm
    assert image.geometry.affine is not None
    np.testing.assert_allclose(image.geometry.affine @ [1, 0, 0, 1], [10, 20, 32.5, 1])
    np.testing.assert_allclose(image.geometry.affine @ [0, 1, 2, 1], [10 - 1.4, 20 - 0.5, 30, 1])


def test_frames_without_positions_are_a_volume_of_unknown_geometry(tmp_path: Path) -> None:
    cine = write(tmp_path / "cine.dcm", RNG.integers(0, 9, (5, 3, 4)).astype(np.uint8), PixelSpacing=[1.0, 1.0])
    image = read_image(cine)
    assert image.size == (5, 3, 4)
    assert image.geometry is None


@pytest.mark.parametrize("palette", [False, True])
def test_a_film_in_colour_is_no_volume(tmp_path: Path, palette: bool) -> None:
    made = dataset(RNG.integers(0, 9, (5, 3, 4, 3)).astype(np.uint8), NumberOfFrames=5, Rows=3, Columns=4)
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, "RGB", 0
    if palette:
        made = dataset(RNG.integers(0, 9, (5, 3, 4)).astype(np.uint8), PhotometricInterpretation="PALETTE COLOR")
        for colour in ("Red", "Green", "Blue"):
            setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(made, f"{colour}PaletteColorLookupTableData", np.arange(256, dtype=np.uint16).tobytes())
    made.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    with pytest.raises(FileProblem, match=r"film\.dcm holds 5 frames in colour .* save the frame that is meant"):
        read_image(tmp_path / "film.dcm")


@pytest.mark.parametrize(("stored", "high"), [(12, 15), (12, 10), (16, 11)])
def test_bits_that_lie_elsewhere_are_refused(tmp_path: Path, stored: int, high: int) -> None:
    path = write(tmp_path / "a.dcm", RAMP << 4, BitsStored=stored, HighBit=high)
    with pytest.raises(FileProblem, match=rf"{stored} bits a pixel .* highest is bit {high}; {stored - 1} is allowed"):
        read_image(path)
    assert read_image(write(tmp_path / "b.dcm", RAMP, BitsStored=12, HighBit=11)).pixels.max() == 11


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("MR_truncated.dcm", "truncated"),
        ("reportsi.dcm", "holds no image"),
        ("rtplan.dcm", "holds no image"),
        ("badVR.dcm", "damaged"),
        ("no_meta.dcm", "without its preamble|no image"),
        ("meta_missing_tsyntax.dcm", "Transfer Syntax"),
        ("JPEG2000-embedded-sequence-delimiter.dcm", "cannot be decoded"),
    ],
)
def test_damaged_and_imageless_files_are_refused(name: str, found: str) -> None:
    with pytest.raises(FileProblem, match=found):
        read_image(shipped(name))


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "JPEG2000.dcm"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, name: str, share: float) -> None:
    whole = shipped(name).read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileProblem):
        read_image(cut)


def test_encrypted_files_are_named_as_such(tmp_path: Path) -> None:
    envelope = tmp_path / "secured.dcm"
    envelope.write_bytes(bytes.fromhex("3082050006092a864886f70d010703") + RNG.bytes(600))
    with pytest.raises(FileProblem, match="encrypted"):
        read_image(envelope)
    made = dataset(RAMP)
    del made.PixelData
    del made.Rows
    item = pydicom.Dataset()
    item.EncryptedContent = b"\0" * 8
    made.EncryptedAttributesSequence = [item]
    made.save_as(tmp_path / "attributes.dcm", enforce_file_format=True)
    with pytest.raises(FileProblem, match="encrypted"):
        read_image(tmp_path / "attributes.dcm")


def test_an_enormous_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"20,000 x 20,000 pixels; 67,108,864 a plane are allowed"):
        read_image(write(tmp_path / "a.dcm", RAMP, Rows=20_000, Columns=20_000))


def test_messages_hold_no_identifier(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.dcm", RAMP, PhotometricInterpretation="HSV", PatientBirthDate="19500101")
    with pytest.raises(FileProblem) as caught:
        read_image(path)
    for secret in ("SECRET", "Secret", "1950", str(SERIES), str(STUDY)):
        assert secret not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_single_slice_keeps_its_spacing_and_has_no_affine(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dcm", RAMP, PixelSpacing=[0.5, 0.7], ImageOrientationPatient=AXIAL, ImagePositionPatient=[0, 0, 0]
    )
    geometry = read_image(path).geometry
    assert geometry is not None
    assert (geometry.spacing, geometry.affine) == ((0.5, 0.7), None)


@pytest.mark.parametrize(("limit", "darkest"), [(None, -990.0), (-1900, -980.0)])
def test_pixels_outside_the_image_get_its_darkest_value(tmp_path: Path, limit: int | None, darkest: float) -> None:
    stored = np.full((8, 8), 40, dtype=np.int16)
    stored[0], stored[1], stored[2] = -2000, 10, 20
    stored[7] = -1950 if limit is not None else 60
    if limit is not None:
        stored[1] = 20
    marks = {"PixelPaddingValue": -2000} | ({} if limit is None else {"PixelPaddingRangeLimit": limit})
    path = write(tmp_path / "padded.dcm", stored, Modality="CT", RescaleSlope=1, RescaleIntercept=-1000, **marks)
    values = read_image(path).pixels[0]
    assert (values[0] == darkest).all()
    assert values.min() == darkest
    assert (values[3] == -960).all()

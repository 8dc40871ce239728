"""PNG, JPEG, BMP and TIFF pictures: what the file stores, nothing more, and bombs refused unexploded."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from bedside.errors import FileProblem
from bedside.modalities.imaging.reading import read_image

RNG = np.random.default_rng(1)
GREY = RNG.integers(0, 256, (5, 7)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)
DEEP = RNG.integers(0, 1 << 16, (5, 7)).astype(np.uint16)


def first(array: Any) -> Any:
    return np.moveaxis(array, -1, 0)


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_pictures_without_loss_keep_every_value(tmp_path: Path, ending: str, array: Any) -> None:
    path = tmp_path / f"a.{ending}"
    Pillow.fromarray(array).save(path)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, array[None] if array.ndim == 2 else first(array))
    assert image.geometry is None


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    Pillow.fromarray(DEEP).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", DEEP)
    tifffile.imwrite(tmp_path / "b.tif", np.stack([DEEP] * 3, axis=-1), photometric="rgb", compression="zlib")
    tifffile.imwrite(tmp_path / "c.tif", DEEP, byteorder=">")
    for name, channels in (("a.png", 1), ("a.tif", 1), ("b.tif", 3), ("c.tif", 1)):
        image = read_image(tmp_path / name)
        assert image.pixels.dtype == np.uint16
        np.testing.assert_array_equal(image.pixels, np.stack([DEEP] * channels))


def test_sixteen_bit_colours_in_png_are_refused_rather_than_halved(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes(6 * 2) for _ in range(2))
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 2, 16, 2, zlib.compress(rows)))
    with pytest.raises(FileProblem, match="16 bits a colour"):
        read_image(path)


def test_palettes_become_colours_and_transparency_is_mixed_with_black(tmp_path: Path) -> None:
    palette = Pillow.fromarray(COLOUR).quantize(8)
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_image(tmp_path / "p.png").pixels, first(np.asarray(palette.convert("RGB"))))
    see_through = np.dstack([COLOUR, np.full((5, 7), 255, np.uint8)])
    see_through[0, 0, 3] = 0
    Pillow.fromarray(see_through).save(tmp_path / "a.png")
    made = read_image(tmp_path / "a.png").pixels
    assert made[:, 0, 0].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(made[:, 1:], first(COLOUR)[:, 1:])


def test_pictures_are_turned_as_they_were_taken(tmp_path: Path) -> None:
    for orientation, turned in ((3, GREY[::-1, ::-1]), (6, np.rot90(GREY, 3)), (8, np.rot90(GREY)), (2, GREY[:, ::-1])):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        Pillow.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels[0], turned)
        tifffile.imwrite(tmp_path / "a.tif", GREY, extratags=[(274, "H", 1, orientation, True)])
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[0], turned)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_both_readers_turn_alike(tmp_path: Path, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    tifffile.imwrite(tmp_path / "a.tif", GREY, extratags=[(274, "H", 1, orientation, True)])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, read_image(tmp_path / "a.tif").pixels)


def test_pages_make_a_volume(tmp_path: Path) -> None:
    stack = RNG.integers(0, 999, (4, 5, 7)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, stack[None])
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        file.write(GREY)
        file.write(GREY[:3])
    with pytest.raises(FileProblem, match=r"pages of 2 sizes or types \(3 x 7, 5 x 7\)"):
        read_image(tmp_path / "b.tif")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiff_is_read(tmp_path: Path, compression: str) -> None:
    smooth = np.repeat(np.arange(0, 240, 8, dtype=np.uint8)[:, None], 30, axis=1)
    Pillow.fromarray(np.dstack([smooth] * 3)).save(tmp_path / "a.tif", compression=compression)
    made = read_image(tmp_path / "a.tif").pixels
    assert np.abs(made.astype(int) - first(np.dstack([smooth] * 3))).max() <= (6 if compression == "jpeg" else 0)


def test_white_is_zero_is_inverted(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[0], 255 - GREY)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"])
def test_white_is_zero_is_inverted_at_every_depth(tmp_path: Path, kind: str, compression: Any) -> None:
    stored = (GREY / 255).astype(kind) if kind.startswith("f") else (GREY - (128 if kind[0] == "i" else 0)).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="miniswhite", compression=compression)
    made = read_image(tmp_path / "a.tif").pixels[0]
    assert made.dtype == stored.dtype
    ends = 1 if kind.startswith("f") else int(np.iinfo(kind).min) + int(np.iinfo(kind).max)
    np.testing.assert_allclose(made.astype(np.float64) + stored, ends)


def test_white_is_zero_is_inverted_however_it_is_compressed(tmp_path: Path) -> None:
    made = []
    for compression in (None, "tiff_lzw", "packbits"):
        Pillow.fromarray(DEEP).save(tmp_path / "a.tif", compression=compression, tiffinfo={262: 0})
        made.append(read_image(tmp_path / "a.tif").pixels[0])
    for one in made:
        assert one.dtype == np.uint16
        np.testing.assert_array_equal(one, 65_535 - DEEP)


def test_white_is_zero_of_unbounded_reals_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.float32), photometric="miniswhite")
    with pytest.raises(FileProblem, match=r"zero is white and holds reals from .* save it as black-is-zero"):
        read_image(tmp_path / "a.tif")


def png(width: int, height: int, bits: int, colours: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_bomb_is_refused_with_the_size_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png(20_000, 20_000, 8, 0, b""))
    with pytest.raises(FileProblem, match=r"20,000 x 20,000 pixels; 67,108,864 a plane are allowed"):
        read_image(tmp_path / "bomb.png")
    tifffile.imwrite(tmp_path / "bomb.tif", GREY)
    with tifffile.TiffFile(tmp_path / "bomb.tif", mode="r+") as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages.first.tags[name].overwrite(20_000)
    with pytest.raises(FileProblem, match="20,000 x 20,000"):
        read_image(tmp_path / "bomb.tif")


def test_one_pixel_is_an_image(tmp_path: Path) -> None:
    Pillow.fromarray(GREY[:1, :1]).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").size == (1, 1)


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "tif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_pictures_are_refused(tmp_path: Path, ending: str, share: float) -> None:
    file = io.BytesIO()
    Pillow.fromarray(RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)).save(
        file, format={"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper())
    )
    path = tmp_path / f"a.{ending}"
    path.write_bytes(file.getvalue()[: int(share * len(file.getvalue()))])
    with pytest.raises(FileProblem, match=r"damaged or truncated"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"hello", "no image that can be read"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"GIF89a" + bytes(40), "GIF"),
        (b"Salted__" + bytes(40), "encrypted"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"PK\x03\x04" + bytes(40), "zip archive"),
    ],
)
def test_what_is_no_image_is_told_with_a_remedy(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=found):
        read_image(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        read_image(tmp_path / "a.png")


def test_real_pictures_are_read(public_data: Path) -> None:
    for folder, pattern, channels in (("busi", "*/*.png", 1), ("ph2", "images/*.jpg", 3)):
        paths = sorted((public_data / folder).glob(pattern))
        if not paths:
            pytest.skip(f"{folder} is not in BEDSIDE_DATA")
        for path in paths[::60]:
            assert read_image(path).channels == channels

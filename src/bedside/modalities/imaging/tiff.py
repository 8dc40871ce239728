"""TIFF pictures of any depth, with one page or with several that make a volume."""

from pathlib import Path
from typing import Any

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image, Pixels
from bedside.modalities.imaging.limits import refuse_too_large
from bedside.modalities.imaging.raster import DAMAGE, pixels_of, without_alpha

_TURNS = dict(
    enumerate([(0, False), (0, True), (2, False), (2, True), (3, True), (3, False), (1, True), (1, False)], 1)
)
"""TIFF orientation to quarter turns counter-clockwise, and whether to mirror left and right after them."""


def read_tiff(path: Path) -> Image:
    """Read a picture of one page, or pages of one size and type as a volume (channels, pages, rows, columns).

    Values keep their type, 16-bit colours included; white-is-zero is inverted, palettes become colours. Resolution
    tags are printing resolutions more often than not: no distances are taken from them.

    Raises:
        FileProblem: The file is damaged or too large, or its pages differ.
    """
    import tifffile  # noqa: PLC0415 - slow to import

    try:
        with tifffile.TiffFile(path) as file:
            pages: list[Any] = list(file.pages)
            _refuse_unlike(pages, path)
            size = (pages[0].imagelength, pages[0].imagewidth)
            refuse_too_large((len(pages), *size) if len(pages) > 1 else size, str(path))
            made = [_page(page, path, number) for number, page in enumerate(pages)]
    except FileProblem:
        raise
    except (*DAMAGE, tifffile.TiffFileError, ArithmeticError, AttributeError) as error:
        msg = f"{path} is damaged or truncated: its TIFF pages cannot be decoded; fetch it again"
        raise FileProblem(msg) from error
    return Image(made[0] if len(made) == 1 else np.stack(made, axis=1))


def _refuse_unlike(pages: list[Any], path: Path) -> None:
    found = {(page.imagelength, page.imagewidth, page.samplesperpixel, str(page.dtype)) for page in pages}
    if len(found) > 1:
        sizes = ", ".join(f"{one[0]} x {one[1]}" for one in sorted(found)[:4])
        msg = (
            f"{path} holds pages of {len(found)} sizes or types ({sizes}); one picture, or pages that make a volume, "
            "are allowed: save the page that is meant (a pyramid's finest) as a file of its own"
        )
        raise FileProblem(msg)


def _page(page: Any, path: Path, number: int) -> Pixels:  # noqa: ANN401 - tifffile's pages
    """One page as (channels, rows, columns)."""
    kind = page.photometric.name
    try:
        values = page.asarray()
    except ValueError as error:
        if "imagecodecs" not in str(error) or max(_bits(page)) > (16 if page.samplesperpixel == 1 else 8):
            raise
        found = _by_pillow(path, number)  # LZW and JPEG compression, at depths that Pillow keeps
        if kind == "MINISWHITE" and max(_bits(page)) > 8:  # which Pillow inverts up to 8 bits only
            found = found.dtype.type((1 << max(_bits(page))) - 1) - found
        return found
    if kind == "YCBCR":
        return _by_pillow(path, number)
    values = _meant(values.astype(values.dtype.newbyteorder("="), copy=False), page, path)
    if values.ndim == 2:
        values = values[..., None]
    elif page.samplesperpixel > 1 and page.planarconfig.name == "SEPARATE":
        values = np.moveaxis(values, 0, -1)
    values = without_alpha(values)
    if values.shape[-1] not in (1, 3):
        msg = f"{path} has {values.shape[-1]} values a pixel; 1 (grey) or 3 (RGB), with or without opacity, are allowed"
        raise FileProblem(msg)
    tag = page.tags.get("Orientation")
    quarters, mirrored = _TURNS.get(int(tag.value) if tag is not None else 1, (0, False))
    values = np.rot90(values, quarters)
    return np.ascontiguousarray(np.moveaxis(values[:, ::-1] if mirrored else values, -1, 0))


def _meant(values: Pixels, page: Any, path: Path) -> Pixels:  # noqa: ANN401
    """Stored values as more-is-brighter grey, or as the colours of their palette."""
    kind = page.photometric.name
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    if kind == "PALETTE":
        coloured = np.moveaxis(np.asarray(page.colormap)[:, values], 0, -1)
        return (coloured >> 8 if coloured.max() > 255 else coloured).astype(np.uint8)
    if kind == "MINISWHITE":
        return _inverted(values, path)
    if kind not in ("MINISBLACK", "RGB"):
        msg = f"{path} stores {kind} colours; grey, RGB and palettes are allowed: save it as RGB"
        raise FileProblem(msg)
    return values


def _inverted(values: Pixels, path: Path) -> Pixels:
    """White-is-zero as more-is-brighter: mirrored within what whole numbers can store, and reals within 0 to 1."""
    if values.dtype.kind in "ui":
        return ~values  # which is the largest less the value, and of signed numbers -1 less the value
    if not (values.min() >= 0 and values.max() <= 1):
        msg = (
            f"{path} says that zero is white and holds reals from {values.min():g} to {values.max():g}; of reals only "
            "those from 0 to 1 have a black to be counted from: save it as black-is-zero"
        )
        raise FileProblem(msg)
    mirrored: Pixels = 1 - values
    return mirrored


def _bits(page: Any) -> tuple[int, ...]:  # noqa: ANN401
    bits = page.bitspersample
    return tuple(bits) if isinstance(bits, tuple) else (int(bits),)


def _by_pillow(path: Path, number: int) -> Pixels:
    from PIL import ImageOps, TiffImagePlugin  # noqa: PLC0415 - only where tifffile cannot

    with path.open("rb") as file:
        picture = TiffImagePlugin.TiffImageFile(file)
        picture.seek(number)
        picture.load()
        return pixels_of(ImageOps.exif_transpose(picture))

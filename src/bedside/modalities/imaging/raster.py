"""PNG, JPEG and BMP pictures: values as stored, no distances, since such files tell none that can be believed."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import BmpImagePlugin, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image, Pixels
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.limits import refuse_too_large

DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
    UnidentifiedImageError,
)
"""What decoders raise on damaged files."""

_GREY = ("1", "L", "I;16", "I;16B", "I;16L", "I", "F")


def read_raster(path: Path) -> Image:
    """Read a picture, turned as its EXIF orientation says.

    Grey of 8 and 16 bits keeps its type; palettes become their colours; a transparent pixel is mixed with black.

    Raises:
        FileProblem: The file is damaged, truncated or too large, or has 16 bits a colour.
    """
    try:
        with path.open("rb") as file:
            # The format's own reader, so that the size is known, and refused, before anything is decoded.
            picture = _reader(path)(file)
            refuse_too_large((picture.height, picture.width), str(path))
            _refuse_deep_colour(path, file)
            picture.load()
            return Image(pixels_of(ImageOps.exif_transpose(picture)))
    except FileProblem:
        raise
    except DAMAGE as error:
        msg = f"{path} is damaged or truncated: it cannot be decoded to its end; fetch it again"
        raise FileProblem(msg) from error


def pixels_of(picture: Any) -> Pixels:  # noqa: ANN401 - any of Pillow's images
    """A decoded Pillow image as (channels, rows, columns)."""
    if picture.mode == "P" or "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa"):
        picture = picture.convert("RGBA")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in (*_GREY, "RGB", "RGBA", "LA"):
        picture = picture.convert("RGB")
    values = np.asarray(picture)
    if picture.mode == "I":
        values = values.astype(np.uint16 if values.min() >= 0 and values.max() < 1 << 16 else np.int32)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.ndim == 2:
        return np.ascontiguousarray(values[None])
    return np.ascontiguousarray(np.moveaxis(without_alpha(values), -1, 0))


def without_alpha(values: Pixels) -> Pixels:
    """Pixels without a last channel that says how opaque they are, mixed with black where they are not.

    Args:
        values: Shape (..., 2) for grey or (..., 4) for colours with opacity; others are given back as they are.
    """
    if values.shape[-1] not in (2, 4):
        return values
    shown, opacity = values[..., :-1], values[..., -1:]
    most = np.iinfo(values.dtype).max
    if (opacity == most).all():
        return shown
    return np.round(shown.astype(np.float64) * (opacity / most)).astype(values.dtype)


def _reader(path: Path) -> Any:  # noqa: ANN401
    readers = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
    }
    kind = kind_of(path)
    if kind not in readers:
        msg = f"{path} is no PNG, JPEG or BMP picture"
        raise FileProblem(msg)
    return readers[kind]


def _refuse_deep_colour(path: Path, file: Any) -> None:  # noqa: ANN401
    """Pillow would halve 16-bit colours to 8 bits without a word."""
    place = file.tell()
    file.seek(0)
    head = file.read(26)
    file.seek(place)
    if head.startswith(b"\x89PNG") and head[24] == 16 and head[25] != 0:
        msg = (
            f"{path} is a PNG with 16 bits a colour or with opacity; 16 bits are read in grey PNG and in TIFF, 8 bits "
            "in all: save it as TIFF, or with 8 bits"
        )
        raise FileProblem(msg)

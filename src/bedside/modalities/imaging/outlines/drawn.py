"""Label maps that were drawn: PNG, GIF, BMP and TIFF, in which a value or a place in the palette is a structure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, ImageOps, PngImagePlugin, TiffImagePlugin

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Pixels
from bedside.modalities.imaging.kind import head_of, kind_of, why_not
from bedside.modalities.imaging.limits import refuse_too_large
from bedside.modalities.imaging.outlines.label_map import LabelMap
from bedside.modalities.imaging.outlines.values import labelled
from bedside.modalities.imaging.raster import DAMAGE

_READERS: Mapping[str, Any] = {
    "PNG": PngImagePlugin.PngImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}


def read_drawn(path: Path, *, names: Mapping[int, str] | None = None) -> LabelMap:
    """Read a picture as a label map: grey values, or places in the palette, are the numbers of the structures.

    A mask of nothing but 0 and 255 is one structure. Pages of a TIFF are the slices of a volume. Grey that is stored as
    equal red, green and blue is grey. No distances are taken from such files.

    Raises:
        FileProblem: The file is damaged, a JPEG, in colours, half transparent, or its values are no labels.
    """
    kind = "GIF" if head_of(path).startswith(b"GIF8") else kind_of(path)
    if kind == "JPEG":
        msg = f"{path} is a JPEG, which changes values near borders; save the mask as PNG, TIFF or NIfTI"
        raise FileProblem(msg)
    if kind == "TIFF":
        values = _pages(path)
    elif kind is not None and kind in _READERS:
        values = _picture(path, kind)
    else:
        msg = f"{path} {why_not(path)}"
        raise FileProblem(msg)
    return labelled(values, None, names, str(path), drawn=True)


def _picture(path: Path, kind: str) -> Pixels:
    """Values of one picture, turned as its EXIF orientation says, shape (rows, columns)."""
    try:
        with path.open("rb") as file:
            picture = _READERS[kind](file)
            refuse_too_large((picture.height, picture.width), str(path))
            _refuse_film(picture, path)
            picture.load()
            return _grey(_numbers(ImageOps.exif_transpose(picture)), path)
    except FileProblem:
        raise
    except DAMAGE as error:
        msg = f"{path} is damaged or truncated: it cannot be decoded to its end; fetch it again"
        raise FileProblem(msg) from error


def _refuse_film(picture: Any, path: Path) -> None:  # noqa: ANN401 - any of Pillow's images
    if getattr(picture, "n_frames", 1) > 1:
        msg = f"{path} is a film of {picture.n_frames} frames; a mask has one: save the frame that is meant"
        raise FileProblem(msg)


def _numbers(picture: Any) -> Pixels:  # noqa: ANN401 - any of Pillow's images
    """Grey values or places in the palette, shape (rows, columns) or (rows, columns, channels)."""
    if picture.mode == "PA":
        picture = picture.convert("RGBA")
    values = np.asarray(picture)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _grey(values: Pixels, path: Path) -> Pixels:
    """One value a pixel; opaque pixels and equal colours are taken apart, everything else is refused."""
    if values.ndim == 2:
        return values
    if values.shape[-1] in (2, 4):
        if (values[..., -1] != np.iinfo(values.dtype).max).any():
            msg = f"{path} is transparent in parts; a label map has one number a pixel: save it without transparency"
            raise FileProblem(msg)
        values = values[..., :-1]
    if (values != values[..., :1]).any():
        msg = (
            f"{path} is in colours, which name no structures; save the labels as grey values or with a palette, "
            "structure by number"
        )
        raise FileProblem(msg)
    return values[..., 0]


def _pages(path: Path) -> Pixels:
    """Values of a TIFF: of its one page, or of all pages as slices."""
    import tifffile  # noqa: PLC0415 - slow to import

    from bedside.modalities.imaging.tiff import read_tiff  # noqa: PLC0415

    try:
        with tifffile.TiffFile(path) as file:
            pages: list[Any] = list(file.pages)
            kinds, count = {page.photometric.name for page in pages}, len(pages)
        if kinds != {"PALETTE"}:
            return _grey(np.moveaxis(read_tiff(path).pixels, 0, -1), path)
        with path.open("rb") as opened:
            picture: Any = TiffImagePlugin.TiffImageFile(opened)
            made = []
            for number in range(count):
                picture.seek(number)
                refuse_too_large((picture.height, picture.width), str(path))
                made.append(np.asarray(ImageOps.exif_transpose(picture)))
    except FileProblem:
        raise
    except (*DAMAGE, tifffile.TiffFileError, ArithmeticError, AttributeError) as error:
        msg = f"{path} is damaged or truncated: its TIFF pages cannot be decoded; fetch it again"
        raise FileProblem(msg) from error
    if len({page.shape for page in made}) > 1:
        msg = f"{path} holds pages of several sizes; one mask, or pages that make a volume, are allowed"
        raise FileProblem(msg)
    return made[0] if count == 1 else np.stack(made)

"""NIfTI volumes, with the position that their sform or qform tells and with none where neither does."""

import gzip
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image, Pixels
from bedside.modalities.imaging.kind import head_of
from bedside.modalities.imaging.limits import refuse_too_large
from bedside.modalities.imaging.scaling import rescaled
from bedside.types import Floats

_MILLIMETRES = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
"""Millimetres in a unit; a file that names none is in millimetres by the convention of its readers."""

_DISAGREE = 0.05
"""Relative difference between the two distances that a header tells from which it contradicts itself."""


def read_nifti(path: Path) -> Image:
    """Read one volume: pixels in the order (slices, rows, columns), the reverse of the file's (i, j, k).

    The affine is the sform where its code is set, else the qform where its code is set. Where both codes are 0 the
    file tells distances and no position: the geometry then has no affine, never an identity.

    Raises:
        FileProblem: The file is damaged or truncated, holds several volumes or complex numbers, or contradicts itself.
    """
    data = _content(path)
    header, volume = _opened(data, path)
    stored = _stored(volume, header, data, path)
    spacing, affine = _position(header, path)
    turned = np.moveaxis(stored.transpose(*reversed(range(stored.ndim - 1)), stored.ndim - 1), -1, 0)
    if affine is not None:
        affine = affine[:, [2, 1, 0, 3]]
    try:
        if turned.shape[1] == 1 and turned.ndim == 4:
            return Image(np.ascontiguousarray(turned[:, 0]), Geometry(spacing[:2][::-1]))
        return Image(np.ascontiguousarray(turned), Geometry(spacing[::-1], affine))
    except FileProblem as error:
        msg = f"{path}: {error}"
        raise FileProblem(msg) from error


def position_said(path: Path) -> str:
    """Which part of the header tells where the volume lies: "sform", "qform" or "not told".

    Raises:
        FileProblem: The header cannot be read.
    """
    header = _opened(_content(path, only_header=True), path)[0]
    if int(header["sform_code"]) > 0:
        return "sform"
    return "qform" if int(header["qform_code"]) > 0 else "not told"


def _content(path: Path, *, only_header: bool = False) -> bytes:
    zipped = head_of(path).startswith(b"\x1f\x8b")
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            head: bytes = file.read(544)
            if only_header:
                return head
            refuse_too_large(_shape(head, path), str(path))
            return head + file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        msg = f"{path} is truncated or damaged: it cannot be unpacked to its end; fetch it again"
        raise FileProblem(msg) from error


def _shape(head: bytes, path: Path) -> tuple[int, ...]:
    header = _opened(head, path)[0]
    shape = tuple(int(n) for n in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) not in (2, 3) or min(shape) < 1:
        shown = " x ".join(map(str, shape))
        msg = (
            f"{path} has the dimensions {shown}; one volume of three dimensions is allowed: write time points, "
            "directions or channels as files of their own"
        )
        raise FileProblem(msg)
    return shape[::-1]


def _opened(data: bytes, path: Path) -> tuple[Any, Any]:
    """Header and volume class of the bytes."""
    import nibabel  # noqa: PLC0415 - slow to import
    from nibabel.spatialimages import HeaderDataError  # noqa: PLC0415

    volume: Any = nibabel.Nifti2Image if data[4:8] == b"n+2\x00" else nibabel.Nifti1Image
    try:
        return volume.header_class.from_fileobj(io.BytesIO(data), check=False), volume
    except (HeaderDataError, ValueError, struct.error, OSError) as error:
        msg = f"{path} has a damaged NIfTI header ({type(error).__name__}); fetch it again, or write it anew"
        raise FileProblem(msg) from error


def _stored(volume: Any, header: Any, data: bytes, path: Path) -> Pixels:  # noqa: ANN401 - classes of nibabel
    """Values after the file's own scaling, shape (i, j, k, channels)."""
    from nibabel.spatialimages import HeaderDataError  # noqa: PLC0415 - slow to import

    try:
        slope, intercept = header.get_slope_inter()
    except HeaderDataError as error:
        msg = f"{path} has a damaged NIfTI header: its slope and intercept are not finite; write the file anew"
        raise FileProblem(msg) from error
    try:
        kind = header.get_data_dtype()
        whole = int(np.prod(header.get_data_shape())) * kind.itemsize
        if int(header.get_data_offset()) + whole > len(data):
            msg = f"{path} is truncated: {len(data):,} bytes where its header tells of more; fetch it again"
            raise FileProblem(msg)
        values = volume.from_bytes(data).dataobj.get_unscaled()
    except (ValueError, OSError, KeyError, TypeError, ArithmeticError) as error:
        msg = f"{path} is damaged: its values cannot be read ({type(error).__name__}); fetch it again"
        raise FileProblem(msg) from error
    values = np.asarray(values).reshape(tuple(_shape(data[:544], path))[::-1])
    if kind.names is not None and set(kind.names) >= {"R", "G", "B"}:
        return np.stack([values[name] for name in "RGB"], axis=-1)
    if values.dtype.kind not in "iuf":
        msg = f"{path} holds values of the type {kind}; whole and real numbers and RGB are allowed"
        raise FileProblem(msg)
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return rescaled(native, 1.0 if slope is None else float(slope), float(intercept or 0.0))[..., None]


def _position(header: Any, path: Path) -> tuple[tuple[float, ...], Floats | None]:  # noqa: ANN401 - as above
    """Distances along the file's axes and its affine, both in millimetres."""
    from nibabel.spatialimages import HeaderDataError  # noqa: PLC0415

    axes = min(3, len(header.get_data_shape()))
    try:
        unit = _MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
        distances = tuple(abs(float(one)) * unit for one in header.get_zooms()[:axes])
        affine = header.get_sform() if int(header["sform_code"]) > 0 else None
        if affine is None and int(header["qform_code"]) > 0:
            affine = header.get_qform()
    except (HeaderDataError, KeyError, ValueError) as error:
        msg = f"{path} has a damaged NIfTI header: its position cannot be computed; write the file anew"
        raise FileProblem(msg) from error
    if affine is None or axes < 3:
        return distances, None
    placed: Floats = np.asarray(affine, dtype=np.float64).copy()
    placed[:3] *= unit
    lengths = np.linalg.norm(placed[:3, :3], axis=0)
    apart = np.abs(lengths - distances) > _DISAGREE * np.maximum(lengths, distances)
    if np.isfinite(lengths).all() and apart.any():
        told, drawn = (" x ".join(f"{x:.3g}" for x in one) for one in (distances, lengths.tolist()))
        msg = (
            f"{path} contradicts itself: voxels are {told} mm by its pixdim and {drawn} mm by its affine; one spacing "
            "is allowed: correct the header where the file was made"
        )
        raise FileProblem(msg)
    return tuple(float(x) for x in lengths), placed

"""One DICOM file as an image or volume: its own lookup tables applied, its geometry kept.

What is not said by the file is not assumed: distances come from Pixel Spacing, else from Imager Pixel Spacing (at the
detector, not in the patient), never from Slice Thickness; positions come from Image Position and Orientation.
"""

import logging
import math
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image, Pixels
from bedside.modalities.imaging.limits import refuse_too_large
from bedside.modalities.imaging.planes import Plane, stacked
from bedside.modalities.imaging.scaling import rescaled
from bedside.modalities.imaging.window import displayed
from bedside.types import Booleans

Dataset: TypeAlias = Any
"""A pydicom dataset; pydicom publishes no types for its elements."""

QUANTITATIVE = ("CT", "PT", "NM", "RTDOSE")
"""Modalities whose values are measurements: a photometric interpretation for viewing does not invert them."""

_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")
_FAILURES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    KeyError,
    IndexError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom and its decoders raise on damaged files."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Decoded frames, not yet in order.

    Attributes:
        values: Shape (frames, channels, rows, columns), after the modality's lookup table or rescaling.
        planes: Where each frame lies; None where the file does not tell.
        spacing: Millimetres between rows and between columns; None where unknown.
        between: Millimetres between frames, where the file tells that but no positions.
    """

    values: Pixels
    planes: tuple[Plane, ...] | None
    spacing: tuple[float, float] | None
    between: float | None = None


def read_dicom(path: Path, *, voi: bool = False) -> Image:
    """Read a single-frame image, or a multi-frame file as a volume.

    Grey values are the modality's (Hounsfield units, dose in grays); colours are red, green, blue. MONOCHROME1 is
    inverted, except for quantitative modalities, so that more is brighter.

    Args:
        path: The file.
        voi: Apply the value-of-interest table or the first window of the file as well, as a viewer would; grey values
            are then between 0 and 1, or those of the table.

    Raises:
        FileProblem: The file is truncated, encrypted, holds no image, or its frames do not make a volume.
    """
    with told(path):
        return assembled(frames_of(opened(path), str(path), voi=voi), str(path))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what damaged files make pydicom raise into FileProblem, and keep its warnings, which quote values, quiet."""
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except FileProblem:
        raise
    except _FAILURES as error:
        msg = (
            f"{path} is damaged: its DICOM content cannot be understood ({type(error).__name__}); fetch it again, or "
            "export it with another transfer syntax"
        )
        raise FileProblem(msg) from error
    finally:
        log.setLevel(level)


def opened(path: Path, *, pixels: bool = True) -> Dataset:
    """The file's dataset; call within `told`.

    Raises:
        FileProblem: It is no DICOM file, or is cut off.
    """
    import pydicom  # noqa: PLC0415 - slow to import
    from pydicom.errors import InvalidDicomError  # noqa: PLC0415

    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=not pixels)
    except InvalidDicomError as error:
        msg = f"{path} has no DICOM mark (DICM at byte 128); rewrite it as a DICOM part 10 file, or leave it out"
        raise FileProblem(msg) from error
    except EOFError as error:
        msg = f"{path} is truncated: it ends inside an element; fetch it again"
        raise FileProblem(msg) from error
    if "TransferSyntaxUID" not in dataset.file_meta:
        msg = f"{path} does not say how it is coded (no Transfer Syntax); export it again as a DICOM part 10 file"
        raise FileProblem(msg)
    return dataset


def frames_of(dataset: Dataset, where: str, *, voi: bool = False) -> Frames:
    """Decode all frames of a dataset; call within `told`.

    Raises:
        FileProblem: There is no image in it, or it cannot be decoded.
    """
    _refuse_what_is_no_image(dataset, where)
    _refuse_high_bit(dataset, where)
    count = int(dataset.get("NumberOfFrames") or 1)
    size = (int(dataset.Rows), int(dataset.Columns))
    refuse_too_large((count, *size) if count > 1 else size, where)
    stored = _decoded(dataset, where)
    kind = str(dataset.PhotometricInterpretation)
    if kind == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415

        stored = apply_color_lut(stored, dataset)
    elif kind not in ("MONOCHROME1", "MONOCHROME2", *_COLOURS):
        msg = f"{where} has the photometric interpretation {kind}; grey, palette, RGB and YBR images are read"
        raise FileProblem(msg)
    values = np.moveaxis(stored.reshape(count, *size, -1), -1, 1)
    padding = _padding(dataset, values) if kind.startswith("MONOCHROME") else None
    if kind == "MONOCHROME1" and str(dataset.get("Modality", "")) in QUANTITATIVE and not voi:
        kind = "MONOCHROME2"
    if kind.startswith("MONOCHROME"):
        values, ends = _grey(dataset, values)
        if voi:
            values = displayed(values, dataset, where, inverted=kind == "MONOCHROME1")
        elif kind == "MONOCHROME1":
            values = _inverted(values, ends)
        values = _emptied(values, padding)
    groups = [_groups(dataset, frame) for frame in range(count)]
    spacing = _spacing(groups, dataset, where)
    planes, between = _planes(dataset, groups)
    return Frames(np.ascontiguousarray(values), planes, spacing, between)


def assembled(frames: Frames, where: str) -> Image:
    """One frame as an image, several as a volume in the order of their positions.

    Grey frames without positions are taken in the order of the file; in colour they are a film, which is refused.

    Raises:
        FileProblem: The frames do not make a volume.
    """
    if len(frames.values) == 1:
        geometry = None if frames.spacing is None else _geometry(frames.spacing, where)
        return Image(frames.values[0], geometry)
    if frames.planes is not None:
        order, geometry = stacked(frames.planes, frames.spacing, where)
        return Image(np.ascontiguousarray(np.moveaxis(frames.values[order], 1, 0)), geometry)
    if frames.values.shape[1] > 1:
        msg = (
            f"{where} holds {len(frames.values)} frames in colour that do not say where they lie: a film, and no "
            "volume; save the frame that is meant as a file of its own"
        )
        raise FileProblem(msg)
    geometry = None
    if frames.spacing is not None and frames.between is not None:
        geometry = _geometry((frames.between, *frames.spacing), where)
    return Image(np.ascontiguousarray(np.moveaxis(frames.values, 1, 0)), geometry)


def spacing_said(dataset: Dataset) -> str:
    """Where the distance between pixels is told: "in the patient", "at the detector" or "not told"."""
    groups = _groups(dataset, 0)
    if _numbers(_first(groups, dataset, "PixelMeasuresSequence", "PixelSpacing"), 2):
        return "in the patient"
    return "at the detector" if _numbers(dataset.get("ImagerPixelSpacing"), 2) else "not told"


def _refuse_what_is_no_image(dataset: Dataset, where: str) -> None:
    if any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return
    if "EncryptedAttributesSequence" in dataset:
        msg = f"{where} is encrypted: its image stands in encrypted attributes; decrypt it where it was made"
    elif "DirectoryRecordSequence" in dataset:
        msg = f"{where} is a DICOMDIR, a list of other files; name the folder or the image files themselves"
    elif "Rows" in dataset:
        msg = f"{where} is truncated: it describes an image and ends before its pixels; fetch it again"
    else:
        modality = str(dataset.get("Modality", "")) or "unknown"
        msg = f"{where} holds no image (modality {modality}); leave out reports, plans, structures and waveforms"
    raise FileProblem(msg)


def _refuse_high_bit(dataset: Dataset, where: str) -> None:
    """PS3.5 8.1.1 allows one place for the bits of a pixel; decoders take it for granted and would cut values off."""
    high, stored = dataset.get("HighBit"), dataset.get("BitsStored")
    if high is None or stored is None or int(high) == int(stored) - 1 or "PixelData" not in dataset:
        return
    msg = (
        f"{where} stores {int(stored)} bits a pixel and says that the highest is bit {int(high)}; {int(stored) - 1} is "
        "allowed, and which of its bits are the image would be a guess: convert it with the software that made it"
    )
    raise FileProblem(msg)


def _decoded(dataset: Dataset, where: str) -> Pixels:
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415

    try:
        stored: Pixels = pixel_array(dataset)
    except _FAILURES as error:
        syntax = dataset.file_meta.TransferSyntaxUID
        if not syntax.is_private and syntax.is_compressed:
            what = f"its pixels ({syntax.name}) cannot be decoded: they are damaged, cut off, or coded in a rare way"
        elif syntax.is_private:
            what = "its pixels are coded or encrypted in a manufacturer's own way"
        else:
            what = "it has fewer bytes of pixels than its rows and columns need: it is truncated"
        msg = f"{where} cannot be read: {what}; fetch it again, or export it uncompressed (Explicit VR Little Endian)"
        raise FileProblem(msg) from error
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def _padding(dataset: Dataset, stored: Pixels) -> Booleans | None:
    """Where the file marks pixels as outside the image (PS3.3 C.7.5.1.1.2): one value, or all between two."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    outside = (stored >= low) & (stored <= high)
    return outside if outside.any() and not outside.all() else None


def _emptied(values: Pixels, padding: Booleans | None) -> Pixels:
    """Pixels outside the image get its darkest value, so that no statistic of the image sees a number made up."""
    if padding is None:
        return values
    emptied = values.copy()
    emptied[padding] = values[~padding].min()
    return emptied


def _grey(dataset: Dataset, values: Pixels) -> tuple[Pixels, tuple[float, float]]:
    """Values as the modality means them, and the values of the lowest and highest number the file can store."""
    if dataset.get("ModalityLUTSequence"):
        from pydicom.pixels.processing import apply_modality_lut  # noqa: PLC0415

        looked_up: Pixels = apply_modality_lut(values, dataset)
        return looked_up, (0.0, float((1 << int(dataset.ModalityLUTSequence[0].LUTDescriptor[2])) - 1))
    low, high = _bounds(dataset, values)
    rules = [_rule(dataset, frame) for frame in range(len(values))]
    if len(set(rules)) == 1:
        made = rescaled(values, *rules[0], bits=(low, high))
    else:
        parts = [rescaled(one, *rule, bits=(low, high)) for one, rule in zip(values, rules, strict=True)]
        kind = np.float32 if any(part.dtype.kind == "f" for part in parts) else np.result_type(*parts)
        made = np.stack([part.astype(kind) for part in parts])
    ends = sorted(end * slope + intercept for slope, intercept in rules for end in (low, high))
    return made, (ends[0], ends[-1])


def _inverted(values: Pixels, ends: tuple[float, float]) -> Pixels:
    """The values mirrored within what the file can store, in their own type."""
    if np.issubdtype(values.dtype, np.integer):
        return (int(sum(ends)) - values.astype(np.int64)).astype(values.dtype)
    return (sum(ends) - values.astype(np.float64)).astype(np.float32)


def _bounds(dataset: Dataset, values: Pixels) -> tuple[int, int]:
    if values.dtype.kind == "f":
        return math.floor(values.min()), math.ceil(values.max())
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    signed = values.dtype.kind == "i"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return min(low, int(values.min())), max(high, int(values.max()))


def _rule(dataset: Dataset, frame: int) -> tuple[float, float]:
    """Slope and intercept of a frame; dose grids have a factor of their own (PS3.3 C.8.8.3)."""
    item = _item(_groups(dataset, frame), "PixelValueTransformationSequence") or dataset
    if str(dataset.get("Modality", "")) == "RTDOSE" and dataset.get("DoseGridScaling") is not None:
        return float(dataset.DoseGridScaling), 0.0
    slope, intercept = item.get("RescaleSlope"), item.get("RescaleIntercept")
    return (1.0 if slope is None else float(slope)), (0.0 if intercept is None else float(intercept))


def _groups(dataset: Dataset, frame: int) -> tuple[Dataset, ...]:
    """Functional groups of a frame of an enhanced file, its own before those all frames share; none in others."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    return (*own[frame : frame + 1], *shared[:1])


def _item(groups: Sequence[Dataset], sequence: str) -> Dataset | None:
    return next((group[sequence].value[0] for group in groups if group.get(sequence)), None)


def _first(groups: Sequence[Dataset], dataset: Dataset, sequence: str, element: str) -> Any:  # noqa: ANN401
    """An element of a functional group, else of the dataset itself; None where neither has it."""
    item = _item(groups, sequence)
    return dataset.get(element) if item is None else item.get(element)


def _numbers(value: Any, count: int) -> tuple[float, ...]:  # noqa: ANN401
    """A multi-valued element as floats; empty where it is absent or has another number of values."""
    return tuple(float(one) for one in value) if value is not None and len(value) == count else ()


def _spacing(groups: Sequence[Sequence[Dataset]], dataset: Dataset, where: str) -> tuple[float, float] | None:
    told_ = {_numbers(_first(one, dataset, "PixelMeasuresSequence", "PixelSpacing"), 2) for one in groups}
    if len(told_) > 1:
        msg = f"{where} holds frames of {len(told_)} pixel spacings; a volume needs one: resample it, or split it"
        raise FileProblem(msg)
    found = told_.pop() or _numbers(dataset.get("ImagerPixelSpacing"), 2)
    return (found[0], found[1]) if found else None


def _planes(dataset: Dataset, groups: Sequence[Sequence[Dataset]]) -> tuple[tuple[Plane, ...] | None, float | None]:
    offsets = dataset.get("GridFrameOffsetVector")
    if offsets is not None and len(offsets) == len(groups) > 1:
        return _offset_planes(dataset, [float(one) for one in offsets]), None
    made: list[Plane] = []
    for one in groups:
        position = _numbers(_first(one, dataset, "PlanePositionSequence", "ImagePositionPatient"), 3)
        turned = _numbers(_first(one, dataset, "PlaneOrientationSequence", "ImageOrientationPatient"), 6)
        if position and turned:
            made.append(Plane(_three(position), _three(turned[:3]), _three(turned[3:])))
    own_positions = any(group.get("PlanePositionSequence") for one in groups for group in one)
    if len(made) == len(groups) and (len(groups) == 1 or own_positions):
        return tuple(made), None
    between = _first(groups[0], dataset, "PixelMeasuresSequence", "SpacingBetweenSlices")
    return None, None if between is None else abs(float(between))


def _offset_planes(dataset: Dataset, offsets: Sequence[float]) -> tuple[Plane, ...] | None:
    """Planes of a dose grid, whose frames are offsets along the normal of the first."""
    position = _numbers(dataset.get("ImagePositionPatient"), 3)
    turned = _numbers(dataset.get("ImageOrientationPatient"), 6)
    if not position or not turned:
        return None
    normal = np.cross(turned[:3], turned[3:])
    start = np.array(position)
    relative = [offset - offsets[0] for offset in offsets]  # absolute offsets start at the first frame's position
    return tuple(
        Plane(_three((start + step * normal).tolist()), _three(turned[:3]), _three(turned[3:])) for step in relative
    )


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = values
    return (x, y, z)


def _geometry(spacing: tuple[float, ...], where: str) -> Geometry:
    try:
        return Geometry(spacing)
    except FileProblem as error:
        msg = f"{where}: {error}"
        raise FileProblem(msg) from error

"""DICOM segmentations (PS3.3 A.51): frames put where they lie on the grid of the image that was segmented."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.imaging.dicom import Dataset, opened, told
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.limits import refuse_too_large
from bedside.modalities.imaging.outlines.chosen import chosen
from bedside.modalities.imaging.outlines.grid import TOLERANCE
from bedside.modalities.imaging.outlines.label_map import LabelMap, listed
from bedside.modalities.imaging.outlines.painting import Painting
from bedside.types import Booleans, Floats

TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
"""Segmentation types (PS3.3 C.8.20.2.3) that are read."""


def read_segmentation(
    path: Path,
    image: Image,
    *,
    names: Mapping[int, str] | None = None,
    tolerance: float = TOLERANCE,
    first_wins: bool = False,
) -> LabelMap:
    """Read a DICOM-SEG onto the grid of its image.

    Frames may come in any order and orientation, as long as their pixels are pixels of the image; slices without a
    frame are background. Of a fractional segmentation half of the largest value and above is inside.

    Args:
        path: The file.
        image: What was segmented: a volume that tells its position, or one image without any.
        names: The segments that are wanted, by their labels, under the numbers they get; None for all by their own.
        tolerance: How far pixels may lie beside the image's, in its pixel distances.
        first_wins: Where segments overlap, the lower number gets the pixel; otherwise overlaps are refused.

    Raises:
        FileProblem: The file is damaged or no segmentation, lies on other pixels than the image, or segments overlap.
    """
    with told(path):
        dataset = opened(path)
        kind = str(dataset.get("SegmentationType", ""))
        if kind not in TYPES:
            msg = f"{path} is a segmentation of the type {kind or 'unknown'}; {', '.join(TYPES)} are allowed"
            raise FileProblem(msg)
        taken = chosen(segments(dataset), names, str(path))
        painting = Painting(image.size, str(path), first_wins=first_wins)
        for frame, values in enumerate(_decoded(dataset, path)):
            for number, mask in _masks(dataset, frame, values, kind, path):
                if number in taken:
                    if image.dimensions == 2:
                        _refuse_other_picture(dataset, mask, image, path)
                        part, inner = painting.labels, mask
                    else:
                        steps = _steps(dataset, frame, image, path)
                        what = f"frame {frame + 1} of {path}"
                        part, inner = _placed(steps, mask, painting.labels, tolerance, what)
                    painting.paint(part, inner, taken[number][0])
        return LabelMap(painting.finished(), image.geometry, dict(taken.values()))


def segments(dataset: Dataset) -> dict[int, str]:
    """Number and label of each segment; call within `told`."""
    found = {int(item.SegmentNumber): str(item.get("SegmentLabel") or "") for item in dataset.SegmentSequence}
    return {number: label for number, label in found.items() if number > 0}


def _decoded(dataset: Dataset, path: Path) -> NDArray[Any]:
    """All frames, shape (frames, rows, columns)."""
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415 - slow to import

    frames, rows, columns = int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns)
    refuse_too_large((frames, rows, columns), str(path))
    if "PixelData" not in dataset:
        msg = f"{path} is truncated: it describes a segmentation and ends before its pixels; fetch it again"
        raise FileProblem(msg)
    # All at once: pydicom's decoder of single frames loses bits where frames of one bit do not end at whole bytes.
    found: NDArray[Any] = pixel_array(dataset)
    return found.reshape(frames, rows, columns)


def _masks(dataset: Dataset, frame: int, values: NDArray[Any], kind: str, path: Path) -> Iterator[tuple[int, Booleans]]:
    """The segments of a frame that are not empty: one, or of a label map as many as it holds."""
    known = segments(dataset)
    if kind == "LABELMAP":
        found = [number for number in np.unique(values).tolist() if number]
        unknown = [number for number in found if number not in known]
        if unknown:
            msg = f"{path} holds the numbers {listed(unknown)}, which its list of segments does not describe"
            raise FileProblem(msg)
        yield from ((number, values == number) for number in found)
        return
    item = _item(dataset, frame, "SegmentIdentificationSequence")
    if item is None or int(item.ReferencedSegmentNumber) not in known:
        msg = f"frame {frame + 1} of {path} belongs to no segment that the file describes; export it again"
        raise FileProblem(msg)
    mask = values > 0 if kind == "BINARY" else 2 * values.astype(np.int64) >= int(dataset.MaximumFractionalValue)
    if mask.any():
        yield int(item.ReferencedSegmentNumber), mask


def _placed(
    steps: Floats, mask: Booleans, labels: NDArray[np.uint16], tolerance: float, what: str
) -> tuple[NDArray[np.uint16], Booleans]:
    """The part of the labels that a frame covers, and the frame without what is empty beside them."""
    whole = np.rint(steps)
    axes = np.abs(whole[:, :2]).argmax(axis=0)
    corners = np.array([[r, c, 1.0] for r in (0, mask.shape[0] - 1) for c in (0, mask.shape[1] - 1)])
    far = float(np.abs((steps - whole) @ corners.T).max())
    if axes[0] == axes[1] or not (np.abs(whole[:, :2]).sum(axis=0) == 1).all() or far > tolerance:
        msg = (
            f"{what} does not lie on the pixels of its image (up to {far:.3g} pixels beside them, "
            f"{tolerance:g} are allowed): it was made on another series, or on another grid; export it on this one"
        )
        raise FileProblem(msg)
    lines = [(whole[axis, n] * np.arange(mask.shape[n]) + whole[axis, 2]).astype(int) for n, axis in enumerate(axes)]
    rest = 3 - int(axes.sum())
    number = int(whole[rest, 2])
    kept = [(line >= 0) & (line < labels.shape[axis]) for line, axis in zip(lines, axes, strict=True)]
    inner = mask[np.ix_(*kept)]
    if not 0 <= number < labels.shape[rest] or inner.sum() < mask.sum():
        msg = (
            f"{what} has pixels outside its image, which has the size "
            f"{' x '.join(map(str, labels.shape))}: it belongs to another series, or slices of this one are missing"
        )
        raise FileProblem(msg)
    plane = np.moveaxis(labels, axes.tolist(), (0, 1))[:, :, number]
    covered = tuple(_slice(line[keep]) for line, keep in zip(lines, kept, strict=True))
    return plane[covered], inner


def _slice(line: NDArray[Any]) -> slice:
    """Neighbouring places, ascending or descending, as a slice, so that what it takes stays a view."""
    step = -1 if len(line) > 1 and line[1] < line[0] else 1
    end = int(line[-1]) + step
    return slice(int(line[0]), end if end >= 0 else None, step)


def _steps(dataset: Dataset, frame: int, image: Image, path: Path) -> Floats:
    """From (row, column, 1) of a frame to places in the image, shape (3, 3)."""
    if image.geometry is None or image.geometry.affine is None:
        msg = f"{path} is placed by its position, and its image tells none; give the DICOM series that was segmented"
        raise FileProblem(msg)
    found = [
        _item(dataset, frame, sequence)
        for sequence in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
    ]
    position, turned, measures = found
    if position is None or turned is None or measures is None:
        msg = (
            f"frame {frame + 1} of {path} does not say where it lies in the patient; segmentations of slides in tiles "
            "are not read, others have to be exported with positions"
        )
        raise FileProblem(msg)
    along_row, along_column = np.array(turned.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    between = [float(one) for one in measures.PixelSpacing]
    start = np.array(position.ImagePositionPatient, dtype=np.float64)
    steps = np.column_stack([along_column * between[0], along_row * between[1], start])
    steps[:2] *= -1.0  # left and posterior to right and anterior
    back = np.linalg.inv(image.geometry.affine)
    placed: Floats = back[:3, :3] @ steps
    placed[:, 2] += back[:3, 3]
    return placed


def _item(dataset: Dataset, frame: int, sequence: str) -> Dataset | None:
    """The first item of a functional group of a frame, its own before what all frames share."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    groups = (*own[frame : frame + 1], *shared[:1])
    return next((group[sequence].value[0] for group in groups if group.get(sequence)), None)


def _refuse_other_picture(dataset: Dataset, mask: Booleans, image: Image, path: Path) -> None:
    """Raise where a segmentation of one image has another size, or lies in several planes."""
    frames = range(int(dataset.get("NumberOfFrames") or 1))
    items = [_item(dataset, frame, "PlanePositionSequence") for frame in frames]
    planes = {tuple(float(x) for x in item.ImagePositionPatient) for item in items if item is not None}
    if mask.shape == image.size and len(planes) <= 1:
        return
    msg = (
        f"{path} has frames of {mask.shape[0]} x {mask.shape[1]} pixels in {max(1, len(planes))} planes and its image "
        f"is one of {image.size[0]} x {image.size[1]}; give the image, or the folder of slices, that was segmented"
    )
    raise FileProblem(msg)

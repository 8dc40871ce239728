"""DICOM structure sets (RTSTRUCT, PS3.3 C.8.8.6): closed contours filled on the slices of their image.

A contour is drawn on the nearest slice, at most half a slice away; one that is not flat along a slice, lies beyond the
first or last one, or shares its slice with a contour of the same structure from another plane is refused. Contours of
one structure on one slice are joined by exclusive or, so that an inner one is a hole; slices without contour stay
empty.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.dicom import Dataset, opened, told
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.outlines.chosen import chosen
from bedside.modalities.imaging.outlines.grid import TOLERANCE
from bedside.modalities.imaging.outlines.label_map import LabelMap
from bedside.modalities.imaging.outlines.painting import Painting
from bedside.modalities.imaging.outlines.polygon import inside
from bedside.types import Floats

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
"""Contour geometric types (PS3.3 C.8.8.6.1) that enclose an area."""


@dataclass(frozen=True, slots=True)
class _Structure:
    """A structure of the file.

    Attributes:
        name: Its name in the file.
        contours: Corners of each closed contour in millimetres, right-anterior-superior, shape (n, 3).
        others: Contours that enclose nothing: points and open lines.
    """

    name: str
    contours: tuple[Floats, ...]
    others: int


def read_structure_set(
    path: Path,
    image: Image,
    *,
    names: Mapping[int, str] | None = None,
    tolerance: float = TOLERANCE,
    first_wins: bool = False,
) -> LabelMap:
    """Read an RTSTRUCT onto the grid of its image: a pixel whose centre is inside belongs to the structure.

    Args:
        path: The file.
        image: The volume on which the contours were drawn.
        names: The structures that are wanted, by their names, under the numbers they get; None for all that enclose
            anything, in the order of their numbers.
        tolerance: How far from flat a contour may be, in slices.
        first_wins: Where structures overlap, the lower number gets the pixel; otherwise overlaps are refused.

    Raises:
        FileProblem: The file is damaged or no structure set, contours do not fit the slices of the image, structures
            overlap, or one has contours and no pixel.
    """
    if image.dimensions != 3 or image.geometry is None or image.geometry.affine is None:
        msg = f"{path} is placed by its position, and its image is no volume that tells one; give the series it is of"
        raise FileProblem(msg)
    with told(path):
        every = _structures(opened(path), path)
    found = dict(enumerate((one for one in every if names is not None or one.contours or not one.others), start=1))
    taken = chosen({number: one.name for number, one in found.items()}, names, str(path))
    back = np.linalg.inv(image.geometry.affine)
    drawn = {
        new: [contour @ back[:3, :3].T + back[:3, 3] for contour in found[number].contours]
        for number, (new, _) in taken.items()
    }
    for number, (new, _) in taken.items():
        if found[number].others:
            msg = (
                f"structure {new} of {path} has {found[number].others} contours that are points or open lines; "
                "closed planar contours are allowed: close them, or leave the structure out"
            )
            raise FileProblem(msg)
    axis = _across([contour for contours in drawn.values() for contour in contours])
    painting = Painting(image.size, str(path), first_wins=first_wins)
    layers = np.moveaxis(painting.labels, axis, 0)
    for number, contours in drawn.items():
        what = f"structure {number} of {path}"
        filled = 0
        for place, flat in _by_slice(contours, axis, len(layers), tolerance, what).items():
            mask = inside(flat, (layers.shape[1], layers.shape[2]))
            filled += int(mask.sum())
            painting.paint(layers[place], mask, number)
        if contours and not filled:
            msg = f"{what} has {len(contours)} contours and holds no pixel's centre; the image is too coarse or another"
            raise FileProblem(msg)
    return LabelMap(painting.finished(), image.geometry, dict(taken.values()))


def regions(dataset: Dataset) -> dict[int, str]:
    """Number and name of each structure, in the order of the numbers; call within `told`."""
    return {int(item.ROINumber): str(item.get("ROIName") or "") for item in dataset.StructureSetROISequence}


def _structures(dataset: Dataset, path: Path) -> list[_Structure]:
    """The structures in the order of their numbers in the file."""
    contours: dict[int, list[Floats]] = defaultdict(list)
    others: dict[int, int] = defaultdict(int)
    for item in dataset.get("ROIContourSequence") or ():
        number = int(item.ReferencedROINumber)
        for contour in item.get("ContourSequence") or ():
            if str(contour.ContourGeometricType) in CLOSED:
                contours[number].append(_corners(contour, path))
            else:
                others[number] += 1
    named = regions(dataset)
    return [_Structure(named[number], tuple(contours[number]), others[number]) for number in sorted(named)]


def _corners(contour: Dataset, path: Path) -> Floats:
    """Corners in millimetres, right-anterior-superior."""
    numbers = np.array(contour.ContourData, dtype=np.float64).reshape(-1)
    if len(numbers) % 3 or not np.isfinite(numbers).all():
        msg = f"{path} holds a contour of {len(numbers)} numbers; three finite ones a corner are needed"
        raise FileProblem(msg)
    corners: Floats = numbers.reshape(-1, 3) * np.array([-1.0, -1.0, 1.0])
    return corners


def _across(contours: Sequence[Floats]) -> int:
    """The axis of the image along which the contours are flat."""
    if not contours:
        return 0
    spread = np.array([np.ptp(contour, axis=0) for contour in contours])
    return int(spread.max(axis=0).argmin())


def _by_slice(
    contours: Sequence[Floats], axis: int, slices: int, tolerance: float, what: str
) -> dict[int, list[Floats]]:
    """The contours of one structure on each slice, as places along the two other axes."""
    made: dict[int, list[Floats]] = defaultdict(list)
    depths: dict[int, float] = {}
    for contour in contours:
        depth = float(np.median(contour[:, axis]))
        uneven = float(np.abs(contour[:, axis] - depth).max())
        if uneven > tolerance:
            msg = (
                f"{what} has a contour that leaves its slice by {uneven:.3g} slices, {tolerance:g} are allowed: it was "
                "drawn on another orientation; give the series on which it was drawn"
            )
            raise FileProblem(msg)
        place = int(np.floor(np.round(depth, 6) + 0.5))
        if not 0 <= place < slices:
            msg = (
                f"{what} has a contour {abs(depth - min(max(depth, 0), slices - 1)):.3g} slices beyond the image's "
                f"{slices}; half a slice is allowed: it belongs to another series, or slices of this one are missing"
            )
            raise FileProblem(msg)
        if abs(depths.setdefault(place, depth) - depth) > tolerance:
            msg = (
                f"{what} has contours in two planes that are nearest to one slice of the image: it was drawn on a "
                "finer series; give the series on which it was drawn"
            )
            raise FileProblem(msg)
        made[place].append(np.delete(contour, axis, axis=1))
    return made

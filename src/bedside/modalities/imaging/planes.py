"""Slices that know where they lie in the patient, put in order and checked: a volume only where they make one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry
from bedside.types import Floats, Integers

_SAME_DIRECTION = 1e-3
"""Largest difference in a component of the direction cosines of slices that count as parallel."""
_SEPARATE = "put each in a folder of its own"


@dataclass(frozen=True, slots=True)
class Plane:
    """Where one slice lies, in the DICOM frame (left, posterior, superior), after PS3.3 C.7.6.2.1.1.

    Attributes:
        position: Centre of the first pixel, millimetres.
        along_row: Unit vector in which the column number grows.
        along_column: Unit vector in which the row number grows.
    """

    position: tuple[float, float, float]
    along_row: tuple[float, float, float]
    along_column: tuple[float, float, float]


def stacked(
    planes: Sequence[Plane], spacing: tuple[float, float] | None, where: str
) -> tuple[Integers, Geometry | None]:
    """The order of the slices along their normal, and the geometry of the volume they make.

    A tilted gantry shifts every slice by the same vector; the affine then holds the shear. Gaps may differ from the
    median by 5 % or 0.1 mm, whichever is more, as headers round positions, but never by a quarter.

    Args:
        planes: At least two, in any order.
        spacing: Millimetres between rows and between columns; None where unknown, which leaves no geometry.
        where: File or folder, for messages.

    Raises:
        FileProblem: The slices are not parallel, share a position, leave gaps, or are shifted against one another.
    """
    row, column = _directions(planes, where)
    normal = np.cross(row, column)
    positions = np.array([plane.position for plane in planes], dtype=np.float64)
    order = np.argsort(positions @ normal, kind="stable")
    positions = positions[order]
    _refuse_unequal(np.diff(positions @ normal), where)
    step = (positions[-1] - positions[0]) / (len(planes) - 1)
    line = positions[0] + np.arange(len(planes))[:, None] * step
    drift = float(np.linalg.norm(positions - line, axis=1).max())
    if drift > _tolerance(float(np.linalg.norm(step))):
        msg = (
            f"the slices of {where} are shifted sideways by up to {drift:.2f} mm from a straight stack; a volume needs "
            "one direction from slice to slice: reconstruct the series on one grid"
        )
        raise FileProblem(msg)
    if spacing is None:
        return order.astype(np.int64), None
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([step, column * spacing[0], row * spacing[1]])
    affine[:3, 3] = positions[0]
    affine[:2] *= -1.0  # left and posterior to right and anterior
    return order.astype(np.int64), Geometry((float(np.linalg.norm(step)), *spacing), affine + 0.0)


def _directions(planes: Sequence[Plane], where: str) -> tuple[Floats, Floats]:
    rows = np.array([plane.along_row for plane in planes])
    columns = np.array([plane.along_column for plane in planes])
    lengths = np.linalg.norm(np.concatenate([rows, columns]), axis=1)
    if np.abs(lengths - 1.0).max() > 0.01 or np.abs((rows * columns).sum(axis=1)).max() > 0.01:
        msg = f"the image orientation in {where} is not a pair of perpendicular unit vectors; export the images again"
        raise FileProblem(msg)
    apart = np.maximum(np.abs(rows - rows[0]).max(axis=1), np.abs(columns - columns[0]).max(axis=1)) > _SAME_DIRECTION
    if apart.any():
        msg = (
            f"{where} holds slices of several orientations ({int(apart.sum())} of {len(planes)} are turned against the "
            f"first); a volume needs parallel slices: {_SEPARATE}, and leave localisers out"
        )
        raise FileProblem(msg)
    return rows[0] / np.linalg.norm(rows[0]), columns[0] / np.linalg.norm(columns[0])


def _tolerance(gap: float) -> float:
    return min(max(0.05 * gap, 0.1), 0.25 * gap)


def _refuse_unequal(gaps: Floats, where: str) -> None:
    doubled = int((gaps < 1e-3).sum())
    if doubled:
        msg = (
            f"{doubled} of {gaps.size + 1} slices of {where} lie where another slice lies; a volume has one slice a "
            f"position: separate repeats, echoes and time points, and {_SEPARATE}"
        )
        raise FileProblem(msg)
    usual = float(np.median(gaps))
    wide = np.abs(gaps - usual) > _tolerance(usual)
    if not wide.any():
        return
    first = int(np.flatnonzero(wide)[0])
    found = (
        f"the gap between slices {first + 1} and {first + 2} of {where} is {gaps[first]:.2f} mm, usually {usual:.2f} mm"
    )
    times = gaps[wide] / usual
    if np.abs(times - times.round()).max() < 0.25 and times.min() > 1.5:
        missing = int((times.round() - 1).sum())
        msg = f"{found}: {missing} slices are missing; fetch the whole series again"
        raise FileProblem(msg)
    msg = (
        f"{found}, and {int(wide.sum())} of {gaps.size} gaps differ; equal spacing is needed: use a "
        f"reconstruction with equal gaps, or, where two series are mixed, {_SEPARATE}"
    )
    raise FileProblem(msg)

"""A map on a plan's grid, laid back onto the image that was prepared from: the inverse of its geometry."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.resample import grid, oriented

TURNED = 32
"""Points along each axis of a map that is turned back: volumes of one study may lie in several ways."""


def laid_back(values: NDArray[np.float32], image: Image, plan: ImagePlan) -> NDArray[np.float32]:
    """The map over the whole image, from its first to its last pixel along each of its own axes.

    It has as many points as the plan's grid, `TURNED` along each axis where the plan turns volumes. What the plan
    cut away is 0; what it padded is left out.

    Args:
        values: On the plan's grid, shape `plan.size`.
        image: As read.
        plan: By which it was prepared.

    Raises:
        FileProblem: The image cannot be prepared by this plan.
    """
    turned = image if plan.orientation is None else oriented(image, plan.orientation)
    points = plan.size if plan.orientation is None else (TURNED,) * plan.dimensions
    size, steps = grid(turned, plan)
    places = []
    for axis, count in enumerate(points):
        have, new, want = turned.size[axis], size[axis], plan.size[axis]
        old = (np.arange(count) + 0.5) * have / count - 0.5
        started = (want - new) // 2 if new < want else -((new - want) // 2)
        places.append((old - (have - 1) / 2) / steps[axis] + (new - 1) / 2 + started)
    where = np.stack(np.meshgrid(*places, indexing="ij"))
    limits = np.array(plan.size, dtype=np.float64).reshape(-1, *(1 for _ in points))
    seen = ((where > -0.5 - 1e-6) & (where < limits - 0.5 + 1e-6)).all(axis=0)
    found = np.where(seen, map_coordinates(values, where, order=1, mode="nearest"), 0.0).astype(np.float32)
    return found if plan.orientation is None else _turned_back(found, image, plan.orientation)


def _turned_back(values: NDArray[np.float32], image: Image, orientation: str) -> NDArray[np.float32]:
    from nibabel import orientations as ways  # noqa: PLC0415 - slow to import

    orientations: Any = ways  # its functions publish no types
    if image.geometry is None or image.geometry.affine is None:
        return values
    own = orientations.io_orientation(image.geometry.affine)
    back = orientations.ornt_transform(orientations.axcodes2ornt(tuple(orientation)), own)
    return np.ascontiguousarray(orientations.apply_orientation(values, back))

"""How far the surfaces of two outlines lie from one another.

A pixel of a structure is surface where a neighbour across an edge (in volumes: a face) is none of it; what lies beyond
the image counts as none. Distances run from each surface pixel's centre to the nearest of the other surface, exactly
(scipy's Euclidean distance transform). The 95th percentile Hausdorff distance is the larger of the two directions'
percentiles, linearly interpolated, as in MONAI 1.6 and Maier-Hein et al. (Metrics reloaded, Nat Methods 2024); others
take one percentile of both directions together, which is smaller where one surface is larger. Normalised surface Dice
counts surface pixels; the original of Nikolov et al. (2018, arXiv 1809.04430; MONAI's `use_subvoxels`) weighs them by
their area, which differs most where pixels are far from cubes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bedside.types import Booleans, Floats

PERCENTILE = 0.95


def surface_distances(one: Booleans, other: Booleans, steps: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Distances of the surface of each outline from that of the other.

    Args:
        one: Where the first outline is, not empty, shape (*size).
        other: The second, likewise.
        steps: Distance between pixels along each axis.
    """
    box = bounds(one | other)
    first, second = _surface(one[box]), _surface(other[box])
    to_second = ndimage.distance_transform_edt(~second, sampling=steps)[first]
    to_first = ndimage.distance_transform_edt(~first, sampling=steps)[second]
    return to_second, to_first


def hausdorff95(distances: tuple[Floats, Floats]) -> float:
    """The larger of both directions' 95th percentiles."""
    return max(float(np.quantile(each, PERCENTILE)) for each in distances)


def surface_dice(distances: tuple[Floats, Floats], tolerance: float) -> float:
    """Share of both surfaces' pixels that lie within the tolerance of the other surface."""
    every = np.concatenate(distances)
    return float((every <= tolerance).mean())


def bounds(there: Booleans) -> tuple[slice, ...]:
    """The smallest box around what is there; a box of nothing where nothing is."""
    found = []
    for axis in range(there.ndim):
        across = np.flatnonzero(there.any(axis=tuple(other for other in range(there.ndim) if other != axis)))
        found.append(slice(int(across[0]), int(across[-1]) + 1) if across.size else slice(0, 0))
    return tuple(found)


def _surface(there: Booleans) -> Booleans:
    inner: NDArray[np.bool_] = ndimage.binary_erosion(there)
    return there & ~inner

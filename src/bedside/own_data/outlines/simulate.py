"""Images from nothing but a declaration, with bodies of different brightness to outline or to find."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from bedside.endpoints.boxes.boxes import Boxes
from bedside.endpoints.mask.mask import Mask
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.tabular.table import Table, records
from bedside.own_data.images.roles import OwnImage
from bedside.own_data.images.simulate import geometry_of, simulated_columns
from bedside.own_data.outlines.declaration import DrawnDeclaration, MaskDeclaration
from bedside.types import Floats

_SIDE = {2: 48, 3: 20}
_ABSENT = 0.1
"""Share of images in which a body is absent, where that may be."""


def simulated(declared: DrawnDeclaration, n: int, seed: int) -> Iterator[OwnImage]:
    """Yield n images of smooth noise with one body of each structure or kind, the later named the brighter.

    Nothing in them comes from a real image.
    """
    rng = np.random.default_rng(seed)
    for row in records(Table(simulated_columns(declared, n, rng))):
        size = (
            (_SIDE[declared.windows.dimensions],) * declared.windows.dimensions
            if isinstance(declared, MaskDeclaration)
            else declared.plan.size
        )
        # Splits that are balanced by what is drawn need every combination often; there is but one then.
        grey, labels = _scene(size, len(declared.names), rng, absent=0.0 if declared.outcome.balanced else _ABSENT)
        if isinstance(declared, MaskDeclaration):
            geometry = _geometry(declared)
            image = _image(grey, declared.windows.channels, declared.windows.window, geometry)
            yield OwnImage(row, image, Mask(labels, geometry.spacing if geometry else None))
        else:
            image = _image(grey, declared.plan.channels, declared.plan.window, None)
            yield OwnImage(row, image, _boxes(labels, len(declared.names)))


def _scene(
    size: tuple[int, ...], bodies: int, rng: np.random.Generator, *, absent: float
) -> tuple[Floats, "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"]:
    """Grey values of 0 to 255 and the numbers of the bodies, both of this size."""
    noise: Floats = ndimage.gaussian_filter(rng.normal(size=size), 1.0)
    grey: Floats = 80.0 + 12.0 * noise / noise.std()
    labels = np.zeros(size, dtype=np.uint8)
    axes = np.meshgrid(*(np.arange(side) for side in size), indexing="ij")
    for number in range(1, bodies + 1):
        radius = float(rng.uniform(0.1, 0.18)) * min(size)
        centre = [rng.uniform(radius, side - 1 - radius) for side in size]
        if rng.random() < absent:
            continue
        distance = np.sqrt(sum((axis - middle) ** 2 for axis, middle in zip(axes, centre, strict=True)))
        labels[distance <= radius] = number
        grey[distance <= radius] += 50.0 + 100.0 * number / bodies
    return np.clip(grey, 0.0, 255.0), labels


def _boxes(labels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", kinds: int) -> Boxes:
    corners, numbers = [], []
    for kind in range(kinds):
        places = np.argwhere(labels == kind + 1)
        if len(places):
            corners.append([*(places.min(axis=0) - 0.5), *(places.max(axis=0) + 0.5)])
            numbers.append(kind)
    table = np.array(corners, dtype=np.float32).reshape(-1, 2 * labels.ndim)
    return Boxes(table, np.array(numbers, dtype=np.int64), labels.shape)


def _geometry(declared: MaskDeclaration) -> Geometry | None:
    """Distances where the study measures in millimetres, and a place where axes are turned."""
    part = declared.windows
    spacing = part.spacing or ((declared.masks.tolerance_mm,) * part.dimensions if declared.masks.tolerance_mm else ())
    return geometry_of(spacing, part.orientation, part.dimensions)


def _image(grey: Floats, channels: int, window: tuple[float, ...], geometry: Geometry | None) -> Image:
    pixels = np.repeat(grey[None], channels, axis=0)
    if window:  # in the middle of what the window shows
        pixels = pixels / 255.0 * window[1] + window[0] - window[1] / 2
        return Image(pixels.astype(np.int16), geometry)
    return Image(pixels.astype(np.uint8), geometry)

"""Synthetic images whose outlines or boxes are known, because both are drawn from the same shapes; no patient behind.

What was outlined differs from its surroundings by less than the noise hides and by more than a small model needs, so
that it can be learnt and cannot be perfect.

Example:
    >>> image, outlines = vessels(seed=1)[:2]
    >>> image.pixels.shape, outlines.size
    ((3, 64, 64), (64, 64))
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.outlines.box_list import BoxList
from bedside.modalities.imaging.outlines.label_map import LabelMap
from bedside.types import Booleans, Floats

CELLS = ("RBC", "WBC", "Platelets")
"""Red cell, white cell, platelet: as the annotations of BCCD name them."""

_TINTS = np.array([[0.78, 0.55, 0.58], [0.45, 0.35, 0.65], [0.55, 0.42, 0.68]])
"""Red, green and blue of each kind of cell."""

_SHARES = (0.8, 0.1, 0.1)
_RADII = ((0.09, 0.11), (0.14, 0.18), (0.025, 0.035))
"""Least and largest radius of each kind, in heights of the image."""


def vessels(*, seed: int, size: int = 64) -> tuple[Image, LabelMap, LabelMap, LabelMap]:
    """An eye ground in colours, 8 bits, with a tree of dark vessels that thin out as they branch.

    Returns:
        The picture; its vessels; the field of view; the vessels as a second observer draws them, who leaves out some
        of the thinnest and moves borders.
    """
    rng = np.random.default_rng([seed, 21])
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    centre = (size - 1) / 2
    field: Booleans = np.hypot(rows - centre, columns - centre) < 0.47 * size
    side = rng.choice([-1.0, 1.0])
    root = np.array([centre + rng.normal(scale=0.04 * size), centre + side * 0.3 * size])
    drawn: dict[float, list[Floats]] = {}
    for bend in (-1.0, 1.0):
        for _ in range(2):
            angle = np.arctan2(bend * rng.uniform(0.5, 1.2), -side * rng.uniform(0.2, 1.0))
            _branch(drawn, root, angle, 0.022 * size, size, rng)
    width = _widths(drawn, size)
    thick: Booleans = (width > 0.5) & field
    ground = 0.1 * _texture(rng, (size, size), size / 8) - 0.25 * (np.hypot(rows - centre, columns - centre) / size)
    head = np.exp(-((np.hypot(rows - root[0], columns - root[1]) / (0.09 * size)) ** 2))
    depth = ndimage.gaussian_filter(thick * rng.uniform(0.7, 1.0), 0.5)
    noise = 0.03 * rng.normal(size=(3, size, size))
    made = np.stack([0.75 + ground + 0.2 * head - 0.12 * depth, 0.45 + ground + 0.4 * head - 0.25 * depth])
    made = np.concatenate([made, 0.25 + 0.5 * ground[None] + 0.3 * head - 0.05 * depth]) + noise
    seen: Booleans = (width + 0.15 * _texture(rng, (size, size), 2.0) > 0.55) & field
    names = {1: "vessel"}
    return (
        Image(_eight_bits(255.0 * made * field)),
        LabelMap(thick.astype(np.uint8), None, names),
        LabelMap(field.astype(np.uint8), None, {1: "field of view"}),
        LabelMap(seen.astype(np.uint8), None, names),
    )


def two_parts(
    *, millilitres: float, seed: int, size: tuple[int, int, int] = (36, 50, 35), spacing: float = 1.0
) -> tuple[Image, LabelMap]:
    """A crop of a scan, int16: a body of two parts, the front one a little brighter, in textured noise.

    Args:
        millilitres: Volume of both parts together; about 1 to 6 fits the default size.
        seed: Of everything else.
        size: Voxels along (slices, rows, columns).
        spacing: Millimetres from one to the next along each axis.

    Returns:
        The crop, and its outlines: 1 the front part (larger row numbers), 2 the rear one.
    """
    rng = np.random.default_rng([seed, 22])
    z, y, x = np.meshgrid(
        *[spacing * (np.arange(n) - (n - 1) / 2) + rng.normal(scale=1.0) for n in size], indexing="ij"
    )
    x = x + 0.012 * y**2 - 2.0
    radius = np.cbrt(3.0 * 1000.0 * millilitres / (4.0 * np.pi * 2.0))
    stretch = np.exp(rng.normal(scale=0.06))
    reach = np.sqrt((z * stretch) ** 2 + (0.5 * y) ** 2 + (x / stretch) ** 2)
    body: Booleans = reach < radius
    front: Booleans = body & (y > 0.3 * radius * (1.0 + 0.3 * rng.normal()) + 0.1 * z)
    labels = np.where(front, 1, np.where(body, 2, 0)).astype(np.uint8)
    soft = ndimage.gaussian_filter(1.2 * body + 0.5 * front, 0.6 / spacing)
    made = soft + 0.3 * _texture(rng, size, 2.0 / spacing) + 0.25 * _texture(rng, size, 0.6)
    made = (made - made.mean()) / made.std()
    affine = np.array([[0, 0, -spacing, 0], [0, spacing, 0, 0], [spacing, 0, 0, 0], [0, 0, 0, 1.0]])
    affine[:3, 3] = rng.uniform(-40, 40, size=3).round(2)
    geometry = Geometry((spacing,) * 3, affine)
    values = np.clip(np.round(np.exp(rng.normal(scale=0.15)) * (500.0 + 150.0 * made)), 0, 4095).astype(np.int16)
    return Image(values[None], geometry), LabelMap(labels, geometry, {1: "anterior", 2: "posterior"})


def cells(*, seed: int, size: tuple[int, int] = (96, 128)) -> tuple[Image, BoxList]:
    """A blood smear in colours, 8 bits: pale red cells, few large violet white ones with a nucleus, small platelets.

    Cells overlap at most at their borders; some reach over the border of the picture, and their boxes end there.
    """
    rng = np.random.default_rng([seed, 23])
    rows, columns = np.meshgrid(np.arange(size[0]), np.arange(size[1]), indexing="ij")
    made = np.array([0.88, 0.82, 0.8])[:, None, None] + 0.02 * _texture(rng, size, size[0] / 10)[None]
    corners: list[list[float]] = []
    kinds: list[int] = []
    taken: list[tuple[float, float, float]] = []
    for kind in rng.choice(3, size=8 + rng.poisson(4), p=_SHARES).tolist():
        radius = rng.uniform(*_RADII[kind]) * size[0]
        place = _free(rng, taken, radius, size)
        if place is None:
            continue
        taken.append((*place, radius))
        kinds.append(kind)
        stretch = np.exp(rng.normal(scale=0.05))
        half = (radius * stretch, radius / stretch)
        reach = np.hypot((rows - place[0]) / half[0], (columns - place[1]) / half[1])
        cover = 1.0 / (1.0 + np.exp(np.clip((reach - 1.0) * radius / 0.4, -50, 50)))
        # A red cell is pale in its middle, a white one dark.
        inner = np.exp(-((reach / 0.45) ** 2)) * (0.08, -0.2, 0.0)[kind]
        tint = _TINTS[kind] + rng.normal(scale=0.03, size=3)
        made = made * (1.0 - cover) + cover * (tint[:, None, None] + inner)
        corners.append([place[0] - half[0], place[1] - half[1], place[0] + half[0], place[1] + half[1]])
    picture = _eight_bits(255.0 * (made + 0.02 * rng.normal(size=made.shape)))
    drawn = np.clip(np.round(np.array(corners).reshape(-1, 4) - 0.5) + 0.5, -0.5, np.array([*size, *size]) - 0.5)
    return Image(picture), BoxList.of(drawn, [CELLS[kind] for kind in kinds], size, "a simulated smear")


def _branch(
    drawn: dict[float, list[Floats]], start: Floats, angle: float, radius: float, size: int, rng: np.random.Generator
) -> None:
    """Draw a vessel that wanders, thins and splits: places half a pixel apart, by radius."""
    steps = 2 * int(rng.uniform(0.2, 0.32) * size)
    angles = angle + np.cumsum(rng.normal(scale=0.08, size=steps))
    places = start + 0.5 * np.cumsum(np.stack([np.sin(angles), np.cos(angles)], axis=1), axis=0)
    drawn.setdefault(max(radius, 0.7), []).append(places)
    if radius > 0.4 and (np.abs(places[-1] - size / 2) < 0.5 * size).all():
        spread = rng.uniform(0.25, 0.6)
        for turn in (-spread, spread):
            _branch(drawn, places[-1], angles[-1] + turn, 0.75 * radius, size, rng)


def _widths(drawn: dict[float, list[Floats]], size: int) -> Floats:
    """1 at the middle of a vessel, 0.5 at its border, falling to 0 at twice its radius."""
    pixels = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=-1).reshape(-1, 2)
    made: Floats = np.zeros(size * size)
    for radius, places in drawn.items():
        distances = cKDTree(np.concatenate(places)).query(pixels, distance_upper_bound=2 * radius)[0]
        made = np.maximum(made, np.clip(1.0 - 0.5 * distances / radius, 0.0, 1.0))
    return made.reshape(size, size)


def _free(
    rng: np.random.Generator, taken: list[tuple[float, float, float]], radius: float, size: tuple[int, int]
) -> tuple[float, float] | None:
    """A place for a cell that overlaps others at most at the border; None where no room was found."""
    for _ in range(40):
        row, column = (float(rng.uniform(-0.5 + 0.4 * radius, n - 0.5 - 0.4 * radius)) for n in size)
        if all(np.hypot(row - r, column - c) > 0.9 * (radius + other) for r, c, other in taken):
            return row, column
    return None


def _texture(rng: np.random.Generator, size: tuple[int, ...], grain: float) -> Floats:
    """Smooth noise of mean 0 and standard deviation 1."""
    made: Floats = ndimage.gaussian_filter(rng.normal(size=size), grain, mode="wrap")
    standard: Floats = (made - made.mean()) / made.std()
    return standard


def _eight_bits(values: Floats) -> NDArray[np.uint8]:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)

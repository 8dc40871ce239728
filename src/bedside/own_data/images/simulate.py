"""Images from nothing but a declaration: what the plan wants, with something to learn in them."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import ndimage

from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.tabular.table import Table, records
from bedside.own_data.images.declaration import Columned, ImageDeclaration, ImageOutcomePart
from bedside.own_data.images.roles import OwnImage
from bedside.types import Floats

_SITES = ("a", "b", "c")
_PREVALENCE = 0.3


def simulated(declared: ImageDeclaration, n: int, seed: int) -> Iterator[OwnImage]:
    """Yield n images of smooth noise with a bright body that is the larger the higher the outcome.

    Nothing in them comes from a real image.
    """
    rng = np.random.default_rng(seed)
    rows = records(Table(simulated_columns(declared, n, rng)))
    for row in rows:
        outcome, strength = _outcome(declared.outcome, rng)
        yield OwnImage(row, _image(declared, strength, rng), outcome)


def simulated_columns(declared: Columned, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Columns that a declaration names, one row an image."""
    columns: dict[str, list[object]] = {"image": list(range(n))}
    if declared.columns.patient:
        columns[declared.columns.patient] = [f"simulated {k + 1}" for k in range(n)]
    for name, part in declared.subgroups.items():
        columns[name] = (
            rng.normal(np.mean(part.cuts), np.ptp(part.cuts) or 1.0, size=n).tolist()
            if part.cuts
            else rng.choice(["a", "b"], size=n).tolist()
        )
    if declared.columns.site:
        columns[declared.columns.site] = rng.choice(_SITES, size=n).tolist()
    for validation in declared.validations:
        if validation.column:
            partitions = rng.choice(["development", "tuning", "test"], size=n, p=[0.6, 0.2, 0.2])
            columns[validation.column] = partitions.tolist()
    return pl.DataFrame(columns)


def _outcome(part: ImageOutcomePart, rng: np.random.Generator) -> tuple[object, float]:
    """An outcome in the endpoint's type, and how high it is, 0 to 1."""
    if part.endpoint == "binary":
        ill = bool(rng.random() < _PREVALENCE)
        return ill, float(ill)
    if part.endpoint == "continuous":
        share = float(rng.random())
        low, high = (min(part.cuts), max(part.cuts)) if part.cuts else (0.0, 1.0)
        return low + (high - low or 1.0) * (1.5 * share - 0.25), share
    if part.endpoint == "multilabel":
        there = tuple(bool(rng.random() < _PREVALENCE) for _ in part.classes)
        return there, sum(there) / len(there)
    place = int(rng.integers(len(part.classes)))
    return place, place / max(1, len(part.classes) - 1)


def _image(declared: ImageDeclaration, strength: float, rng: np.random.Generator) -> Image:
    plan = declared.plan
    noise: Floats = ndimage.gaussian_filter(rng.normal(size=plan.size), 1.0)
    axes = np.meshgrid(*(np.linspace(-1, 1, side) - rng.uniform(-0.3, 0.3) for side in plan.size), indexing="ij")
    distance: Floats = np.sqrt(sum(axis**2 for axis in axes))
    body = 1.0 / (1.0 + np.exp((distance - 0.3 - 0.3 * strength - 0.05 * rng.normal()) / 0.05))
    grey = 100.0 + 25.0 * noise / noise.std() + 60.0 * body
    pixels = np.repeat(np.clip(np.round(grey), 0, 255)[None], plan.channels, axis=0)
    if plan.window:  # in the middle of what the window shows
        pixels = pixels / 255.0 * plan.window[1] + plan.window[0] - plan.window[1] / 2
        return Image(pixels.astype(np.int16), geometry_of(plan.spacing, plan.orientation, len(plan.size)))
    return Image(pixels.astype(np.uint8), geometry_of(plan.spacing, plan.orientation, len(plan.size)))


def geometry_of(spacing: tuple[float, ...], orientation: str, dimensions: int) -> Geometry | None:
    """Distances and axes of a synthetic image; None where neither is declared."""
    if not spacing and not orientation:
        return None
    steps = spacing or (1.0,) * dimensions
    affine = np.diag([*steps, 1.0]) if dimensions == 3 else None
    return Geometry(tuple(steps), affine)

"""Worse images: noisier, blurred, brighter, flatter, turned or coarser than development."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from scipy import ndimage

from bedside.modalities.imaging.image import Image, Pixels, Readable
from bedside.modalities.modality import Perturbation
from bedside.types import Floats

Family: TypeAlias = Literal["noise", "blur", "brightness", "contrast", "rotation", "resolution"]
Change: TypeAlias = Callable[[Floats, float, np.random.Generator], Floats]
"""(values of shape (channels, *spatial), strength, generator) to changed values of the same shape."""


@runtime_checkable
class Carrying(Protocol):
    """A case that knows more than its image; what it knows beside stays as it is when the image is changed."""

    def carrying(self, image: Readable) -> Readable:
        """The same case with another image."""
        ...


@dataclass(frozen=True, eq=False)
class Changed:
    """An image that is changed whenever it is read, always in the same way.

    Attributes:
        original: The untouched image.
        change: What is done to its values.
        strength: How much.
        seed: Of what is random in the change.
    """

    original: Readable
    change: Change
    strength: float
    seed: int

    def read(self) -> Image:
        """The changed image, in the type and geometry of the original and within what that type holds."""
        image = self.original.read()
        changed = self.change(image.pixels.astype(np.float64), self.strength, np.random.default_rng(self.seed))
        return Image(_as_before(changed, image.pixels), image.geometry)


def perturbations(development: Sequence[Readable]) -> tuple[Perturbation[Readable], ...]:
    """What the evidence tries on every imaging study; strengths are relative to each image, none is learned."""
    del development
    return tuple(
        _perturbation(name.format(strength), family, strength, change)
        for family, name, change, strengths in _TRIED
        for strength in strengths
    )


def noisy(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Independent normal noise of `strength` standard deviations of the image."""
    return values + rng.normal(scale=strength * float(values.std()), size=values.shape)


def blurred(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """A Gaussian blur whose standard deviation is `strength` of the image's shorter side in its plane."""
    del rng
    sigma = strength * min(values.shape[-2:])
    made: Floats = ndimage.gaussian_filter(values, [0.0] * (values.ndim - 2) + [sigma, sigma], mode="nearest")
    return made


def brighter(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """All values raised by `strength` standard deviations of the image."""
    del rng
    return values + strength * float(values.std())


def flatter(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """All values drawn towards the mean, so that `strength` of the contrast is lost."""
    del rng
    mean = float(values.mean())
    return mean + (1.0 - strength) * (values - mean)


def turned(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """The plane turned by `strength` degrees to a side drawn by chance; what turns in repeats the border."""
    angle = strength if rng.random() < 0.5 else -strength
    made: Floats = ndimage.rotate(values, angle, axes=(-2, -1), reshape=False, order=1, mode="nearest")
    return made


def coarser(values: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Averaged over pixels `strength` times as large in the plane, and drawn in the old size."""
    del rng
    made = values
    for axis in (-2, -1):
        size = values.shape[axis]
        part = (np.arange(size) // strength).astype(np.int64)
        starts = np.flatnonzero(np.diff(part, prepend=-1))
        sums = np.add.reduceat(made, starts, axis=axis)
        counts = np.diff(np.append(starts, size))
        means = np.moveaxis(np.moveaxis(sums, axis, -1) / counts, -1, axis)
        made = means.take(part, axis=axis)
    return made


_TRIED: tuple[tuple[Family, str, Change, tuple[float, ...]], ...] = (
    ("noise", "noise of {:g} SD", noisy, (0.1, 0.25, 0.5)),
    ("blur", "blur of {:.0%} of the width", blurred, (0.02, 0.05)),
    ("brightness", "brighter by {:g} SD", brighter, (0.25, 0.5)),
    ("contrast", "{:.0%} less contrast", flatter, (0.25, 0.5)),
    ("rotation", "turned by {:g} degrees", turned, (5.0, 15.0)),
    ("resolution", "pixels {:g} times as large", coarser, (2.0, 4.0)),
)


def _perturbation(name: str, family: Family, strength: float, change: Change) -> Perturbation[Readable]:
    def apply(predictors: Sequence[Readable], rng: np.random.Generator) -> list[Readable]:
        seeds = rng.integers(1 << 62, size=len(predictors)).tolist()
        changed = [Changed(one, change, strength, seed) for one, seed in zip(predictors, seeds, strict=True)]
        pairs = zip(predictors, changed, strict=True)
        return [one.carrying(image) if isinstance(one, Carrying) else image for one, image in pairs]

    return Perturbation(name=name, family=family, variable="", strength=strength, apply=apply, moves=change is turned)


def _as_before(changed: Floats, before: Pixels) -> Pixels:
    if before.dtype.kind == "f":
        return changed.astype(before.dtype)
    limits = np.iinfo(before.dtype)
    return np.clip(np.round(changed), limits.min, limits.max).astype(before.dtype)

"""A map of each image in which things with a box are bright: what conventional detectors search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.data.sample import Sample
from bedside.endpoints.boxes.boxes import Boxes
from bedside.endpoints.boxes.target import BoxTarget
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.placing import placement
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.types import Floats

Map = NDArray[np.float32]

_STRIDE = 4
"""One pixel of so many along each axis is enough to tell colours apart."""


class Seen(NamedTuple):
    """One prepared image.

    Attributes:
        pixels: Standardised, shape (channels, *size).
        bright: The map, shape (*size); mean 0 and spread 1 within the image.
        frame: Where it lies in the image as it is.
    """

    pixels: Map
    bright: Map
    frame: Placement


class Shown(NamedTuple):
    """A prepared development image with its boxes."""

    seen: Seen
    boxes: Boxes


@dataclass(frozen=True, eq=False)
class Foreground:
    """A fitted preparation, and the mixture of channels that parts the inside of boxes from the outside.

    Attributes:
        preparation: Of the images.
        weights: Of the channels, shape (channels,).
    """

    preparation: Preparation
    weights: Floats

    @classmethod
    def fit(cls, plan: ImagePlan, samples: Sequence[Sample[Readable, Any]]) -> "Foreground":
        """Fisher's discriminant of pixels inside and outside of boxes; raises ModelError where there is no box."""
        preparation = Preparation.fit(plan, [sample.predictors for sample in samples])
        inside, outside = [], []
        for sample in samples:
            pixels = preparation.transform([sample.predictors])[0]
            boxes: Boxes = sample.outcome.placed(placement(sample.predictors.read(), plan))
            there = np.zeros(plan.size, dtype=np.bool_)
            for corners in boxes.corners:
                there[within(corners, plan.size)] = True
            elsewhere = ~there
            for corners in () if boxes.aside is None else boxes.aside.corners:
                elsewhere[within(corners, plan.size)] = False
            thin = (slice(None, None, _STRIDE),) * len(plan.size)
            inside.append(pixels[(slice(None), *thin)][:, there[thin]])
            outside.append(pixels[(slice(None), *thin)][:, elsewhere[thin]])
        ours, others = (np.concatenate(part, axis=1).astype(np.float64) for part in (inside, outside))
        if not ours.shape[1] or not others.shape[1]:
            msg = (
                f"a detector cannot be fitted to {len(samples)} development images: boxes cover nothing or all; "
                "give images in which things with boxes stand beside others"
            )
            raise ModelError(msg)
        spread = np.atleast_2d(np.cov(ours)) + np.atleast_2d(np.cov(others))
        spread += 1e-3 * np.trace(spread) / len(spread) * np.eye(len(spread))
        return cls(preparation, np.linalg.solve(spread, ours.mean(axis=1) - others.mean(axis=1)))

    def see(self, predictors: Sequence[Readable]) -> Iterator[Seen]:
        """Images one after the other, each with its map."""
        for one in predictors:
            pixels = self.preparation.transform([one])[0]
            bright = np.tensordot(self.weights, pixels.astype(np.float64), axes=1)
            bright = (bright - bright.mean()) / (bright.std() or 1.0)
            yield Seen(pixels, bright.astype(np.float32), placement(one.read(), self.preparation.plan))

    def show(self, samples: Sequence[Sample[Readable, Any]]) -> Iterator[Shown]:
        """Development images with their boxes on the prepared grid."""
        for sample, seen in zip(samples, self.see([sample.predictors for sample in samples]), strict=True):
            yield Shown(seen, sample.outcome.placed(seen.frame))


def within(corners: NDArray[Any], size: tuple[int, ...]) -> tuple[slice, ...]:
    """The pixels in a box, at least one."""
    half = len(size)
    axes = zip(corners[:half], size, strict=True)
    starts = [min(max(int(np.ceil(start)), 0), length - 1) for start, length in axes]
    ends = [int(np.floor(end)) + 1 for end in corners[half:]]
    return tuple(slice(start, max(start + 1, end)) for start, end in zip(starts, ends, strict=True))


def kinds_and_dimensions(endpoint: Endpoint[Any, Any], learner: str) -> tuple[int, int]:
    """How many kinds of boxes there are, and in how many dimensions; raises ModelError for another endpoint."""
    target = endpoint.target
    if not isinstance(target, BoxTarget):
        msg = f"{learner} finds boxes and was given a {endpoint.name} endpoint; declare one of boxes"
        raise ModelError(msg)
    return len(target.kinds), target.dimensions

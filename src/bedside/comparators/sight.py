"""How comparators of outlines see images: as the network does, on the grid and with the values of one preparation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.data.sample import Sample
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import ModelError
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.modalities.imaging.windows.preparation import WindowPreparation
from bedside.types import Json

Grey = NDArray[np.float32]


class Planning(Protocol):
    """What chooses a plan from development images."""

    @property
    def description(self) -> str:
        """What is declared, in part of a sentence."""
        ...

    def plan(self, predictors: Sequence[Readable]) -> WindowPlan:
        """The plan; raises ModelError when the images do not agree."""
        ...


class Seen(NamedTuple):
    """One image as a comparator sees it.

    Attributes:
        pixels: Standardised, shape (channels, *size).
        placement: Of the prepared grid in the image's own.
    """

    pixels: Grey
    placement: Placement

    def returned(self, prediction: Segmentation) -> Segmentation:
        """A prediction on the prepared grid, on the image's own."""
        return prediction.returned(self.placement)


@dataclass(frozen=True)
class Sight:
    """A preparation fitted on development.

    Attributes:
        preparation: Of images that keep their own size.
    """

    preparation: WindowPreparation

    @classmethod
    def fit(cls, plan: "WindowPlan | Planning", samples: Sequence[Sample[Readable, Any]]) -> "Sight":
        """Fit the preparation on these samples' images.

        Raises:
            ModelError: There are none, or nothing can be told from them.
            FileProblem: An image cannot be used.
        """
        predictors = [sample.predictors for sample in samples]
        chosen = plan if isinstance(plan, WindowPlan) else plan.plan(predictors)
        return cls(WindowPreparation.fit(chosen, predictors))

    @property
    def spacing(self) -> tuple[float, ...]:
        """Millimetres between prepared pixels along each axis; ones where images are not brought to a spacing.

        Images that keep their own pixels may lie at any distance each, so that lengths then are in pixels.
        """
        image = self.preparation.plan.image
        return image.spacing or (1.0,) * image.dimensions

    @property
    def channels(self) -> int:
        """Of every prepared image."""
        return self.preparation.plan.image.channels

    def key(self, readable: Readable) -> bytes:
        """What changes when the image, or how it is prepared, does."""
        return self.preparation.key(readable) + repr(self.preparation.scale).encode()

    def images(self, predictors: Sequence[Readable]) -> Iterator[Seen]:
        """The prepared images one by one; raises FileProblem for one that cannot be used."""
        for place, readable in enumerate(predictors):
            yield self.image(readable, place, len(predictors))

    def image(self, readable: Readable, place: int = 0, count: int = 1) -> Seen:
        """One prepared image, `place` of `count` in messages; raises FileProblem when it cannot be used."""
        standing = self.preparation.standing(readable, self.preparation.key(readable), place, count)
        moments = self.preparation.moments(standing)
        low, high, centre, factor = moments.reshape(4, -1, *(1 for _ in standing.pixels.shape[1:]))
        pixels = np.clip(standing.pixels.astype(np.float32), low, high)
        pixels -= centre
        pixels *= factor
        return Seen(pixels, standing.placement)

    def outlined(self, samples: Sequence[Sample[Readable, Delineated]]) -> Iterator[tuple[Seen, Mask]]:
        """Prepared images with their outlines on the prepared grid, one by one.

        Raises:
            FileProblem: An image cannot be used.
            OutcomeProblem: An outline was not drawn in its image.
        """
        for place, sample in enumerate(samples):
            seen = self.image(sample.predictors, place, len(samples))
            yield seen, sample.outcome.read().placed(seen.placement)

    def state(self) -> Json:
        """As JSON."""
        return self.preparation.state()

    @classmethod
    def from_state(cls, state: Json) -> "Sight":
        """The inverse of `state`."""
        return cls(WindowPreparation.from_state(state))


def described(plan: "WindowPlan | Planning") -> str:
    """How images are prepared, as a sentence of the methods section."""
    words, _, chosen = plan.description.partition(" and seen in windows")
    rest = chosen.partition(" as the ")[2] if words == "prepared" else ""
    return f"Images are {words} as the {rest}." if rest else f"Images are prepared as for the network: {words}."


def spread_out(samples: Sequence[Sample[Any, Any]], most: int) -> list[Sample[Any, Any]]:
    """At most so many samples, evenly spaced in the order of their keys, so that the order given does not matter."""
    ordered = sorted(samples, key=lambda sample: sample.key)
    if len(ordered) <= most:
        return ordered
    return [ordered[int(place)] for place in np.linspace(0, len(ordered) - 1, most).round()]


def require_drawn(counts: Sequence[int], names: Sequence[str], learner: str) -> None:
    """Raise ModelError where a structure is drawn in no development image."""
    missing = [name for name, count in zip(names, counts, strict=True) if not count]
    if missing:
        msg = (
            f"{learner} cannot be fitted: {', '.join(missing)} is drawn in no development image where drawings count; "
            "at least one outline of each structure is needed"
        )
        raise ModelError(msg)

"""Otsu's thresholds: what is brighter, or darker, than the rest of its image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from bedside.comparators.confidence import dice
from bedside.comparators.field import Field
from bedside.comparators.rule import Chosen, Looked, RuleRecipe
from bedside.comparators.sight import Grey, described
from bedside.data.sample import Sample
from bedside.endpoints.mask.mask import Delineated
from bedside.modalities.imaging.image import Readable
from bedside.training.learner import Settings, Trial
from bedside.types import Booleans, Json

_BINS = 128


@dataclass(frozen=True)
class Threshold:
    """Which side of which of Otsu's thresholds in which channel is the structure.

    Attributes:
        channel: Its number; -1 for the mean of all.
        bright: Whether the structure is the brightest class, else the darkest.
        sigma: Of the Gaussian that smooths before, in pixels along each axis.
        classes: Two for Otsu's threshold, more for several (Liao et al., 2001).
    """

    channel: int
    bright: bool
    sigma: tuple[float, ...]
    classes: int

    def grey(self, pixels: Grey) -> Grey:
        """The smoothed channel, shape (*size)."""
        return smoothed(pixels, self.channel, self.sigma)

    def drawn(self, pixels: Grey, field: Field) -> Booleans:
        """The class in a prepared image, within its field."""
        return self.outline(self.grey(pixels), field.of(pixels))

    def kept(self, folder: Path) -> dict[str, Json]:  # noqa: ARG002 - all of it is JSON
        """As JSON, under its name."""
        return {"threshold": self.state()}

    def outline(self, grey: Grey, field: Booleans) -> Booleans:
        """The class at the end of the scale, within the field; nothing in an image of a single value."""
        cuts = otsu(grey[field], self.classes)
        if cuts is None:
            return np.zeros_like(field)
        return (grey > cuts[-1] if self.bright else grey <= cuts[0]) & field

    @property
    def words(self) -> "int | str":
        """The number of the channel, from 1, or that it is the mean of all, for the record."""
        return "mean of all" if self.channel < 0 else self.channel + 1

    def state(self) -> dict[str, Json]:
        """As JSON."""
        sigma = cast("list[Json]", list(self.sigma))
        return {"channel": self.channel, "bright": self.bright, "sigma": sigma, "classes": self.classes}

    @classmethod
    def from_state(cls, state: Json) -> "Threshold":
        """The inverse of `state`."""
        given = cast("dict[str, Any]", state)
        sigma = tuple(float(one) for one in given["sigma"])
        return cls(int(given["channel"]), bool(given["bright"]), sigma, int(given["classes"]))


@dataclass(frozen=True)
class Otsu(RuleRecipe[Threshold]):
    """Recipe: Otsu's threshold of each image in the channel and direction that fit development best."""

    name: ClassVar[str] = "otsu"
    label: ClassVar[str] = "Otsu's threshold"
    defaults: ClassVar[Settings] = {"smoothing": 1.0, "classes": 2}
    most: ClassVar[int] = 24
    file: ClassVar[str] = "threshold.json"

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            "Otsu's threshold (scikit-image) of each smoothed image, or the outermost of several; the channel, or the "
            "mean of all, and whether the structure is bright or dark are those of the highest mean Dice in "
            f"development. Thresholds are found within the judged region where an image itself shows it. "
            f"Probabilities are the shares found in development. {described(self.plan)}"
        )

    def propose(self, trial: Trial) -> Settings:
        """Width of the smoothing, in pixels along the finest axis, and number of classes."""
        return {
            "smoothing": trial.suggest_float("smoothing", 0.3, 6.0, log=True),
            "classes": trial.suggest_int("classes", 2, 4),
        }

    def choose(
        self,
        settings: Settings,
        looked: Looked,
        development: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - what is looked at is enough
    ) -> Chosen[Threshold]:
        """Channel and direction."""
        sigma = in_pixels(float(settings["smoothing"]), looked.sight.spacing)
        threshold = best_threshold(looked, sigma, int(settings["classes"]))
        outlines = [threshold.drawn(pixels, looked.field) for pixels, _ in looked.seen]
        return Chosen(
            threshold, outlines, {"channel": threshold.words, "direction": "bright" if threshold.bright else "dark"}
        )

    def read(self, content: Mapping[str, Json], folder: Path) -> Threshold:  # noqa: ARG002 - all of it is JSON
        """The threshold."""
        return Threshold.from_state(content["threshold"])


def otsu(values: Grey, classes: int) -> "Sequence[float] | None":
    """Otsu's thresholds between so many classes, ascending; None of a single value.

    An image of fewer values than classes is divided into as many classes as it has values.
    """
    if not values.size or values.min() == values.max():
        return None
    counts, edges = np.histogram(values, _BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    wanted = min(classes, int((counts > 0).sum()))
    found: list[float] = threshold_multiotsu(None, wanted, hist=(counts, centres)).tolist()  # type: ignore[no-untyped-call]
    return found


def smoothed(pixels: Grey, channel: int, sigma: tuple[float, ...]) -> Grey:
    """One channel, or the mean of all for -1, smoothed by a Gaussian of these widths in pixels, shape (*size)."""
    grey = pixels.mean(axis=0) if channel < 0 else pixels[channel]
    found: Grey = ndimage.gaussian_filter(grey, sigma, truncate=3.0)
    return found


def in_pixels(width: float, spacing: tuple[float, ...]) -> tuple[float, ...]:
    """A width in pixels of the finest axis, equally wide in millimetres, in pixels along each axis."""
    return tuple(width * min(spacing) / step for step in spacing)


def best_threshold(looked: Looked, sigma: tuple[float, ...], classes: int) -> Threshold:
    """The channel and direction of the highest mean Dice; of equals the first, the mean of channels before each."""
    channels = len(looked.seen[0][0])
    each = (-1, *range(channels)) if channels > 1 else (0,)
    tried = [Threshold(channel, bright, sigma, classes) for channel in each for bright in (True, False)]
    seen = [(pixels, mask, looked.field.of(pixels)) for pixels, mask in looked.seen]
    scores = [
        np.mean([dice(one.outline(one.grey(pixels), where), mask) for pixels, mask, where in seen]) for one in tried
    ]
    return tried[int(np.argmax(scores))]

"""Otsu's thresholds: what is brighter, or darker, than the rest of its image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from bedside.comparators.confidence import Confidence, dice
from bedside.comparators.field import Field
from bedside.comparators.sight import Grey, Planning, Seen, Sight, described, require_drawn, spread_out
from bedside.comparators.structures import only_structure
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Booleans, Json

_BINS = 128
_MOST = 24
"""Development images on which a channel and a direction are chosen."""


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

    def outline(self, grey: Grey, field: Booleans) -> Booleans:
        """The class at the end of the scale, within the field; nothing in an image of a single value."""
        cuts = otsu(grey[field], self.classes)
        if cuts is None:
            return np.zeros_like(field)
        return (grey > cuts[-1] if self.bright else grey <= cuts[0]) & field

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


@dataclass(frozen=True, eq=False)
class ThresholdModel:
    """A preparation, a field, a threshold and its confidence."""

    sight: Sight
    field: Field
    threshold: Threshold
    confidence: Confidence

    def predict(self, predictors: Sequence[Readable]) -> list[Segmentation]:
        """One outline an image, on its own grid."""
        return [self._outlined(seen) for seen in self.sight.images(predictors)]

    def _outlined(self, seen: Seen) -> Segmentation:
        outline = self.threshold.outline(self.threshold.grey(seen.pixels), self.field.of(seen.pixels))
        return seen.returned(self.confidence.segmentation(outline))

    def save(self, folder: Path) -> None:
        """Write all as JSON."""
        content: dict[str, Json] = {
            "sight": self.sight.state(),
            "field": self.field.state(),
            "threshold": self.threshold.state(),
            "confidence": self.confidence.state(),
        }
        write_json(folder / "threshold.json", content)


@dataclass(frozen=True)
class Otsu:
    """Recipe: Otsu's threshold of each image in the channel and direction that fit development best.

    Attributes:
        endpoint: Outlines of one structure.
        plan: How images are prepared: the same as for the network.

    Raises:
        StudyError: Several structures, or no outlines.
    """

    endpoint: Endpoint[Delineated, Segmentation]
    plan: "WindowPlan | Planning"
    name: ClassVar[str] = "otsu"
    label: ClassVar[str] = "Otsu's threshold"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"smoothing": 1.0, "classes": 2}

    def __post_init__(self) -> None:
        only_structure(self.endpoint, self.name)

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

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Delineated]],
        selection: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[ThresholdModel, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: The structure is drawn in no development image.
        """
        sight = Sight.fit(self.plan, development)
        looked_at = list(sight.outlined(spread_out(development, _MOST)))
        seen = [(image.pixels, mask) for image, mask in looked_at]
        require_drawn([judged_pixels(seen)], [only_structure(self.endpoint, self.name)], self.name)
        field = Field.fit(seen)
        sigma = in_pixels(float(settings["smoothing"]), sight.spacing)
        threshold = best_threshold(seen, field, sigma, int(settings["classes"]))
        outlines = [threshold.outline(threshold.grey(pixels), field.of(pixels)) for pixels, _ in seen]
        masks = [mask for _, mask in seen]
        confidence = Confidence.of(zip(outlines, masks, strict=True))
        record: dict[str, Json] = {
            "channel": "mean of all" if threshold.channel < 0 else threshold.channel + 1,
            "direction": "bright" if threshold.bright else "dark",
            "looked_at": field.words,
            "development_dice": round(float(np.mean([dice(*pair) for pair in zip(outlines, masks, strict=True)])), 6),
        }
        return ThresholdModel(sight, field, threshold, confidence), record

    def load(self, folder: Path) -> ThresholdModel:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "threshold.json"
        content = read_json(path)
        try:
            return ThresholdModel(
                Sight.from_state(content["sight"]),
                Field.from_state(content["field"]),
                Threshold.from_state(content["threshold"]),
                Confidence.from_state(content["confidence"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, str(error)) from error


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


def best_threshold(
    seen: Sequence[tuple[Grey, Mask]], field: Field, sigma: tuple[float, ...], classes: int
) -> Threshold:
    """The channel and direction of the highest mean Dice; of equals the first, the mean of channels before each."""
    channels = len(seen[0][0])
    each = (-1, *range(channels)) if channels > 1 else (0,)
    tried = [Threshold(channel, bright, sigma, classes) for channel in each for bright in (True, False)]
    fields = [field.of(pixels) for pixels, _ in seen]
    scores = []
    for one in tried:
        outlines = [one.outline(one.grey(pixels), where) for (pixels, _), where in zip(seen, fields, strict=True)]
        scores.append(np.mean([dice(outline, mask) for outline, (_, mask) in zip(outlines, seen, strict=True)]))
    return tried[int(np.argmax(scores))]


def judged_pixels(seen: Sequence[tuple[Grey, Mask]]) -> int:
    """How many pixels of the structure are drawn where drawings count."""
    return sum(int(((m.labels > 0) if m.judged is None else (m.labels > 0) & m.judged).sum()) for _, m in seen)

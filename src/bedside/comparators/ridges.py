"""Frangi's vesselness: what is long and thin, brighter or darker than its surroundings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from scipy import ndimage
from skimage.filters import frangi

from bedside.comparators.confidence import dice
from bedside.comparators.field import Field
from bedside.comparators.rule import Chosen, Looked, RuleRecipe
from bedside.comparators.sight import Grey, described
from bedside.comparators.thresholds import in_pixels
from bedside.data.sample import Sample
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.modalities.imaging.image import Readable
from bedside.training.learner import Settings, Trial
from bedside.types import Booleans, Json

_CUTS = np.geomspace(0.01, 1.5, 60)
_FULL = 99.0
"""Percentile of the vesselness of an image that counts as 1."""


@dataclass(frozen=True)
class Ridge:
    """How ridges are sought.

    Attributes:
        channel: Its number.
        bright: Whether ridges are brighter than their surroundings.
        sigmas: Widths of the Gaussians, in pixels of the finest axis.
        sharpness: Frangi's beta: how long and thin a structure must be.
    """

    channel: int
    bright: bool
    sigmas: tuple[float, ...]
    sharpness: float

    def vesselness(self, pixels: Grey, field: Field, where: Booleans) -> Grey:
        """Vesselness within the field, its 99th percentile 1; 0 in an image without any.

        Each scale's structuredness is taken against its own largest: Frangi's one constant for all would be that of
        the finest, which is mostly noise.
        """
        grey = field.filled(pixels[self.channel], where)
        each = [
            frangi(grey, sigmas=[sigma], beta=self.sharpness, black_ridges=not self.bright)  # type: ignore[no-untyped-call]
            for sigma in self.sigmas
        ]
        found: Grey = np.max(each, axis=0).astype(np.float32) * where
        full = float(np.percentile(found[where], _FULL))
        return found / np.float32(full) if full > 0.0 else np.zeros_like(found)

    def state(self) -> dict[str, Json]:
        """As JSON."""
        sigmas = cast("list[Json]", list(self.sigmas))
        return {"channel": self.channel, "bright": self.bright, "sigmas": sigmas, "sharpness": self.sharpness}

    @classmethod
    def from_state(cls, state: Json) -> "Ridge":
        """The inverse of `state`."""
        given = cast("dict[str, Any]", state)
        sigmas = tuple(float(one) for one in given["sigmas"])
        return cls(int(given["channel"]), bool(given["bright"]), sigmas, float(given["sharpness"]))


@dataclass(frozen=True)
class Cut:
    """What counts as a ridge.

    Attributes:
        ridge: How it is sought.
        least: Vesselness above which it counts.
    """

    ridge: Ridge
    least: float

    def drawn(self, pixels: Grey, field: Field) -> Booleans:
        """Ridges in a prepared image, within its field."""
        return self.ridge.vesselness(pixels, field, field.of(pixels)) > self.least

    def kept(self, folder: Path) -> dict[str, Json]:  # noqa: ARG002 - all of it is JSON
        """As JSON."""
        return {"ridge": self.ridge.state(), "cut": self.least}


@dataclass(frozen=True)
class Frangi(RuleRecipe[Cut]):
    """Recipe: a threshold on the multi-scale vesselness of Frangi et al. (MICCAI 1998), in images and volumes.

    Widths are the same along all axes in pixels: bring volumes to about equal spacing in the plan.
    """

    name: ClassVar[str] = "frangi"
    label: ClassVar[str] = "Frangi vesselness"
    defaults: ClassVar[Settings] = {"finest": 1.0, "scales": 3, "sharpness": 0.5}
    most: ClassVar[int] = 12
    file: ClassVar[str] = "ridges.json"

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            "Vesselness (Frangi et al., 1998; scikit-image), the largest over scales, divided by its 99th percentile "
            "in each image and cut where the mean Dice of development was highest; taken in the channel in which the "
            "structure stands out most from its surroundings in development. The rim of the field of view is no ridge "
            "where an image itself shows the field. Probabilities are the shares found in development. "
            f"{described(self.plan)}"
        )

    def propose(self, trial: Trial) -> Settings:
        """Finest width in pixels, number of widths (each 1.5 times the one before), and how long and thin."""
        return {
            "finest": trial.suggest_float("finest", 0.7, 3.0, log=True),
            "scales": trial.suggest_int("scales", 1, 4),
            "sharpness": trial.suggest_float("sharpness", 0.2, 2.0, log=True),
        }

    def choose(
        self,
        settings: Settings,
        looked: Looked,
        development: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - what is looked at is enough
    ) -> Chosen[Cut]:
        """Channel and direction, then the cut."""
        seen, field = looked.seen, looked.field
        sigmas = tuple(float(settings["finest"]) * 1.5**k for k in range(int(settings["scales"])))
        channel, bright = standing_out(seen, in_pixels(4.0 * sigmas[-1], looked.sight.spacing))
        ridge = Ridge(channel, bright, sigmas, float(settings["sharpness"]))
        found = [(ridge.vesselness(pixels, field, field.of(pixels)), mask) for pixels, mask in seen]
        scores = [float(np.mean([dice(one > cut, mask) for one, mask in found])) for cut in _CUTS.tolist()]
        cut = float(_CUTS[int(np.argmax(scores))])
        record: dict[str, Json] = {
            "channel": channel + 1,
            "direction": "bright" if bright else "dark",
            "cut": round(cut, 6),
        }
        return Chosen(Cut(ridge, cut), [one > cut for one, _ in found], record)

    def read(self, content: Mapping[str, Json], folder: Path) -> Cut:  # noqa: ARG002 - all of it is JSON
        """The filter and its cut."""
        return Cut(Ridge.from_state(content["ridge"]), float(cast("float", content["cut"])))


def standing_out(seen: Sequence[tuple[Grey, Mask]], sigma: tuple[float, ...]) -> tuple[int, bool]:
    """The channel in which drawn pixels differ most from their surroundings, and whether they are brighter.

    The difference is that from a wide Gaussian mean, over its spread among judged pixels, in the mean of all images.

    Args:
        seen: Images and masks; the structure is drawn in at least one.
        sigma: Of the Gaussian, in pixels along each axis.
    """
    contrasts = []
    for pixels, mask in seen:
        counted = np.ones(mask.size, dtype=np.bool_) if mask.judged is None else mask.judged
        drawn = (mask.labels > 0) & counted
        if not drawn.any():
            continue
        apart = np.stack([grey - ndimage.gaussian_filter(grey, sigma, truncate=2.0) for grey in pixels])
        spread = np.maximum(apart[:, counted].std(axis=1), 1e-6)
        contrasts.append((apart[:, drawn].mean(axis=1) - apart[:, counted].mean(axis=1)) / spread)
    contrast = np.mean(contrasts, axis=0)
    channel = int(np.abs(contrast).argmax())
    return channel, bool(contrast[channel] > 0.0)

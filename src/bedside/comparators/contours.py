"""Chan and Vese's active contour without edges: a smooth border between two mean brightnesses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from safetensors.numpy import load_file, save_file
from skimage.segmentation import morphological_chan_vese

from bedside.comparators.field import Field
from bedside.comparators.mean_location import MeanLocation
from bedside.comparators.rule import Chosen, Looked, RuleRecipe
from bedside.comparators.sight import Grey, described
from bedside.comparators.thresholds import Threshold, best_threshold, in_pixels
from bedside.data.sample import Sample
from bedside.endpoints.mask.mask import Delineated
from bedside.modalities.imaging.image import Readable
from bedside.training.learner import Settings, Trial
from bedside.types import Booleans, Json

_LOCATION = "location.safetensors"

OTSU, LOCATION = "otsu", "location"


@dataclass(frozen=True)
class Contour:
    """How a contour moves.

    Attributes:
        start: "otsu" from Otsu's threshold, "location" from where the structure lies on average in development.
        steps: Iterations.
        smoothing: Times that the border is smoothed in each.
        balance: Weight of the brightness outside over that inside.
    """

    start: str
    steps: int
    smoothing: int
    balance: float

    def moved(self, grey: Grey, first: Booleans, field: Booleans) -> Booleans:
        """Where the contour comes to lie, within the field; nothing where it starts with nothing or with all.

        Args:
            grey: Shape (*size).
            first: Where it starts.
            field: Beyond it the image is given its median within, which attracts no contour.
        """
        if not first.any() or first.all():
            return np.zeros_like(first)
        even = np.where(field, grey, np.float32(np.median(grey[field])))
        found = morphological_chan_vese(  # type: ignore[no-untyped-call]
            even, self.steps, init_level_set=first.astype(np.int8), smoothing=self.smoothing, lambda2=self.balance
        )
        return np.asarray(found > 0) & field

    def state(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "start": self.start, "steps": self.steps, "smoothing": self.smoothing, "balance": self.balance,
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Json) -> "Contour":
        """The inverse of `state`."""
        given = cast("dict[str, Any]", state)
        return cls(str(given["start"]), int(given["steps"]), int(given["smoothing"]), float(given["balance"]))


@dataclass(frozen=True, eq=False)
class Begun:
    """A contour with all that it may start from.

    Attributes:
        contour: How it moves.
        threshold: Smooths what it moves in, and is where it starts for "otsu".
        location: Where it starts for "location".
    """

    contour: Contour
    threshold: Threshold
    location: MeanLocation

    def drawn(self, pixels: Grey, field: Field) -> Booleans:
        """The contour in one prepared image, shape (*size)."""
        grey, where = self.threshold.grey(pixels), field.of(pixels)
        first = (
            self.threshold.outline(grey, where)
            if self.contour.start == OTSU
            else self.location.outline(grey.shape) & where
        )
        return self.contour.moved(grey, first, where)

    def kept(self, folder: Path) -> dict[str, Json]:
        """The mean location is written as safetensors, all else is JSON."""
        save_file({"share": np.ascontiguousarray(self.location.share)}, folder / _LOCATION)
        return {**self.threshold.kept(folder), "size": self.location.size, "contour": self.contour.state()}


@dataclass(frozen=True)
class ChanVese(RuleRecipe[Begun]):
    """Recipe: morphological Chan-Vese (Márquez-Neila et al., IEEE TPAMI 2014), in images and volumes."""

    name: ClassVar[str] = "chan_vese"
    label: ClassVar[str] = "Chan-Vese contour"
    defaults: ClassVar[Settings] = {"start": OTSU, "smoothing": 1.0, "steps": 20, "border": 1, "balance": 1.0}
    most: ClassVar[int] = 12
    file: ClassVar[str] = "contour.json"

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            "Morphological active contours without edges (Chan and Vese, 2001; Márquez-Neila et al., 2014; "
            "scikit-image) in the smoothed channel whose Otsu threshold fits development best, started from that "
            "threshold or from where the structure lies on average in development. Probabilities are the shares found "
            f"in development. {described(self.plan)}"
        )

    def propose(self, trial: Trial) -> Settings:
        """Start, width of the smoothing in pixels of the finest axis, iterations, border smoothing, balance."""
        return {
            "start": trial.suggest_categorical("start", [OTSU, LOCATION]),
            "smoothing": trial.suggest_float("smoothing", 0.3, 4.0, log=True),
            "steps": trial.suggest_int("steps", 5, 60, log=True),
            "border": trial.suggest_int("border", 0, 3),
            "balance": trial.suggest_float("balance", 0.3, 3.0, log=True),
        }

    def choose(
        self, settings: Settings, looked: Looked, development: Sequence[Sample[Readable, Delineated]]
    ) -> Chosen[Begun]:
        """Channel and direction; the mean location is that of all development images."""
        smoothing = in_pixels(float(settings["smoothing"]), looked.sight.spacing)
        threshold = best_threshold(looked, smoothing, 2)
        everything = looked.sight.outlined(sorted(development, key=lambda sample: sample.key))
        location = MeanLocation.of(mask for _, mask in everything)
        contour = Contour(
            str(settings["start"]), int(settings["steps"]), int(settings["border"]), float(settings["balance"])
        )
        begun = Begun(contour, threshold, location)
        return Chosen(
            begun, [begun.drawn(pixels, looked.field) for pixels, _ in looked.seen], {"channel": threshold.words}
        )

    def read(self, content: Mapping[str, Json], folder: Path) -> Begun:
        """The contour and where it starts."""
        location = MeanLocation(load_file(folder / _LOCATION)["share"], float(cast("float", content["size"])))
        return Begun(Contour.from_state(content["contour"]), Threshold.from_state(content["threshold"]), location)

"""Chan and Vese's active contour without edges: a smooth border between two mean brightnesses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from skimage.segmentation import morphological_chan_vese

from bedside.comparators.confidence import Confidence, dice
from bedside.comparators.field import Field
from bedside.comparators.mean_location import MeanLocation
from bedside.comparators.sight import Grey, Planning, Seen, Sight, described, require_drawn, spread_out
from bedside.comparators.structures import only_structure
from bedside.comparators.thresholds import Threshold, best_threshold, in_pixels, judged_pixels
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Booleans, Json

_MOST = 12
"""Development images on which channel, direction and confidence are found."""

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
class ContourModel:
    """A preparation, a field, where contours start, how they move, and their confidence."""

    sight: Sight
    field: Field
    threshold: Threshold
    location: MeanLocation
    contour: Contour
    confidence: Confidence

    def predict(self, predictors: Sequence[Readable]) -> list[Segmentation]:
        """One outline an image, on its own grid."""
        return [self._outlined(seen) for seen in self.sight.images(predictors)]

    def outline(self, pixels: Grey) -> Booleans:
        """The contour in one prepared image, shape (*size)."""
        grey, field = self.threshold.grey(pixels), self.field.of(pixels)
        first = (
            self.threshold.outline(grey, field)
            if self.contour.start == OTSU
            else self.location.outline(grey.shape) & field
        )
        return self.contour.moved(grey, first, field)

    def _outlined(self, seen: Seen) -> Segmentation:
        return seen.returned(self.confidence.segmentation(self.outline(seen.pixels)))

    def save(self, folder: Path) -> None:
        """Write the mean location as safetensors, all else as JSON."""
        content: dict[str, Json] = {
            "sight": self.sight.state(),
            "field": self.field.state(),
            "threshold": self.threshold.state(),
            "size": self.location.size,
            "contour": self.contour.state(),
            "confidence": self.confidence.state(),
        }
        write_json(folder / "contour.json", content)
        save_file({"share": np.ascontiguousarray(self.location.share)}, folder / "location.safetensors")


@dataclass(frozen=True)
class ChanVese:
    """Recipe: morphological Chan-Vese (Márquez-Neila et al., IEEE TPAMI 2014), in images and volumes.

    Attributes:
        endpoint: Outlines of one structure.
        plan: How images are prepared: the same as for the network.

    Raises:
        StudyError: Several structures, or no outlines.
    """

    endpoint: Endpoint[Delineated, Segmentation]
    plan: "WindowPlan | Planning"
    name: ClassVar[str] = "chan_vese"
    label: ClassVar[str] = "Chan-Vese contour"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"start": OTSU, "smoothing": 1.0, "steps": 20, "border": 1, "balance": 1.0}

    def __post_init__(self) -> None:
        only_structure(self.endpoint, self.name)

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

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Delineated]],
        selection: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[ContourModel, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: The structure is drawn in no development image.
        """
        sight = Sight.fit(self.plan, development)
        looked_at = sight.outlined(spread_out(development, _MOST))
        seen = [(image.pixels, mask) for image, mask in looked_at]
        require_drawn([judged_pixels(seen)], [only_structure(self.endpoint, self.name)], self.name)
        field = Field.fit(seen)
        threshold = best_threshold(seen, field, in_pixels(float(settings["smoothing"]), sight.spacing), 2)
        location = MeanLocation.of(
            mask for _, mask in sight.outlined(sorted(development, key=lambda sample: sample.key))
        )
        contour = Contour(
            str(settings["start"]), int(settings["steps"]), int(settings["border"]), float(settings["balance"])
        )
        bare = ContourModel(sight, field, threshold, location, contour, Confidence(1.0, 0.0))
        outlines = [bare.outline(pixels) for pixels, _ in seen]
        pairs = [(outline, mask) for outline, (_, mask) in zip(outlines, seen, strict=True)]
        record: dict[str, Json] = {
            "channel": "mean of all" if threshold.channel < 0 else threshold.channel + 1,
            "looked_at": field.words,
            "development_dice": round(float(np.mean([dice(*pair) for pair in pairs])), 6),
        }
        return ContourModel(sight, field, threshold, location, contour, Confidence.of(pairs)), record

    def load(self, folder: Path) -> ContourModel:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "contour.json"
        content = read_json(path)
        try:
            share = load_file(folder / "location.safetensors")["share"]
            return ContourModel(
                Sight.from_state(content["sight"]),
                Field.from_state(content["field"]),
                Threshold.from_state(content["threshold"]),
                MeanLocation(share, float(cast("float", content["size"]))),
                Contour.from_state(content["contour"]),
                Confidence.from_state(content["confidence"]),
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, str(error)) from error

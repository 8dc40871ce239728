"""Mean pictures of each kind, looked for everywhere by normalised cross-correlation: template matching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.ndimage import maximum_filter
from skimage.feature import match_template

from bedside.comparators.foreground import Foreground, Map, Seen, kinds_and_dimensions, within
from bedside.data.sample import Sample
from bedside.endpoints.boxes.boxes import Found, sides
from bedside.endpoints.boxes.peaks import without_repetition
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.modalities.imaging.resample import resampled
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Json

MARGIN = 1.25
"""A template shows so much more than its box along each axis: what is around a thing tells its border."""

_SMALLEST = 3


@dataclass(frozen=True, eq=False)
class FittedTemplates:
    """One template a kind.

    Attributes:
        foreground: The map that is searched.
        settings: The detector was fitted with.
        templates: One a kind, the box and a margin around it; a template of a kind without examples is empty.
    """

    foreground: Foreground
    settings: Settings
    templates: tuple[Map, ...]

    def predict(self, predictors: Sequence[Readable]) -> list[Found]:
        """One prediction an image."""
        with single_thread():
            return [self._found(seen) for seen in self.foreground.see(predictors)]

    def save(self, folder: Path) -> None:
        """Write preparation and settings as JSON, numbers as safetensors."""
        state: dict[str, Json] = {"preparation": self.foreground.preparation.state(), "settings": dict(self.settings)}
        write_json(folder / "templates.json", {**state, "kinds": len(self.templates)})
        arrays: dict[str, NDArray[Any]] = {f"template_{k}": one for k, one in enumerate(self.templates)}
        plain = {name: np.ascontiguousarray(one) for name, one in arrays.items()}
        save_file({**plain, "weights": self.foreground.weights}, folder / "templates.safetensors")

    def _found(self, seen: Seen) -> Found:
        corners, kinds, scores = [], [], []
        for kind, template in enumerate(self.templates):
            for factor in _factors(self.settings):
                boxes, likeness = _alike(seen.bright, template, factor, float(self.settings["threshold"]))
                corners.append(boxes)
                kinds.append(np.full(len(boxes), kind, dtype=np.int64))
                scores.append(likeness)
        size = np.array(seen.bright.shape)
        whole = np.clip(np.concatenate(corners), -0.5, np.tile(size, 2) - 0.5).astype(np.float32)
        numbers, score = np.concatenate(kinds), np.concatenate(scores).astype(np.float32)
        kept = np.flatnonzero((sides(whole) > 0).all(axis=1))
        overlap = float(self.settings["overlap"])
        kept = kept[without_repetition(whole[kept], numbers[kept], score[kept], overlap=overlap)]
        return Found(whole[kept], numbers[kept], score[kept]).returned(seen.frame)


@dataclass(frozen=True)
class Templates:
    """Recipe: the mean picture of each kind, matched at every place and at several scales.

    Attributes:
        endpoint: Of boxes.
        plan: How images are prepared.
    """

    endpoint: Endpoint[Any, Found]
    plan: ImagePlan
    name: ClassVar[str] = "templates"
    label: ClassVar[str] = "Template matching"
    description: ClassVar[str] = (
        "The mean of all development boxes of each kind, in the mixture of colours that best parts the inside of boxes "
        "from the outside and scaled to the kind's median size, was looked for at every place and at several scales by "
        "normalised cross-correlation (scikit-image; Lewis 1995)."
    )
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"threshold": 0.4, "scales": 3, "spread": 1.3, "overlap": 0.4}

    def propose(self, trial: Trial) -> Settings:
        """Least correlation, scales, ratio of the outermost to the middle one, and overlap taken for repetition."""
        return {
            "threshold": trial.suggest_float("threshold", 0.1, 0.7),
            "scales": trial.suggest_int("scales", 1, 5),
            "spread": trial.suggest_float("spread", 1.1, 1.8),
            "overlap": trial.suggest_float("overlap", 0.2, 0.7),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Any]],
        selection: Sequence[Sample[Readable, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[FittedTemplates, Mapping[str, Json]]:
        """Fit with these settings; raises ModelError where there are no boxes."""
        kinds, _ = kinds_and_dimensions(self.endpoint, self.name)
        with single_thread():
            foreground = Foreground.fit(self.plan, development)
            shown = list(foreground.show(development))
            templates = []
            for kind in range(kinds):
                boxes = [(one.seen.bright, c) for one in shown for c in one.boxes.corners[one.boxes.kinds == kind]]
                templates.append(_mean_picture(boxes, len(self.plan.size)))
        if not any(one.size for one in templates):
            msg = f"{self.name} found no box that lies with its margin inside its image; give larger images"
            raise ModelError(msg)
        record: dict[str, Json] = {"templates": sum(one.size > 0 for one in templates)}
        return FittedTemplates(foreground, dict(settings), tuple(templates)), record

    def load(self, folder: Path) -> FittedTemplates:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "templates.safetensors"
        try:
            content, arrays = read_json(folder / "templates.json"), load_file(path)
            foreground = Foreground(Preparation.from_state(content["preparation"]), arrays["weights"])
            templates = tuple(arrays[f"template_{k}"] for k in range(int(cast("int", content["kinds"]))))
            return FittedTemplates(foreground, cast("Settings", content["settings"]), templates)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error


def _factors(settings: Settings) -> Floats:
    """Scales of templates, their middle 1."""
    count, reach = int(settings["scales"]), np.log(float(settings["spread"]))
    return np.exp(np.linspace(-reach, reach, count)) if count > 1 else np.ones(1)


def _mean_picture(boxes: Sequence[tuple[Map, NDArray[Any]]], dimensions: int) -> Map:
    """The mean of boxes that lie with their margin inside the image, scaled to their median size; empty of none."""
    grown = [(bright, _grown(corners)) for bright, corners in boxes]
    whole = [
        (bright, corners)
        for bright, corners in grown
        if (corners >= -0.5).all() and (corners[dimensions:] <= np.array(bright.shape) - 0.5).all()
    ]
    if not whole:
        return np.zeros((0,) * dimensions, dtype=np.float32)
    lengths = np.median([corners[dimensions:] - corners[:dimensions] for _, corners in whole], axis=0)
    size = tuple(max(_SMALLEST, round(float(length))) for length in lengths)
    pictures = [resampled(bright[within(corners, bright.shape)][None], size)[0] for bright, corners in whole]
    mean: Map = np.mean(pictures, axis=0).astype(np.float32)
    return mean


def _grown(corners: NDArray[Any]) -> Floats:
    """A box with its margin."""
    starts, ends = np.split(corners.astype(np.float64), 2)
    middle, reach = (starts + ends) / 2.0, (ends - starts) / 2.0 * MARGIN
    return np.concatenate([middle - reach, middle + reach])


def _alike(bright: Map, template: Map, factor: float, threshold: float) -> tuple[Floats, Floats]:
    """Boxes at peaks of the correlation with a template at one scale, shape (n, 2 * dimensions), and correlations."""
    dimensions = bright.ndim
    size = tuple(max(_SMALLEST, round(length * factor)) for length in template.shape)
    if not template.size or any(length > have for length, have in zip(size, bright.shape, strict=True)):
        return np.zeros((0, 2 * dimensions)), np.zeros(0)
    likeness = match_template(bright, resampled(template[None], size)[0], pad_input=True)  # type: ignore[no-untyped-call]
    peak = (likeness == maximum_filter(likeness, size=_SMALLEST)) & (likeness >= threshold)
    places = np.argwhere(peak)
    # An even template has its middle half a pixel before the place that it is reported at.
    middle = places - 0.5 * (np.array(size) % 2 == 0)
    reach = np.array(size) / (2.0 * MARGIN)
    corners = np.concatenate([middle - reach, middle + reach], axis=1)
    return corners, np.clip(likeness[tuple(places.T)], 0.0, 1.0).astype(np.float64)

"""Mean pictures of each kind, looked for everywhere by normalised cross-correlation: template matching."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from skimage.feature import match_template

from bedside.comparators.detector import Arrays, Candidates, DetectorRecipe
from bedside.comparators.foreground import Map, Seen, Shown, within
from bedside.errors import ModelError
from bedside.modalities.imaging.resample import resampled
from bedside.training.learner import Settings, Trial
from bedside.types import Floats, Json

MARGIN = 1.25
"""A template shows so much more than its box along each axis: what is around a thing tells its border."""

_SMALLEST = 3


@dataclass(frozen=True, eq=False)
class TemplateSearch:
    """One template a kind.

    Attributes:
        templates: The box and a margin around it; a template of a kind without examples is empty.
    """

    templates: tuple[Map, ...]

    def candidates(self, seen: Seen, settings: Settings) -> Candidates:
        """Boxes where a template is alike, at every scale."""
        corners, kinds, scores = [], [], []
        for kind, template in enumerate(self.templates):
            for factor in _factors(settings):
                boxes, likeness = _alike(seen.bright, template, factor, float(settings["threshold"]))
                corners.append(boxes)
                kinds.append(np.full(len(boxes), kind, dtype=np.int64))
                scores.append(likeness)
        overlap = float(settings["overlap"])
        return Candidates(np.concatenate(corners), np.concatenate(kinds), np.concatenate(scores), overlap)

    def arrays(self) -> Arrays:
        """Each with its number."""
        return {f"template_{k}": one for k, one in enumerate(self.templates)}

    def state(self) -> dict[str, Json]:
        """How many there are."""
        return {"kinds": len(self.templates)}


@dataclass(frozen=True)
class Templates(DetectorRecipe[TemplateSearch]):
    """Recipe: the mean picture of each kind, matched at every place and at several scales."""

    name: ClassVar[str] = "templates"
    label: ClassVar[str] = "Template matching"
    description: ClassVar[str] = (
        "The mean of all development boxes of each kind, in the mixture of colours that best parts the inside of boxes "
        "from the outside and scaled to the kind's median size, was looked for at every place and at several scales by "
        "normalised cross-correlation (scikit-image; Lewis 1995)."
    )
    defaults: ClassVar[Settings] = {"threshold": 0.4, "scales": 3, "spread": 1.3, "overlap": 0.4}

    def propose(self, trial: Trial) -> Settings:
        """Least correlation, scales, ratio of the outermost to the middle one, and overlap taken for repetition."""
        return {
            "threshold": trial.suggest_float("threshold", 0.1, 0.7),
            "scales": trial.suggest_int("scales", 1, 5),
            "spread": trial.suggest_float("spread", 1.1, 1.8),
            "overlap": trial.suggest_float("overlap", 0.2, 0.7),
        }

    def learn(
        self,
        settings: Settings,  # noqa: ARG002 - they say how templates are looked for
        shown: Sequence[Shown],
        kinds: int,
    ) -> tuple[TemplateSearch, Mapping[str, Json]]:
        """The mean picture of each kind; raises ModelError where no box lies in its image with its margin."""
        templates = []
        for kind in range(kinds):
            boxes = [(one.seen.bright, c) for one in shown for c in one.boxes.corners[one.boxes.kinds == kind]]
            templates.append(_mean_picture(boxes, len(self.plan.size)))
        if not any(one.size for one in templates):
            msg = f"{self.name} found no box that lies with its margin inside its image; give larger images"
            raise ModelError(msg)
        return TemplateSearch(tuple(templates)), {"templates": sum(one.size > 0 for one in templates)}

    def read(self, content: Mapping[str, Json], arrays: Arrays) -> TemplateSearch:
        """As many as there were."""
        return TemplateSearch(tuple(arrays[f"template_{k}"] for k in range(int(cast("int", content["kinds"])))))


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

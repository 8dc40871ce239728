"""Blobs of the Laplacian of a Gaussian, told apart by size and colour: the classical detector of round things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from skimage.feature import blob_log

from bedside.comparators.foreground import Foreground, Seen, kinds_and_dimensions, within
from bedside.data.sample import Sample
from bedside.endpoints.boxes.boxes import Boxes, Found, overlaps, sides
from bedside.endpoints.boxes.peaks import without_repetition
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers, Json

SAME = 0.3
"""Overlap from which a blob of a development image is an example of the kind of a box."""

_SMALLEST, _LARGEST = 10, 90
"""Percentiles of the sides of development boxes between which blobs are looked for."""


@dataclass(frozen=True, eq=False)
class FittedBlobs:
    """Scales, and the linear discriminant of what blobs look like.

    Attributes:
        foreground: The map that is searched.
        settings: The detector was fitted with.
        scales: Smallest and largest standard deviation of the Gaussian, in prepared pixels, shape (2,).
        slope: Of log probabilities of nothing and of each kind, shape (features, 1 + kinds).
        intercept: Shape (1 + kinds,).
        ratio: Sides of a kind's boxes over those that the scale says, shape (kinds, dimensions).
    """

    foreground: Foreground
    settings: Settings
    scales: Floats
    slope: Floats
    intercept: Floats
    ratio: Floats

    def predict(self, predictors: Sequence[Readable]) -> list[Found]:
        """One prediction an image."""
        with single_thread():
            return [self._found(seen) for seen in self.foreground.see(predictors)]

    def save(self, folder: Path) -> None:
        """Write preparation and settings as JSON, numbers as safetensors."""
        state: dict[str, Json] = {"preparation": self.foreground.preparation.state(), "settings": dict(self.settings)}
        write_json(folder / "blobs.json", state)
        names = ("scales", "slope", "intercept", "ratio")
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in names}
        save_file({**arrays, "weights": self.foreground.weights}, folder / "blobs.safetensors")

    def _found(self, seen: Seen) -> Found:
        size = seen.bright.shape
        blobs = look(seen, self.scales, self.settings)
        if not len(blobs):
            return Found.nothing(len(size))
        chances = softmax(describe(seen, blobs) @ self.slope + self.intercept, axis=1)[:, 1:]
        kinds = np.tile(np.arange(chances.shape[1]), len(blobs))
        ends = np.tile(np.array(size), 2) - 0.5
        around = boxes_of(np.repeat(blobs, chances.shape[1], axis=0), self.ratio[kinds])
        corners = np.clip(around, -0.5, ends).astype(np.float32)
        scores = chances.reshape(-1).astype(np.float32)
        kept = np.flatnonzero((sides(corners) > 0).all(axis=1))
        kept = kept[without_repetition(corners[kept], kinds[kept], scores[kept])]
        return Found(corners[kept], kinds[kept], scores[kept]).returned(seen.frame)


@dataclass(frozen=True)
class Blobs:
    """Recipe: blobs of the Laplacian of a Gaussian, and a linear discriminant of their size, contrast and colour.

    Attributes:
        endpoint: Of boxes.
        plan: How images are prepared.
    """

    endpoint: Endpoint[Any, Found]
    plan: ImagePlan
    name: ClassVar[str] = "blobs"
    label: ClassVar[str] = "Blobs (Laplacian of a Gaussian)"
    description: ClassVar[str] = (
        "Blobs of the Laplacian of a Gaussian (scikit-image; Lindeberg 1998) in the mixture of colours that best "
        "parts the inside of development boxes from the outside, at the scales of development boxes; a linear "
        "discriminant of their size, contrast and mean colours says what they are, and boxes are as large as those of "
        "their kind."
    )
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"threshold": 0.1, "scales": 6, "overlap": 0.5}

    def propose(self, trial: Trial) -> Settings:
        """Least contrast of a blob, number of scales, and overlap of blobs from which the weaker one is dropped."""
        return {
            "threshold": trial.suggest_float("threshold", 0.02, 0.5, log=True),
            "scales": trial.suggest_int("scales", 3, 10),
            "overlap": trial.suggest_float("overlap", 0.2, 0.8),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Any]],
        selection: Sequence[Sample[Readable, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[FittedBlobs, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: There are no boxes, or no blob lies on one.
        """
        kinds, dimensions = kinds_and_dimensions(self.endpoint, self.name)
        with single_thread():
            foreground = Foreground.fit(self.plan, development)
            shown = list(foreground.show(development))
            lengths = np.concatenate([sides(one.boxes.corners) for one in shown]).mean(axis=1)
            scales = np.percentile(lengths, (_SMALLEST, _LARGEST)) / (2.0 * np.sqrt(dimensions))
            features, labels, ratios = [], [], []
            for one in shown:
                blobs = look(one.seen, scales, settings)
                owner = _owner(blobs, one.boxes)
                features.append(describe(one.seen, blobs))
                labels.append(np.where(owner >= 0, one.boxes.kinds[owner] + 1, 0) if len(one.boxes) else owner + 1)
                ratios.append(_ratios(blobs, one.boxes, owner))
        label, ratio = np.concatenate(labels), np.concatenate(ratios)
        if not (label > 0).any():
            msg = f"{self.name} found no blob on any box of {len(development)} development images; lower its threshold"
            raise ModelError(msg)
        every = np.exp(np.median(ratio[label > 0], axis=0))
        of_kind = [np.exp(np.median(ratio[label == k + 1], axis=0)) if (label == k + 1).any() else every
                   for k in range(kinds)]  # fmt: skip
        slope, intercept = discriminant(np.concatenate(features), label, kinds + 1)
        record: dict[str, Json] = {"blobs": len(label), "on_boxes": int((label > 0).sum())}
        return FittedBlobs(foreground, dict(settings), scales, slope, intercept, np.stack(of_kind)), record

    def load(self, folder: Path) -> FittedBlobs:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "blobs.safetensors"
        try:
            content, arrays = read_json(folder / "blobs.json"), load_file(path)
            foreground = Foreground(Preparation.from_state(content["preparation"]), arrays["weights"])
            settings = cast("Settings", content["settings"])
            numbers = (arrays[name] for name in ("scales", "slope", "intercept", "ratio"))
            return FittedBlobs(foreground, settings, *numbers)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error


def look(seen: Seen, scales: Floats, settings: Settings) -> Floats:
    """Blobs, each with its centre and standard deviation, shape (n, dimensions + 1)."""
    found = blob_log(  # type: ignore[no-untyped-call]
        seen.bright.astype(np.float64),
        min_sigma=float(scales[0]),
        max_sigma=float(scales[1]),
        num_sigma=int(settings["scales"]),
        threshold=float(settings["threshold"]),
        overlap=float(settings["overlap"]),
    )
    return np.asarray(found, dtype=np.float64).reshape(-1, seen.bright.ndim + 1)


def boxes_of(blobs: Floats, ratio: "Floats | float" = 1.0) -> Floats:
    """Corners of boxes around blobs, whose radius is the root of the dimensions times the standard deviation."""
    reach = np.sqrt(blobs.shape[1] - 1) * blobs[:, -1:] * ratio
    return np.concatenate([blobs[:, :-1] - reach, blobs[:, :-1] + reach], axis=1)


def describe(seen: Seen, blobs: Floats) -> Floats:
    """Size, brightness inside, spread inside, and mean of each channel, shape (n, features)."""
    rows = np.zeros((len(blobs), 3 + len(seen.pixels)))
    for row, (blob, corners) in enumerate(zip(blobs, boxes_of(blobs, 0.7), strict=True)):
        inside = within(corners, seen.bright.shape)
        part = seen.bright[inside].astype(np.float64)
        colours = seen.pixels[(slice(None), *inside)].reshape(len(seen.pixels), -1).mean(axis=1, dtype=np.float64)
        rows[row] = [np.log(blob[-1]), part.mean(), part.std(), *colours]
    return rows


def discriminant(features: Floats, labels: Integers, classes: int) -> tuple[Floats, Floats]:
    """Slope and intercept of the log probabilities of classes with one common covariance, shares as seen.

    A class without examples gets a probability of nearly 0.
    """
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    given = (features - centre) / scale
    counts = np.bincount(labels, minlength=classes)
    means = np.stack(
        [given[labels == k].mean(axis=0) if counts[k] else np.zeros(given.shape[1]) for k in range(classes)]
    )
    rest = given - means[labels]
    spread = rest.T @ rest / len(rest) + 1e-3 * np.eye(given.shape[1])
    slope = np.linalg.solve(spread, means.T)
    share = np.log(np.maximum(counts, 1e-6) / len(labels))
    intercept = share - 0.5 * np.einsum("kf,fk->k", means, slope)
    slope = slope / scale[:, None]
    return slope, intercept - centre @ slope


def _owner(blobs: Floats, boxes: Boxes) -> Integers:
    """The box that each blob is an example of; -1 for none."""
    if not len(blobs) or not len(boxes):
        return np.full(len(blobs), -1, dtype=np.int64)
    shared = overlaps(boxes_of(blobs).astype(np.float32), boxes.corners)
    best = shared.argmax(axis=1)
    return np.where(shared[np.arange(len(best)), best] >= SAME, best, -1).astype(np.int64)


def _ratios(blobs: Floats, boxes: Boxes, owner: Integers) -> Floats:
    """Log ratios of the sides of each blob's box to those that its scale says; 0 where it has none."""
    found = np.zeros((len(blobs), boxes.dimensions))
    on = owner >= 0
    found[on] = np.log(sides(boxes.corners)[owner[on]] / sides(boxes_of(blobs[on])))
    return found

"""Blobs of the Laplacian of a Gaussian, told apart by size and colour: the classical detector of round things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from scipy.special import softmax
from skimage.feature import blob_log

from bedside.comparators.detector import Arrays, Candidates, DetectorRecipe
from bedside.comparators.foreground import Seen, Shown, within
from bedside.endpoints.boxes.boxes import Boxes, overlaps, sides
from bedside.errors import ModelError
from bedside.training.learner import Settings, Trial
from bedside.types import Booleans, Floats, Integers, Json

SAME = 0.3
"""Overlap from which a blob of a development image is an example of the kind of a box."""

_SMALLEST, _LARGEST = 10, 90
"""Percentiles of the sides of development boxes between which blobs are looked for."""


@dataclass(frozen=True, eq=False)
class BlobSearch:
    """Scales, and the linear discriminant of what blobs look like.

    Attributes:
        scales: Smallest and largest standard deviation of the Gaussian, in prepared pixels, shape (2,).
        slope: Of log probabilities of nothing and of each kind, shape (features, 1 + kinds).
        intercept: Shape (1 + kinds,).
        ratio: Sides of a kind's boxes over those that the scale says, shape (kinds, dimensions).
    """

    scales: Floats
    slope: Floats
    intercept: Floats
    ratio: Floats

    def candidates(self, seen: Seen, settings: Settings) -> Candidates:
        """A box of each kind around every blob."""
        blobs = look(seen, self.scales, settings)
        chances = softmax(describe(seen, blobs) @ self.slope + self.intercept, axis=1)[:, 1:]
        kinds = np.tile(np.arange(chances.shape[1]), len(blobs))
        around = boxes_of(np.repeat(blobs, chances.shape[1], axis=0), self.ratio[kinds])
        return Candidates(around, kinds, chances.reshape(-1))

    def arrays(self) -> Arrays:
        """All of them by name."""
        return vars(self)

    def state(self) -> dict[str, Json]:
        """Nothing beside."""
        return {}


@dataclass(frozen=True)
class Blobs(DetectorRecipe[BlobSearch]):
    """Recipe: blobs of the Laplacian of a Gaussian, and a linear discriminant of their size, contrast and colour."""

    name: ClassVar[str] = "blobs"
    label: ClassVar[str] = "Blobs (Laplacian of a Gaussian)"
    description: ClassVar[str] = (
        "Blobs of the Laplacian of a Gaussian (scikit-image; Lindeberg 1998) in the mixture of colours that best "
        "parts the inside of development boxes from the outside, at the scales of development boxes; a linear "
        "discriminant of their size, contrast and mean colours says what they are, and boxes are as large as those of "
        "their kind."
    )
    defaults: ClassVar[Settings] = {"threshold": 0.1, "scales": 6, "overlap": 0.5}

    def propose(self, trial: Trial) -> Settings:
        """Least contrast of a blob, number of scales, and overlap of blobs from which the weaker one is dropped."""
        return {
            "threshold": trial.suggest_float("threshold", 0.02, 0.5, log=True),
            "scales": trial.suggest_int("scales", 3, 10),
            "overlap": trial.suggest_float("overlap", 0.2, 0.8),
        }

    def learn(self, settings: Settings, shown: Sequence[Shown], kinds: int) -> tuple[BlobSearch, Mapping[str, Json]]:
        """Scales of all boxes, and what the blobs on them look like; raises ModelError where none is on a box."""
        lengths = np.concatenate([sides(one.boxes.corners) for one in shown]).mean(axis=1)
        scales = np.percentile(lengths, (_SMALLEST, _LARGEST)) / (2.0 * np.sqrt(len(self.plan.size)))
        features, labels, ratios = [], [], []
        for one in shown:
            blobs = look(one.seen, scales, settings)
            blobs = blobs[~_unjudged(blobs, one.boxes)]
            owner = _owner(blobs, one.boxes)
            features.append(describe(one.seen, blobs))
            labels.append(np.where(owner >= 0, one.boxes.kinds[owner] + 1, 0) if len(one.boxes) else owner + 1)
            ratios.append(_ratios(blobs, one.boxes, owner))
        label, ratio = np.concatenate(labels), np.concatenate(ratios)
        if not (label > 0).any():
            msg = f"{self.name} found no blob on any box of {len(shown)} development images; lower its threshold"
            raise ModelError(msg)
        every = np.exp(np.median(ratio[label > 0], axis=0))
        of_kind = [np.exp(np.median(ratio[label == k + 1], axis=0)) if (label == k + 1).any() else every
                   for k in range(kinds)]  # fmt: skip
        slope, intercept = discriminant(np.concatenate(features), label, kinds + 1)
        record: dict[str, Json] = {"blobs": len(label), "on_boxes": int((label > 0).sum())}
        return BlobSearch(scales, slope, intercept, np.stack(of_kind)), record

    def read(self, content: Mapping[str, Json], arrays: Arrays) -> BlobSearch:
        """Scales and discriminant."""
        del content
        return BlobSearch(*(arrays[one.name] for one in fields(BlobSearch)))


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


def _unjudged(blobs: Floats, boxes: Boxes) -> Booleans:
    """Blobs on no box that lie with their centre in one set aside: examples of nothing, shape (n,)."""
    if boxes.aside is None or not len(blobs):
        return np.zeros(len(blobs), dtype=np.bool_)
    starts, ends = np.split(boxes.aside.corners[None], 2, axis=2)
    centres = blobs[:, None, :-1]
    inside = np.all((centres >= starts) & (centres <= ends), axis=2)
    return np.asarray(np.any(inside, axis=1) & (_owner(blobs, boxes) < 0))


def _ratios(blobs: Floats, boxes: Boxes, owner: Integers) -> Floats:
    """Log ratios of the sides of each blob's box to those that its scale says; 0 where it has none."""
    found = np.zeros((len(blobs), boxes.dimensions))
    on = owner >= 0
    found[on] = np.log(sides(boxes.corners)[owner[on]] / sides(boxes_of(blobs[on])))
    return found

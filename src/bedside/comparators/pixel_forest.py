"""A random forest on the look of each pixel: the strongest conventional way to tell structures apart in images."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from bedside.comparators.forest import Trees
from bedside.comparators.pixel_features import KEPT, WIDTHS, Half, PixelFeatures
from bedside.comparators.sight import Planning, Sight, described, require_drawn
from bedside.comparators.structures import structures
from bedside.comparators.thresholds import in_pixels
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.overlap import checked
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.cache import Shelf
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Booleans, Floats, Integers, Json

TREES = 40
ROWS = 60_000
BAG = 15_000
_DEPTH = 16
_NEAR = 3
"""Pixels from a structure within which background is drawn as often as background anywhere else."""

_CHUNK = 1 << 13


class Drawn(NamedTuple):
    """Pixels of one image that the forest is grown on.

    Attributes:
        pixels: Their features, shape (n, features), in half precision.
        labels: 0 for background, k for the k-th structure, shape (n,).
        weights: How many pixels of the image each stands for, shape (n,).
    """

    pixels: Half
    labels: Integers
    weights: Floats


_DRAWN: Shelf[Drawn] = Shelf(1 << 27)
"""Pixels that were drawn, for the next trial."""


@dataclass(frozen=True, eq=False)
class PixelForestModel:
    """A preparation and the trees.

    Attributes:
        sight: The preparation.
        scales: How many scales of features are used.
        smoothing: Width of the Gaussian that evens out the shares, in pixels of the finest axis; 0 for none.
        trees: Their values are shares of background and structures, shape (nodes, 1 + structures).
    """

    sight: Sight
    scales: int
    smoothing: float
    trees: Trees

    def predict(self, predictors: Sequence[Readable]) -> list[Segmentation]:
        """One segmentation an image, on its own grid."""
        features = PixelFeatures(self.sight.channels, self.sight.spacing)
        return [self._segmented(features, readable, k, len(predictors)) for k, readable in enumerate(predictors)]

    def _segmented(self, features: PixelFeatures, readable: Readable, place: int, count: int) -> Segmentation:
        seen = self.sight.image(readable, place, count)
        if features.fit(seen.pixels):
            key = self.sight.key(readable)
            stack = KEPT.get(key)
            if stack is None:
                stack = features.of(seen.pixels)
                KEPT.put(key, stack)
            shares = shares_of(self.trees, stack.pixels[: features.count(self.scales)])
        else:
            shares = np.empty((self.trees.value.shape[1], *seen.pixels.shape[1:]), dtype=np.float32)
            for start, slab in features.slabs(seen.pixels, self.scales):
                shares[:, start : start + slab.pixels.shape[1]] = shares_of(self.trees, slab.pixels)
        if self.smoothing > 0.0:
            sigma = in_pixels(self.smoothing, self.sight.spacing)
            shares = np.stack([ndimage.gaussian_filter(each, sigma, truncate=3.0) for each in shares])
            shares = np.clip(shares, 0.0, 1.0)
        return seen.returned(Segmentation.of(shares))

    def save(self, folder: Path) -> None:
        """Write the preparation as JSON, trees as safetensors."""
        content: dict[str, Json] = {"sight": self.sight.state(), "scales": self.scales, "smoothing": self.smoothing}
        write_json(folder / "sight.json", content)
        arrays = {name: np.ascontiguousarray(array) for name, array in self.trees.arrays().items()}
        save_file(arrays, folder / "trees.safetensors")


@dataclass(frozen=True)
class PixelForest:
    """Recipe: a random forest (Breiman, 2001) of pixels, in images and volumes, of one or several structures.

    Attributes:
        endpoint: Outlines.
        plan: How images are prepared: the same as for the network.
        trees: In the forest.
        rows: Pixels, at most, that trees are grown on.

    Raises:
        StudyError: The endpoint is of something else than outlines.
    """

    endpoint: Endpoint[Delineated, Segmentation]
    plan: "WindowPlan | Planning"
    trees: int = TREES
    rows: int = ROWS
    name: ClassVar[str] = "pixel_forest"
    label: ClassVar[str] = "Random forest of pixels"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"leaf_pixels": 5, "feature_fraction": 0.25, "scales": 4, "smoothing": 0.5}

    def __post_init__(self) -> None:
        structures(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            f"Random forest (scikit-learn) of {self.trees} trees on the brightness, Gaussian mean, gradient magnitude, "
            f"Laplacian and Hessian eigenvalues of each pixel at up to {len(WIDTHS)} scales and its place. "
            f"Trees were grown on at most {self.rows:,} pixels, drawn as often from each structure, from background "
            f"within {_NEAR} pixels of one and from other background; leaves then tell the shares that these stand "
            "for, so that probabilities follow the prevalence; these are evened out by a Gaussian. "
            f"{described(self.plan)}"
        )

    def propose(self, trial: Trial) -> Settings:
        """Smallest leaf, share of features tried at each division, scales, and evening out of the shares."""
        return {
            "leaf_pixels": trial.suggest_int("leaf_pixels", 2, 50, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.08, 0.6, log=True),
            "scales": trial.suggest_int("scales", 3, len(WIDTHS)),
            "smoothing": trial.suggest_float("smoothing", 0.0, 2.0),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Delineated]],
        selection: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - a forest is not stopped early
        *,
        seed: int,
    ) -> tuple[PixelForestModel, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: A structure is drawn in no development image.
        """
        names, scales = structures(self.endpoint, self.name), int(settings["scales"])
        ordered = sorted(development, key=lambda sample: sample.key)
        sight = Sight.fit(self.plan, ordered)
        features = PixelFeatures(sight.channels, sight.spacing)
        quota = max(4 * (2 + len(names)), self.rows // len(ordered))
        drawn = [self._drawn(sight, features, sample, quota, len(names), seed) for sample in ordered]
        rows = np.concatenate([one.pixels for one in drawn])[:, : features.count(scales)].astype(np.float32)
        labels = np.concatenate([one.labels for one in drawn])
        weights = np.concatenate([one.weights for one in drawn])
        require_drawn(np.bincount(labels, minlength=1 + len(names))[1:].tolist(), names, self.name)
        forest = RandomForestClassifier(
            n_estimators=self.trees,
            max_depth=_DEPTH,
            min_samples_leaf=int(settings["leaf_pixels"]),
            max_features=float(settings["feature_fraction"]),
            max_samples=min(BAG, len(rows)),
            n_jobs=1,
            random_state=seed,
        )
        with single_thread():
            forest.fit(rows, labels)
        trees = weighed(Trees.of(forest), forest.apply(rows), labels, weights, 1 + len(names))
        record: dict[str, Json] = {"pixels": len(rows), "features": rows.shape[1], "nodes": len(trees.feature)}
        return PixelForestModel(sight, scales, float(settings["smoothing"]), trees), record

    def load(self, folder: Path) -> PixelForestModel:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "trees.safetensors"
        try:
            content = read_json(folder / "sight.json")
            sight, scales = Sight.from_state(content["sight"]), int(cast("int", content["scales"]))
            smoothing = float(cast("float", content["smoothing"]))
            return PixelForestModel(sight, scales, smoothing, Trees(**load_file(path)))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, str(error)) from error

    def _drawn(
        self,
        sight: Sight,
        features: PixelFeatures,
        sample: Sample[Readable, Delineated],
        quota: int,
        count: int,
        seed: int,
    ) -> Drawn:
        """Pixels of one image, from the shelf where they lie there."""
        seen = sight.image(sample.predictors)
        mask = checked(sample.outcome.read(), count).placed(seen.placement)
        if mask.judged is not None:  # what is drawn elsewhere does not count
            mask = replace(mask, labels=np.where(mask.judged, mask.labels, np.uint8(0)))
        said = hashlib.blake2b(repr((sample.key, seed, quota)).encode(), digest_size=16)
        said.update(mask.labels.tobytes())
        said.update(b"everywhere" if mask.judged is None else mask.judged.tobytes())
        key = sight.key(sample.predictors) + said.digest()
        found = _DRAWN.get(key)
        if found is None:
            # The same pixels of an image whatever the other images, and whatever the order they come in.
            where, weights = pixels_drawn(mask, quota, np.random.default_rng(list(said.digest())))
            rows = features.at(seen.pixels, where)
            found = Drawn(rows, mask.labels.ravel()[where].astype(np.int64), weights)
            _DRAWN.put(key, found)
        return found


def pixels_drawn(mask: Mask, quota: int, chance: np.random.Generator) -> tuple[Integers, Floats]:
    """Places of pixels in a flattened image, and how many pixels each stands for; only where drawings count.

    Args:
        mask: Structures.
        quota: Pixels to draw, as many from each structure, near background and other background that there is.
        chance: Draws them.
    """
    background: Booleans = mask.labels == 0
    near = background & ndimage.binary_dilation(~background, iterations=_NEAR)
    groups: list[Any] = [near, background & ~near, *(mask.labels == k for k in range(1, int(mask.labels.max()) + 1))]
    places = [np.flatnonzero(group if mask.judged is None else group & mask.judged) for group in groups]
    places = [place for place in places if len(place)]
    drawn = [chance.permutation(place)[: max(1, quota // len(places))] for place in places]
    weights = [np.full(len(one), len(place) / len(one)) for one, place in zip(drawn, places, strict=True)]
    return np.concatenate([np.zeros(0, np.int64), *drawn]), np.concatenate([np.zeros(0), *weights])


def weighed(trees: Trees, leaves: Integers, labels: Integers, weights: Floats, classes: int) -> Trees:
    """The trees with shares of classes in their leaves that follow how many pixels each drawn one stands for.

    One more pixel of average weight is divided among the classes as they occur, so that no leaf is certain.

    Args:
        trees: As they were grown.
        leaves: Which leaf of each tree each drawn pixel reaches, counted within the tree, shape (n, trees).
        labels: Shape (n,).
        weights: Shape (n,).
        classes: Background and structures.
    """
    occurs = np.bincount(labels, weights, minlength=classes) / weights.sum()
    value = np.tile(occurs * weights.mean(), (len(trees.feature), 1))
    for root, reached in zip(trees.roots.tolist(), leaves.T, strict=True):
        np.add.at(value, (root + reached, labels), weights)
    return replace(trees, value=value / value.sum(axis=1, keepdims=True))


def shares_of(trees: Trees, features: NDArray[np.float16]) -> NDArray[np.float32]:
    """The mean over trees of the reached leaves' shares, shape (classes, *size).

    Args:
        trees: A forest.
        features: Shape (features, *size).
    """
    size, flat = features.shape[1:], features.reshape(len(features), -1)
    found = np.empty((trees.value.shape[1], flat.shape[1]), dtype=np.float32)
    for start in range(0, flat.shape[1], _CHUNK):
        rows = np.ascontiguousarray(flat[:, start : start + _CHUNK].T, dtype=np.float32)
        total = np.zeros((len(rows), trees.value.shape[1]))
        for node in trees.leaves(rows):
            total += trees.value.take(node, axis=0)
        found[:, start : start + len(rows)] = (total / len(trees.roots)).T
    return found.reshape(-1, *size)

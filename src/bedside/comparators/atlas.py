"""Multi-atlas voting: outlines of the development images that look most alike, carried over and voted on."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import ndimage

from bedside.comparators.alignment import Frame, aligned, carried, likeness
from bedside.comparators.sight import Grey, Planning, Sight, described, require_drawn, spread_out
from bedside.comparators.structures import structures
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated, Pixels
from bedside.endpoints.mask.overlap import checked
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Json

MOST = 24
"""Development images that are kept as atlases."""

_AROUND = 2.0
"""Width of the Gaussian over which likeness is averaged, in pixels of the finest axis."""

_LEAST = 0.02
"""Mean squared difference of standardised brightness below which images are taken as alike."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """One development image and its outlines.

    Attributes:
        grey: Mean of channels, mean 0 and spread 1, shape (*size), in half precision.
        labels: Shape (*size).
    """

    grey: NDArray[np.float16]
    labels: Pixels

    @property
    def key(self) -> bytes:
        """Of its content."""
        return hashlib.blake2b(self.grey.tobytes() + self.labels.tobytes(), digest_size=16).digest()


_SETTINGS: WeakKeyDictionary[Any, dict[bytes, Floats]] = WeakKeyDictionary()
"""How atlases lie on images that were asked about, for the next trial; forgotten with the image."""


@dataclass(frozen=True, eq=False)
class AtlasModel:
    """A preparation and atlases.

    Attributes:
        sight: The preparation.
        atlases: In the order of their samples' keys.
        keys: Of the atlases.
        structures: How many.
        voters: How many atlases vote on an image.
        sharpness: Power of an atlas' local likeness in its vote; 0 for equal votes.
    """

    sight: Sight
    atlases: tuple[Atlas, ...]
    keys: tuple[bytes, ...]
    structures: int
    voters: int
    sharpness: float

    def predict(self, predictors: Sequence[Readable]) -> list[Segmentation]:
        """One segmentation an image, on its own grid."""
        with single_thread():
            return [self._voted(readable, place, len(predictors)) for place, readable in enumerate(predictors)]

    def _voted(self, readable: Readable, place: int, count: int) -> Segmentation:
        seen = self.sight.image(readable, place, count)
        spacing = np.array(self.sight.spacing)
        still = Frame(_even(seen.pixels), spacing)
        frames = [Frame(atlas.grey.astype(np.float32), spacing) for atlas in self.atlases]
        alike = np.array([likeness(frame, still) for frame in frames])
        chosen = np.argsort(-alike, kind="stable")[: self.voters].tolist()
        around = [_AROUND * min(self.sight.spacing) / step for step in self.sight.spacing]
        votes = np.zeros((1 + self.structures, *still.grey.shape), dtype=np.float32)
        for k in chosen:
            where = carried(frames[k], still, self._settings(readable, k, frames[k], still))
            there = ndimage.map_coordinates(frames[k].grey, where, order=1, mode="nearest")
            apart = ndimage.gaussian_filter((there - still.grey) ** 2, around, truncate=3.0)
            weight = (_LEAST / (_LEAST + np.maximum(apart, 0.0))) ** np.float32(self.sharpness)
            rest = weight.copy()
            for structure in range(1, 1 + self.structures):
                drawn = (self.atlases[k].labels == structure).astype(np.float32)
                vote = weight * ndimage.map_coordinates(drawn, where, order=1, mode="constant", cval=0.0)
                votes[structure] += vote
                rest -= vote
            votes[0] += np.maximum(rest, 0.0)
        return seen.returned(Segmentation.of(shared(votes)))

    def _settings(self, readable: Readable, place: int, frame: Frame, still: Frame) -> Floats:
        known = _SETTINGS.setdefault(readable, {})
        key = self.sight.key(readable) + self.keys[place]
        if key not in known:
            known[key] = aligned(frame, still)
        return known[key]

    def save(self, folder: Path) -> None:
        """Write the preparation as JSON, atlases (development images and their outlines) as safetensors."""
        content: dict[str, Json] = {
            "sight": self.sight.state(),
            "structures": self.structures,
            "voters": self.voters,
            "sharpness": self.sharpness,
            "atlases": len(self.atlases),
        }
        write_json(folder / "atlas.json", content)
        arrays: dict[str, NDArray[Any]] = {}
        for number, atlas in enumerate(self.atlases):
            arrays |= {f"grey_{number}": atlas.grey, f"labels_{number}": atlas.labels}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / "atlases.safetensors")


@dataclass(frozen=True)
class MultiAtlas:
    """Recipe: multi-atlas label fusion for images or volumes of one anatomy, of one or several structures.

    The saved model holds development images and their outlines: it is as confidential as these.

    Attributes:
        endpoint: Outlines.
        plan: How images are prepared: the same as for the network.
        most: Development images, at most, that are kept as atlases.

    Raises:
        StudyError: The endpoint is of something else than outlines.
    """

    endpoint: Endpoint[Delineated, Segmentation]
    plan: "WindowPlan | Planning"
    most: int = MOST
    name: ClassVar[str] = "atlas"
    label: ClassVar[str] = "Multi-atlas voting"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"atlases": 5, "sharpness": 2.0}

    def __post_init__(self) -> None:
        structures(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            f"Multi-atlas voting: of at most {self.most} development images those most correlated with a new one were "
            "aligned with it by translation, rotation and one scale (normalised cross-correlation, Powell's method, "
            "two resolutions), their outlines carried over and voted on, each vote weighted by the local likeness of "
            "brightness (no deformation). The saved model holds these development images and outlines. "
            f"{described(self.plan)}"
        )

    def propose(self, trial: Trial) -> Settings:
        """Number of atlases that vote, and how much local likeness counts."""
        return {
            "atlases": trial.suggest_int("atlases", 1, 12),
            "sharpness": trial.suggest_float("sharpness", 0.0, 6.0),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Delineated]],
        selection: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[AtlasModel, Mapping[str, Json]]:
        """Keep development images and outlines.

        Raises:
            ModelError: A structure is drawn in none of them.
        """
        names = structures(self.endpoint, self.name)
        sight = Sight.fit(self.plan, development)
        kept = spread_out(development, self.most)
        atlases = []
        for seen, mask in sight.outlined(kept):
            labels = checked(mask, len(names)).labels
            if mask.judged is not None:
                labels = np.where(mask.judged, labels, np.uint8(0))
            atlases.append(Atlas(_even(seen.pixels).astype(np.float16), labels))
        counts = np.sum([np.bincount(one.labels.ravel(), minlength=1 + len(names)) for one in atlases], axis=0)
        require_drawn(counts[1:].tolist(), names, self.name)
        voters = min(int(settings["atlases"]), len(atlases))
        keys = tuple(atlas.key for atlas in atlases)
        model = AtlasModel(sight, tuple(atlases), keys, len(names), voters, float(settings["sharpness"]))
        return model, {"atlases": len(atlases), "voters": voters, "holds_development_images": True}

    def load(self, folder: Path) -> AtlasModel:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "atlases.safetensors"
        try:
            content, arrays = read_json(folder / "atlas.json"), load_file(path)
            numbers = range(int(cast("int", content["atlases"])))
            atlases = tuple(Atlas(arrays[f"grey_{k}"], arrays[f"labels_{k}"]) for k in numbers)
            return AtlasModel(
                Sight.from_state(content["sight"]),
                atlases,
                tuple(atlas.key for atlas in atlases),
                int(cast("int", content["structures"])),
                int(cast("int", content["voters"])),
                float(cast("float", content["sharpness"])),
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, str(error)) from error


def shared(votes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Votes for background and structures, shape (1 + structures, *size), as shares that add up to 1.

    Far from all atlases every weight is small, and the shares are what counts. Where not even a small one is left (a
    brightness that none of them has), nothing tells of a structure: it is background.
    """
    total = votes.sum(axis=0)
    found = np.zeros_like(votes)
    found[0] = 1.0
    np.divide(votes, total, out=found, where=total > 0.0)
    return np.clip(found, 0.0, 1.0, out=found)


def _even(pixels: Grey) -> Grey:
    """Mean of channels with mean 0 and spread 1 over the image, shape (*size); raises nothing, images are not even."""
    grey = pixels.mean(axis=0)
    grey = grey - grey.mean(dtype=np.float64)
    spread = float(grey.std(dtype=np.float64))
    return np.asarray(grey / spread if spread > 0.0 else grey, dtype=np.float32)

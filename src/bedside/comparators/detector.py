"""Conventional detectors: what those that search a map of each image have in common when fitted, asked and kept."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.foreground import Foreground, Seen, Shown, kinds_and_dimensions
from bedside.data.sample import Sample
from bedside.endpoints.boxes.boxes import Found, sides
from bedside.endpoints.boxes.peaks import SAME, without_repetition
from bedside.endpoints.endpoint import Endpoint
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.training.learner import Settings
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers, Json

Arrays = Mapping[str, NDArray[Any]]


class Candidates(NamedTuple):
    """Boxes in a prepared image, before repetitions are left out.

    Attributes:
        corners: Shape (n, 2 * dimensions).
        kinds: Shape (n,).
        scores: Shape (n,).
        overlap: Intersection over union above which two boxes of a kind are taken for the same thing.
    """

    corners: Floats
    kinds: Integers
    scores: Floats
    overlap: float = SAME

    def found(self, seen: Seen) -> Found:
        """Those within the image that are no repetition, where they lie in the image as it is."""
        ends = np.tile(np.array(seen.bright.shape), 2) - 0.5
        corners, scores = np.clip(self.corners, -0.5, ends).astype(np.float32), self.scores.astype(np.float32)
        kept = np.flatnonzero((sides(corners) > 0).all(axis=1))
        kept = kept[without_repetition(corners[kept], self.kinds[kept], scores[kept], overlap=self.overlap)]
        return Found(corners[kept], self.kinds[kept], scores[kept]).returned(seen.frame)


class Search(Protocol):
    """What was learned of things with a box, and how they are looked for."""

    def candidates(self, seen: Seen, settings: Settings) -> Candidates:
        """Boxes in one prepared image."""
        ...

    def arrays(self) -> Arrays:
        """All that was learned."""
        ...

    def state(self) -> dict[str, Json]:
        """What is kept beside, as JSON."""
        ...


S = TypeVar("S", bound=Search)


@dataclass(frozen=True, eq=False)
class Detector(Generic[S]):
    """A fitted detector.

    Attributes:
        foreground: The map that is searched.
        settings: The detector was fitted with.
        search: Of the map.
        name: Of the files that it is saved in.
    """

    foreground: Foreground
    settings: Settings
    search: S
    name: str

    def predict(self, predictors: Sequence[Readable]) -> list[Found]:
        """One prediction an image."""
        with single_thread():
            return [self.search.candidates(seen, self.settings).found(seen) for seen in self.foreground.see(predictors)]

    def save(self, folder: Path) -> None:
        """Write preparation and settings as JSON, numbers as safetensors."""
        state: dict[str, Json] = {"preparation": self.foreground.preparation.state(), "settings": dict(self.settings)}
        write_json(folder / f"{self.name}.json", {**state, **self.search.state()})
        arrays = {name: np.ascontiguousarray(one) for name, one in self.search.arrays().items()}
        save_file({**arrays, "weights": self.foreground.weights}, folder / f"{self.name}.safetensors")


@dataclass(frozen=True)
class DetectorRecipe(ABC, Generic[S]):
    """Recipe of a detector.

    Attributes:
        endpoint: Of boxes.
        plan: How images are prepared.
    """

    endpoint: Endpoint[Any, Found]
    plan: ImagePlan
    name: ClassVar[str]
    members: ClassVar[int] = 1

    @abstractmethod
    def learn(self, settings: Settings, shown: Sequence[Shown], kinds: int) -> tuple[S, Mapping[str, Json]]:
        """What development images with their boxes teach, and a record; raises ModelError where that is nothing."""

    @abstractmethod
    def read(self, content: Mapping[str, Json], arrays: Arrays) -> S:
        """The inverse of the search's `state` and `arrays`; raises KeyError when one of them is missing."""

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Any]],
        selection: Sequence[Sample[Readable, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Detector[S], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: There are no boxes, or nothing can be learned from them.
        """
        kinds = kinds_and_dimensions(self.endpoint, self.name)[0]
        with single_thread():
            foreground = Foreground.fit(self.plan, development)
            search, record = self.learn(settings, list(foreground.show(development)), kinds)
        return Detector(foreground, dict(settings), search, self.name), record

    def load(self, folder: Path) -> Detector[S]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / f"{self.name}.safetensors"
        try:
            content, arrays = read_json(folder / f"{self.name}.json"), load_file(path)
            foreground = Foreground(Preparation.from_state(content["preparation"]), arrays["weights"])
            return Detector(foreground, cast("Settings", content["settings"]), self.read(content, arrays), self.name)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error

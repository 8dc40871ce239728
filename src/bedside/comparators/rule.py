"""Outlines that a rule draws: what all rules of one structure have in common when fitted, asked, kept and read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from safetensors import SafetensorError

from bedside.comparators.confidence import Confidence, dice
from bedside.comparators.field import Field
from bedside.comparators.sight import Grey, Planning, Seen, Sight, require_drawn, spread_out
from bedside.comparators.structures import only_structure
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.training.learner import Settings
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Booleans, Json


class Rule(Protocol):
    """Says of each pixel of an image whether it is the structure."""

    def drawn(self, pixels: Grey, field: Field) -> Booleans:
        """The outline in a prepared image, shape (*size), within the field."""
        ...

    def kept(self, folder: Path) -> dict[str, Json]:
        """As JSON; what is none is written into the folder."""
        ...


R = TypeVar("R", bound=Rule)


class Looked(NamedTuple):
    """The development images that a rule is chosen on.

    Attributes:
        sight: How they were prepared.
        field: Which part of them is looked at.
        seen: Prepared pixels, shape (channels, *size), and what is drawn in them.
    """

    sight: Sight
    field: Field
    seen: Sequence[tuple[Grey, Mask]]


class Chosen(NamedTuple, Generic[R]):
    """A rule that was chosen.

    Attributes:
        rule: The rule.
        outlines: Its own of the images that it was chosen on.
        record: What a reader may want to know of it.
    """

    rule: R
    outlines: Sequence[Booleans]
    record: Mapping[str, Json]


@dataclass(frozen=True, eq=False)
class Ruled(Generic[R]):
    """A preparation, a field, a rule and its confidence.

    Attributes:
        file: Name of the JSON file that all is saved in.
    """

    sight: Sight
    field: Field
    rule: R
    confidence: Confidence
    file: str

    def predict(self, predictors: Sequence[Readable]) -> list[Segmentation]:
        """One outline an image, on its own grid."""
        return [self._outlined(seen) for seen in self.sight.images(predictors)]

    def _outlined(self, seen: Seen) -> Segmentation:
        return seen.returned(self.confidence.segmentation(self.rule.drawn(seen.pixels, self.field)))

    def save(self, folder: Path) -> None:
        """Write all as JSON, and beside it what the rule holds that is none."""
        folder.mkdir(parents=True, exist_ok=True)
        content: dict[str, Json] = {
            "sight": self.sight.state(),
            "field": self.field.state(),
            "confidence": self.confidence.state(),
        }
        write_json(folder / self.file, content | self.rule.kept(folder))


@dataclass(frozen=True)
class RuleRecipe(ABC, Generic[R]):
    """Recipe of a rule that divides an image into one structure and the rest.

    Attributes:
        endpoint: Outlines of one structure.
        plan: How images are prepared: the same as for the network.
        most: Development images on which the rule is chosen.
        file: Name of the JSON file that a fit is saved in.

    Raises:
        StudyError: Several structures, or no outlines.
    """

    endpoint: Endpoint[Delineated, Segmentation]
    plan: "WindowPlan | Planning"
    name: ClassVar[str]
    members: ClassVar[int] = 1
    most: ClassVar[int]
    file: ClassVar[str]

    def __post_init__(self) -> None:
        only_structure(self.endpoint, self.name)

    @abstractmethod
    def choose(
        self, settings: Settings, looked: Looked, development: Sequence[Sample[Readable, Delineated]]
    ) -> Chosen[R]:
        """The rule of the highest mean Dice on what is looked at, of all development samples."""

    @abstractmethod
    def read(self, content: Mapping[str, Json], folder: Path) -> R:
        """The inverse of the rule's `kept`; raises KeyError, TypeError, ValueError or OSError when it is damaged."""

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Delineated]],
        selection: Sequence[Sample[Readable, Delineated]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Ruled[R], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: The structure is drawn in no development image.
        """
        sight = Sight.fit(self.plan, development)
        looked_at = sight.outlined(spread_out(development, self.most))
        seen = [(image.pixels, mask) for image, mask in looked_at]
        require_drawn([_judged_pixels(seen)], [only_structure(self.endpoint, self.name)], self.name)
        field = Field.fit(seen)
        rule, outlines, told = self.choose(settings, Looked(sight, field, seen), development)
        pairs = [(outline, mask) for outline, (_, mask) in zip(outlines, seen, strict=True)]
        record: dict[str, Json] = {
            **told,
            "looked_at": field.words,
            "development_dice": round(float(np.mean([dice(*pair) for pair in pairs])), 6),
        }
        return Ruled(sight, field, rule, Confidence.of(pairs), self.file), record

    def load(self, folder: Path) -> Ruled[R]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / self.file
        content = read_json(path)
        try:
            return Ruled(
                Sight.from_state(content["sight"]),
                Field.from_state(content["field"]),
                self.read(content, folder),
                Confidence.from_state(content["confidence"]),
                self.file,
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, str(error)) from error


def _judged_pixels(seen: Sequence[tuple[Grey, Mask]]) -> int:
    """How many pixels of the structure are drawn where drawings count."""
    return sum(int(((m.labels > 0) if m.judged is None else (m.labels > 0) & m.judged).sum()) for _, m in seen)

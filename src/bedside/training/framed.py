"""Whole prepared images whose outcomes lie in them: placed on the prepared grid to train, brought back to predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor, device

from bedside.data.placement import Placement
from bedside.data.sample import Sample
from bedside.errors import ModelError
from bedside.modalities.imaging.augment.left_behind import refuse_left_behind, refuse_mixed
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.placing import placement
from bedside.modalities.imaging.trunk import PreparedImages
from bedside.networks.encoder import Batches, Prepared
from bedside.training.feed import Augment, Feed, Mixing, Views
from bedside.training.model import Model
from bedside.training.way import Asked, finite

B = TypeVar("B")


@dataclass(frozen=True)
class Framed:
    """Every image is one entry of a batch; its outcome is `Placed` and its prediction `Returned`.

    Augmentation has to move outcomes with their images.
    """

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return "Outcomes were moved onto the prepared images, and predictions back onto the images as they are."

    def feed(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        samples: Sequence[Sample[Any, Any]],
        augment: "Augment[Any] | None",
        mixing: "Mixing[Any] | None",
    ) -> Feed[Any]:
        """Cases with the targets of their placed outcomes, to which the head adapts once more.

        Raises:
            ModelError: The preparation is not that of images, nothing can be learned from the outcomes,
                augmentation would move images and leave outcomes where they were, or images would be mixed.
            FileProblem: An image cannot be used.
        """
        refuse_left_behind(augment, "Enclosing(plan.size)")
        refuse_mixed(mixing, blended=False)
        predictors = [sample.predictors for sample in samples]
        cases = prepared.batches(predictors)
        frames = _frames(prepared, predictors)
        outcomes = [sample.outcome.placed(frame) for sample, frame in zip(samples, frames, strict=True)]
        model.head.adapt(outcomes)
        return Feed(cases, model.head.targets(outcomes), augment, mixing)

    def asked(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        predictors: Sequence[Any],
        *,
        chunk: int,
        views: "Views[Any] | None" = None,
    ) -> "Asked[Any]":
        """Predictions of each image on its own grid, `chunk` images at a time.

        Raises:
            ModelError: Several looks are asked for: what is found in a mirrored image lies elsewhere.
        """
        if views is not None:
            msg = f"what is found in an image cannot be pooled over looks ({views.description}); leave them out"
            raise ModelError(msg)
        cases, frames = prepared.batches(predictors), _frames(prepared, predictors)

        def ask() -> "list[list[Any]] | None":
            found: list[Any] = []
            for start in range(0, len(frames), chunk):
                part = _Part(cases, start, min(start + chunk, len(frames)))
                outputs = model.outputs(part, chunk=chunk)
                # Not-a-number is told apart from a bad loss before the endpoint sees it.
                if not finite(outputs):
                    return None
                told = model.head.decode(outputs)
                found += [one.returned(frame) for one, frame in zip(told, frames[start:], strict=False)]
            return [found]

        return ask


@dataclass(frozen=True, eq=False)
class _Part(Generic[B]):
    """Some cases of a partition, in a row: all raw outputs of a large one would not fit in memory."""

    cases: Batches[B]
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def take(self, positions: Tensor, where: device) -> B:
        """The cases at these positions of the part."""
        return self.cases.take(positions + self.start, where)


def _frames(prepared: Prepared[Any, Any], predictors: Sequence[Readable]) -> list[Placement]:
    """Where each prepared image lies in the image that it was made from."""
    if not isinstance(prepared, PreparedImages):
        msg = f"outcomes can be placed on whole images only, not on what {type(prepared).__name__} prepares"
        raise ModelError(msg)
    plan = prepared.preparation.plan
    return [placement(one.read(), plan) for one in predictors]

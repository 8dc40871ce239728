"""Images as arrays of one size and scale, fitted on development."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bedside.errors import ModelError
from bedside.modalities.imaging.cache import MEMORY_BYTES, Records, records
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.intensity import ChannelScale, development_scale, standardised
from bedside.modalities.imaging.plan import ImagePlan
from bedside.types import Json


@dataclass(frozen=True)
class Preparation:
    """A fitted map from images to arrays.

    Attributes:
        plan: What was declared.
        scale: Limits, mean and spread of the channels in development; None where each image is scaled by itself.
    """

    plan: ImagePlan
    scale: ChannelScale | None

    @classmethod
    def fit(cls, plan: ImagePlan, predictors: Sequence[Readable], *, memory_bytes: int = MEMORY_BYTES) -> "Preparation":
        """Learn the scale from development images only; originals are decoded one at a time and not kept.

        Raises:
            ModelError: There are no images, or a channel is constant.
            FileProblem: An image cannot be used.
        """
        if len(predictors) == 0:
            msg = "a preparation of images was given no development images; it needs at least one"
            raise ModelError(msg)
        if plan.scale == "image":
            return cls(plan, None)
        return cls(plan, development_scale(records(plan, predictors, memory_bytes=memory_bytes), plan.clip))

    def moments(self, images: Records) -> NDArray[np.float32]:
        """What shaped images are standardised by, shape (4, cases or 1, channels or 1)."""
        if self.scale is None:
            return np.ascontiguousarray(images.moments.T)[:, :, None]
        return self.scale.moments

    def transform(self, predictors: Sequence[Readable]) -> NDArray[np.float32]:
        """Images in order, standardised, shape (cases, channels, *size); `ImageBatches` holds them more compactly.

        Raises:
            FileProblem: An image cannot be used.
        """
        images = records(self.plan, predictors)
        return standardised(images.take(np.arange(len(images))), self.moments(images))

    @property
    def blank(self) -> Mapping[str, NDArray[Any]]:
        """Two grey images, as `arrays` gives them."""
        return {"pixels": np.zeros((2, self.plan.channels, *self.plan.size), dtype=np.float32)}

    def arrays(self, predictors: Sequence[Readable]) -> Mapping[str, NDArray[Any]]:
        """Images as the one input of a network, by name.

        Raises:
            FileProblem: An image cannot be used.
        """
        return {"pixels": self.transform(predictors)}

    def state(self) -> Json:
        """Everything `transform` needs, as JSON."""
        return {"plan": self.plan.state(), "scale": None if self.scale is None else self.scale.state()}

    @classmethod
    def from_state(cls, state: Json) -> "Preparation":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        scale = given["scale"]
        return cls(ImagePlan.from_state(given["plan"]), None if scale is None else ChannelScale.from_state(scale))

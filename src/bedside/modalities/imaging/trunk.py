"""The imaging network's own half: prepared images to a vector a case and a pyramid of maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from torch import Tensor, nn

from bedside.errors import ModelError
from bedside.modalities.imaging.batches import ImageBatches, ImageTensors
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.networks.convolutional.architecture import Architecture
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.staged import Staged
from bedside.networks.encoder import Encoder, Values
from bedside.networks.features import Pyramid
from bedside.networks.range import Range
from bedside.types import Json


class ImageEncoder(Encoder[ImageTensors, Pyramid]):
    """A network of stages on the pixels; while training, features of its summary are dropped at random."""

    def __init__(self, network: Staged, dropout: float) -> None:
        super().__init__()
        self.members, self.width = 1, network.width
        self.network = network
        self.dropout = nn.Dropout(dropout)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """The parts that may be trained one after the other, that next to the image first."""
        return (*self.network.stages, self.network.summary)

    def forward(self, batch: ImageTensors) -> Pyramid:
        """The summary of each image and its maps, the finest first."""
        summary, maps = self.network(batch.pixels)
        dropped: Tensor = self.dropout(summary)
        return Pyramid(dropped, maps)


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """A preparation that was fitted on development, and the architecture that follows it."""

    preparation: Preparation
    architecture: Architecture

    def batches(self, predictors: Sequence[Readable]) -> ImageBatches:
        """Images ready to be taken in batches."""
        return ImageBatches.of(self.preparation, predictors)

    @property
    def ahead(self) -> Preparation:
        """What makes arrays of images, without torch."""
        return self.preparation

    def batch(self, tensors: Mapping[str, Tensor]) -> ImageTensors:
        """The arrays' tensors as a batch."""
        return ImageTensors(**tensors)

    def encoder(self, settings: Values) -> ImageEncoder:
        """A new encoder for images of this plan."""
        plan = self.preparation.plan
        network = self.architecture.widened(float(settings["width"])).build(plan.channels, plan.size)
        return ImageEncoder(network, float(settings["dropout"]))

    def state(self) -> Json:
        """Preparation and architecture as JSON."""
        return {"preparation": self.preparation.state(), "architecture": self.architecture.state()}


@dataclass(frozen=True)
class ImageTrunk:
    """The trunk of a network on images or volumes.

    Attributes:
        plan: How images are prepared: their size decides what networks are possible.
        architecture: Of the network; tuning varies its width.

    Raises:
        StudyError: The architecture is too deep for images of this size.
    """

    plan: ImagePlan
    architecture: Architecture = field(default_factory=Compact)

    def __post_init__(self) -> None:
        self.architecture.require(self.plan.size)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return f"images {self.plan.description}, and {self.architecture.description}"

    @property
    def space(self) -> Mapping[str, Range]:
        """Settings that tuning may vary: a factor on the width of every layer, and the share of features dropped."""
        return {"width": Range(1.0, 0.5, 1.5, log=True), "dropout": Range(0.2, 0.0, 0.5)}

    def prepare(self, predictors: Sequence[Readable]) -> PreparedImages:
        """Fit the preparation on development images.

        Raises:
            ModelError: There are no images, or nothing can be told from them.
            FileProblem: An image cannot be used.
        """
        return PreparedImages(Preparation.fit(self.plan, predictors), self.architecture)

    def restore(self, state: Json) -> PreparedImages:
        """The inverse of `PreparedImages.state`.

        Raises:
            ModelError: It was saved with another architecture than the one declared.
        """
        given = cast("dict[str, Json]", state)
        if given["architecture"] != self.architecture.state():
            msg = (
                f"the saved network was declared as {given['architecture']} and the trunk declares "
                f"{self.architecture.state()}; declare the saved one, or fit the model again"
            )
            raise ModelError(msg)
        return PreparedImages(Preparation.from_state(given["preparation"]), self.architecture)

"""The half of a network that sees images in windows: prepared images of their own size to maps of every pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from torch import nn

from bedside.errors import ModelError
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.batches import WindowBatches
from bedside.modalities.imaging.windows.derived import Derived
from bedside.modalities.imaging.windows.plan import WindowPlan, times
from bedside.modalities.imaging.windows.preparation import WindowPreparation
from bedside.networks.convolutional.decoder import Decoded, DecodedNetwork
from bedside.networks.convolutional.unet import UNet
from bedside.networks.encoder import Encoder, Values
from bedside.networks.features import Pyramid
from bedside.networks.range import Range
from bedside.types import Json


class WindowEncoder(Encoder[ImageTensors, Pyramid]):
    """An encoder and its decoder on the pixels of a window."""

    def __init__(self, network: DecodedNetwork) -> None:
        super().__init__()
        self.members, self.width = 1, network.width
        self.network = network

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """The parts that may be trained one after the other, that next to the image first."""
        return self.network.stages

    def forward(self, batch: ImageTensors) -> Pyramid:
        """Maps of `width` channels, that of every pixel first."""
        features: Pyramid = self.network(batch.pixels)
        return features


@dataclass(frozen=True, eq=False)
class PreparedWindows:
    """A preparation that was fitted on development, and the architecture that follows it."""

    preparation: WindowPreparation
    architecture: Decoded

    @property
    def notes(self) -> Mapping[str, Json]:
        """What was chosen from development images and why, for the record of a fit."""
        plan = self.preparation.plan
        why = "; ".join(plan.chosen) or "declared"
        return {"window": times(plan.patch), "windows_per_step": plan.batch, "plan": why}

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """Millimetres between prepared pixels along each axis; None where images keep their own."""
        return self.preparation.plan.image.spacing

    def batches(self, predictors: Sequence[Readable]) -> WindowBatches:
        """Images ready to be seen in windows."""
        return WindowBatches(self.preparation, predictors)

    def encoder(self, settings: Values) -> WindowEncoder:
        """A new encoder for windows of this plan."""
        plan = self.preparation.plan.image
        declared = self.architecture.widened(float(settings["width"])).spaced(plan.spacing)
        return WindowEncoder(declared.build(plan.channels, plan.size))

    def state(self) -> Json:
        """Preparation and architecture as JSON."""
        return {"preparation": self.preparation.state(), "architecture": self.architecture.state()}


@dataclass(frozen=True)
class WindowTrunk:
    """The trunk of a network that answers for every pixel of images or volumes of any size.

    Attributes:
        plan: How images are prepared and how large windows are: declared, or chosen from development images.
        architecture: Of the network; tuning varies its width.

    Raises:
        StudyError: The architecture is too deep for windows of the declared size.
    """

    plan: WindowPlan | Derived = field(default_factory=Derived)
    architecture: Decoded = field(default_factory=lambda: Decoded(UNet()))

    def __post_init__(self) -> None:
        if isinstance(self.plan, WindowPlan):
            self.architecture.require(self.plan.patch)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return f"images {self.plan.description}, and {self.architecture.description}"

    @property
    def space(self) -> Mapping[str, Range]:
        """Settings that tuning may vary: a factor on the width of every layer."""
        return {"width": Range(1.0, 0.5, 1.5, log=True)}

    def prepare(self, predictors: Sequence[Readable]) -> PreparedWindows:
        """Choose what was left open, and fit the preparation, on development images.

        Raises:
            ModelError: There are no images, or nothing can be told from them.
            FileProblem: An image cannot be used.
        """
        plan = self.plan if isinstance(self.plan, WindowPlan) else self.plan.plan(predictors)
        return PreparedWindows(WindowPreparation.fit(plan, predictors), self.architecture)

    def restore(self, state: Json) -> PreparedWindows:
        """The inverse of `PreparedWindows.state`.

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
        return PreparedWindows(WindowPreparation.from_state(given["preparation"]), self.architecture)

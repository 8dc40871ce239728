"""What every architecture is: a declaration that knows the smallest image it takes and builds the network."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self, get_args

from torch import nn

from bedside.errors import StudyError
from bedside.networks.convolutional.declaration import Norm
from bedside.networks.convolutional.spatial_transformer import SpatialTransformer
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive, record
from bedside.types import Json


@dataclass(frozen=True, slots=True)
class Reduction:
    """A layer that makes maps smaller, as seen along one axis.

    Attributes:
        kernel: Pixels it looks at.
        stride: Pixels it moves.
        padding: Pixels added at either end.
    """

    kernel: int = 3
    stride: int = 2
    padding: int = 1

    def after(self, length: int) -> int:
        """Length of the axis behind the layer; 0 where there is nothing left, or nothing that could be halved."""
        if self.stride > 1 and length < 2:
            return 0
        return max(0, (length + 2 * self.padding - self.kernel) // self.stride + 1)


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """A network as data: frozen, comparable, and JSON through `state`.

    Attributes:
        width: Factor on the channels of every layer; tuning varies it.
        norm: How maps are normalised: "batch" or "group".
        transformer: A spatial transformer in front.
    """

    width: float = 1.0
    norm: Norm = "batch"
    transformer: SpatialTransformer | None = None

    def __post_init__(self) -> None:
        positive("width", self.width)
        one_of("norm", self.norm, get_args(Norm))

    @property
    @abstractmethod
    def name(self) -> str:
        """As printed: "ResNet-18"."""

    @property
    @abstractmethod
    def details(self) -> str:
        """What it is, where it was published and how it was changed, without what is in front of it."""

    @abstractmethod
    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """The layers that make maps smaller, in order, for an image whose shorter side has this many pixels."""

    @abstractmethod
    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size, which is large enough; `build` adds what stands in front."""

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        front = f", behind {self.transformer.description}" if self.transformer else ""
        return f"{self.details}{front}"

    def smallest(self, dimensions: int) -> int:
        """Pixels along the shorter side of the smallest image that it takes, in 2 or 3 dimensions."""
        side = 1
        while not self._takes(side, dimensions):
            side += 1
        return side

    def require(self, size: tuple[int, ...]) -> None:
        """Check that images of this size can be taken.

        Raises:
            StudyError: They are too small, or have neither two nor three axes.
        """
        if len(size) not in (2, 3):
            msg = f"{self.name} was given images of {len(size)} axes; an image has 2 and a volume 3"
            raise StudyError(msg)
        if not self._takes(min(size), len(size)):
            smallest = (self.smallest(len(size)),) * len(size)
            msg = (
                f"{self.name} is too deep for images of {_pixels(size)}: the smallest it takes have "
                f"{_pixels(smallest)}. Prepare larger images, declare fewer stages where it has them, or use "
                "Compact(), whose depth follows the image"
            )
            raise StudyError(msg)

    def build(self, channels: int, size: tuple[int, ...]) -> Staged:
        """A new network, its weights drawn from torch's generator.

        Args:
            channels: Of the images.
            size: Their pixels along each axis: two axes, or three.

        Raises:
            StudyError: The images are too small for it.
        """
        self.require(size)
        network = self.network(channels, size)
        if self.transformer is not None:
            network.stages[0] = nn.Sequential(self.transformer.layer(channels, size), network.stages[0])
        return network

    def widened(self, factor: float) -> Self:
        """The same with every layer wider by this factor."""
        return replace(self, width=self.width * factor)

    def state(self) -> dict[str, Json]:
        """Its class and all its fields as JSON: equal states are equal networks."""
        return record(self)

    def channels(self, count: int) -> int:
        """Channels of a layer that has `count` at width 1; otherwise a multiple of 4, which processors like."""
        return count if self.width == 1.0 else max(4, 4 * round(count * self.width / 4))

    def _takes(self, side: int, dimensions: int) -> bool:
        length = side
        for reduction in self.reductions(side, dimensions):
            length = reduction.after(length)
        return length > 0


def _pixels(size: tuple[int, ...]) -> str:
    return f"{' x '.join(map(str, size))} pixels"

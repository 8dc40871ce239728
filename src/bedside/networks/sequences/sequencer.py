"""What every network over moments is: a declaration that builds a module from moments to one vector a case."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.declaration import record
from bedside.networks.sequences.moments import Moments
from bedside.types import Json


class SequenceNetwork(nn.Module, ABC):
    """Moments to one vector a case; what is behind a case's last moment changes nothing."""

    @abstractmethod
    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case."""


@dataclass(frozen=True)
class Sequencer(ABC):
    """A network over moments as data: frozen, comparable, and JSON through `state`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As printed: "GRU-D"."""

    @property
    @abstractmethod
    def details(self) -> str:
        """Half a sentence for the methods section, with where it was published and how it was changed."""

    @abstractmethod
    def build(self, inputs: int, variables: int, width: int, dropout: float) -> SequenceNetwork:
        """A new network, its weights drawn from torch's generator.

        Args:
            inputs: Features of a moment's vector.
            variables: Numbers that may be measured at a moment.
            width: Features of a case.
            dropout: Share of features dropped while training.
        """

    def state(self) -> dict[str, Json]:
        """Its class and all its fields as JSON: equal states are equal networks."""
        return record(self)

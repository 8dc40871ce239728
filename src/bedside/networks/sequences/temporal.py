"""A convolutional network over moments: each layer looks further back."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.declaration import positive
from bedside.networks.sequences.moments import CLOCK, Moments, clock
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer


class _Back(nn.Module):
    """Two convolutions that look back only, beside the identity; normalised within a moment."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.reach = 2 * dilation
        self.first = nn.Conv1d(width, width, 3, dilation=dilation)
        self.second = nn.Conv1d(width, width, 1)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Float[Tensor, "cases moments width"]) -> Float[Tensor, "cases moments width"]:
        normed = self.norm(values).movedim(1, 2)
        seen = self.first(nn.functional.pad(normed, (self.reach, 0)))
        added: Tensor = self.dropout(self.second(nn.functional.silu(seen))).movedim(2, 1)
        return values + added


class Lookback(SequenceNetwork):
    """Causal convolutions with growing dilation; what they tell at the last moment, and the mean and largest of all."""

    def __init__(self, layers: int, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(inputs + 2 * CLOCK, width)
        self.layers = nn.Sequential(*(_Back(width, 2**layer, dropout) for layer in range(layers)))
        self.join = nn.Linear(3 * width, width)

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case."""
        seen = torch.cat([moments.vectors, clock(moments.hours), clock(moments.gaps)], dim=2)
        values = self.layers(self.first(seen))
        present = moments.present.unsqueeze(2)
        mean = values.masked_fill(~present, 0.0).sum(1) / moments.lengths.unsqueeze(1)
        largest = values.masked_fill(~present, -torch.inf).amax(1)
        joined: Tensor = self.join(torch.cat([moments.last(values), mean, largest], dim=1))
        return joined


@dataclass(frozen=True)
class TemporalConvolution(Sequencer):
    """Dilated causal convolutions over moments (Bai, Kolter and Koltun, 2018).

    Attributes:
        layers: How many; the last looks back 2 ** (layers + 1) moments.
    """

    layers: int = 5

    def __post_init__(self) -> None:
        positive("layers", self.layers)

    @property
    def name(self) -> str:
        """As printed."""
        return "temporal CNN"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return f"{self.layers} layers of dilated convolutions that look back only (Bai et al., 2018) over moments"

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> Lookback:  # noqa: ARG002 - moments hold the numbers
        """A new network."""
        return Lookback(self.layers, inputs, width, dropout)

"""What was measured and how often, without the order: the network nearest to a table of summaries."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.blocks import Residual
from bedside.networks.declaration import positive
from bedside.networks.sequences.moments import CLOCK, Moments, clock
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer

SUMMARIES = 8
"""Of each variable: whether and how often it was measured, first, last, smallest, largest, mean and slope."""


class Summarised(SequenceNetwork):
    """Summaries of every variable and the mean of all events, through residual layers."""

    def __init__(self, layers: int, inputs: int, variables: int, width: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Linear(SUMMARIES * variables + 2 * inputs + 1 + CLOCK, width), nn.SiLU(), nn.Dropout(dropout)
        )
        self.layers = nn.Sequential(*(Residual(width, dropout) for _ in range(layers - 1)))

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case."""
        cases = len(moments.lengths)
        total = moments.events.new_zeros(cases, moments.events.shape[1])
        total = total.index_add(0, moments.event_cases, moments.events)
        count = moments.events.new_zeros(cases).index_add(0, moments.event_cases, torch.ones_like(moments.event_hours))[
            :, None
        ]
        mean = total / count.clamp_min(1.0)
        # Grows with the number of events, but not faster than its logarithm.
        grown = mean * count.log1p()
        told = torch.cat([summaries(moments), mean, grown, count.log1p(), clock(moments.hours[:, 0])], dim=1)
        vector: Tensor = self.layers(self.first(told))
        return vector


def summaries(moments: Moments) -> Float[Tensor, "cases summaries"]:
    """Eight numbers a variable, 0 where it was not measured."""
    measured = moments.measured > 0
    count = moments.measured.sum(1)
    any_ = (count > 0).to(count.dtype)
    numbers = moments.numbers
    low = numbers.masked_fill(~measured, torch.inf).amin(1).masked_fill(count == 0, 0.0)
    high = numbers.masked_fill(~measured, -torch.inf).amax(1).masked_fill(count == 0, 0.0)
    mean = numbers.sum(1) / count.clamp_min(1.0)
    steps = torch.arange(numbers.shape[1], device=numbers.device)[:, None]
    first_at = torch.where(measured, steps, numbers.shape[1] - 1).amin(1)
    last_at = torch.where(measured, steps, 0).amax(1)
    first = numbers.gather(1, first_at.unsqueeze(1)).squeeze(1) * any_
    last = numbers.gather(1, last_at.unsqueeze(1)).squeeze(1) * any_
    when = -moments.hours.unsqueeze(2)
    middle = (when * moments.measured).sum(1) / count.clamp_min(1.0)
    apart = (when - middle.unsqueeze(1)) * moments.measured
    spread = (apart**2).sum(1)
    slope = (apart * (numbers - mean.unsqueeze(1))).sum(1) / spread.clamp_min(1e-6)
    slope = torch.where(count > 1, slope, torch.zeros_like(slope))
    # Per day, kept within bounds: two measurements a minute apart say little about a day.
    daily = torch.tanh(slope * 24 / 3) * 3
    return torch.cat([any_, count.log1p(), first, last, low, high, mean, daily], dim=1)


@dataclass(frozen=True)
class BagOfEvents(Sequencer):
    """A dense network on summaries of the window and the bag of its events.

    Attributes:
        layers: Dense layers.
    """

    layers: int = 2

    def __post_init__(self) -> None:
        positive("layers", self.layers)

    @property
    def name(self) -> str:
        """As printed."""
        return "bag of events"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"{self.layers} dense layers on each variable's number of measurements, first, last, smallest, largest and "
            "mean value and slope, and on the mean of all events"
        )

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> Summarised:
        """A new network."""
        return Summarised(self.layers, inputs, variables, width, dropout)

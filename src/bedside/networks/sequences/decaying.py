"""GRU-D: a memory that fades, and measurements that fade towards what is usual, with the time since they were made."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.sequences.moments import Moments
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer


class Fading(SequenceNetwork):
    """A GRU whose inputs and state decay with learned rates between moments.

    Numbers are scaled so that 0 is what is usual in development: a number not measured again fades from the last one
    towards 0. What is not a number reaches the cell through the moments' vectors.
    """

    def __init__(self, inputs: int, variables: int, width: int, dropout: float) -> None:
        super().__init__()
        self.cell = nn.GRUCell(2 * variables + inputs, width)
        self.input_rate = nn.Parameter(torch.full((variables,), -2.0))
        self.input_start = nn.Parameter(torch.zeros(variables))
        self.state_rate = nn.Linear(variables + 1, width)
        self.dropout = nn.Dropout(dropout)
        self.width = width

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """The state after each case's last moment."""
        cases, steps, variables = moments.numbers.shape
        state = moments.numbers.new_zeros(cases, self.width)
        last = moments.numbers.new_zeros(cases, variables)
        since = moments.numbers.new_zeros(cases, variables)
        present, vectors, gaps = moments.present, self.dropout(moments.vectors), moments.gaps
        rate = nn.functional.softplus(self.input_rate)
        for step in range(steps):
            measured, here = moments.measured[:, step], present[:, step, None]
            gap = gaps[:, step, None]
            since = since + gap
            faded = last * torch.exp(-torch.relu(rate * since.log1p() + self.input_start))
            number = torch.where(measured > 0, moments.numbers[:, step], faded)
            decay = torch.exp(-torch.relu(self.state_rate(torch.cat([since, gap], dim=1).log1p())))
            new = self.cell(torch.cat([number, measured, vectors[:, step]], dim=1), state * decay)
            state = torch.where(here, new, state)
            last = torch.where(measured > 0, moments.numbers[:, step], last)
            since = torch.where(measured > 0, torch.zeros_like(since), since)
        return state


@dataclass(frozen=True)
class GruD(Sequencer):
    """GRU-D (Che et al., Scientific Reports 2018), with decays in the logarithm of the time."""

    @property
    def name(self) -> str:
        """As printed."""
        return "GRU-D"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            "a GRU-D (Che et al., 2018), whose state and whose last measurements fade with the logarithm of the time, "
            "over moments"
        )

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> Fading:
        """A new network."""
        return Fading(inputs, variables, width, dropout)

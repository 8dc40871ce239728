"""Networks with a memory that is carried from moment to moment."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from bedside.networks.declaration import one_of
from bedside.networks.sequences.moments import CLOCK, Moments, clock
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer

Cell = Literal["gru", "lstm"]


class Memory(SequenceNetwork):
    """A recurrent layer over moments, their times and the gaps between them; its state after the last one."""

    def __init__(self, cell: Cell, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        kind = nn.GRU if cell == "gru" else nn.LSTM
        self.layer = kind(inputs + 2 * CLOCK, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """The state after each case's last moment."""
        seen = torch.cat([self.dropout(moments.vectors), clock(moments.hours), clock(moments.gaps)], dim=2)
        packed = pack_padded_sequence(seen, moments.lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, state = self.layer(packed)
        last: Tensor = (state if isinstance(state, Tensor) else state[0])[-1]
        return last


@dataclass(frozen=True)
class Recurrent(Sequencer):
    """A gated recurrent network over moments.

    Attributes:
        cell: "gru" (Cho et al., EMNLP 2014) or "lstm" (Hochreiter and Schmidhuber, 1997).
    """

    cell: Cell = "gru"

    def __post_init__(self) -> None:
        one_of("cell", self.cell, get_args(Cell))

    @property
    def name(self) -> str:
        """As printed."""
        return self.cell.upper()

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        source = "Cho et al., 2014" if self.cell == "gru" else "Hochreiter and Schmidhuber, 1997"
        return f"a {self.name} ({source}) over moments with their times and the gaps between them"

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> Memory:  # noqa: ARG002 - moments hold the numbers
        """A new network."""
        return Memory(self.cell, inputs, width, dropout)

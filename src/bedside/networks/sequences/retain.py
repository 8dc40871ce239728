"""RETAIN: two attentions, computed from the last moment backwards, over moments that are weighed and added."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.sequences.moments import CLOCK, Moments, clock
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer


class ReverseAttention(SequenceNetwork):
    """A weight for every moment and a weight for every feature of it; the case is the weighed sum of its moments.

    What a moment, or an event in it, contributes can be read off exactly: the sum is linear in the moments' vectors.
    """

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.moment = nn.GRU(inputs + CLOCK, width, batch_first=True)
        self.feature = nn.GRU(inputs + CLOCK, width, batch_first=True)
        self.moment_weight = nn.Linear(width, 1)
        self.feature_weight = nn.Linear(width, inputs)
        self.value = nn.Linear(inputs, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case."""
        told: Tensor = self.value(self.dropout((self.weights(moments) * moments.vectors).sum(1)))
        return told

    def weights(self, moments: Moments) -> Float[Tensor, "cases moments inputs"]:
        """What each feature of each moment is multiplied by before all are added; 0 where padded."""
        backwards = self._reversed(torch.cat([moments.vectors, clock(moments.hours)], dim=2), moments)
        first, second = self.moment(backwards)[0], self.feature(backwards)[0]
        share = self.moment_weight(first).masked_fill(~moments.present.unsqueeze(2), -torch.inf).softmax(dim=1)
        return self._reversed(share * torch.tanh(self.feature_weight(second)), moments)

    @staticmethod
    def _reversed(values: Float[Tensor, "cases moments width"], moments: Moments) -> Tensor:
        """Each case's moments in the opposite order, its padding left behind them."""
        steps = torch.arange(values.shape[1], device=values.device).expand(len(values), -1)
        turned = moments.lengths.unsqueeze(1) - 1 - steps
        places = torch.where(turned >= 0, turned, steps)
        return values.gather(1, places.unsqueeze(2).expand_as(values))


@dataclass(frozen=True)
class Retain(Sequencer):
    """RETAIN (Choi et al., NeurIPS 2016), with the time before the prediction as an input of both attentions."""

    @property
    def name(self) -> str:
        """As printed."""
        return "RETAIN"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            "RETAIN (Choi et al., 2016), a weighed sum of moments whose weights come from two recurrent networks that "
            "read backwards, with the times of moments as inputs"
        )

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> ReverseAttention:  # noqa: ARG002 - moments hold the numbers
        """A new network."""
        return ReverseAttention(inputs, width, dropout)

"""Attention over time: between moments, and over single events."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.declaration import positive
from bedside.networks.sequences.moments import CLOCK, Moments, clock
from bedside.networks.sequences.sequencer import SequenceNetwork, Sequencer


class _Block(nn.Module):
    """Attention whose scores fall with the distance in time, each head at its own learned rate, and a dense layer."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.all = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.rate = nn.Parameter(torch.linspace(-4.0, 0.0, heads))
        self.dense = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, values: Float[Tensor, "cases moments width"], distance: Tensor, barred: Tensor
    ) -> Float[Tensor, "cases moments width"]:
        cases, moments, width = values.shape
        parts = self.all(self.norm(values)).reshape(cases, moments, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        bias = (-nn.functional.softplus(self.rate)[:, None, None] * distance.unsqueeze(1)).masked_fill(
            barred, -torch.inf
        )
        seen = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        values = values + self.dropout(self.out(seen.transpose(1, 2).reshape(cases, moments, width)))
        added: Tensor = self.dropout(self.dense(self.second_norm(values)))
        return values + added


class TimeAware(SequenceNetwork):
    """Blocks of attention between moments; what is told at the last moment, which every case has."""

    def __init__(self, layers: int, heads: int, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        inner = heads * max(1, round(width / heads))
        self.first = nn.Linear(inputs + CLOCK, inner)
        self.blocks = nn.ModuleList(_Block(inner, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(inner)
        self.last = nn.Linear(inner, width)

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case."""
        values = self.first(torch.cat([moments.vectors, clock(moments.hours)], dim=2))
        distance = (moments.hours.unsqueeze(2) - moments.hours.unsqueeze(1)).abs().log1p()
        barred = ~moments.present[:, None, None, :]
        for block in self.blocks:
            values = block(values, distance, barred)
        told: Tensor = self.last(self.norm(moments.last(values)))
        return told


@dataclass(frozen=True)
class TimeAwareTransformer(Sequencer):
    """A transformer over moments whose attention falls with their distance in time.

    Vaswani et al., NeurIPS 2017; the penalty is linear in the logarithm of the distance (after Press et al., ALiBi,
    ICLR 2022, where it is linear in positions).

    Attributes:
        layers: Blocks.
        heads: Of each block.
    """

    layers: int = 2
    heads: int = 4

    def __post_init__(self) -> None:
        positive("layers", self.layers)
        positive("heads", self.heads)

    @property
    def name(self) -> str:
        """As printed."""
        return "time-aware transformer"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"a transformer of {self.layers} blocks with {self.heads} heads over moments, whose attention falls with "
            "the logarithm of the time between them at learned rates"
        )

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> TimeAware:  # noqa: ARG002 - moments hold the numbers
        """A new network."""
        return TimeAware(self.layers, self.heads, inputs, width, dropout)


class SetAttention(SequenceNetwork):
    """Every event by itself with its time, weighed by several learned questions, and their mean."""

    def __init__(self, heads: int, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.event = nn.Sequential(
            nn.Linear(inputs + CLOCK, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, width), nn.SiLU()
        )
        self.score = nn.Linear(width, heads)
        self.join = nn.Sequential(nn.Linear((heads + 1) * width + 1, width), nn.SiLU(), nn.Dropout(dropout))

    def forward(self, moments: Moments) -> Float[Tensor, "cases width"]:
        """One vector a case; of a case without events, what the last layer makes of nothing."""
        cases, owner = len(moments.lengths), moments.event_cases
        told = self.event(torch.cat([moments.events, clock(moments.event_hours)], dim=1))
        scores = self.score(told)
        highest = scores.new_full((cases, scores.shape[1]), -torch.inf)
        highest = highest.scatter_reduce(0, owner.unsqueeze(1).expand_as(scores), scores.detach(), "amax")
        weights = torch.exp(scores - highest[owner])
        weights = torch.cat([weights, torch.ones_like(weights[:, :1])], dim=1)
        total = weights.new_zeros(cases, weights.shape[1]).index_add(0, owner, weights)
        weighed = (weights.unsqueeze(2) * told.unsqueeze(1)).flatten(1)
        summed = (
            weighed.new_zeros(cases, weighed.shape[1]).index_add(0, owner, weighed).unflatten(1, (-1, told.shape[1]))
        )
        means = (summed / total.clamp_min(1e-12).unsqueeze(2)).flatten(1)
        joined: Tensor = self.join(torch.cat([means, total[:, -1:].log1p()], dim=1))
        return joined


@dataclass(frozen=True)
class EventSet(Sequencer):
    """Events as a set of triplets of what, when and how much, pooled by attention.

    After SeFT (Horn et al., ICML 2020) and STraTS (Tipirneni and Reddy, 2022), without the latter's transformer.

    Attributes:
        heads: Learned questions that weigh the events.
    """

    heads: int = 4

    def __post_init__(self) -> None:
        positive("heads", self.heads)

    @property
    def name(self) -> str:
        """As printed."""
        return "set of events"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"events as a set of what, when and how much (after Horn et al., 2020), pooled by {self.heads} learned "
            "attentions and their mean"
        )

    def build(self, inputs: int, variables: int, width: int, dropout: float) -> SetAttention:  # noqa: ARG002 - events hold the numbers
        """A new network."""
        return SetAttention(self.heads, inputs, width, dropout)

"""What each event contributes to the weighed sum of RETAIN, read off from its two attentions.

Choi et al., RETAIN: an interpretable predictive model for healthcare using reverse time attention mechanism, NeurIPS
2016, section 2.4.
"""

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from jaxtyping import Int64
from torch import Tensor

from bedside.explain.records.method import Found
from bedside.explain.records.score import SCORE, Scored, path
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.encoder import RecordEncoder
from bedside.networks.sequences.retain import ReverseAttention


@dataclass(frozen=True)
class RetainContributions:
    """An event's vector times the two weights of its moment; both attentions are held as they are.

    Attributes:
        steps: Points on the line from no sum to the sum at which the layers behind it are looked at.
    """

    name: ClassVar[str] = "retain_contributions"
    label: ClassVar[str] = "RETAIN contributions"
    steps: int = 32

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            "Contributions read off from RETAIN (Choi et al., 2016): an event's vector times the weights that both "
            "attentions give its moment is exactly its part of the sum that stands for the history; the score is "
            f"divided among these parts and the facts beside them by integrated gradients ({self.steps} points) of the "
            "layers behind the sum, so that all add up to the difference from a history without any event. What an "
            f"event changes in the attention that others receive is not counted. {SCORE}."
        )

    def explains(self, encoder: RecordEncoder) -> bool:
        """RETAIN alone."""
        return isinstance(encoder.network, ReverseAttention)

    def attribute(self, network: Scored, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Found:
        """How far each event and fact moved the score of its case."""
        encoder = network.encoder
        attention = cast("ReverseAttention", encoder.network)
        with torch.no_grad():
            _, events, facts = encoder.embed(batch)
            weights = attention.weights(encoder.moments(batch, events))
            parts = attention.value(weights[batch.owners, batch.steps] * events)
            empty = parts.new_zeros(len(batch.moments), encoder.width)
            told = empty.index_add(0, batch.owners, parts)
            known = empty.index_add(0, batch.fact_owners, facts)
            moved = network.whole(batch, chosen) - network.empty(batch, chosen)
        mean = [torch.zeros_like(told), torch.zeros_like(known)]
        for share, weight in path(self.steps):
            inputs = (share * told).requires_grad_(), (share * known).requires_grad_()
            scores = network.of(encoder.joined(*inputs), chosen)
            gradients = torch.autograd.grad(scores.sum(), inputs)
            mean = [total + weight * one for total, one in zip(mean, gradients, strict=True)]
        of_events = (parts * mean[0][batch.owners]).sum(dim=1)
        of_facts = (facts * mean[1][batch.fact_owners]).sum(dim=1)
        return Found.adding_up(batch, of_events, of_facts, torch.zeros_like(moved), moved)

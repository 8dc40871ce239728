"""Integrated gradients of a network on records, event by event.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017. A batch holds as many events as its
cases happen to have, so that the integral is taken here.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int64
from torch import Tensor

from bedside.explain.records.method import Found
from bedside.explain.records.score import SCORE, Scored, path
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.encoder import RecordEncoder
from bedside.networks.features import Vector


@dataclass(frozen=True)
class EventGradients:
    """Gradients along the straight line from events that say nothing to the events of a history.

    Attributes:
        steps: Points on the line at which gradients are taken.
    """

    name: ClassVar[str] = "integrated_gradients"
    label: ClassVar[str] = "integrated gradients"
    steps: int = 32

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            f"Integrated gradients (Sundararajan et al., 2017; {self.steps} points) of each event and fact of a "
            "history, from no event's vector and every number at its development median to the history as it is, "
            "added up for each code. What the times and kinds of measurement say by themselves, whatever was measured, "
            f"is told apart; all together add up to the difference from a history without any event. {SCORE}."
        )

    def explains(self, encoder: RecordEncoder) -> bool:
        """Every network on records."""
        return isinstance(encoder, RecordEncoder)

    def attribute(self, network: Scored, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Found:
        """How far each event and fact moved the score of its case."""
        encoder = network.encoder
        with torch.no_grad():
            _, events, facts = encoder.embed(batch)
            told = (events, facts, batch.numbers)
            whole, empty = network.whole(batch, chosen), network.empty(batch, chosen)
            usual = network.of(_mixed(encoder, batch, tuple(torch.zeros_like(one) for one in told)), chosen)
        mean = [torch.zeros_like(one) for one in told]
        for share, weight in path(self.steps):
            inputs = tuple((share * one).requires_grad_() for one in told)
            scores = network.of(_mixed(encoder, batch, inputs), chosen)
            gradients = torch.autograd.grad(scores.sum(), inputs, materialize_grads=True)
            mean = [total + weight * one for total, one in zip(mean, gradients, strict=True)]
        of_events = (events * mean[0]).sum(dim=1) + batch.numbers * mean[2]
        of_facts = (facts * mean[1]).sum(dim=1)
        return Found.adding_up(batch, of_events, of_facts, usual - empty, whole - empty)


def _mixed(encoder: RecordEncoder, batch: EventTensors, told: tuple[Tensor, ...]) -> Vector:
    events, facts, numbers = told
    return encoder.mix((batch._replace(numbers=numbers), events, facts))

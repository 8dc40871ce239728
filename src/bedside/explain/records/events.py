"""A method for networks on records, applied to many cases and to all networks that are pooled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bedside.explain.explainer import Subject
from bedside.explain.records.method import (
    PATTERN,
    EventMethod,
    Found,
    Told,
    by_code,
    foremost,
    numbers,
)
from bedside.explain.records.score import Scored, networks
from bedside.explain.shuffled import shuffled
from bedside.modalities.records.history import History
from bedside.training.determinism import deterministic
from bedside.training.learner import Fitted
from bedside.training.network import FittedNetwork
from bedside.types import Floats, Integers

_TOGETHER = 32
"""Cases in one batch: bounds memory."""


@dataclass(frozen=True)
class EventContributions:
    """Contributions of events to the score of networks.

    Attributes:
        method: How a score is attributed.
    """

    method: EventMethod

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def label(self) -> str:
        """The method's label."""
        return self.method.label

    @property
    def description(self) -> str:
        """The method's description."""
        return self.method.description

    def told(
        self,
        members: Sequence[Fitted[History, Any]],
        background: Sequence[History],
        cases: Sequence[History],
        chosen: Integers,
    ) -> "Told | None":
        """Mean over networks; None for anything but networks on records to which the method applies."""
        del background
        found = networks(tuple(members))
        scored = [Scored(one.model) for one in found]
        if not scored or not all(self.method.explains(one.encoder) for one in scored):
            return None
        told = [self._of_one(one, network, cases, chosen) for one, network in zip(found, scored, strict=True)]
        rows = tuple(np.mean(each, axis=0) for each in zip(*(one[0] for one in told), strict=True))
        rest = np.mean([one[1] for one in told], axis=0)
        missed, moved = (float(np.sum([one[place] for one in told])) for place in (2, 3))
        codes, values = foremost(*by_code(cases, rows))
        if np.any(rest != 0):
            codes, values = [*codes, PATTERN], np.column_stack([values, rest])
        return Told(tuple(codes), values, rows, gap=missed / moved if moved else 0.0)

    def randomised(self, subject: Subject[History, Any], seed: int) -> Fitted[History, Any]:
        """The same networks with shuffled weights; raises ModelError for other models."""
        return shuffled(subject, seed)

    def _of_one(
        self, member: FittedNetwork[History, Any], network: Scored, cases: Sequence[History], chosen: Integers
    ) -> tuple[list[Floats], Floats, float, float]:
        """Values of the rows of each case, those of the pattern of recording, and what is missed of what moved."""
        rows, rest, missed, moved = list[Floats](), list[Floats](), 0.0, 0.0
        with deterministic(0, threads=member.threads), torch.backends.cudnn.flags(enabled=False):
            for start in range(0, len(cases), _TOGETHER):
                some = cases[start : start + _TOGETHER]
                batch = member.prepared.batches(some).take(torch.arange(len(some)), network.where)
                wanted = torch.from_numpy(chosen[start : start + _TOGETHER]).to(network.where)
                found = self.method.attribute(network, batch, wanted)
                rows += _rows(some, found)
                rest.append(numbers(found.rest))
                missed, moved = missed + found.missed, moved + found.moved
        return rows, np.concatenate(rest), missed, moved


def _rows(cases: Sequence[History], found: Found) -> list[Floats]:
    """Values of a batch in the order of the rows of each history: a batch holds births among the facts."""
    events, facts = numbers(found.events), numbers(found.facts)
    made, first, second = list[Floats](), 0, 0
    for case in cases:
        positions = case.positions()
        lasting = case.events.lasting(positions)
        values, known = np.zeros(len(positions)), int(lasting.sum())
        values[lasting] = facts[first : first + known]
        values[~lasting] = events[second : second + len(positions) - known]
        first, second = first + known, second + len(positions) - known
        made.append(values)
    return made

"""Packed histories as tensors, taken in batches without padding a single event."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor, device, from_numpy

from bedside.modalities.records.packed import Packed
from bedside.modalities.records.preparation import Preparation
from bedside.types import Integers


class EventTensors(NamedTuple):
    """Cases as tensors: events one after the other, case by case.

    Attributes:
        tokens: Of the events.
        numbers: Scaled, 0 where an event has none.
        known: 1 where an event has a number, else 0.
        hours: Before the index time.
        owners: Which case each event is of, ascending.
        steps: Which moment of its case it belongs to.
        moments: Moments of each case; the last is the index time, at which nothing happens.
        fact_tokens: Of facts without a time.
        fact_numbers: Scaled, 0 where a fact has none.
        fact_known: 1 where a fact has a number, else 0.
        fact_owners: Which case each fact is of, ascending.
    """

    tokens: Int64[Tensor, " events"]
    numbers: Float[Tensor, " events"]
    known: Float[Tensor, " events"]
    hours: Float[Tensor, " events"]
    owners: Int64[Tensor, " events"]
    steps: Int64[Tensor, " events"]
    moments: Int64[Tensor, " cases"]
    fact_tokens: Int64[Tensor, " facts"]
    fact_numbers: Float[Tensor, " facts"]
    fact_known: Float[Tensor, " facts"]
    fact_owners: Int64[Tensor, " facts"]


@dataclass(frozen=True, eq=False)
class EventBatches:
    """A whole partition in memory: 28 bytes an event."""

    tokens: Tensor
    numbers: Tensor
    known: Tensor
    hours: Tensor
    steps: Tensor
    starts: Tensor
    moments: Tensor
    fact_tokens: Tensor
    fact_numbers: Tensor
    fact_known: Tensor
    fact_starts: Tensor

    @classmethod
    def of(cls, preparation: Preparation, told: Packed) -> "EventBatches":
        """Packed cases with their numbers scaled."""
        scales = preparation.scales
        return cls(
            from_numpy(told.tokens),
            from_numpy(scales.scaled(told.tokens, told.numbers)),
            _known(preparation, told.tokens, told.numbers),
            from_numpy(told.hours),
            from_numpy(told.steps),
            from_numpy(told.starts),
            from_numpy(told.moments),
            from_numpy(told.fact_tokens),
            from_numpy(scales.scaled(told.fact_tokens, told.fact_numbers)),
            _known(preparation, told.fact_tokens, told.fact_numbers),
            from_numpy(told.fact_starts),
        )

    def __len__(self) -> int:
        return len(self.moments)

    @property
    def sizes(self) -> Int64[Tensor, " cases"]:
        """Moments of each case: a batch is padded to its longest."""
        return self.moments

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> EventTensors:
        """The cases at these positions."""
        rows, owners = _rows(self.starts, positions)
        facts, fact_owners = _rows(self.fact_starts, positions)
        taken = EventTensors(
            self.tokens[rows],
            self.numbers[rows],
            self.known[rows],
            self.hours[rows],
            owners,
            self.steps[rows],
            self.moments[positions],
            self.fact_tokens[facts],
            self.fact_numbers[facts],
            self.fact_known[facts],
            fact_owners,
        )
        return EventTensors(*(tensor.to(where) for tensor in taken))


def _known(preparation: Preparation, tokens: Integers, numbers: NDArray[np.float32]) -> Tensor:
    return from_numpy(preparation.scales.known(tokens, numbers)).float()


def _rows(starts: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the cases at these positions, and which of them each row is of."""
    first, counts = starts[positions], starts[positions + 1] - starts[positions]
    owners = torch.repeat_interleave(torch.arange(len(positions)), counts)
    before = torch.cumsum(counts, 0) - counts
    return torch.arange(len(owners)) - before[owners] + first[owners], owners

"""Packed histories as tensors, taken in batches without padding a single event."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
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
        moment_hours: Of each moment, case by case, how long before the index time it was, whatever is left of its
            events.
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
    moment_hours: Float[Tensor, " moments"]
    fact_tokens: Int64[Tensor, " facts"]
    fact_numbers: Float[Tensor, " facts"]
    fact_known: Float[Tensor, " facts"]
    fact_owners: Int64[Tensor, " facts"]

    @property
    def moment_owners(self) -> Int64[Tensor, " moments"]:
        """Which case each moment is of, ascending."""
        cases = torch.arange(len(self.moments), device=self.moments.device)
        return torch.repeat_interleave(cases, self.moments)

    @property
    def moment_steps(self) -> Int64[Tensor, " moments"]:
        """Which of its case's moments each moment is."""
        before = torch.cumsum(self.moments, 0) - self.moments
        return torch.arange(len(self.moment_hours), device=self.moments.device) - before[self.moment_owners]

    def kept(self, events: Bool[Tensor, " events"], facts: "Bool[Tensor, ' facts'] | None" = None) -> Self:
        """The cases with some of their events and facts; moments stay where they were, though they may be empty."""
        own = self if facts is None else self._replace(**{name: getattr(self, name)[facts] for name in _OF_FACTS})
        return own._replace(**{name: getattr(self, name)[events] for name in _OF_EVENTS})

    def emptied(self) -> Self:
        """As many cases, of which nothing was ever recorded."""
        bare = type(self)(*(column[:0] for column in self))
        return bare._replace(
            moments=torch.ones_like(self.moments),
            moment_hours=self.moment_hours.new_zeros(len(self.moments)),
        )

    def joined(self, other: Self) -> Self:
        """These cases and then those of another batch."""
        count = len(self.moments)
        moved = other._replace(owners=other.owners + count, fact_owners=other.fact_owners + count)
        return type(self)(*(torch.cat(pair) for pair in zip(self, moved, strict=True)))

    def chosen(self, positions: Int64[Tensor, " cases"]) -> Self:
        """The cases at these positions."""
        count = len(self.moments)
        events, owners = _rows(_starts(torch.bincount(self.owners, minlength=count)), positions)
        facts, fact_owners = _rows(_starts(torch.bincount(self.fact_owners, minlength=count)), positions)
        moments, _ = _rows(_starts(self.moments), positions)
        rows = dict.fromkeys(_OF_EVENTS, events) | dict.fromkeys(_OF_FACTS, facts)
        return self._replace(**{name: getattr(self, name)[which] for name, which in rows.items()})._replace(
            owners=owners,
            fact_owners=fact_owners,
            moments=self.moments[positions],
            moment_hours=self.moment_hours[moments],
        )


_OF_EVENTS = ("tokens", "numbers", "known", "hours", "owners", "steps")
_OF_FACTS = ("fact_tokens", "fact_numbers", "fact_known", "fact_owners")


@dataclass(frozen=True, eq=False)
class EventBatches:
    """A whole partition in memory: 28 bytes an event and 4 a moment."""

    tokens: Tensor
    numbers: Tensor
    known: Tensor
    hours: Tensor
    steps: Tensor
    starts: Tensor
    moments: Tensor
    moment_hours: Tensor
    moment_starts: Tensor
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
            from_numpy(told.moment_hours),
            _starts(from_numpy(told.moments)),
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
        moments, _ = _rows(self.moment_starts, positions)
        taken = EventTensors(
            self.tokens[rows],
            self.numbers[rows],
            self.known[rows],
            self.hours[rows],
            owners,
            self.steps[rows],
            self.moments[positions],
            self.moment_hours[moments],
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
    owners = torch.repeat_interleave(torch.arange(len(positions), device=counts.device), counts)
    before = torch.cumsum(counts, 0) - counts
    return torch.arange(len(owners), device=counts.device) - before[owners] + first[owners], owners


def _starts(counts: Tensor) -> Tensor:
    return torch.cat([counts.new_zeros(1), torch.cumsum(counts, 0)])

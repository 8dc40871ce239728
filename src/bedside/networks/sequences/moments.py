"""What networks of events over time see: events one by one, gathered into moments, and numbers measured at moments."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


class Moments(NamedTuple):
    """Cases as sequences of moments in the order of time, padded behind the last; every case has at least one.

    Attributes:
        vectors: Sum of the vectors of a moment's events, 0 where padded.
        hours: How long before the prediction a moment was, 0 where padded.
        lengths: Moments of each case, at least 1.
        numbers: Scaled numbers of the variables that were measured at a moment, 0 where not measured.
        measured: 1 where a variable was measured at a moment, else 0.
        events: Vectors of all events of all cases, one after the other.
        event_cases: Which case each is of, ascending.
        event_hours: How long before the prediction it was.
    """

    vectors: Float[Tensor, "cases moments width"]
    hours: Float[Tensor, "cases moments"]
    lengths: Int64[Tensor, " cases"]
    numbers: Float[Tensor, "cases moments variables"]
    measured: Float[Tensor, "cases moments variables"]
    events: Float[Tensor, "events width"]
    event_cases: Int64[Tensor, " events"]
    event_hours: Float[Tensor, " events"]

    @property
    def present(self) -> Bool[Tensor, "cases moments"]:
        """Where moments are not padding."""
        steps = torch.arange(self.hours.shape[1], device=self.hours.device)
        return steps < self.lengths.unsqueeze(1)

    @property
    def gaps(self) -> Float[Tensor, "cases moments"]:
        """Hours since the moment before; 0 for the first and where padded."""
        earlier = torch.cat([self.hours[:, :1], self.hours[:, :-1]], dim=1)
        return (earlier - self.hours).masked_fill(~self.present, 0.0)

    def last(self, values: Float[Tensor, "cases moments width"]) -> Float[Tensor, "cases width"]:
        """Of values at all moments, those at each case's last one."""
        return values[torch.arange(len(values), device=values.device), self.lengths - 1]


CLOCK = 8
"""Features of a time."""


def clock(hours: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape features"]:
    """Times before the prediction as numbers from 0 to about 1, from minutes to decades.

    Each feature has passed its middle at another time (half an hour, 2, 8 and 32 hours, 1 week, 1 month, half a year,
    4 years), so that differences of minutes near the prediction and of years far from it are both seen.
    """
    middles = torch.tensor([0.5, 2.0, 8.0, 32.0, 168.0, 720.0, 4380.0, 35040.0], device=hours.device)
    return hours.unsqueeze(-1) / (hours.unsqueeze(-1) + middles)

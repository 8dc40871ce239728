"""Which cases stand in which batch of a pass: any, or those of like size where a batch pads to its largest."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Int64
from torch import Tensor

POOL = 16
"""Batches that are filled from a pool of cases drawn at random: chance decides enough, and little is padded."""


@runtime_checkable
class Uneven(Protocol):
    """Cases of uneven size, which a batch pads to its largest."""

    @property
    def sizes(self) -> Int64[Tensor, " cases"]:
        """Of each case, in whatever is padded."""
        ...


def batches(cases: object, count: int, steps: int) -> list[Tensor]:
    """Positions of the cases of each batch of a pass, in an order drawn from torch's generator.

    Batches are of nearly equal size: a last one of a single case would be a step in a random direction.

    Args:
        cases: Prepared; those that are `Uneven` are grouped by size within pools of batches.
        count: How many a pass sees.
        steps: Batches.
    """
    order = torch.randperm(count)
    if not isinstance(cases, Uneven) or len(cases.sizes) != count:
        return list(order.tensor_split(steps))
    drawn = order.tensor_split(steps)
    grouped: list[Tensor] = []
    for start in range(0, steps, POOL):
        share = drawn[start : start + POOL]
        pool = torch.cat(share)
        alike = pool[torch.sort(cases.sizes[pool], stable=True).indices]
        grouped += torch.split_with_sizes(alike, [len(one) for one in share])
    return [grouped[place] for place in torch.randperm(steps).tolist()]


def padded(sizes: Int64[Tensor, " cases"], parts: list[Tensor]) -> float:
    """Share of what batches hold that is padding."""
    held = sum(int(sizes[part].max()) * len(part) for part in parts)
    return 1.0 - int(sum(int(sizes[part].sum()) for part in parts)) / held if held else 0.0

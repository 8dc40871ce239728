"""Batches of cases with one end of their histories cut off, as tensors."""

import torch
from jaxtyping import Float
from torch import Tensor

from bedside.modalities.records.batches import EventTensors


def until(batch: EventTensors, hours: Float[Tensor, " cases"]) -> EventTensors:
    """The cases as they stood so many hours before the index time of each, which then is its index time.

    As `bedside.modalities.records.earlier.as_of` has it, but for a birth, whose number stays the age at the index time.

    Args:
        batch: As it was taken.
        hours: Of each case, not negative.
    """
    owners, steps = batch.moment_owners, batch.moment_steps
    held = steps < batch.moments[owners] - 1
    known = _counted(owners[held & (batch.moment_hours >= hours[owners])], len(batch.moments))
    kept = batch.kept(batch.steps < known[batch.owners])
    now = steps == known[owners]
    when = (batch.moment_hours - hours[owners]).masked_fill(now, 0.0)
    return kept._replace(
        hours=kept.hours - hours[kept.owners],
        moments=known + 1,
        moment_hours=when[steps <= known[owners]],
    )


def since(batch: EventTensors, hours: Float[Tensor, " cases"]) -> EventTensors:
    """The cases without the moments that lie more than so many hours before the index time of each.

    Args:
        batch: As it was taken.
        hours: Of each case, not negative.
    """
    owners, steps = batch.moment_owners, batch.moment_steps
    held = steps < batch.moments[owners] - 1
    gone = _counted(owners[held & (batch.moment_hours > hours[owners])], len(batch.moments))
    kept = batch.kept(batch.steps >= gone[batch.owners])
    return kept._replace(
        steps=kept.steps - gone[kept.owners],
        moments=batch.moments - gone,
        moment_hours=batch.moment_hours[steps >= gone[owners]],
    )


def _counted(owners: Tensor, cases: int) -> Tensor:
    return torch.bincount(owners, minlength=cases)

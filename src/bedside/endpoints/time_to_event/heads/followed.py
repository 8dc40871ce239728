"""Outcomes as every head for times to events needs them: a row of time, cause and entry a case."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.errors import ModelError
from bedside.stats.times import Times

TIME, CAUSE, ENTRY = 0, 1, 2
"""Columns of targets."""


def times_to_learn(endpoint: Endpoint[Any, Any], outcomes: Sequence[Followed]) -> Times:
    """Development's times, from which something can be learned of every cause.

    Raises:
        OutcomeProblem: An event has the number of no cause.
        ModelError: There is a cause from which nothing can be learned: none of its events came by the last time that
            is predicted.
    """
    target = timed(endpoint, "a network with a head for times to events")
    target.checked(outcomes)
    times = times_of(outcomes)
    for number, word in enumerate(target.causes, start=1):
        if not ((times.event == number) & (times.time <= target.until)).any():
            when = f"by {target.until:g} {target.unit}".rstrip()
            msg = (
                f"a network for a {endpoint.name} endpoint cannot be fitted: none of {len(times)} development cases "
                f"had the event {word!r} {when}; use a larger cohort or fewer folds, or leave the cause out"
            )
            raise ModelError(msg)
    return times


def rows(target: Timed, outcomes: Sequence[Followed]) -> Float[Tensor, "cases 3"]:
    """Time, cause (0 where censored) and entry of each case.

    Raises:
        OutcomeProblem: An event has the number of no cause.
    """
    target.checked(outcomes)
    times = times_of(outcomes)
    return torch.from_numpy(np.column_stack([times.time, times.event, times.entry]).astype(np.float32))


def until(targets: Float[Tensor, "cases 3"], last: float) -> Float[Tensor, "cases 3"]:
    """Targets as they were known at a last time: what happened later is censored then."""
    time, cause, entry = targets.unbind(dim=1)
    end = torch.tensor(last, dtype=targets.dtype, device=targets.device)
    return torch.stack([time.minimum(end), cause * (time <= end), entry.minimum(end)], dim=1)


def log_odds(risk: Float[Tensor, "*cases"]) -> Float[Tensor, "*cases"]:
    """Log-odds of a risk, finite also where it is 0 or 1 to the digits of single precision."""
    return torch.logit(risk, eps=1e-6)

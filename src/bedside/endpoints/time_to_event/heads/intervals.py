"""Time in intervals: where they are cut, how far a case was watched in each, and curves between the cuts."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from bedside.endpoints.time_to_event.heads.followed import CAUSE, ENTRY, TIME, until
from bedside.stats.times import CENSORED, Times
from bedside.types import Floats


def cut_points(times: Times, count: int, last: float) -> Floats:
    """Ends of intervals that hold as many events each, rising, shape (count,); the last event's ends at `last`.

    Where events came at fewer moments than `count`, each of these ends an interval, and intervals after `last`, in
    which nobody is watched, make up the number.
    """
    came = np.sort(times.time[(times.event != CENSORED) & (times.time <= last)])
    places = np.ceil(np.arange(1, count) * came.size / count).astype(np.int64) - 1
    inner = np.unique(came[np.maximum(places, 0)])
    ends = np.append(inner[inner < last], last)
    return np.append(ends, last * (2.0 + np.arange(count - ends.size)))


class Watched(NamedTuple):
    """How cases were watched in intervals.

    Attributes:
        passed: Share of each interval that lies before the end of the watch, shape (cases, intervals).
        entered: Share of each interval that lies before its beginning, same shape.
        ended: Interval in which the watch ended, shape (cases,).
        cause: Cause of the event at its end, from 0 on, shape (cases,); 0 where there was none.
        event: 1 where there was one, shape (cases,).
    """

    passed: Float[Tensor, "cases intervals"]
    entered: Float[Tensor, "cases intervals"]
    ended: Int64[Tensor, " cases"]
    cause: Int64[Tensor, " cases"]
    event: Float[Tensor, " cases"]


def watched(targets: Float[Tensor, "cases 3"], cuts: Float[Tensor, " intervals"], last: float) -> Watched:
    """How cases were watched in intervals (cut before, cut], up to a last time."""
    known = until(targets, last)
    time, entry = known[:, TIME, None], known[:, ENTRY, None]
    before = torch.cat([torch.zeros_like(cuts[:1]), cuts[:-1]])
    width = cuts - before
    passed = ((time - before) / width).clamp(0.0, 1.0)
    entered = ((entry - before) / width).clamp(0.0, 1.0)
    ended = torch.searchsorted(cuts, time[:, 0].contiguous()).clamp(max=len(cuts) - 1)
    event = (known[:, CAUSE] > 0).to(known.dtype)
    return Watched(passed, entered, ended, (known[:, CAUSE].long() - 1).clamp(min=0), event)


def shares_passed(cuts: Floats, time: float) -> Floats:
    """Share of each interval that lies before a time, shape (intervals,)."""
    before = np.concatenate([[0.0], cuts[:-1]])
    passed: Floats = np.clip((time - before) / (cuts - before), 0.0, 1.0)
    return passed

"""The learning rate of each step: warm-up, then constant or along half a cosine."""

import math
from typing import Literal, TypeAlias

Schedule: TypeAlias = Literal["constant", "cosine"]

FLOOR = 0.01
"""Share of the peak that a cosine ends at."""


def rate(step: int, *, peak: float, warm_up: int, total: int, schedule: Schedule) -> float:
    """The learning rate of one step.

    Args:
        step: From 1.
        peak: After warm-up.
        warm_up: Steps over which the rate rises in equal parts from 0; the last of them has the peak.
        total: Steps of the whole budget, at which a cosine ends (Loshchilov and Hutter, ICLR 2017).
        schedule: What follows warm-up.

    Examples:
        >>> [round(rate(step, peak=1.0, warm_up=2, total=6, schedule="cosine"), 3) for step in range(1, 7)]
        [0.5, 1.0, 0.855, 0.505, 0.155, 0.01]
    """
    if step <= warm_up or schedule == "constant":
        return peak * min(1.0, step / warm_up) if warm_up else peak
    done = (step - warm_up) / max(1, total - warm_up)
    return peak * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2)

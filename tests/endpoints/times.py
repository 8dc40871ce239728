"""Times to events whose law is known: exponential with proportional hazards, censored by chance, perhaps seen late."""

import numpy as np

from bedside.endpoints.time_to_event.outcome import Followed
from bedside.types import Floats

SLOPES = (1.0, -0.7)
"""Log hazard ratios of the first two predictors for the first cause; a second cause takes them the other way round."""

HAZARDS = (0.05, 0.03)
"""Hazards of each cause where all predictors are 0."""

CENSORING = 0.03
"""Hazard of censoring, the same for everybody."""

LAST = 40.0
"""Watching ends here at the latest."""


def hazards(x: Floats, causes: int = 1) -> Floats:
    """The true hazard of each cause, shape (n, causes)."""
    slopes = (SLOPES, SLOPES[::-1])[:causes]
    return np.column_stack([HAZARDS[k] * np.exp(x[:, :2] @ np.array(slopes[k])) for k in range(causes)])


def incidence(x: Floats, at: Floats, causes: int = 1) -> Floats:
    """The true cumulative incidence of each cause, shape (n, causes, times)."""
    each = hazards(x, causes)
    every = each.sum(axis=1, keepdims=True)
    found: Floats = (each / every)[:, :, None] * (1.0 - np.exp(-every[:, :, None] * np.asarray(at)))
    return found


def simulated(
    n: int, seed: int, *, causes: int = 1, truncated: bool = False, predictors: int = 3
) -> tuple[Floats, list[Followed]]:
    """Standard normal predictors, shape (n, predictors), and what happened to each case.

    Args:
        n: Cases.
        seed: Of the random stream.
        causes: 1, or 2 that compete.
        truncated: Whether half of the cases are known only because nothing had happened before they came.
        predictors: 2 or more; those after the second tell nothing.
    """
    stream = np.random.default_rng(seed)
    x, outcomes = np.zeros((0, predictors)), list[Followed]()
    while len(outcomes) < n:
        drawn = stream.normal(size=(n, predictors))
        times = stream.exponential(1.0 / hazards(drawn, causes))
        leaving = np.minimum(stream.exponential(1.0 / CENSORING, n), LAST)
        entry = stream.uniform(0.0, 10.0, n) * (stream.random(n) < 0.5) if truncated else np.zeros(n)
        cause = times.argmin(axis=1)
        first = times.min(axis=1)
        # Who comes late is censored later still: nobody leaves before coming.
        time = np.minimum(first, entry + leaving)
        event = np.where(first <= entry + leaving, cause + 1, 0)
        seen = first > entry
        x = np.concatenate([x, drawn[seen]])
        outcomes += [
            Followed(float(t), int(e), float(s)) for t, e, s in zip(time[seen], event[seen], entry[seen], strict=True)
        ]
    return x[:n], outcomes[:n]

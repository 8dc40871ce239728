"""Random times to events with ties, late entries and competing causes, for laws; and curves worked out one by one."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from bedside.stats.times import Times
from bedside.types import Floats, Weights


class Sample(NamedTuple):
    """Cases, a number that is predicted of each, and two weightings by whole numbers."""

    times: Times
    risk: Floats
    weights: Weights


def sample(seed: int, n: int, *, causes: int = 1, late: bool = False, ties: bool = True) -> Sample:
    """Exponential times; rounded up where they shall tie, entries rounded down."""
    stream = np.random.default_rng(seed)
    risk = stream.random(n)
    hazards = np.column_stack([0.1 * np.exp(2 * risk - 1), np.full(n, 0.05), np.full(n, 0.03)])[:, : causes + 1]
    drawn = stream.exponential(1.0 / np.roll(hazards, -causes, axis=1)[:, :1] if causes == 0 else 1.0 / hazards)
    time, event = drawn.min(axis=1), drawn.argmin(axis=1) + 1
    event[event == causes + 1] = 0
    entry = stream.uniform(0.0, 0.5, n) * time * (stream.random(n) < 0.5) if late else np.zeros(n)
    if ties:
        time, entry, risk = np.ceil(time), np.floor(entry), np.round(risk, 1)
    weights = stream.multinomial(n, np.full(n, 1.0 / n), size=2).astype(np.float64)
    return Sample(Times(time, event.astype(np.int64), entry), risk, weights)


def samples(*, most: int = 40, causes: tuple[int, ...] = (1, 2), late: bool = True) -> "st.SearchStrategy[Sample]":
    """Samples of all kinds."""
    return st.builds(
        sample,
        st.integers(0, 10**6),
        st.integers(5, most),
        causes=st.sampled_from(causes),
        late=st.booleans() if late else st.just(value=False),
        ties=st.booleans(),
    )


def copies(times: Times, weights: Floats) -> tuple[Times, list[int]]:
    """Each case as often as it weighs, and from where each copy comes."""
    rows = np.repeat(np.arange(len(times)), weights.astype(np.int64))
    return Times(times.time[rows], times.event[rows], times.entry[rows]), rows.tolist()


def slow_incidence(times: Times, cause: int, at: float) -> float:
    """Aalen and Johansen's estimator, one time after another; cause 0 is being free of all events."""
    free, incidence = 1.0, 0.0
    for t in sorted({t for t, e in zip(times.time, times.event, strict=True) if e > 0 and t <= at}):
        watched = sum(1 for a, b in zip(times.entry, times.time, strict=True) if a < t <= b)
        here = [e for e, b in zip(times.event, times.time, strict=True) if b == t and e > 0]
        incidence += free * sum(1 for e in here if e == cause) / watched
        free *= 1 - len(here) / watched
    return free if cause == 0 else incidence


def slow_uncensored(times: Times, at: float, *, before: bool) -> float:
    """Kaplan and Meier's curve of censoring, events before censorings at ties, just before a time or at it."""
    curve = 1.0
    for t in sorted({t for t, e in zip(times.time, times.event, strict=True) if e == 0}):
        if t < at or (t == at and not before):
            watched = sum(
                1
                for a, b, e in zip(times.entry, times.time, times.event, strict=True)
                if a < t <= b and not (b == t and e)
            )
            gone = sum(1 for b, e in zip(times.time, times.event, strict=True) if b == t and e == 0)
            curve *= 1 - gone / watched
    return curve

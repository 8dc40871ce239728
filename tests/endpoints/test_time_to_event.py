"""Times to events: the laws of every endpoint, the form of a cell, and what is its own."""

import numpy as np
import pytest
from tests.conformance.endpoint import check_endpoint
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.time_to_event.kind import TimeEndpoint, time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed


def told(
    endpoint: TimeEndpoint, n: int, seed: int, *, causes: int = 1, truncated: bool = False
) -> tuple[list[Followed], list[Incidence]]:
    """Outcomes, and curves that know them in part."""
    x, outcomes = simulated(n, seed, causes=causes, truncated=truncated)
    noisy = x + np.random.default_rng(seed).normal(scale=0.5, size=x.shape)
    return outcomes, list(incidence(noisy, timed(endpoint, "a test").grid, causes))


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_conformance(causes: int, truncated: bool) -> None:
    endpoint = time_to_event(
        horizon=10,
        unit="months",
        horizons=(5.0,),
        until=15,
        steps=6,
        causes=("death", "transplant")[:causes],
        thresholds=(0.3,),
    )
    outcomes, predictions = told(endpoint, 90, 3, causes=causes, truncated=truncated)
    check_endpoint(endpoint, outcomes, predictions)

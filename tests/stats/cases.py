"""Random samples for laws: scores with ties, both classes present, patients who repeat."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.types import Booleans, Floats, Integers

Test = TypeVar("Test", bound=Callable[..., None])


class Binary(NamedTuple):
    score: Floats
    other: Floats
    label: Booleans
    patient: Integers
    seed: int


def binary_sample(seed: int, n: int, *, ties: bool, patients: int | None = None) -> Binary:
    stream = np.random.default_rng(seed)
    label = stream.random(n) < 0.4
    label[:4] = [True, False, True, False]
    score, other = stream.normal(size=(2, n)) + label
    patient = stream.integers(0, patients or max(2, n // 2), n)
    if ties:
        score, other = np.round(score), np.round(other)
    return Binary(score, other, label, patient, seed)


binary = st.builds(binary_sample, st.integers(0, 10**6), st.integers(12, 60), ties=st.booleans())
weights = st.integers(0, 10**6)


def law(test: Test) -> Test:
    """Few examples and no deadline: the machine is shared."""
    return settings(max_examples=25, deadline=None)(test)


__all__ = ["Binary", "binary", "binary_sample", "given", "law", "weights"]

"""Class probabilities as matrices: kept inside (0, 1), sharpened or softened, rounded to what is recorded."""

import numpy as np

from bedside.types import Floats

SMALLEST = 1e-7
"""Probabilities are kept in [SMALLEST, 1 - SMALLEST], which float32 can tell from 0 and 1."""


def bounded(probabilities: Floats) -> Floats:
    """Probabilities kept away from 0 and 1, so that no log loss is infinite."""
    return np.clip(probabilities, SMALLEST, 1.0 - SMALLEST)


def tempered(probabilities: Floats, temperature: float, bias: "Floats | float" = 0.0) -> Floats:
    """Probabilities (n, k) at another temperature and with log weights (k,) added, rows summing to 1."""
    logits = np.log(np.clip(probabilities, SMALLEST, 1.0)) / temperature + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return bounded(powers / powers.sum(axis=1, keepdims=True))


def normalised(scores: Floats) -> Floats:
    """Non-negative scores (n, k), one class at a time, as probabilities whose rows sum to 1."""
    kept = bounded(scores)
    return bounded(kept / kept.sum(axis=1, keepdims=True))


def single_precision(values: Floats) -> Floats:
    """Values rounded to float32, in float64 storage: what is recorded is what is served."""
    return values.astype(np.float32).astype(np.float64)

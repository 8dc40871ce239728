"""Whether a loss rose more without what an explanation calls important than without as much at random."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.explain.explainer import Check
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.training.seeds import derive
from bedside.types import Floats

NAME = "faithfulness by deletion"
REPLICATES = 1_000

_ROUNDING = 1e-9
"""Losses that differ by less are the same."""


def judged_excess(
    excess: Floats, samples: Sequence[Sample[Any, Any]], seed: int, *, without: str, rather_than: str
) -> Check:
    """The check: passed where the excess is above 0 with 95% confidence, failed where it is not above 0 at all.

    Args:
        excess: Loss without what is called important, minus the mean loss without random parts, a case, shape (n,).
        samples: The cases, for the bootstrap by patient.
        seed: Of the bootstrap.
        without: What was removed ("the 3 predictors called most important").
        rather_than: What else was removed for comparison ("3 random ones").
    """
    excess = np.where(np.abs(excess) < _ROUNDING, 0.0, excess)
    number = {patient: k for k, patient in enumerate(sorted({str(sample.patient) for sample in samples}))}
    patient = np.array([number[str(sample.patient)] for sample in samples], dtype=np.int64)
    weights = multiplicities(patient, REPLICATES, derive(seed, "deletion bootstrap"))
    limits = percentile_interval(np.concatenate([w @ excess / w.sum(axis=1) for w in weights]))
    value = float(excess.mean())
    passed = True if limits.low > 0 else (False if value <= 0 else None)
    words = {True: "the explanation is faithful", False: "it is not faithful", None: "undecided"}
    return Check(
        NAME,
        passed,
        value,
        f"Without {without} the loss was {value:+.3g} ({limits.low:+.3g} to {limits.high:+.3g}) above that without "
        f"{rather_than}, in {len(samples)} cases that are no test cases: {words[passed]}.",
    )

"""Faithfulness by deletion: without the predictors that an explanation calls important, a model must predict worse.

Compared with removing as many predictors at random (Samek et al., IEEE Transactions on Neural Networks and Learning
Systems 2017, 28:2660; for tables Hooker et al., NeurIPS 2019 warn that removal leaves the usual range of data, which
the random sets are there to account for).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.explain.excess import NAME, judged_excess
from bedside.explain.explainer import Check
from bedside.modalities.tabular.table import Record, Table, frame_of, records
from bedside.training.learner import Fitted
from bedside.training.seeds import derive
from bedside.types import Floats

SHARE = 0.2
"""Of the predictors, how many are removed."""

SETS = 12
"""Random sets of predictors that are removed for comparison."""


def deletion(
    fitted: Fitted[Record, Any],
    endpoint: Endpoint[Any, Any],
    names: Sequence[str],
    importance: Floats,
    samples: Sequence[Sample[Record, Any]],
    seed: int,
) -> Check:
    """Whether removing the most important predictors raises the loss more than removing random ones.

    Args:
        fitted: The model that was explained.
        endpoint: Its target tells the loss of a case: log loss or squared error.
        names: The predictors.
        importance: Mean |attribution| of each, in the same order.
        samples: Cases whose outcomes may be looked at; no test cases.
        seed: Of the random sets and of the bootstrap by patient.
    """
    count = max(1, round(SHARE * len(names)))
    if len(names) < 3 or not samples:
        return Check(NAME, None, None, f"not done: {len(names)} predictors and {len(samples)} cases are too few.")
    rng = np.random.default_rng(derive(seed, "deletion"))
    rows, outcomes = [sample.predictors for sample in samples], [sample.outcome for sample in samples]

    def loss(gone: Sequence[str]) -> Floats:
        return endpoint.target.losses(outcomes, fitted.predict(without(rows, gone)))

    top = [names[k] for k in np.argsort(-importance, kind="stable")[:count].tolist()]
    drawn = [[names[k] for k in rng.choice(len(names), count, replace=False).tolist()] for _ in range(SETS)]
    excess = loss(top) - np.mean([loss(gone) for gone in drawn], axis=0)
    return judged_excess(
        excess,
        samples,
        seed,
        without=f"the {count} predictors called most important",
        rather_than=f"{count} random ones",
    )


def without(rows: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """The rows with these predictors missing."""
    frame = frame_of(rows)
    gone = [pl.lit(None, dtype=frame.get_column(name).dtype).alias(name) for name in names]
    return records(Table(frame.with_columns(gone)))

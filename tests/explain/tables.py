"""Small tables with a known truth: `signal` and `group` matter, `noise_*` do not; some cells are missing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.explain.explainer import Subject
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.training.learner import Recipe
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

SCHEMA = Schema(
    (
        Column("noise_a", "number"),
        Column("signal", "number"),
        Column("noise_b", "number"),
        Column("group", "category"),
        Column("noise_c", "category"),
    )
)
BINARY = binary(positive="ill", negative="well")
MULTICLASS = multiclass(classes=("low", "middle", "high"))
CONTINUOUS = continuous(unit="mm", name="size")


def samples(endpoint: Endpoint[Any, Any], n: int = 360, seed: int = 0) -> list[Sample[Record, Any]]:
    rng = np.random.default_rng(seed)
    signal, group = rng.normal(size=n), rng.integers(0, 3, n)
    level = 2.0 * signal + 1.5 * (group - 1) + rng.normal(scale=0.5, size=n)
    table = pl.DataFrame(
        {
            "noise_a": rng.normal(size=n),
            "signal": pl.Series(signal).set(pl.Series(rng.random(n) < 0.05), None),
            "noise_b": rng.normal(size=n),
            "group": pl.Series([f"g{k}" for k in group.tolist()]).set(pl.Series(rng.random(n) < 0.05), None),
            "noise_c": [f"c{k}" for k in rng.integers(0, 2, n).tolist()],
        }
    )
    outcomes: list[Any] = level.tolist()
    if endpoint is BINARY:
        outcomes = (level > 0).tolist()
    if endpoint is MULTICLASS:
        outcomes = np.digitize(level, [-1.0, 1.0]).tolist()
    rows = [row.only(SCHEMA) for row in records(Table(table))]
    return [
        Sample(SampleId(str(k)), PatientId(str(k)), row, outcome)
        for k, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
    ]


def subject(recipe: Recipe[Record, Any, Any], endpoint: Endpoint[Any, Any], seed: int = 0) -> Subject[Record, Any]:
    """The recipe fitted on 160 cases, tuned on 200, with one trial."""
    cases = samples(endpoint, seed=seed)
    development, tuning = cases[:160], Tuning(selection=cases[160:260], calibration=cases[260:])
    learner = Tuned(recipe, endpoint, trials=1)
    fit = learner.fit(development, tuning, seed=1)
    return Subject(learner, fit, endpoint, development, (*tuning.selection, *tuning.calibration))


def predictors(cases: Sequence[Sample[Record, Any]]) -> list[Record]:
    return [case.predictors for case in cases]

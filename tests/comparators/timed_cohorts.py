"""Small cohorts of times to events over a table, whose law is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from tests.endpoints.times import simulated

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import Floats, PatientId, SampleId

SCHEMA = Schema(
    (Column("age", "number", unit="a"), Column("pressure", "number", unit="mm[Hg]"), Column("ward", "category"))
)
CAUSES = ("death", "transplantation")


def endpoint(causes: int = 1) -> Endpoint[Followed, Incidence]:
    return time_to_event(horizon=10.0, unit="months", causes=CAUSES[:causes], horizons=(5.0,), until=20.0, steps=40)


@dataclass(frozen=True)
class Cohort:
    """Samples with the predictors that their law knows, shape (n, 3)."""

    endpoint: Endpoint[Followed, Incidence]
    x: Floats
    samples: list[Sample[Record, Followed]]

    @property
    def cases(self) -> list[Record]:
        return [sample.predictors for sample in self.samples]

    def parts(self, *sizes: int) -> list[list[Sample[Record, Followed]]]:
        """Consecutive parts of these sizes."""
        ends = np.cumsum(sizes)
        return [self.samples[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def samples_of(frame: pl.DataFrame, schema: Schema, outcomes: list[Followed]) -> list[Sample[Record, Followed]]:
    rows = [row.only(schema) for row in records(Table(frame))]
    return [
        Sample(SampleId(f"s{k}"), PatientId(f"p{k}"), row, outcome)
        for k, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
    ]


def cohort(n: int, seed: int = 1, *, causes: int = 1, truncated: bool = False, missing: bool = True) -> Cohort:
    """Age and pressure carry the law of `tests.endpoints.times`, the ward nothing; some pressures are not known."""
    x, outcomes = simulated(n, seed, causes=causes, truncated=truncated)
    stream = np.random.default_rng(seed)
    unknown = (stream.random(n) < 0.05) & missing
    frame = pl.DataFrame(
        {
            "age": 60 + 12 * x[:, 0],
            "pressure": [None if lost else float(v) for lost, v in zip(unknown, 130 + 20 * x[:, 1], strict=True)],
            "ward": stream.choice(["medical", "surgical", "intensive"], n, p=[0.5, 0.4, 0.1]),
        }
    )
    return Cohort(endpoint(causes), x, samples_of(frame, SCHEMA, outcomes))


def points(record: Record) -> "float | None":
    """A score that goes with the law; it does not answer where the pressure is not known."""
    return None if record["pressure"] is None else float(round(record["age"] / 12 - 0.7 * record["pressure"] / 20, 1))


def curves(found: Cohort, model: Any) -> Floats:
    """Predictions for the whole cohort, shape (n, causes, times)."""
    return timed(found.endpoint, "test").curves(model.predict(found.cases))

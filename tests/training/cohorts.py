"""Small simulated cohorts for tests of learners, one for each kind of outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bedside.data.sample import Sample
from bedside.data.split import Fold, Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.simulate import BinaryOutcome, ClassOutcome, Number, NumberOutcome, Outcome, Twin, Words
from bedside.modalities.tabular.table import Record
from bedside.types import PatientId, SampleId

Kind = Literal["binary", "multiclass", "continuous"]
KINDS: tuple[Kind, ...] = ("binary", "multiclass", "continuous")

SCHEMA = Schema(
    (Column("age", "number", unit="a"), Column("pressure", "number", unit="mm[Hg]"), Column("ward", "category"))
)

_COLUMNS = (
    Number("age", mean=60, sd=12),
    Number("pressure", mean=130, sd=20, missing=0.15),
    Words("ward", {"medical": 0.5, "surgical": 0.4, "intensive": 0.1}, missing=0.1),
)

_OUTCOMES: dict[Kind, Outcome] = {
    "binary": BinaryOutcome("outcome", 0.4, {"age": 1.5, "pressure": 0.5, "ward=surgical": 1.0}),
    "multiclass": ClassOutcome(
        "outcome",
        {"home": 0.4, "clinic": 0.3, "hospital": 0.3},
        {"clinic": {"age": 1.0}, "hospital": {"age": 2.0, "ward=surgical": 1.0}},
    ),
    "continuous": NumberOutcome("outcome", 5.0, 1.0, {"age": 1.5, "ward=surgical": 1.0}),
}


@dataclass(frozen=True)
class Simulated:
    """A simulated cohort with its endpoint."""

    endpoint: Endpoint[Any, Any]
    samples: list[Sample[Record, Any]]

    def parts(self, *sizes: int) -> list[list[Sample[Record, Any]]]:
        """Consecutive parts of these sizes."""
        ends = np.cumsum(sizes)
        return [self.samples[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def endpoint(kind: Kind) -> Endpoint[Any, Any]:
    if kind == "binary":
        return binary(positive="yes", negative="no")
    if kind == "multiclass":
        return multiclass(classes=("home", "clinic", "hospital"))
    return continuous(unit="d", name="length of stay")


def cohort(kind: Kind, n: int, *, seed: int = 3) -> Simulated:
    kind_of = endpoint(kind)
    rows = Twin(_COLUMNS, _OUTCOMES[kind]).records(n, seed=seed)
    samples = [
        Sample(SampleId(str(k)), PatientId(str(k)), row.only(SCHEMA), kind_of.parse(row["outcome"]))
        for k, row in enumerate(rows)
    ]
    return Simulated(kind_of, samples)


def folds(samples: Sequence[Sample[Any, Any]], count: int) -> Tuning[Any, Any]:
    """Cross-fitting over interleaved folds."""
    positions = np.arange(len(samples))
    return Tuning(
        folds=tuple(Fold(positions[positions % count != k], positions[positions % count == k]) for k in range(count))
    )

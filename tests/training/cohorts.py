"""Small simulated cohorts for tests of learners, one for each kind of outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from bedside.data.sample import Sample
from bedside.data.split import Fold, Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.kind import ordinal
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.simulate import BinaryOutcome, ClassOutcome, Number, NumberOutcome, Outcome, Twin, Words
from bedside.modalities.tabular.table import Record
from bedside.types import PatientId, SampleId

Kind = Literal["binary", "multiclass", "continuous", "ordinal", "multilabel"]
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
    "ordinal": ClassOutcome(
        "outcome",
        {"mild": 0.4, "moderate": 0.3, "severe": 0.3},
        {"moderate": {"age": 1.5}, "severe": {"age": 3.0, "ward=surgical": 1.0}},
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
    if kind == "ordinal":
        return ordinal(grades=("mild", "moderate", "severe"))
    if kind == "multilabel":
        return multilabel(labels=("effusion", "mass"))
    return continuous(unit="d", name="length of stay")


def several(kind_of: Endpoint[Any, Any], n: int, seed: int) -> list[Sample[Record, Any]]:
    """Two findings, one with age and one with pressure; every eighth was not read for the second."""
    stream = np.random.default_rng(seed)
    samples = []
    for k, row in enumerate(Twin(_COLUMNS, _OUTCOMES["binary"]).records(n, seed=seed)):
        record, pressure = row.only(SCHEMA), row["pressure"]
        chances = expit([(row["age"] - 62) / 6, (0 if pressure is None else pressure - 132) / 10])
        effusion, mass = (stream.random(2) < chances).tolist()
        outcome = (effusion, None if k % 8 == 7 else mass)
        assert kind_of.parse(kind_of.describe(outcome)) == outcome
        samples.append(Sample(SampleId(str(k)), PatientId(str(k)), record, outcome))
    return samples


def cohort(kind: Kind, n: int, *, seed: int = 3) -> Simulated:
    kind_of = endpoint(kind)
    if kind == "multilabel":
        return Simulated(kind_of, several(kind_of, n, seed))
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

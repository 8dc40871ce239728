"""Diabetes progression: ten baseline measurements and a measure of disease one year later."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_diabetes

from bedside.data.source import DataFile
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import Floats

SCHEMA = Schema(
    (
        Column("age", "number", unit="a", description="age"),
        Column("sex", "category", categories=("1", "2"), description="sex; which code is which is not published"),
        Column("bmi", "number", unit="kg/m2", description="body mass index"),
        Column("blood_pressure", "number", unit="mm[Hg]", description="mean arterial blood pressure"),
        Column("total_cholesterol", "number", unit="mg/dL", description="total serum cholesterol (s1)"),
        Column("ldl", "number", unit="mg/dL", description="low-density lipoproteins (s2)"),
        Column("hdl", "number", unit="mg/dL", description="high-density lipoproteins (s3)"),
        Column("cholesterol_ratio", "number", description="total cholesterol over HDL (s4)"),
        Column("log_triglycerides", "number", description="possibly the logarithm of serum triglycerides (s5)"),
        Column("glucose", "number", unit="mg/dL", description="blood sugar level (s6)"),
    )
)


@dataclass(frozen=True)
class DiabetesProgression:
    """442 patients, as they ship inside scikit-learn, unscaled; `progression` is the outcome column."""

    name: str = "diabetes_progression"
    licence: str = "not stated by the publisher; distributed with scikit-learn (BSD-3-Clause)"
    citation: str = (
        "Efron B, Hastie T, Johnstone I, Tibshirani R. Least angle regression. Annals of Statistics 2004;32:407-499. "
        "doi:10.1214/009053604000000067"
    )
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:  # noqa: ARG002 - ships with a dependency, so needs no folder
        """Yield the 442 patients."""
        bunch = load_diabetes(scaled=False)
        yield from records(_table(bunch.data, bunch.target))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic patients: progression rises with body mass, pressure and triglycerides."""
        chance = np.random.default_rng([seed, 442])
        adiposity = chance.normal(size=n)
        age = np.clip(chance.normal(48, 13, n), 19, 79).round()
        hdl = np.clip(50 - 5 * adiposity + chance.normal(0, 11, n), 22, 99).round()
        ldl = np.clip(115 + 8 * adiposity + chance.normal(0, 28, n), 42, 242).round()
        total = (ldl + hdl + 24 + chance.normal(0, 8, n)).round()
        triglycerides = np.clip(4.64 + 0.25 * adiposity + chance.normal(0, 0.4, n), 3.2, 6.1)
        values: Floats = np.column_stack(
            (
                age,
                chance.integers(1, 3, n).astype(float),
                np.clip(26.4 + 3.5 * adiposity + chance.normal(0, 2.5, n), 18, 42).round(1),
                np.clip(94.6 + 4 * adiposity + chance.normal(0, 12, n), 62, 133).round(),
                total,
                ldl,
                hdl,
                (total / hdl).round(2),
                triglycerides.round(4),
                np.clip(91 + 4 * adiposity + chance.normal(0, 10, n), 58, 124).round(),
            )
        )
        progression = 152 + 35 * adiposity + 60 * (triglycerides - 4.64) + chance.normal(0, 50, n)
        yield from records(_table(values, np.clip(progression, 25, 346).round()))


def _table(values: Floats, progression: Floats) -> Table:
    frame = pl.DataFrame(values, schema=list(SCHEMA.names), orient="row")
    number = pl.Series("number", [f"patient {row + 1}" for row in range(frame.height)])
    return Table(
        frame.with_columns(
            pl.col("sex").cast(pl.Int64).cast(pl.String), number, pl.Series("progression", progression.tolist())
        )
    )

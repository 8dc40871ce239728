"""Primary biliary cholangitis at the Mayo Clinic, 1974 to 1984: death and transplantation."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records

SCHEMA = Schema(
    (
        Column("age", "number", unit="a", description="age"),
        Column("sex", "category", categories=("female", "male"), description="sex"),
        Column(
            "oedema",
            "number",
            description="0 none, 0.5 without or resolved by diuretics, 1 despite diuretics",
        ),
        Column("bilirubin", "number", unit="mg/dL", description="serum bilirubin"),
        Column("albumin", "number", unit="g/dL", description="serum albumin"),
        Column("prothrombin_time", "number", unit="s", description="prothrombin time"),
        Column("platelets", "number", unit="10*9/L", description="platelets"),
        Column("stage", "number", description="histological stage, 1 to 4"),
    )
)
"""What was measured in trial patients and others alike: which of the other measurements are missing tells the 106
patients who were not in the trial."""

_PATIENTS = 418
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class PrimaryBiliaryCholangitis:
    """418 patients, 312 of them in a trial of D-penicillamine; `years` watched, `ending` (0, 1 transplant, 2 death)."""

    name: str = "primary_biliary_cholangitis"
    licence: str = "LGPL-2.0-or-later (R package survival)"
    citation: str = (
        "Therneau TM, Grambsch PM. Modeling Survival Data: Extending the Cox Model. Springer, 2000. Dickson ER, "
        "Grambsch PM, Fleming TR, Fisher LD, Langworthy A. Hepatology 1989;10:1-7"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/pbc.csv",
            sha256=("797ea9b6abfec34297ef07f361a2e0bfdd90c3c2def180adf8547ea30e75b613",),
            address="https://vincentarelbundock.github.io/Rdatasets/csv/survival/pbc.csv",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 418 patients.

        Raises:
            FileProblem: The table is absent, cannot be fetched, or is not the published one.
        """
        path = locate(self.files[0], root)
        frame = pl.read_csv(path, infer_schema_length=None, null_values=["NA", ""])
        if frame.height != _PATIENTS:
            msg = f"{path} has {frame.height} rows; {_PATIENTS} are expected"
            raise FileProblem(msg)
        yield from records(
            Table(
                frame.select(
                    pl.col("age").cast(pl.Float64),
                    pl.col("sex").replace_strict({"f": "female", "m": "male"}),
                    pl.col("edema").cast(pl.Float64).alias("oedema"),
                    pl.col("bili").cast(pl.Float64).alias("bilirubin"),
                    pl.col("albumin").cast(pl.Float64),
                    pl.col("protime").cast(pl.Float64).alias("prothrombin_time"),
                    pl.col("platelet").cast(pl.Float64).alias("platelets"),
                    pl.col("stage").cast(pl.Float64),
                    (pl.col("time") / _DAYS_A_YEAR).alias("years"),
                    pl.col("status").cast(pl.Float64).alias("ending"),
                    pl.format("patient {}", pl.col("id")).alias("number"),
                )
            )
        )

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic patients: bilirubin, albumin and age move death; the young and ill are transplanted."""
        chance = np.random.default_rng([seed, 418])
        age = np.clip(chance.normal(51, 10, n), 26, 79)
        ill = chance.normal(size=n)
        bilirubin = np.exp(0.55 + 0.95 * ill + 0.3 * chance.normal(size=n)).round(1) + 0.2
        albumin = np.clip(3.5 - 0.25 * ill + 0.3 * chance.normal(size=n), 1.9, 4.7).round(2)
        death = 18 * chance.exponential(size=n) / np.exp(0.9 * ill + 0.04 * (age - 51))
        graft = 45 * chance.exponential(size=n) / np.exp(0.8 * ill - 0.08 * (age - 51))
        censored = chance.uniform(1.5, 13, n)
        years = np.minimum(np.minimum(death, graft), censored)
        ending = np.where(years == censored, 0.0, np.where(years == graft, 1.0, 2.0))
        yield from records(
            Table(
                pl.DataFrame(
                    {
                        "age": age,
                        "sex": np.where(chance.random(n) < 0.1, "male", "female").tolist(),
                        "oedema": chance.choice([0.0, 0.5, 1.0], n, p=[0.85, 0.1, 0.05]),
                        "bilirubin": bilirubin,
                        "albumin": albumin,
                        "prothrombin_time": np.clip(10.7 + 0.4 * ill + 0.7 * chance.normal(size=n), 9, 18).round(1),
                        "platelets": np.clip(chance.normal(257 - 20 * ill, 95), 62, 720).round(),
                        "stage": np.clip(np.round(3 + 0.6 * ill + 0.6 * chance.normal(size=n)), 1, 4),
                        "years": years,
                        "ending": ending,
                        "number": [f"patient {row + 1}" for row in range(n)],
                    }
                )
            )
        )

"""Free light chains in the serum of residents of Olmsted County, and how long they lived."""

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
        Column("kappa", "number", unit="mg/dL", description="serum free light chain, kappa portion"),
        Column("lambda", "number", unit="mg/dL", description="serum free light chain, lambda portion"),
        Column("creatinine", "number", unit="mg/dL", description="serum creatinine"),
        Column("mgus", "category", categories=("no", "yes"), description="monoclonal gammopathy had been found before"),
    )
)
"""What was known when blood was drawn. The year of the sample tells how long somebody could be watched and is left out;
so is the chapter of the cause of death, which is known for the dead alone."""

TENTH = Column("light_chain_tenth", "number", description="tenth of the light chains' sum in all residents")

_PEOPLE = 7874
_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Flchain:
    """7,874 residents of at least 50 years, half of those first assayed; `years` watched, `died`."""

    name: str = "flchain"
    licence: str = "LGPL-2.0-or-later (R package survival)"
    citation: str = (
        "Dispenzieri A, Katzmann J, Kyle R, et al. Use of monoclonal serum immunoglobulin free light chains to predict "
        "overall survival in the general population. Mayo Clin Proc 2012;87:512-523"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/flchain.csv",
            sha256=("a96bcc58addb4c127e5012c5974aec8c7daf66123ddb104f309a78f158daa563",),
            address="https://vincentarelbundock.github.io/Rdatasets/csv/survival/flchain.csv",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 7,874 residents.

        Raises:
            FileProblem: The table is absent, cannot be fetched, or is not the published one.
        """
        path = locate(self.files[0], root)
        frame = pl.read_csv(path, infer_schema_length=None, null_values=["NA", ""])
        if frame.height != _PEOPLE:
            msg = f"{path} has {frame.height} rows; {_PEOPLE} are expected"
            raise FileProblem(msg)
        yield from records(
            Table(
                frame.select(
                    pl.col("age").cast(pl.Float64),
                    pl.col("sex").replace_strict({"F": "female", "M": "male"}),
                    pl.col("kappa").cast(pl.Float64),
                    pl.col("lambda").cast(pl.Float64),
                    pl.col("creatinine").cast(pl.Float64),
                    pl.col("mgus").replace_strict({0: "no", 1: "yes"}),
                    pl.col("flc.grp").cast(pl.Float64).alias(TENTH.name),
                    (pl.col("futime") / _DAYS_A_YEAR).alias("years"),
                    pl.col("death").cast(pl.Float64).alias("died"),
                    pl.format("resident {}", pl.col("rownames")).alias("number"),
                )
            )
        )

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic residents: age above all, light chains and creatinine move a Gompertz time to death."""
        chance = np.random.default_rng([seed, 7874])
        age = np.clip(50 + chance.gamma(1.8, 8, n), 50, 101).round()
        kappa, other = np.exp(chance.normal(0.2 + 0.01 * (age[:, None] - 60), 0.45, (n, 2))).T
        creatinine = np.exp(chance.normal(0.05, 0.25, n)).round(1)
        male = chance.random(n) < 0.45
        risk = 0.095 * (age - 64) + 0.35 * np.log(kappa + other) + 0.3 * male + 0.3 * np.log(creatinine)
        death = 30 * chance.exponential(size=n) / np.exp(risk)
        censored = chance.uniform(9, 14, n)
        total = kappa + other
        tenth = 1 + np.floor(10 * np.argsort(np.argsort(total)) / max(n, 1))
        known = np.where(chance.random(n) < 0.17, np.nan, creatinine)
        yield from records(
            Table(
                pl.DataFrame(
                    {
                        "age": age,
                        "sex": np.where(male, "male", "female").tolist(),
                        "kappa": kappa.round(3),
                        "lambda": other.round(3),
                        "creatinine": known,
                        "mgus": np.where(chance.random(n) < 0.015, "yes", "no").tolist(),
                        TENTH.name: tenth,
                        "years": np.ceil(np.minimum(death, censored) * _DAYS_A_YEAR) / _DAYS_A_YEAR,
                        "died": (death <= censored).astype(float),
                        "number": [f"resident {row + 1}" for row in range(n)],
                    }
                ).with_columns(pl.col("creatinine").fill_nan(None))
            )
        )

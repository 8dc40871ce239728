"""Pima diabetes: examinations of Pima women and whether they developed diabetes."""

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
from bedside.types import Floats

SCHEMA = Schema(
    (
        Column("pregnancies", "number", description="number of pregnancies"),
        Column(
            "glucose",
            "number",
            unit="mg/dL",
            missing=(0,),
            description="plasma glucose two hours into an oral glucose tolerance test",
        ),
        Column("blood_pressure", "number", unit="mm[Hg]", missing=(0,), description="diastolic blood pressure"),
        Column("skin_fold", "number", unit="mm", missing=(0,), description="triceps skin fold thickness"),
        Column("insulin", "number", unit="u[IU]/mL", missing=(0,), description="serum insulin at two hours"),
        Column("bmi", "number", unit="kg/m2", missing=(0,), description="body mass index"),
        Column("pedigree", "number", description="diabetes pedigree function: diabetes among relatives, weighted"),
        Column("age", "number", unit="a", description="age"),
    )
)
"""Predictors; a zero stands for "not measured" where it cannot be a measurement, and is a value in `pregnancies`."""

_COLUMNS = (*SCHEMA.names, "diabetes")
_WOMEN = 768


@dataclass(frozen=True)
class PimaDiabetes:
    """768 women of at least 21 years near Phoenix, Arizona; `diabetes` (0, 1) is the outcome column.

    The repository that first published the table has withdrawn it. The address is a public mirror; its content is
    held to the checksum.
    """

    name: str = "pima_diabetes"
    licence: str = "public domain, as the repository that published it stated"
    citation: str = (
        "Smith JW, Everhart JE, Dickson WC, Knowler WC, Johannes RS. Using the ADAP learning algorithm to forecast the "
        "onset of diabetes mellitus. Proc Annu Symp Comput Appl Med Care 1988:261-265"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="pima/pima-indians-diabetes.csv",
            sha256=("6bfe5d0f379d17a0e0819b996407e3c09bf80febd4287f2ed212190dfff154af",),
            address="https://raw.githubusercontent.com/jbrownlee/Datasets/master/pima-indians-diabetes.data.csv",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 768 women.

        Raises:
            FileProblem: The table is absent, cannot be fetched, or is not the published one.
        """
        path = locate(self.files[0], root)
        frame = pl.read_csv(path, has_header=False)
        if frame.shape != (_WOMEN, len(_COLUMNS)):
            msg = f"{path} has {frame.height} rows and {frame.width} columns; {_WOMEN} and {len(_COLUMNS)} are expected"
            raise FileProblem(msg)
        yield from records(_table(frame.rename(dict(zip(frame.columns, _COLUMNS, strict=True)))))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic women: glucose, weight and age raise the risk; zeros are strewn as in the original."""
        chance = np.random.default_rng([seed, 768])
        age = 21 + chance.gamma(1.2, 10, n).astype(int)
        bmi = np.clip(chance.normal(32, 7, n), 18, 67)
        glucose = np.clip(chance.normal(121, 30, n), 44, 199)
        risk = -0.9 + 0.038 * (glucose - 121) + 0.08 * (bmi - 32) + 0.03 * (age - 33)
        frame = pl.DataFrame(
            {
                "pregnancies": chance.poisson(np.clip((age - 18) / 5, 0, 8)),
                "glucose": _zeroed(glucose.round(), 0.007, chance),
                "blood_pressure": _zeroed(np.clip(chance.normal(72, 12, n), 24, 122).round(), 0.046, chance),
                "skin_fold": _zeroed(np.clip(0.8 * bmi + chance.normal(3, 8, n), 7, 99).round(), 0.3, chance),
                "insulin": _zeroed(np.clip(1.2 * glucose + chance.normal(10, 70, n), 14, 846).round(), 0.49, chance),
                "bmi": _zeroed(bmi.round(1), 0.014, chance),
                "pedigree": np.clip(chance.lognormal(-0.9, 0.6, n), 0.078, 2.42).round(3),
                "age": age,
                "diabetes": (chance.random(n) < 1 / (1 + np.exp(-risk))).astype(int),
            }
        )
        yield from records(_table(frame))


def _table(frame: pl.DataFrame) -> Table:
    return Table(
        frame.cast(pl.Float64).with_columns(pl.Series("number", [f"woman {row + 1}" for row in range(frame.height)]))
    )


def _zeroed(values: Floats, share: float, chance: np.random.Generator) -> Floats:
    return np.where(chance.random(len(values)) < share, 0.0, values)

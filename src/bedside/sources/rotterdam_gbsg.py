"""Rotterdam tumour bank and the German Breast Cancer Study Group's trial: recurrence of node-positive breast cancer."""

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

SIZES = ("up to 20 mm", "21 to 50 mm", "over 50 mm")
_YES = ("no", "yes")

SCHEMA = Schema(
    (
        Column("hormone_therapy", "category", categories=_YES, description="hormone therapy given"),
        Column("tumour_size", "category", categories=SIZES, description="largest diameter of the tumour"),
        Column("menopause", "category", categories=_YES, description="past the menopause"),
        Column("age", "number", unit="a", description="age at surgery"),
        Column("nodes", "number", description="number of positive lymph nodes"),
        Column("progesterone", "number", unit="fmol/mg", description="progesterone receptors"),
        Column("oestrogen", "number", unit="fmol/mg", description="oestrogen receptors"),
    )
)
"""The seven predictors that both sources measured alike and that published figures rest on."""

GRADE = Column("grade", "number", description="histological grade, 1 to 3")
"""Only grades 2 and 3 are in the Rotterdam data."""

DAYS_A_MONTH = 30.4375

_ADDRESS = "https://vincentarelbundock.github.io/Rdatasets/csv/survival/"
_CITATION = "Royston P, Altman DG. External validation of a Cox prognostic model. BMC Med Res Methodol 2013;13:33"


@dataclass(frozen=True)
class Rotterdam:
    """The 1,546 node-positive women of the Rotterdam tumour bank; `months` without recurrence, `event`.

    The event is recurrence or death, whichever came first. In 43 women who died without recurrence, follow-up for
    recurrence had ended before: they are censored where it ended, since whether the cancer came back in between is not
    known. The file behind the published partitions counts those of them who are node-positive as events at that time.
    """

    name: str = "rotterdam"
    licence: str = "LGPL-2.0-or-later (R package survival)"
    citation: str = f"Foekens JA, Peters HA, Look MP, et al. Cancer Res 2000;60:636-643. {_CITATION}"
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/rotterdam.csv",
            sha256=("62703670d3be5d49c5476fb7131b020bdca9f1c25bb4522fd6abe8f9dab61f1b",),
            address=f"{_ADDRESS}rotterdam.csv",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the women with at least one positive node.

        Raises:
            FileProblem: The table is absent, cannot be fetched, or is not the published one.
        """
        frame = _read(locate(self.files[0], root), 2982).filter(pl.col("nodes") > 0)
        later = (pl.col("recur") == 0) & (pl.col("death") == 1) & (pl.col("dtime") > pl.col("rtime"))
        died = (pl.col("death") == 1) & ~later
        size = pl.col("size").replace_strict({"<=20": SIZES[0], "20-50": SIZES[1], ">50": SIZES[2]})
        yield from records(_table(frame, size, pl.col("rtime"), (pl.col("recur") == 1) | died, self.name))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic women: nodes, size and receptors move a Weibull time to recurrence."""
        yield from records(_simulated(n, np.random.default_rng([seed, 1546]), self.name, months=120.0))


@dataclass(frozen=True)
class Gbsg:
    """The 686 women of the trial with complete predictors; `months` without recurrence, `event`."""

    name: str = "gbsg"
    licence: str = "LGPL-2.0-or-later (R package survival)"
    citation: str = f"Schumacher M, Bastert G, Bojar H, et al. J Clin Oncol 1994;12:2086-2093. {_CITATION}"
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/gbsg.csv",
            sha256=("9fa0fef0575d04d3273869be28405307f1b02993751498e8a0c844541cccd5d9",),
            address=f"{_ADDRESS}gbsg.csv",
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 686 women.

        Raises:
            FileProblem: The table is absent, cannot be fetched, or is not the published one.
        """
        frame = _read(locate(self.files[0], root), 686)
        size = (
            pl.when(pl.col("size") <= 20)
            .then(pl.lit(SIZES[0]))
            .when(pl.col("size") <= 50)
            .then(pl.lit(SIZES[1]))
            .otherwise(pl.lit(SIZES[2]))
        )
        yield from records(_table(frame, size, pl.col("rfstime"), pl.col("status") == 1, self.name))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic women, as those of Rotterdam but watched for a shorter time."""
        yield from records(_simulated(n, np.random.default_rng([seed, 686]), self.name, months=80.0))


def _read(path: Path, rows: int) -> pl.DataFrame:
    frame = pl.read_csv(path, infer_schema_length=None)
    if frame.height != rows:
        msg = f"{path} has {frame.height} rows; {rows} are expected"
        raise FileProblem(msg)
    return frame


def _table(frame: pl.DataFrame, size: pl.Expr, days: pl.Expr, event: pl.Expr, source: str) -> Table:
    def word(name: str) -> pl.Expr:
        return pl.col(name).replace_strict({0: _YES[0], 1: _YES[1]})

    return Table(
        frame.select(
            word("hormon").alias("hormone_therapy"),
            size.alias("tumour_size"),
            word("meno").alias("menopause"),
            pl.col("age").cast(pl.Float64),
            pl.col("nodes").cast(pl.Float64),
            pl.col("pgr").cast(pl.Float64).alias("progesterone"),
            pl.col("er").cast(pl.Float64).alias("oestrogen"),
            pl.col("grade").cast(pl.Float64),
            (days / DAYS_A_MONTH).alias("months"),
            event.alias("event").cast(pl.Float64),
            pl.format(f"{source} {{}}", pl.col("pid")).alias("number"),
            pl.lit(source).alias("source"),
        )
    )


def _simulated(n: int, chance: np.random.Generator, source: str, *, months: float) -> Table:
    age = np.clip(chance.normal(55, 12, n), 24, 90).round()
    nodes = 1.0 + chance.negative_binomial(1, 0.22, n)
    size = chance.choice(3, n, p=[0.32, 0.51, 0.17])
    receptors = np.where(chance.random((n, 2)) < 0.15, 0.0, np.exp(chance.normal(4, 1.5, (n, 2)))).round()
    hormone = chance.random(n) < 0.3
    risk = 0.5 * np.log(nodes) + 0.25 * size - 0.08 * np.log1p(receptors[:, 0]) - 0.3 * hormone
    event = 75 * (chance.exponential(size=n) / np.exp(risk - 0.6)) ** (1 / 1.2)
    censored = chance.uniform(10, months, n)
    return Table(
        pl.DataFrame(
            {
                "hormone_therapy": np.where(hormone, "yes", "no").tolist(),
                "tumour_size": [SIZES[code] for code in size],
                "menopause": np.where(age > 51, "yes", "no").tolist(),
                "age": age,
                "nodes": nodes,
                "progesterone": receptors[:, 0],
                "oestrogen": receptors[:, 1],
                "grade": chance.choice([2.0, 3.0], n),
                "months": np.minimum(event, censored),
                "event": (event <= censored).astype(float),
                "number": [f"{source} {row + 1}" for row in range(n)],
                "source": [source] * n,
            }
        )
    )

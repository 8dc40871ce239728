"""METABRIC: gene expression and treatment of women with breast cancer, and when they died."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, records
from bedside.sources.deep_surv import partitions, table
from bedside.types import Floats

_GENES = ("egfr", "pgr", "erbb2", "mki67")

SCHEMA = Schema(
    (
        *(Column(gene, "number", description=f"expression of {gene.upper()}, log2 intensity") for gene in _GENES),
        *(
            Column(name, "category", categories=("no", "yes"), description=text)
            for name, text in (
                ("hormone_therapy", "hormone therapy given"),
                ("radiotherapy", "radiotherapy given"),
                ("chemotherapy", "chemotherapy given"),
                ("er_positive", "oestrogen receptor positive"),
            )
        ),
        Column("age", "number", unit="a", description="age at diagnosis"),
    )
)
"""Four genes, treatments, receptor and age.

The file names no column. Texts that list its genes give another order; this one follows from the data: the second
column rises with the receptor (PGR), the first and the fourth fall with it (EGFR, and MKI67 of the narrow range), and
the third has the intensities of ERBB2 (median 10.5, up to 14.6 where it is amplified).
"""

COLUMNS = (*SCHEMA.names, "months", "died", "partition")
_YES = tuple(column.name for column in SCHEMA.columns if column.kind == "category")
_WOMEN = {"train": 1523, "test": 381}


@dataclass(frozen=True)
class Metabric:
    """1,904 women, one row each; `months` since diagnosis, `died` (of any cause), `partition` as published."""

    name: str = "metabric"
    licence: str = "MIT (the file); METABRIC's terms for the data behind it"
    citation: str = (
        "Curtis C, Shah SP, Chin SF, et al. The genomic and transcriptomic architecture of 2,000 breast tumours "
        "reveals novel subgroups. Nature 2012;486:346-352. Partitions: Katzman JL, Shaham U, Cloninger A, et al. "
        "DeepSurv. BMC Med Res Methodol 2018;18:24"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/metabric_IHC4_clinical_train_test.h5",
            sha256=("e959131973c906c7e8b1e662c81160914768156a6da145a9bfed9b9ee8bf3e72",),
            address=(
                "https://raw.githubusercontent.com/jaredleekatzman/DeepSurv/master/experiments/data/metabric/"
                "metabric_IHC4_clinical_train_test.h5"
            ),
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the women, those of the published development partition first.

        Raises:
            FileProblem: The file is absent, cannot be fetched, or is not the published one.
        """
        values, partition = partitions(locate(self.files[0], root), _WOMEN)
        yield from records(table(_words(values), COLUMNS, partition))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic women: age, proliferation and the receptor move a Weibull time to death."""
        chance = np.random.default_rng([seed, 1904])
        positive = chance.random(n) < 0.76
        age = np.clip(chance.normal(61, 13, n), 22, 96)
        genes = np.column_stack(
            [
                chance.normal(6.2 - 0.5 * positive, 0.8),
                chance.normal(5.6 + 0.8 * positive, 0.8),
                chance.normal(10.6, 1.2, n),
                chance.normal(5.9 - 0.2 * positive, 0.3),
            ]
        )
        treated = chance.random((n, 3)) < np.column_stack([0.3 + 0.4 * positive, np.full(n, 0.6), 0.5 - 0.4 * positive])
        risk = 0.045 * (age - 61) + 0.8 * (genes[:, 3] - 5.8) + 0.25 * (genes[:, 2] - 10.6) - 0.2 * treated[:, 0]
        death = 190 * (chance.exponential(size=n) / np.exp(risk)) ** (1 / 1.3)
        censored = chance.uniform(20, 330, n)
        values = np.column_stack([genes, treated, positive, age, np.minimum(death, censored), death <= censored])
        partition = np.where(np.arange(n) % 5 == 4, "test", "train")
        yield from records(table(_words(values), COLUMNS, partition))


def _words(values: Floats) -> dict[str, list[str] | Floats]:
    named: dict[str, list[str] | Floats] = {}
    for name, column in zip(COLUMNS, values.T, strict=False):
        named[name] = np.where(column > 0.5, "yes", "no").tolist() if name in _YES else column
    return named

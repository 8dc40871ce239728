"""Wisconsin diagnostic breast cancer: nuclei measured on digitised fine-needle aspirates."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from bedside.data.source import DataFile
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import Floats

_FEATURES = {
    "radius": "distance from the centre to the outline of the nucleus",
    "texture": "standard deviation of the grey values",
    "perimeter": "length of the outline",
    "area": "area of the nucleus",
    "smoothness": "local variation of the radius",
    "compactness": "perimeter squared over area, minus 1",
    "concavity": "severity of the concave parts of the outline",
    "concave_points": "number of concave parts of the outline",
    "symmetry": "symmetry of the nucleus",
    "fractal_dimension": "coastline approximation, minus 1",
}
_SUMMARIES = {
    "mean": "mean over the nuclei",
    "error": "standard error of that mean",
    "worst": "mean of the three largest",
}

SCHEMA = Schema(
    tuple(
        Column(f"{summary}_{feature}", "number", description=f"{meaning}; {of}")
        for summary, of in _SUMMARIES.items()
        for feature, meaning in _FEATURES.items()
    )
)
"""Thirty measurements of one aspirate: ten properties of a nucleus, three summaries of each; arbitrary image units."""


@dataclass(frozen=True)
class WisconsinBreastCancer:
    """569 aspirates, one a woman, as they ship inside scikit-learn; `diagnosis` is the outcome column."""

    name: str = "wisconsin_breast_cancer"
    licence: str = "CC BY 4.0"
    citation: str = (
        "Wolberg W, Mangasarian O, Street N, Street W. Breast Cancer Wisconsin (Diagnostic). UCI Machine Learning "
        "Repository, 1993. doi:10.24432/C5DW2B"
    )
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:  # noqa: ARG002 - ships with a dependency, so needs no folder
        """Yield the 569 aspirates."""
        bunch = load_breast_cancer()
        # scikit-learn codes 0 = malignant; the words keep anyone from reading the coding the other way round.
        diagnosis = np.asarray(bunch.target_names)[bunch.target]
        yield from records(_table(bunch.data, diagnosis))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic aspirates: one factor for size, one for shape, both larger in malignant ones."""
        chance = np.random.default_rng([seed, 569])
        malignant = chance.random(n) < 0.37
        size = chance.normal(loc=1.6 * malignant)
        shape = chance.normal(loc=1.4 * malignant)
        loads_on_size = np.isin(np.arange(30) % 10, (0, 2, 3))
        latent = np.where(loads_on_size, size[:, None], shape[:, None])
        values = np.exp(0.25 * (latent + chance.normal(scale=0.7, size=(n, 30))))
        yield from records(_table(values, np.where(malignant, "malignant", "benign")))


def _table(values: Floats, diagnosis: NDArray[np.str_]) -> Table:
    frame = pl.DataFrame(values, schema=list(SCHEMA.names), orient="row")
    number = pl.Series("aspirate", [f"aspirate {row + 1}" for row in range(frame.height)])
    return Table(frame.with_columns(number, pl.Series("diagnosis", diagnosis.tolist())))

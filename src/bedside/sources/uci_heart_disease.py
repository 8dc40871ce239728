"""UCI heart disease: patients sent for coronary angiography at four sites."""

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
from bedside.types import Booleans, Floats

SCHEMA = Schema(
    (
        Column("age", "number", unit="a", description="age"),
        Column("sex", "category", categories=("female", "male"), description="sex"),
        Column(
            "chest_pain",
            "category",
            categories=("typical angina", "atypical angina", "non-anginal pain", "asymptomatic"),
            description="kind of chest pain",
        ),
        Column("resting_blood_pressure", "number", unit="mm[Hg]", missing=(0,), description="systolic, on admission"),
        Column("cholesterol", "number", unit="mg/dL", missing=(0,), description="serum cholesterol; 0 is not measured"),
        Column("fasting_glucose", "category", categories=("up to 120", "above 120"), description="in mg/dL"),
        Column(
            "resting_ecg",
            "category",
            categories=("normal", "ST-T abnormality", "left ventricular hypertrophy"),
            description="electrocardiogram at rest",
        ),
        Column("maximum_heart_rate", "number", unit="/min", description="reached during the exercise test"),
        Column("exercise_angina", "category", categories=("no", "yes"), description="angina during the exercise test"),
        Column("st_depression", "number", unit="mm", description="ST depression by exercise relative to rest"),
        Column("st_slope", "category", categories=("up", "flat", "down"), description="slope of the peak ST segment"),
        Column("vessels", "number", description="major vessels coloured by fluoroscopy, 0 to 3"),
        Column(
            "thallium",
            "category",
            categories=("normal", "fixed defect", "reversible defect"),
            description="thallium scintigraphy",
        ),
    )
)
"""The thirteen predictors of the processed files, under clinical names."""

SITES = ("cleveland", "hungarian", "switzerland", "va")

_WORDS: dict[str, dict[str, str]] = {
    "sex": {"0": "female", "1": "male"},
    "chest_pain": dict(zip("1234", SCHEMA["chest_pain"].categories, strict=True)),
    "fasting_glucose": {"0": "up to 120", "1": "above 120"},
    "resting_ecg": dict(zip("012", SCHEMA["resting_ecg"].categories, strict=True)),
    "exercise_angina": {"0": "no", "1": "yes"},
    "st_slope": dict(zip("123", SCHEMA["st_slope"].categories, strict=True)),
    "thallium": {"3": "normal", "6": "fixed defect", "7": "reversible defect"},
}
_COLUMNS = (*SCHEMA.names, "narrowing")
_PATIENTS = {"cleveland": 303, "hungarian": 294, "switzerland": 123, "va": 200}
_ARCHIVE = "https://archive.ics.uci.edu/static/public/45/heart+disease.zip"
_DIGESTS = {
    "cleveland": "a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8",
    "hungarian": "d1ad108f785768cd3d7e82dc522e6f5a61eea93cccfb3a46ee8076f73fc3d796",
    "switzerland": "834a405ccf5b66ab4056bb77794adc8df0b7125186454c0a1d002d33c6c3b314",
    "va": "e7c93d8d0d2acdadfa4c5e8de768e2191e7f618b952e29623f1f0d5949ff6b8f",
}


@dataclass(frozen=True)
class UciHeartDisease:
    """920 patients of Cleveland, Budapest, Zurich/Basel and Long Beach.

    `narrowing` (0 to 4; above 0 is a vessel narrowed by more than half) is the outcome column, `site` names the
    hospital. A cell that the files mark as unknown is null; a cholesterol or blood pressure of 0 stays 0 here and
    is missing by the schema.
    """

    name: str = "uci_heart_disease"
    licence: str = "CC BY 4.0"
    citation: str = (
        "Janosi A, Steinbrunn W, Pfisterer M, Detrano R. Heart Disease. UCI Machine Learning Repository, 1989. "
        "doi:10.24432/C52P4X"
    )
    files: tuple[DataFile, ...] = tuple(
        DataFile(f"heart_disease/processed.{site}.data", (_DIGESTS[site],), _ARCHIVE, f"processed.{site}.data")
        for site in SITES
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the 920 patients, site by site.

        Raises:
            FileProblem: A file is absent, cannot be fetched, or is not the published one.
        """
        frames = [_read(locate(file, root), site) for file, site in zip(self.files, SITES, strict=True)]
        yield from records(Table(pl.concat(frames)))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic patients of four sites that differ in prevalence and in what they left unmeasured."""
        chance = np.random.default_rng([seed, 920])
        site = np.arange(n) % len(SITES)
        diseased = chance.random(n) < np.array([0.46, 0.36, 0.8, 0.7])[site]
        zurich, cleveland = site == SITES.index("switzerland"), site == SITES.index("cleveland")
        frame = pl.DataFrame(_simulated(diseased, chance)).with_columns(
            site=pl.Series([SITES[place] for place in site]),
            cholesterol=pl.Series(np.where(zurich, 0.0, chance.normal(245, 50, n).round())),
        )
        unmeasured = {
            "st_slope": ~cleveland & (chance.random(n) < 0.5),
            "vessels": ~cleveland & (chance.random(n) < 0.95),
            "thallium": ~cleveland & (chance.random(n) < 0.8),
            "fasting_glucose": zurich & (chance.random(n) < 0.6),
        }
        frame = frame.with_columns(
            pl.when(pl.Series(gone)).then(None).otherwise(pl.col(name)).alias(name) for name, gone in unmeasured.items()
        )
        yield from records(Table(_numbered(frame).select(*_COLUMNS, "site", "number")))


def _simulated(diseased: Booleans, chance: np.random.Generator) -> dict[str, Floats | list[str]]:
    n = len(diseased)

    def words(name: str, healthy: tuple[float, ...], ill: tuple[float, ...]) -> list[str]:
        draw = chance.random(n)[:, None]
        limits = np.where(diseased[:, None], np.cumsum(ill), np.cumsum(healthy))
        return [SCHEMA[name].categories[code] for code in (draw > limits[:, :-1]).sum(axis=1)]

    return {
        "age": np.clip(chance.normal(52 + 4 * diseased, 9), 28, 77).round(),
        "sex": words("sex", (0.35, 0.65), (0.12, 0.88)),
        "chest_pain": words("chest_pain", (0.06, 0.37, 0.32, 0.25), (0.04, 0.05, 0.14, 0.77)),
        "resting_blood_pressure": np.clip(chance.normal(130 + 4 * diseased, 18), 80, 200).round(),
        "fasting_glucose": words("fasting_glucose", (0.89, 0.11), (0.79, 0.21)),
        "resting_ecg": words("resting_ecg", (0.65, 0.15, 0.2), (0.55, 0.23, 0.22)),
        "maximum_heart_rate": np.clip(chance.normal(149 - 21 * diseased, 23), 60, 202).round(),
        "exercise_angina": words("exercise_angina", (0.86, 0.14), (0.38, 0.62)),
        "st_depression": np.clip(chance.normal(0.4 + 0.8 * diseased, 0.9), -2.6, 6.2).round(1),
        "st_slope": words("st_slope", (0.6, 0.35, 0.05), (0.2, 0.65, 0.15)),
        "vessels": np.clip(chance.poisson(0.3 + 0.8 * diseased), 0, 3).astype(float),
        "thallium": words("thallium", (0.8, 0.05, 0.15), (0.3, 0.1, 0.6)),
        "narrowing": np.where(diseased, chance.integers(1, 5, n), 0).astype(float),
    }


def _read(path: Path, site: str) -> pl.DataFrame:
    # The files spell one code as 1, 1.0 and (unknown) as ? or -9: read text, then numbers, then words.
    frame = pl.read_csv(path, has_header=False, null_values=["?", "-9", "-9.0"], infer_schema=False)
    if frame.shape != (_PATIENTS[site], len(_COLUMNS)):
        msg = f"{path} has {frame.height} rows and {frame.width} columns; {_PATIENTS[site]} and 14 are expected"
        raise FileProblem(msg)
    frame = frame.rename(dict(zip(frame.columns, _COLUMNS, strict=True))).cast(pl.Float64)
    coded = [
        pl.col(name).cast(pl.Int64).cast(pl.String).replace_strict(words, return_dtype=pl.String)
        for name, words in _WORDS.items()
    ]
    return _numbered(frame.with_columns(*coded, site=pl.lit(site)))


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The files hold no identifiers: a row is named by its site and its place there."""
    place = pl.int_range(pl.len()).over("site") + 1
    return frame.with_columns(number=pl.concat_str(pl.col("site"), place.cast(pl.String), separator=" "))

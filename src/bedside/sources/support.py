"""SUPPORT: seriously ill adults in five American hospitals, and how long they lived."""

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

_WORDS = {
    "sex": ("male", "female"),
    "race": ("other", "white", "black", "hispanic", "asian", "not recorded"),
    "diabetes": ("no", "yes"),
    "dementia": ("no", "yes"),
    "cancer": ("metastatic", "none", "localised"),
}
"""Words of the codes 0, 1, 2 ... The file has no key: codes were told by their shares in the published tables of the
study (male 56 %, white 79 %, black 15 %; metastatic cancer 20 %, none 66 %)."""

_MEASURED = (
    ("mean_blood_pressure", "mm[Hg]", "mean arterial blood pressure"),
    ("heart_rate", "/min", "heart rate"),
    ("respiratory_rate", "/min", "respiratory rate"),
    ("temperature", "Cel", "body temperature"),
    ("sodium", "mmol/L", "serum sodium"),
    ("white_cells", "10*9/L", "white blood cells"),
    ("creatinine", "mg/dL", "serum creatinine"),
)

SCHEMA = Schema(
    (
        Column("age", "number", unit="a", description="age"),
        Column("sex", "category", categories=_WORDS["sex"], description="sex"),
        Column("comorbidities", "number", description="number of comorbid conditions"),
        Column("race", "category", categories=_WORDS["race"], description="race, as recorded"),
        Column("diabetes", "category", categories=_WORDS["diabetes"], description="diabetes"),
        Column("dementia", "category", categories=_WORDS["dementia"], description="dementia"),
        Column("cancer", "category", categories=_WORDS["cancer"], description="cancer"),
        *(Column(name, "number", unit=unit, description=f"{text}, third day") for name, unit, text in _MEASURED),
    )
)
"""Fourteen predictors of the third day in the study.

The file names no column. Lists of its columns in the literature have race before the comorbidities and white cells
before sodium; the values say otherwise (a count up to 9 comes first; 110 to 181 is sodium in mmol/L).
"""

COLUMNS = (*SCHEMA.names, "days", "died", "partition")
_PATIENTS = {"train": 7098, "test": 1775}


@dataclass(frozen=True)
class Support:
    """8,873 patients, one row each; `days` since entry, `died`, `partition` as published."""

    name: str = "support"
    licence: str = "MIT (the file); the study's data are public"
    citation: str = (
        "Knaus WA, Harrell FE, Lynn J, et al. The SUPPORT prognostic model: objective estimates of survival for "
        "seriously ill hospitalized adults. Ann Intern Med 1995;122:191-203. Partitions: Katzman JL, Shaham U, "
        "Cloninger A, et al. DeepSurv. BMC Med Res Methodol 2018;18:24"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="survival/support_train_test.h5",
            sha256=("e398f49930e4efc4ecd675a72ac547f0d1ae25ccf13f6a1024cded12ea88a83e",),
            address=(
                "https://raw.githubusercontent.com/jaredleekatzman/DeepSurv/master/experiments/data/support/"
                "support_train_test.h5"
            ),
        ),
    )

    def records(self, root: Path) -> Iterator[Record]:
        """Yield the patients, those of the published development partition first.

        Raises:
            FileProblem: The file is absent, cannot be fetched, or is not the published one.
        """
        values, partition = partitions(locate(self.files[0], root), _PATIENTS)
        yield from records(table(_named(values), COLUMNS, partition))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic patients: age, cancer, blood pressure and creatinine move a time with many early deaths."""
        chance = np.random.default_rng([seed, 8873])
        age = np.clip(chance.normal(63, 15, n), 18, 101)
        cancer = chance.choice(3, n, p=[0.2, 0.66, 0.14])
        codes = np.column_stack(
            [
                chance.random(n) < 0.44,
                chance.poisson(1.9, n),
                chance.choice(6, n, p=[0.013, 0.79, 0.15, 0.032, 0.01, 0.005]),
                chance.random(n) < 0.19,
                chance.random(n) < 0.03,
                cancer,
            ]
        )
        pressure = np.clip(chance.normal(84, 27, n), 30, 195)
        creatinine = np.round(np.exp(chance.normal(0.35, 0.6, n)), 1)
        risk = (
            0.018 * (age - 63) + np.array([0.9, 0.0, 0.4])[cancer] - 0.006 * (pressure - 84) + 0.3 * np.log(creatinine)
        )
        death = 1 + 400 * (chance.exponential(size=n) / np.exp(risk)) ** (1 / 0.6)
        censored = chance.uniform(350, 2029, n)
        values = np.column_stack(
            [
                age,
                codes,
                pressure,
                np.clip(chance.normal(97, 31, n), 20, 250),
                np.clip(chance.normal(23, 9, n), 4, 80),
                chance.normal(37.1, 1.2, n),
                chance.normal(137.6, 6, n),
                np.exp(chance.normal(2.3, 0.6, n)),
                creatinine,
                np.ceil(np.minimum(death, censored)),
                death <= censored,
            ]
        )
        yield from records(table(_named(values), COLUMNS, np.where(np.arange(n) % 5 == 4, "test", "train")))


def _named(values: Floats) -> dict[str, list[str] | Floats]:
    named: dict[str, list[str] | Floats] = {}
    for name, column in zip(COLUMNS, values.T, strict=False):
        words = _WORDS.get(name)
        named[name] = column if words is None else [words[int(code)] for code in column]
    return named

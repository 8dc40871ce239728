"""A small real study without torch: two numbers a patient, two honest learners, for tests of the spine."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.split import Tuning
from bedside.data.validation import CrossValidation, Holdout, LeaveSiteOut
from bedside.endpoints.binary.kind import binary
from bedside.modalities.modality import Modality, Variable
from bedside.study.declare import Study
from bedside.training.learner import Fit
from bedside.types import Floats, PatientId, SampleId

X = tuple[float, float]
ENDPOINT = binary(positive="ill", negative="well")


@dataclass(frozen=True)
class Row:
    patient: str
    visit: int
    a: float
    b: float
    outcome: str
    sex: str
    site: str


@dataclass(frozen=True)
class Rows:
    """Simulated visits; the 'real' records are another seed of the same."""

    n: int = 120
    visits: int = 1
    name: str = "rows"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()
    seed: int = 99

    def records(self, root: Path) -> Iterator[Row]:
        del root
        return self.simulate(self.n, seed=self.seed)

    def simulate(self, n: int, *, seed: int) -> Iterator[Row]:
        rng = np.random.default_rng(seed)
        for k in range(n):
            level = rng.normal()
            for visit in range(self.visits):
                a, b = level + rng.normal(size=2)
                ill = rng.random() < 1 / (1 + np.exp(-1.5 * level))
                outcome = "unknown" if k % 40 == 7 else ("ill" if ill else "well")
                yield Row(f"p{k}", visit, a, b, outcome, "female" if k % 2 else "male", f"s{k % 3}")


def draw(row: Row) -> list[Sample[X, bool] | Excluded]:
    if row.outcome == "unknown":
        return [Excluded("outcome unknown", PatientId(row.patient))]
    key = SampleId(f"{row.patient}-{row.visit}")
    attributes = {"sex": row.sex, "site": row.site}
    return [Sample(key, PatientId(row.patient), (row.a, row.b), row.outcome == "ill", attributes=attributes)]


@dataclass(frozen=True)
class Weighted:
    """sigmoid(w . x + c)."""

    weights: tuple[float, float]
    constant: float

    def predict(self, predictors: Sequence[X]) -> list[float]:
        z = np.array(predictors, dtype=float).reshape(-1, 2) @ np.array(self.weights) + self.constant
        return [float(p) for p in 1 / (1 + np.exp(-z))]

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_text(json.dumps([*self.weights, self.constant]), "utf-8")


@dataclass(frozen=True)
class Logistic:
    """Logistic regression by a few Newton steps, on chosen columns."""

    name: str
    columns: tuple[bool, bool]

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def description(self) -> str:
        return f"logistic regression on columns {self.columns}"

    def _fit(self, samples: Sequence[Sample[X, Any]]) -> Weighted:
        x = np.array([[*s.predictors, 1.0] for s in samples]) * [*self.columns, True]
        y = np.array([s.outcome for s in samples], dtype=float)
        w: Floats = np.zeros(3)
        for _ in range(8):
            p = 1 / (1 + np.exp(-x @ w))
            w = w + np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + 0.1 * np.eye(3), x.T @ (y - p) - 0.1 * w)
        return Weighted((float(w[0]), float(w[1])), float(w[2]))

    def fit(self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], *, seed: int) -> Fit[X, float]:
        del seed
        if not tuning.folds:
            model = self._fit(development)
            return Fit(model, model.predict([s.predictors for s in tuning.calibration]), {"trials": 1})
        reference = np.zeros(len(development))
        for fold in tuning.folds:
            part = self._fit([development[k] for k in fold.fit.tolist()])
            reference[fold.held_out] = part.predict([development[k].predictors for k in fold.held_out.tolist()])
        return Fit(self._fit(development), [float(p) for p in reference], {"trials": 1})

    def load(self, folder: Path) -> Weighted:
        a, b, c = json.loads((folder / "model.json").read_text("utf-8"))
        return Weighted((a, b), c)


def variables(rows: Sequence[X]) -> tuple[Variable, ...]:
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return tuple(Variable(name, "", numbers=table[:, k]) for k, name in enumerate("ab"))


def digest(rows: Sequence[X]) -> list[bytes]:
    return [np.array(row).tobytes() for row in rows]


TINY: Study[Row, X, bool, float] = Study(
    name="tiny",
    question="Is the patient ill?",
    intended_use="Tests.",
    source=Rows(),
    cohort=Cohort(eligibility="everyone", outcome="ill or well", horizon="now", draw=draw),
    modality=Modality(name="numbers", variables=variables, digest=digest),
    endpoint=ENDPOINT,
    model=Logistic("both", (True, True)),
    comparators=(Logistic("first_only", (True, False)), Logistic("neither", (False, False))),
    validations=(CrossValidation(folds=3, repeats=2), Holdout(), LeaveSiteOut()),
    subgroups=("sex",),
    bootstrap=60,
    trials=1,
)


def small(**changes: Any) -> Study[Row, X, bool, float]:
    """The tiny study, changed."""
    return replace(TINY, **changes)

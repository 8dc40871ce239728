"""A cohort with known event times, of which some are censored: what was found is held against what would be known."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from tests.study.tiny import TINY, Logistic, Weighted, X

from bedside.data.censoring import CensoringWeights
from bedside.data.cohort import Cohort
from bedside.data.sample import Censored, Excluded, Sample, Watched
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation, Holdout
from bedside.stats.censoring import Ending
from bedside.study.declare import Study
from bedside.types import Floats, PatientId, SampleId

HORIZON = 10.0


@dataclass(frozen=True)
class Patient:
    number: int
    a: float
    b: float
    event: float
    """When the event would happen, in days."""
    end: float
    """When observation ends."""


@dataclass(frozen=True)
class Patients:
    """The event comes sooner where `a` is large; observation ends at random."""

    n: int = 300
    mean_watch: float = 12.0
    name: str = "patients"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Patient]:
        del root
        return self.simulate(self.n, seed=5)

    def simulate(self, n: int, *, seed: int) -> Iterator[Patient]:
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=(2, n))
        event = rng.exponential(25 * np.exp(-1.2 * a))
        end = rng.exponential(self.mean_watch, n)
        for k in range(n):
            yield Patient(k, float(a[k]), float(b[k]), float(event[k]), float(end[k]))


def risk(a: Floats) -> Floats:
    """The true probability of the event within the horizon."""
    return np.asarray(1.0 - np.exp(-HORIZON / (25 * np.exp(-1.2 * a))), dtype=np.float64)


def sample(patient: Patient, *, told: bool = True) -> Sample[X, bool]:
    """The patient as if never censored."""
    ill = patient.event <= HORIZON
    watched = Watched(min(patient.event, HORIZON), Ending.EVENT if ill else Ending.WATCHED) if told else None
    attributes = {"sex": "female" if patient.number % 2 else "male"}
    return Sample(_key(patient), _who(patient), (patient.a, patient.b), ill, attributes=attributes, watched=watched)


def draw(patient: Patient) -> list[Sample[X, bool] | Censored]:
    """What is known of the patient."""
    if patient.end < min(patient.event, HORIZON):
        return [Censored(_key(patient), _who(patient), patient.end)]
    return [sample(patient)]


def draw_whole(patient: Patient) -> list[Sample[X, bool]]:
    """As if nobody were censored."""
    return [sample(patient)]


def draw_untold(patient: Patient) -> list[Sample[X, bool]]:
    """As if nobody were censored, without a word of it."""
    return [sample(patient, told=False)]


def _key(patient: Patient) -> SampleId:
    return SampleId(f"k{patient.number}")


def _who(patient: Patient) -> PatientId:
    return PatientId(f"p{patient.number}")


@dataclass(frozen=True)
class Weighing(Logistic):
    """Logistic regression that lets a case count for as many as its weight says."""

    weighs: bool = True

    def _fit(self, samples: Sequence[Sample[X, Any]]) -> Weighted:
        x = np.array([[*s.predictors, 1.0] for s in samples]) * [*self.columns, True]
        y, stand = (np.array([getattr(s, name) for s in samples], dtype=float) for name in ("outcome", "weight"))
        w: Floats = np.zeros(3)
        for _ in range(12):
            p = 1 / (1 + np.exp(-x @ w))
            curved = x.T @ (x * (stand * p * (1 - p))[:, None]) + 0.1 * np.eye(3)
            w = w + np.linalg.solve(curved, x.T @ (stand * (y - p)) - 0.1 * w)
        return Weighted((float(w[0]), float(w[1])), float(w[2]))


def study(
    drawing: Callable[[Patient], Sequence[Sample[X, bool] | Excluded | Censored]] = draw, **changes: Any
) -> Study[Patient, X, bool, float]:
    """The tiny study on these patients."""
    declared: dict[str, Any] = {
        "source": Patients(),
        "cohort": Cohort(eligibility="everyone", outcome="the event", horizon="10 days", draw=drawing),
        "model": Weighing("both", (True, True)),
        "comparators": (Weighing("first_only", (True, False)),),
        "validations": (Holdout(development=0.5, tuning=0.2, test=0.3), CrossValidation(folds=3)),
        "weighing": CensoringWeights(),
    }
    kept = {each.name: getattr(TINY, each.name) for each in fields(TINY)}
    return Study(**{**kept, **declared, **changes})

"""What every way to divide a cohort has in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

from bedside.data.patients import Patients, group
from bedside.data.sample import Sample
from bedside.data.source import Source
from bedside.data.split import Split
from bedside.data.tuning_plan import SHARE, TuningPlan
from bedside.errors import StudyError
from bedside.types import Integers

Y = TypeVar("Y")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a validation declares of itself; see `bedside.data.split.Validation`."""

    name: str
    partition: str = "test"
    source: Source[Any] | None = None
    same_identifiers: bool = False
    by_split: bool = False
    judges_once: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Who is judged in one split, and from whom may be learned.

    Attributes:
        name: Of the split.
        learn: Patients (their numbers) to learn from.
        test: Positions of the samples to judge.
        repeat: Which repetition of cross-validation it belongs to.
        only: Positions of the samples that may be learned from; all of the patients' samples when None.
    """

    name: str
    learn: Integers
    test: Integers
    repeat: int = 0
    only: Integers | None = None


@dataclass(frozen=True, kw_only=True)
class ByPatient(Declared, ABC):
    """A validation that says who is judged; the others are divided by patient into development and tuning.

    Attributes:
        inner: Number of inner folds when cross-fitting.
        mode: "auto" cross-fits small cohorts and holds a tuning partition out of others.
        share: Part of the patients who are not judged that is held out for tuning.
    """

    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    share: float = field(init=False, default=SHARE)

    @property
    def plan(self) -> TuningPlan:
        """How the patients who are not judged are divided."""
        return TuningPlan(share=self.share, inner=self.inner, mode=self.mode)

    @property
    def description(self) -> str:
        """For the methods section: the design, then how what is not judged was divided."""
        return f"{self.design} {self.plan.words()}"

    def splits(
        self, samples: Sequence[Sample[object, Y]], stratum: Callable[[Y], Hashable], seed: int
    ) -> tuple[Split, ...]:
        """Divide by patient, stratified by outcome; raises CohortProblem when it cannot be done."""
        patients = group(samples, stratum)
        return tuple(
            self.plan.divide(part.name, patients, part.learn, part.test, seed=seed, repeat=part.repeat, only=part.only)
            for part in self.parts(samples, patients, seed)
        )

    @property
    @abstractmethod
    def design(self) -> str:
        """Who is judged, in a sentence."""

    @abstractmethod
    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterable[Part]:
        """Who is judged in each split; raises CohortProblem when nobody can be, or nobody is left to learn from."""


def everyone_but(patients: Patients, judged: Integers) -> Integers:
    """Patients of whom no sample is judged.

    Args:
        patients: The cohort, grouped.
        judged: Positions of the samples to judge.
    """
    return np.setdiff1d(np.arange(patients.count), patients.code[judged])


def attribute(samples: Sequence[Sample[object, Any]], name: str) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    """One attribute of every sample; raises StudyError when a sample does not carry it."""
    for sample in samples:
        if name not in sample.attributes:
            msg = f"samples carry no attribute {name!r}; they carry {sorted(sample.attributes)}"
            raise StudyError(msg)
    return np.array([sample.attributes[name] for sample in samples], dtype=np.str_)

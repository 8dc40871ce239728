"""Cross-validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample
from bedside.data.tuning_plan import deal
from bedside.data.validation.division import ByPatient, Part, everyone_but
from bedside.errors import StudyError


@dataclass(frozen=True, kw_only=True)
class CrossValidation(ByPatient):
    """Repeated stratified folds by patient; evidence comes from out-of-fold predictions."""

    name: str = "cross_validation"
    partition: str = "out_of_fold"
    folds: int = 5
    repeats: int = 1

    def __post_init__(self) -> None:
        if self.folds < 2 or self.repeats < 1:
            msg = f"cross-validation needs at least 2 folds and 1 repeat; received {self.folds} and {self.repeats}"
            raise StudyError(msg)

    @property
    def design(self) -> str:
        """Who is judged, in a sentence."""
        times = "" if self.repeats == 1 else f", repeated {self.repeats} times"
        return (
            f"{self.folds}-fold cross-validation by patient, stratified by outcome{times}; every step that learns was "
            "repeated inside each fold."
        )

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """Folds times repeats splits; raises CohortProblem when there are fewer patients than folds."""
        del samples
        for repeat in range(self.repeats):
            prefix = "" if self.repeats == 1 else f"repeat {repeat + 1} "
            rng = np.random.default_rng([seed, repeat, *b"folds"])
            for k, held in enumerate(deal(patients, np.arange(patients.count), self.folds, rng)):
                test = patients.samples(held)
                yield Part(f"{prefix}fold {k + 1}", everyone_but(patients, test), test, repeat=repeat)

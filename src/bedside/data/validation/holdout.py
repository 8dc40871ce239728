"""One random division."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample
from bedside.data.validation.division import ByPatient, Part, everyone_but
from bedside.errors import CohortProblem, StudyError
from bedside.types import Integers

_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Holdout(ByPatient):
    """One random division by patient, stratified by outcome."""

    name: str = "holdout"
    development: float = 0.70
    tuning: float = 0.15
    test: float = 0.15
    inner: int = 5

    def __post_init__(self) -> None:
        total = self.development + self.tuning + self.test
        if abs(total - 1) > 1e-9 or min(self.development, self.test) <= 0 or self.tuning < 0:
            msg = f"holdout shares must be positive and add up to 1; received a sum of {total:g}"
            raise StudyError(msg)
        object.__setattr__(self, "share", self.tuning / (self.development + self.tuning))

    @property
    def design(self) -> str:
        """Who is judged, in a sentence."""
        return (
            f"Patients were divided at random, stratified by outcome, {self.development:.0%} to development, "
            f"{self.tuning:.0%} to tuning and {self.test:.0%} to test."
        )

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """One split; raises CohortProblem when the test partition would be empty."""
        del samples
        test = held_out(patients, self.test, seed)
        yield Part("holdout", everyone_but(patients, test), test)


def held_out(patients: Patients, share: float, seed: int) -> Integers:
    """Positions of the samples of a random share of the patients of each stratum.

    Raises:
        CohortProblem: Nobody would be held out.
    """
    rng = np.random.default_rng([seed, *b"holdout"])
    chosen = [part[: max(1, round(part.size * share))] for part in patients.shuffled(rng) if part.size > 1]
    if not chosen or patients.count < _FEWEST:
        msg = f"{patients.count} patients are too few for a holdout; at least {_FEWEST} are needed"
        raise CohortProblem(msg)
    return patients.samples(np.concatenate(chosen))

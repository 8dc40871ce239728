"""The same patients judged by models of ever more others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample
from bedside.data.validation.division import ByPatient, Part, everyone_but
from bedside.data.validation.holdout import held_out
from bedside.errors import StudyError


@dataclass(frozen=True, kw_only=True)
class LearningCurve(ByPatient):
    """The same test patients judged by models developed on ever more patients.

    Attributes:
        shares: Parts of the patients to learn from, ascending; each holds the one before it.
        test: Part of the patients that is judged.
    """

    name: str = "learning_curve"
    by_split: bool = True
    judges_once: bool = False
    shares: tuple[float, ...] = (0.1, 0.3)
    test: float = 0.15

    def __post_init__(self) -> None:
        ascending = self.shares and list(self.shares) == sorted(set(self.shares))
        if not ascending or self.shares[0] <= 0 or self.shares[-1] > 1:
            msg = f"shares of a learning curve must ascend within (0, 1]; received {self.shares}"
            raise StudyError(msg)
        if not 0 < self.test < 1:
            msg = f"the share of a learning curve that is judged must lie between 0 and 1; received {self.test:g}"
            raise StudyError(msg)

    @property
    def design(self) -> str:
        """Who is judged, in a sentence."""
        shares = ", ".join(f"{share:.0%}" for share in self.shares)
        return f"Learning curve: models developed on {shares} of the patients that were not tested, judged on the same."

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """One split a share; raises CohortProblem when a share leaves too few patients."""
        del samples
        test = held_out(patients, self.test, seed)
        rng = np.random.default_rng([seed, *b"learning curve"])
        strata = patients.shuffled(rng, everyone_but(patients, test))
        for share in self.shares:
            learn = np.concatenate([stratum[: max(1, round(stratum.size * share))] for stratum in strata])
            yield Part(f"development={share:.0%}", learn, test)

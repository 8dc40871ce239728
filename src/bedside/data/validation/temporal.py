"""Later patients judged by models of earlier ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.data.patients import Patients
from bedside.data.sample import Sample, moment
from bedside.data.validation.division import ByPatient, Part
from bedside.errors import CohortProblem


@dataclass(frozen=True, kw_only=True)
class Temporal(ByPatient):
    """Develop on earlier patients, judge on later ones.

    Patients first seen at or after the cut-off are judged. Earlier patients develop, with what they showed
    before the cut-off only; their later samples are used by nobody.
    """

    name: str = "temporal"
    test_fraction: float = 0.2

    @property
    def design(self) -> str:
        """Who is judged, in a sentence."""
        return (
            f"Temporal validation: the latest {self.test_fraction:.0%} of patients by first index time were judged by "
            "models developed on what was known of earlier patients before that date."
        )

    def parts(self, samples: Sequence[Sample[object, Any]], patients: Patients, seed: int) -> Iterator[Part]:
        """One split; raises CohortProblem when index times are missing or all equal."""
        del seed
        missing = sum(sample.index_time is None for sample in samples)
        if missing:
            msg = f"temporal validation needs an index time for every sample; {missing} of {len(samples)} have none"
            raise CohortProblem(msg)
        seconds = np.array([moment(one.index_time).timestamp() for one in samples if one.index_time is not None])
        first = np.full(patients.count, np.inf)
        np.minimum.at(first, patients.code, seconds)
        cut = float(np.quantile(first, 1 - self.test_fraction, method="lower"))
        later = np.flatnonzero(first > cut).astype(np.int64)
        earlier = np.flatnonzero(first <= cut).astype(np.int64)
        if not later.size or not earlier.size:
            msg = "temporal validation found no patient after the cut-off; index times are all equal"
            raise CohortProblem(msg)
        known = np.flatnonzero(seconds <= cut).astype(np.int64)
        yield Part("temporal", earlier, patients.samples(later), only=known)

"""Samples grouped by patient, so that no patient stands on two sides of a split."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bedside.data.sample import Sample
from bedside.errors import CohortProblem
from bedside.types import Integers

Y = TypeVar("Y")


@dataclass(frozen=True, slots=True)
class Patients:
    """The patients of a cohort in the order of their identifiers, so that file order decides nothing.

    Attributes:
        code: Patient number of each sample, shape (samples,).
        stratum: Stratum number of each patient, shape (patients,). A patient with several outcomes takes the
            rarest of them, so that rare outcomes are spread evenly.
        strata: Number of patients in each stratum.
    """

    code: Integers
    stratum: Integers
    strata: Integers

    @property
    def count(self) -> int:
        """Number of patients."""
        return int(self.stratum.size)

    def samples(self, patients: Integers) -> Integers:
        """Positions of the samples of these patients, ascending."""
        wanted = np.zeros(self.count, dtype=bool)
        wanted[patients] = True
        return np.flatnonzero(wanted[self.code]).astype(np.int64)

    def shuffled(self, rng: np.random.Generator, among: Integers | None = None) -> list[Integers]:
        """Patients of each stratum in random order, the rarest stratum first."""
        chosen = np.arange(self.count) if among is None else np.sort(among)
        order = sorted(range(self.strata.size), key=lambda s: (int(self.strata[s]), s))
        return [rng.permutation(chosen[self.stratum[chosen] == s]).astype(np.int64) for s in order]


def group(samples: Sequence[Sample[object, Y]], stratum: Callable[[Y], Hashable]) -> Patients:
    """Group samples by patient; raises CohortProblem when there are none."""
    if not samples:
        msg = "the cohort is empty: no record was eligible; the flow of exclusions shows where the records went"
        raise CohortProblem(msg)
    identifiers = [str(sample.patient) for sample in samples]
    number = {identifier: k for k, identifier in enumerate(sorted(set(identifiers)))}
    code = np.fromiter((number[identifier] for identifier in identifiers), dtype=np.int64, count=len(identifiers))
    labels = [stratum(sample.outcome) for sample in samples]
    frequency = Counter(labels)
    ranked = sorted(frequency, key=lambda label: (frequency[label], repr(label)))
    rank = {label: k for k, label in enumerate(ranked)}
    of_patient = np.full(len(number), len(ranked), dtype=np.int64)
    np.minimum.at(of_patient, code, np.fromiter((rank[label] for label in labels), dtype=np.int64, count=len(labels)))
    return Patients(code=code, stratum=of_patient, strata=np.bincount(of_patient, minlength=len(ranked)))

"""Partitions that were fixed before, by the data's publisher as a rule."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bedside.data.patients import group
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.data.tuning_plan import TuningPlan
from bedside.data.validation.division import Declared, attribute
from bedside.errors import CohortProblem

Y = TypeVar("Y")
_WITHOUT_TUNING = TuningPlan()


@dataclass(frozen=True, kw_only=True)
class Predefined(Declared):
    """Partitions that the data's publisher fixed, in an attribute of each sample.

    Attributes:
        attribute: Of each sample, with the word for its partition.
        development: Words for development.
        tuning: Words for tuning; empty where nothing was set apart for it.
        test: Words for test.
        fixed: Who fixed the partitions and how, in a sentence, where it was not the data's publisher.
    """

    name: str = "predefined"
    attribute: str = "partition"
    development: tuple[str, ...] = ("development", "train", "training")
    tuning: tuple[str, ...] = ("tuning", "val", "validation", "dev")
    test: tuple[str, ...] = ("test", "testing")
    fixed: str = ""

    @property
    def description(self) -> str:
        """For the methods section."""
        if self.fixed:
            halved = "A tuning partition was halved by patient." if self.tuning else _WITHOUT_TUNING.words()
            return f"{self.fixed} {halved}"
        return (
            "The partitions published with the data were used. A published tuning partition was halved by patient; "
            f"without one: {_WITHOUT_TUNING.words()}"
        )

    def splits(
        self, samples: Sequence[Sample[object, Y]], stratum: Callable[[Y], Hashable], seed: int
    ) -> tuple[Split, ...]:
        """One split; raises CohortProblem for unknown words, empty partitions and patients on two sides."""
        patients = group(samples, stratum)
        words = attribute(samples, self.attribute)
        allowed = (*self.development, *self.tuning, *self.test)
        unknown = sorted(set(words.tolist()) - set(allowed))
        if unknown:
            msg = f"{self.attribute!r} holds {len(unknown)} unknown word(s); allowed are {', '.join(allowed)}"
            raise CohortProblem(msg)
        named = (self.development, self.tuning, self.test)
        development, tuning, test = (np.flatnonzero(np.isin(words, names)).astype(np.int64) for names in named)
        for name, side in (("development", development), ("test", test)):
            if not side.size:
                msg = f"no sample is marked for {name} in {self.attribute!r}"
                raise CohortProblem(msg)
        learned, tuned = np.unique(patients.code[development]), np.unique(patients.code[tuning])
        shared = np.intersect1d(np.concatenate([learned, tuned]), patients.code[test]).size
        if shared:
            msg = f"{shared} patient(s) stand both in test and in development or tuning; divide by patient"
            raise CohortProblem(msg)
        if not tuning.size:
            return (_WITHOUT_TUNING.divide("predefined", patients, learned, test, seed=seed),)
        rng = np.random.default_rng([seed, *b"predefined"])
        dealt = np.concatenate(patients.shuffled(rng, tuned))
        selection, calibration = (np.intersect1d(patients.samples(dealt[k::2]), tuning) for k in (0, 1))
        return (
            Split(name="predefined", development=development, selection=selection, calibration=calibration, test=test),
        )

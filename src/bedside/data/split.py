"""How samples are divided: partitions of one split, and what a learner may tune on."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bedside.data.sample import Sample, X_co, Y_co
from bedside.data.source import Source
from bedside.types import Integers

Y = TypeVar("Y")


@dataclass(frozen=True, slots=True)
class Fold:
    """Inner folds of cross-fitting: positions *within the development samples*."""

    fit: Integers
    held_out: Integers


@dataclass(frozen=True, slots=True)
class Split:
    """One division of a cohort by patient.

    Positions index the cohort's samples. Either `selection` and `calibration` hold samples (the tuning
    partition, halved), or `folds` is non-empty and the tuning partition is empty (cross-fitting: small data).

    Attributes:
        name: "holdout", "repeat 1 fold 3", "site=cleveland".
        development: Samples that models are fitted on.
        selection: Half of tuning that selects: early stopping, settings.
        calibration: Half of tuning that calibrates: temperature, operating points, conformal.
        test: Samples that only `run` judges.
        folds: Inner folds over `development`, for cross-fitting.
        repeat: Which repetition of a repeated cross-validation this split belongs to (0-based).
    """

    name: str
    development: Integers
    selection: Integers
    calibration: Integers
    test: Integers
    folds: tuple[Fold, ...] = ()
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class Tuning(Generic[X_co, Y_co]):
    """What a learner may look at besides the development samples.

    Held out: `selection` and `calibration` hold samples and `folds` is empty. Cross-fitted: both are empty and
    `folds` divides the development samples (positions into them).
    """

    selection: Sequence[Sample[X_co, Y_co]] = ()
    calibration: Sequence[Sample[X_co, Y_co]] = ()
    folds: tuple[Fold, ...] = ()


class Validation(Protocol):
    """A way to divide a cohort; declared in a study, the primary one first.

    Attributes:
        name: "holdout", "cross_validation", "leave_site_out", "temporal", "predefined", "external".
        description: One sentence for the methods section.
        partition: How its judged rows are called: "test" or "out_of_fold".
        source: Another source whose records are judged but never learned from; None for internal validation.
            The run gives the samples drawn from it `attributes["source"] = source.name`.
        same_identifiers: Whether that source names patients as the study's own source does, so that somebody known to
            both is recognised.
        by_split: Whether each split deserves rows of its own (a site, a period), unlike random folds.
        judges_once: Whether splits judge different cases (or repeat a division); otherwise only their own rows are
            reported, and nothing over all of them.
    """

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def partition(self) -> str: ...
    @property
    def source(self) -> Source[object] | None: ...
    @property
    def same_identifiers(self) -> bool: ...
    @property
    def by_split(self) -> bool: ...
    @property
    def judges_once(self) -> bool: ...

    def splits(
        self, samples: Sequence[Sample[object, Y]], stratum: Callable[[Y], Hashable], seed: int
    ) -> tuple[Split, ...]:
        """Divide by patient, stratified by outcome; raises CohortProblem when it cannot be done."""
        ...

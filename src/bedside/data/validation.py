"""The ways to divide a cohort: holdout, folds, sites, time, predefined partitions, another source."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np

from bedside.data.patients import group
from bedside.data.sample import Sample, moment
from bedside.data.source import Source
from bedside.data.split import Split
from bedside.data.tuning_plan import TuningPlan, deal
from bedside.errors import CohortProblem, StudyError

Y = TypeVar("Y")
Samples: TypeAlias = Sequence[Sample[object, Y]]
Stratum: TypeAlias = Callable[[Y], Hashable]


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """One random division by patient, stratified by outcome."""

    development: float = 0.70
    tuning: float = 0.15
    test: float = 0.15
    inner: int = 5
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "holdout"
    partition: str = "test"
    source: None = None
    by_split: bool = False
    judges_once: bool = True

    def __post_init__(self) -> None:
        total = self.development + self.tuning + self.test
        if abs(total - 1) > 1e-9 or min(self.development, self.test) <= 0 or self.tuning < 0:
            msg = f"holdout shares must be positive and add up to 1; received a sum of {total:g}"
            raise StudyError(msg)

    @property
    def plan(self) -> TuningPlan:
        """How the rest is divided."""
        return TuningPlan(share=self.tuning / (self.development + self.tuning), inner=self.inner, mode=self.mode)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return (
            f"Patients were divided at random, stratified by outcome, {self.development:.0%} to development, "
            f"{self.tuning:.0%} to tuning and {self.test:.0%} to test. {self.plan.words()}"
        )

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split; raises CohortProblem when the test partition would be empty."""
        patients = group(samples, stratum)
        rng = np.random.default_rng([seed, *b"holdout"])
        parts = [part[: max(1, round(part.size * self.test))] for part in patients.shuffled(rng) if part.size > 1]
        if not parts or patients.count < 4:
            msg = f"{patients.count} patients are too few for a holdout; at least 4 are needed"
            raise CohortProblem(msg)
        test = np.concatenate(parts)
        learn = np.setdiff1d(np.arange(patients.count), test)
        return (self.plan.divide("holdout", patients, learn, patients.samples(test), seed=seed),)


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """Repeated stratified folds by patient; evidence comes from out-of-fold predictions."""

    folds: int = 5
    repeats: int = 1
    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "cross_validation"
    partition: str = "out_of_fold"
    source: None = None
    by_split: bool = False
    judges_once: bool = True

    def __post_init__(self) -> None:
        if self.folds < 2 or self.repeats < 1:
            msg = f"cross-validation needs at least 2 folds and 1 repeat; received {self.folds} and {self.repeats}"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        times = "" if self.repeats == 1 else f", repeated {self.repeats} times"
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        return (
            f"{self.folds}-fold cross-validation by patient, stratified by outcome{times}; every step that learns was "
            f"repeated inside each fold. {plan.words()}"
        )

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """Folds times repeats splits; raises CohortProblem when there are fewer patients than folds."""
        patients = group(samples, stratum)
        everyone = np.arange(patients.count)
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        found = []
        for repeat in range(self.repeats):
            rng = np.random.default_rng([seed, repeat, *b"folds"])
            for k, held in enumerate(deal(patients, everyone, self.folds, rng)):
                prefix = "" if self.repeats == 1 else f"repeat {repeat + 1} "
                learn = np.setdiff1d(everyone, held)
                test = patients.samples(held)
                name = f"{prefix}fold {k + 1}"
                found.append(plan.divide(name, patients, learn, test, seed=seed, repeat=repeat))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class LeaveSiteOut:
    """Internal-external cross-validation: each site is judged by models that never saw it."""

    attribute: str = "site"
    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "leave_site_out"
    partition: str = "test"
    source: None = None
    by_split: bool = True
    judges_once: bool = True

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        return (
            f"Internal-external cross-validation: each {self.attribute} in turn was judged by models developed on the "
            f"others. {plan.words()}"
        )

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split a site; raises CohortProblem with fewer than two sites."""
        patients = group(samples, stratum)
        sites = np.array([_attribute(sample, self.attribute) for sample in samples])
        names = sorted(set(sites.tolist()))
        if len(names) < 2:
            msg = f"leave-site-out needs at least two values of {self.attribute!r}; found {len(names)}"
            raise CohortProblem(msg)
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        found = []
        for site in names:
            test = np.flatnonzero(sites == site).astype(np.int64)
            learn = np.setdiff1d(np.arange(patients.count), patients.code[test])
            if not learn.size:
                msg = f"every patient has a sample at one {self.attribute}; nobody is left to develop on"
                raise CohortProblem(msg)
            found.append(plan.divide(f"{self.attribute}={site}", patients, learn, test, seed=seed))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Temporal:
    """Develop on earlier patients, judge on later ones.

    Patients first seen at or after the cut-off are judged. Earlier patients develop, with what they showed
    before the cut-off only; their later samples are used by nobody.
    """

    test_fraction: float = 0.2
    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "temporal"
    partition: str = "test"
    source: None = None
    by_split: bool = False
    judges_once: bool = True

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        return (
            f"Temporal validation: the latest {self.test_fraction:.0%} of patients by first index time were judged by "
            f"models developed on what was known of earlier patients before that date. {plan.words()}"
        )

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split; raises CohortProblem when index times are missing or all equal."""
        patients = group(samples, stratum)
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
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        return (plan.divide("temporal", patients, earlier, patients.samples(later), seed=seed, only=known),)


@dataclass(frozen=True, kw_only=True)
class Predefined:
    """Partitions that the data's publisher fixed, in an attribute of each sample."""

    attribute: str = "partition"
    development: tuple[str, ...] = ("development", "train", "training")
    tuning: tuple[str, ...] = ("tuning", "val", "validation", "dev")
    test: tuple[str, ...] = ("test", "testing")
    name: str = "predefined"
    partition: str = "test"
    source: None = None
    by_split: bool = False
    judges_once: bool = True

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return "The partitions published with the data were used; the tuning partition was halved by patient."

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split; raises CohortProblem for unknown words, empty partitions and patients on two sides."""
        patients = group(samples, stratum)
        words = np.array([_attribute(sample, self.attribute) for sample in samples])
        allowed = (*self.development, *self.tuning, *self.test)
        unknown = sorted(set(words.tolist()) - set(allowed))
        if unknown:
            msg = f"{self.attribute!r} holds {len(unknown)} unknown word(s); allowed are {', '.join(allowed)}"
            raise CohortProblem(msg)
        sides = [np.flatnonzero(np.isin(words, names)).astype(np.int64) for names in self._names()]
        for name, side in zip(("development", "test"), (sides[0], sides[2]), strict=True):
            if not side.size:
                msg = f"no sample is marked for {name} in {self.attribute!r}"
                raise CohortProblem(msg)
        people = [np.unique(patients.code[side]) for side in sides]
        shared = np.intersect1d(np.concatenate(people[:2]), people[2]).size
        if shared:
            msg = f"{shared} patient(s) stand both in test and in development or tuning; divide by patient"
            raise CohortProblem(msg)
        if not sides[1].size:
            plan = TuningPlan()
            return (plan.divide("predefined", patients, people[0], sides[2], seed=seed),)
        rng = np.random.default_rng([seed, *b"predefined"])
        dealt = np.concatenate(patients.shuffled(rng, people[1]))
        halves = [dealt[k::2] for k in (0, 1)]
        selection, calibration = (np.intersect1d(patients.samples(half), sides[1]) for half in halves)
        return (
            Split(
                name="predefined",
                development=sides[0],
                selection=selection,
                calibration=calibration,
                test=sides[2],
            ),
        )

    def _names(self) -> tuple[tuple[str, ...], ...]:
        return self.development, self.tuning, self.test


@dataclass(frozen=True, kw_only=True)
class External:
    """Judge on the records of another source, from which nothing is learned."""

    source: Source[Any]
    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "external"
    partition: str = "test"
    by_split: bool = False
    judges_once: bool = True
    plan: TuningPlan = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plan", TuningPlan(inner=self.inner, mode=self.mode))

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return f"External validation on {self.source.name}, from which nothing was learned. {self.plan.words()}"

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split; raises CohortProblem when either source gives no sample."""
        patients = group(samples, stratum)
        outside = np.array([sample.attributes.get("source") == self.source.name for sample in samples])
        test = np.flatnonzero(outside).astype(np.int64)
        learn = np.setdiff1d(np.arange(patients.count), patients.code[test])
        if not test.size or not learn.size:
            msg = f"external validation needs samples on both sides; found {test.size} in {self.source.name!r}"
            raise CohortProblem(msg)
        return (self.plan.divide("external", patients, learn, test, seed=seed),)


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """The same test patients judged by models developed on ever more patients.

    Attributes:
        shares: Parts of the patients to learn from, ascending; each holds the one before it.
    """

    shares: tuple[float, ...] = (0.1, 0.3)
    test: float = 0.15
    inner: int = 3
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"
    name: str = "learning_curve"
    partition: str = "test"
    source: None = None
    by_split: bool = True
    judges_once: bool = False

    def __post_init__(self) -> None:
        if not self.shares or list(self.shares) != sorted(set(self.shares)) or not 0 < self.shares[0] <= 1:
            msg = f"shares of a learning curve must ascend within (0, 1]; received {self.shares}"
            raise StudyError(msg)
        if self.shares[-1] > 1:
            msg = f"shares of a learning curve must ascend within (0, 1]; received {self.shares}"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        shares = ", ".join(f"{share:.0%}" for share in self.shares)
        return f"Learning curve: models developed on {shares} of the patients that were not tested, judged on the same."

    def splits(self, samples: Samples[Y], stratum: Stratum[Y], seed: int) -> tuple[Split, ...]:
        """One split a share; raises CohortProblem when a share leaves too few patients."""
        patients = group(samples, stratum)
        (whole,) = Holdout(development=1 - self.test, tuning=0.0, test=self.test).splits(samples, stratum, seed)
        learn = np.setdiff1d(np.arange(patients.count), np.unique(patients.code[whole.test]))
        rng = np.random.default_rng([seed, *b"learning curve"])
        order = patients.shuffled(rng, learn)
        plan = TuningPlan(inner=self.inner, mode=self.mode)
        found = []
        for share in self.shares:
            part = np.concatenate([stratum_[: max(1, round(stratum_.size * share))] for stratum_ in order])
            found.append(plan.divide(f"development={share:.0%}", patients, part, whole.test, seed=seed))
        return tuple(found)


def _attribute(sample: Sample[object, Any], name: str) -> str:
    if name not in sample.attributes:
        msg = f"samples carry no attribute {name!r}; they carry {sorted(sample.attributes)}"
        raise StudyError(msg)
    return sample.attributes[name]

"""One prediction to be made for one patient at one time, and what there is instead where it cannot be judged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import numpy as np

from bedside.errors import CohortProblem
from bedside.stats.censoring import Ending
from bedside.types import Floats, PatientId, SampleId

X_co = TypeVar("X_co", covariant=True)
Y_co = TypeVar("Y_co", covariant=True)
Y = TypeVar("Y")
Z = TypeVar("Z")


@dataclass(frozen=True, slots=True)
class Watched:
    """How long the outcome of a sample was watched, and why watching ended.

    Attributes:
        days: From the index time until the outcome was known, or could be watched no longer.
        ending: The outcome, a competing event, the end of the horizon; never censored, since a sample has an outcome.

    Raises:
        CohortProblem: The time is negative or not finite, or watching ended before the outcome was known.
    """

    days: float
    ending: Ending

    def __post_init__(self) -> None:
        _check_days(self.days)
        if self.ending == Ending.CENSORED:
            msg = "a sample has an outcome and was watched until it was known; return Censored for one that was not"
            raise CohortProblem(msg)


@dataclass(frozen=True, slots=True)
class Sample(Generic[X_co, Y_co]):
    """What a model sees for one case, and what came of it.

    Attributes:
        key: Unique within a cohort.
        patient: Samples of one patient never stand on two sides of a split.
        predictors: What may be known at the index time, in the modality's own type.
        outcome: What is predicted, in the endpoint's own type.
        index_time: The moment of prediction; None where the data carry no time.
        attributes: Strings that describe the case and are not predictors by themselves: sex, age band, site.
        watched: How long the outcome was watched; None where the cohort does not tell.
        weight: How many cases it stands for. A run sets it, split by split, where outcomes are censored; a cohort
            leaves it at 1.
    """

    key: SampleId
    patient: PatientId
    predictors: X_co
    outcome: Y_co
    index_time: datetime | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    watched: Watched | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Censored:
    """An eligible case whose watch ended before the outcome was known.

    It has no outcome and no predictors, so that nothing can learn from it, judge it or count it as a negative: it tells
    only how long others like it could be watched.

    Attributes:
        key: Unique within a cohort, samples included.
        patient: Whose samples it is divided with.
        days: From the index time until watching ended.
        index_time: The moment of prediction.
        attributes: As a sample has them: a division by site or period needs them.

    Raises:
        CohortProblem: The time is negative or not finite.
    """

    key: SampleId
    patient: PatientId
    days: float
    index_time: datetime | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_days(self.days)


def seen_as(sample: Sample[Any, Y], predictors: Z) -> Sample[Z, Y]:
    """The same case with other predictors."""
    return Sample(
        sample.key,
        sample.patient,
        predictors,
        sample.outcome,
        sample.index_time,
        sample.attributes,
        sample.watched,
        sample.weight,
    )


def weights_of(samples: Sequence[Sample[Any, Any]]) -> Floats | None:
    """How many cases each stands for, shape (n,); None where each stands for itself."""
    weights = np.fromiter((sample.weight for sample in samples), dtype=np.float64, count=len(samples))
    return None if bool((weights == 1.0).all()) else weights


def moment(time: datetime) -> datetime:
    """An index time that can be compared with any other: one without a zone is read as UTC on every machine."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that gives no sample, and why.

    Attributes:
        reason: Words for the flow diagram ("died in hospital"); counted, never a negative outcome.
        patient: Whose record it was, to count patients; None where unknown.
        unlabelled: The predictors of a case that is eligible but whose outcome nobody knows, for the sensitivity
            analysis; None where the case is not eligible.
    """

    reason: str
    patient: PatientId | None = None
    unlabelled: Any = None


def _check_days(days: float) -> None:
    if not (math.isfinite(days) and days >= 0):
        msg = (
            "a case was watched for a time that is negative or not finite; give days from the index time on, 0 or more"
        )
        raise CohortProblem(msg)

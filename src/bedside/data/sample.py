"""One prediction to be made for one patient at one time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from bedside.types import PatientId, SampleId

X_co = TypeVar("X_co", covariant=True)
Y_co = TypeVar("Y_co", covariant=True)


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
    """

    key: SampleId
    patient: PatientId
    predictors: X_co
    outcome: Y_co
    index_time: datetime | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


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

"""What a statistic returns: a value with its interval, or the reason why there is none."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with an interval.

    Attributes:
        value: The point estimate.
        low: Lower limit of the interval, in the units of `value`.
        high: Upper limit.
        level: Nominal coverage of the interval, e.g. 0.95.
        cases: Number of cases (predictions) that entered.
        patients: Number of distinct patients among them.
        method: How the interval was made, in words a reviewer knows ("DeLong", "Wilson score", ...).
    """

    value: float
    low: float
    high: float
    level: float
    cases: int
    patients: int
    method: str


@dataclass(frozen=True, slots=True)
class NotEstimable:
    """Why there is no value; never NaN, never an empty cell.

    Attributes:
        reason: A sentence for a reader ("only one outcome class in this group").
        cases: Number of cases that were at hand.
        patients: Number of distinct patients among them.
    """

    reason: str
    cases: int = 0
    patients: int = 0


Estimated: TypeAlias = Estimate | NotEstimable

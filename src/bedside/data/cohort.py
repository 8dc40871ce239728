"""Who is studied: records become samples, or are excluded with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bedside.data.sample import Censored, Excluded, Sample

R = TypeVar("R")
X = TypeVar("X")
Y = TypeVar("Y")


@dataclass(frozen=True, kw_only=True)
class Cohort(Generic[R, X, Y]):
    """A declared cohort.

    Attributes:
        eligibility: Who is eligible, in a sentence.
        outcome: What the outcome is and how it was ascertained, in a sentence.
        horizon: When the outcome is judged ("within 30 days of discharge", "at the same visit").
        draw: Turns one record into its samples and exclusions. What cannot be known is Excluded, never a negative, or
            Censored where watching ended too early and the study declares how others stand for such cases.
    """

    eligibility: str
    outcome: str
    horizon: str
    draw: Callable[[R], Sequence[Sample[X, Y] | Excluded | Censored]]

"""How well each learner did, and how it was set: values, contrasts, operating points, tuning."""

from typing import Literal

from pydantic import Field

from bedside.evidence.count import Count
from bedside.evidence.figure import Frozen


class Performance(Frozen):
    """One measure of one learner in one group.

    Exactly one of `value` and `reason` is set: what cannot be estimated says why.

    Attributes:
        validation: Which validation ("holdout").
        partition: "development", "tuning", "test" or "out_of_fold".
        group: "all", "sex=female", or "split=site=cleveland" for one split of a validation.
    """

    learner: str
    validation: str
    partition: Literal["development", "tuning", "test", "out_of_fold"]
    group: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    cases: Count
    patients: Count
    method: str = ""
    reason: str = ""


class Comparison(Frozen):
    """A paired contrast: learner minus comparator. `primary` marks the one pre-specified contrast."""

    learner: str
    comparator: str
    validation: str
    partition: Literal["test", "out_of_fold"]
    group: str = "all"
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p: float | None
    p_adjusted: float | None
    """Holm-adjusted over the secondary contrasts; equal to p for the primary one."""
    method: str
    primary: bool = False
    reason: str = ""


class OperatingPoint(Frozen):
    """What was fixed on tuning data before the test partition was opened, by split."""

    learner: str
    validation: str
    split: str
    rule: str
    settings: dict[str, float]


class Tuning(Frozen):
    """How one learner was tuned in one split."""

    learner: str
    validation: str
    split: str
    trials: int
    best_loss: float | None
    settings: dict[str, float | int | str | bool]
    notes: dict[str, float | int | str | bool | None] = Field(default_factory=dict)

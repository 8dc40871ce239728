"""Differences between groups of patients."""

from bedside.evidence.figure import Frozen


class Gap(Frozen):
    """The difference in a measure between two groups of patients, the smaller (group) minus the larger (reference).

    A gap that is not significant is not equivalence: `equivalent` is True only where two one-sided tests put it
    within the margin, None where there are too few events to say.
    """

    learner: str
    validation: str
    attribute: str
    group: str
    reference: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p: float | None
    p_adjusted: float | None = None
    margin: float
    equivalent: bool | None
    method: str = ""
    reason: str = ""

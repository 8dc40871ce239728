"""How far results hold when data are worse, outcomes are unknown or patients differ."""

from typing import Literal

from bedside.evidence.count import Count
from bedside.evidence.figure import Frozen


class Robustness(Frozen):
    """The primary measure when test predictors are made worse; `change` is against the untouched predictors."""

    learner: str
    validation: str
    name: str
    family: Literal[
        "missing_at_random",
        "missing_column",
        "noise",
        "permuted",
        "blur",
        "brightness",
        "contrast",
        "rotation",
        "resolution",
        "sparser",
        "unit",
        "earlier",
    ]
    variable: str
    strength: float
    measure: str
    value: float | None
    change: float | None
    low: float | None
    """Limits of the change."""
    high: float | None
    level: float = 0.95
    method: str = ""
    reason: str = ""


class Sensitivity(Frozen):
    """The primary measure if eligible cases whose outcome nobody knows were judged too, under an assumption.

    `change` is against the judged cases alone. `scenario` is "all ill" (a class), "missing at random" or
    "prediction + 1 residual SD".
    """

    learner: str
    validation: str
    scenario: str
    measure: str
    value: float | None
    change: float | None
    cases_added: Count
    text: str
    """What was assumed, in a sentence; why there is no value, where there is none."""


class Shift(Frozen):
    """How far a variable, or the outcome, differs between what was learned from and what was judged.

    `statistic` is "standardised mean difference" (numbers), "total variation" (categories), "missing share" or
    "outcome share".
    """

    validation: str
    split: str
    variable: str
    statistic: Literal["standardised mean difference", "total variation", "missing share", "outcome share"]
    value: float

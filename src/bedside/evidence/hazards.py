"""How the hazard of a cause goes with each predictor, and whether hazards are proportional, by one learner."""

from bedside.evidence.count import Count
from bedside.evidence.figure import Frozen


class HazardRatio(Frozen):
    """The hazard of a cause in cases that differ in one predictor, all others being equal.

    A regression on all predictors at once, without a penalty, on the development cases; it describes them, and no
    prediction rests on it.

    Attributes:
        learner: Whose predictors they are.
        cause: Word of the cause; where causes compete, its cause-specific hazard.
        predictor: As declared.
        contrast: What is compared: "per 10 a", "female rather than male", "not known rather than known".
        ratio: None where it cannot be estimated; `reason` says why.
        low, high: Limits, by patient where patients repeat.
        p_proportional: Of the test that the ratio stays the same over time (Grambsch and Therneau, 1994), one for all
            contrasts of a predictor; None where it cannot be done.
        cases: With the first of the two words, or with a known number.
        events: Of the cause, among those cases.
    """

    learner: str
    cause: str
    predictor: str
    contrast: str
    ratio: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p_proportional: float | None
    cases: Count
    events: Count
    reason: str = ""


class Proportionality(Frozen):
    """The test that all hazard ratios of one cause stay the same over time, together.

    Attributes:
        learner, cause: Of the hazard ratios.
        statistic: Chi squared, on `degrees` of freedom; None where it cannot be done, `reason` says why.
        cases, events: That the regression was fitted on.
    """

    learner: str
    cause: str
    statistic: float | None
    degrees: int
    p_value: float | None
    cases: Count
    events: Count
    reason: str = ""


class Associations(Frozen):
    """What one learner tells of its predictors in the development cases; in evidence, of all learners that tell."""

    ratios: tuple[HazardRatio, ...] = ()
    proportionality: tuple[Proportionality, ...] = ()

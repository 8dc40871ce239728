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


class JointTest(Frozen):
    """A test that measures are equal in all groups of an attribute together.

    A test that is not significant is not equality: see the gaps and their margins.

    Attributes:
        name: What would hold if all were equal ("equalised odds"), or the measure's own name.
        measures: Names of the measures that are tested together.
        groups: Groups that took part.
        left_out: Groups with too few patients, or too few with the rarest outcome, to take part.
        statistic, df: Wald statistic and its degrees of freedom.
        p_adjusted: Holm-adjusted over all joint tests of the learner.
    """

    learner: str
    validation: str
    attribute: str
    name: str
    measures: tuple[str, ...]
    groups: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    statistic: float | None
    df: int | None
    p: float | None
    p_adjusted: float | None = None
    method: str = ""
    reason: str = ""

"""What learners rely on, whether that was checked, and how sure they are."""

from bedside.evidence.count import Count
from bedside.evidence.figure import Frozen


class Explanation(Frozen):
    """What a learner relies on, by one method; larger is more important."""

    learner: str
    method: str
    variable: str
    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95


class ExplanationCheck(Frozen):
    """A test whether an explanation is about the model; one that fails is shown as failed."""

    learner: str
    method: str
    check: str
    passed: bool | None
    value: float | None
    text: str


class Coverage(Frozen):
    """Prediction sets, intervals or bounds: how often the outcome keeps to them, across patients, not for this one."""

    learner: str
    validation: str
    method: str
    nominal: float
    group: str
    coverage: float | None
    low: float | None
    high: float | None
    size: float | None
    """Mean number of classes in a set, mean width of an interval, or mean bound."""
    cases: Count
    what: str = ""
    """What has lower bounds, and in which unit ("time to death, months"); "" for sets and intervals."""
    reason: str = ""


class Selective(Frozen):
    """What abstaining would buy: the learner answers only above a confidence chosen on tuning data.

    The threshold aims at half the error of answering everyone; `error` is what it came to on the judged cases.
    """

    learner: str
    validation: str
    answered: float | None
    """Share of the judged cases that are answered."""
    error: float | None
    low: float | None
    high: float | None
    error_of_all: float
    level: float = 0.95
    reason: str = ""

"""Agreement between readers, or between a reader and the reference standard."""

from bedside.evidence.figure import Frozen


class Agreement(Frozen):
    """Agreement between readers, or between a reader and the reference standard."""

    first: str
    second: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    cases: int
    method: str = ""
    reason: str = ""

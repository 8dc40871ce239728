"""Who is eligible: criteria in declared order, each with the words under which the flow counts those it excludes."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from bedside.errors import RecordsProblem

YEAR_DAYS = 365.2425
"""Mean length of a year, in which ages are counted."""


@dataclass(frozen=True, kw_only=True)
class _Worded:
    """What all criteria have.

    Attributes:
        words: Who is excluded by it ("younger than 18 years").
    """

    words: str

    def __post_init__(self) -> None:
        if not self.words.strip():
            msg = f"a criterion has no words; say who is excluded by it, as the flow shall count them; received {self}"
            raise RecordsProblem(msg)


@dataclass(frozen=True, kw_only=True)
class AgeLimits(_Worded):
    """Age at the index time, in years; whose birth is unknown is excluded with a reason of its own."""

    age_at_least: float | None = None
    age_below: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.age_at_least is None and self.age_below is None:
            msg = f"the criterion {self.words!r} has no limit; give age_at_least, age_below or both"
            raise RecordsProblem(msg)


@dataclass(frozen=True, kw_only=True)
class PriorObservation(_Worded):
    """Time from the patient's first event (other than birth) to the index time."""

    prior_observation: timedelta


@dataclass(frozen=True, kw_only=True)
class Required(_Worded):
    """A predicate that must be met.

    Attributes:
        require: The predicate.
        window: Name of the window; empty: as a fact without a time or at any time up to the index time.
        times: At how many moments at least.
    """

    require: str
    window: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.times < 1:
            msg = f"the criterion {self.words!r} has times = {self.times}; 1 or more is allowed"
            raise RecordsProblem(msg)


@dataclass(frozen=True, kw_only=True)
class Forbidden(_Worded):
    """A predicate that must not be met; window as of `Required`."""

    forbid: str
    window: str = ""


@dataclass(frozen=True, kw_only=True)
class Calendar(_Worded):
    """Calendar time of the index time: from the first moment of a day, before the first moment of another."""

    index_from: date | None = None
    index_before: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.index_from is None and self.index_before is None:
            msg = f"the criterion {self.words!r} has no date; give index_from, index_before or both"
            raise RecordsProblem(msg)


Criterion: TypeAlias = AgeLimits | PriorObservation | Required | Forbidden | Calendar

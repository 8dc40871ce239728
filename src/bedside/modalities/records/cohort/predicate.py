"""What may be asked of events: predicates, met by a patient at moments.

A predicate is met at a moment: several events at one time are one moment. So "at least 2 within 365 d" asks for two
different times, as rules on diagnoses do, and not for two lines of one bill.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn, TypeAlias

from bedside.errors import RecordsProblem

ANYTHING = "anything"
"""The name of a predicate that is always there: any event of the patient but birth."""


@dataclass(frozen=True, kw_only=True)
class Coded:
    """Events by their code, and by their number or text where asked.

    Attributes:
        code: Codes, any of which; with their system ("LOINC//2524-7").
        prefix: Beginnings of codes, any of which; with their system ("ICD10CM//I21").
        at_least: Smallest number, in the code's unit.
        above: Number that must be exceeded.
        at_most: Largest number.
        below: Number that must not be reached.
        unit: The UCUM unit of the limits; refused when the table keeps the code in another. Empty: not checked.
        text: Texts, any of which the event must equal.
    """

    code: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    unit: str = ""
    text: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.code and not self.prefix:
            _refuse("names no code", "give code or prefix")
        if "" in self.code:
            _refuse("has an empty code", 'give codes with their system ("LOINC//2524-7")')
        for beginning in self.prefix:
            if "//" not in beginning.lstrip("/"):
                _refuse(f"has the prefix {beginning!r}", 'a prefix names its system ("ICD10CM//I21", "ICU_START//")')
        if self.unit and not self.ranged:
            _refuse(f"has the unit {self.unit!r} but no limit", "give at_least, above, at_most or below, or no unit")
        low = max((x for x in (self.at_least, self.above) if x is not None), default=float("-inf"))
        high = min((x for x in (self.at_most, self.below) if x is not None), default=float("inf"))
        if not low <= high:
            _refuse(f"has limits from {low:g} to {high:g}", "the lower limit must not exceed the upper")

    @property
    def ranged(self) -> bool:
        """Whether it asks for a number."""
        return any(limit is not None for limit in (self.at_least, self.above, self.at_most, self.below))


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """Met whenever one of other predicates is met."""

    any_of: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.any_of:
            _refuse("has an empty any_of", "name at least one predicate")


@dataclass(frozen=True, kw_only=True)
class AllOf:
    """Met as soon as all of other predicates have been met within a length of time; at one moment where it is 0.

    Attributes:
        all_of: Names of the others.
        within: From the first of them to the last.
    """

    all_of: tuple[str, ...]
    within: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if len(self.all_of) < 2:
            _refuse(f"has {len(self.all_of)} names in all_of", "name at least two predicates")
        _not_negative(self.within)


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Met as soon as another predicate has been met at so many moments within a length of time.

    Attributes:
        repeated: Name of the other.
        times: How many moments.
        within: From the first of them to the last.
    """

    repeated: str
    times: int
    within: timedelta

    def __post_init__(self) -> None:
        if self.times < 2:
            _refuse(f"has times = {self.times}", "2 or more; a predicate by itself is met once")
        _not_negative(self.within)


Predicate: TypeAlias = Coded | AnyOf | AllOf | Repeated


def members(predicate: Predicate) -> tuple[str, ...]:
    """Names of the predicates that it is made of."""
    if isinstance(predicate, AnyOf):
        return predicate.any_of
    if isinstance(predicate, AllOf):
        return predicate.all_of
    return (predicate.repeated,) if isinstance(predicate, Repeated) else ()


def _not_negative(within: timedelta) -> None:
    if within < timedelta(0):
        _refuse(f"has within = {within}", "0 or more")


def _refuse(received: str, allowed: str) -> NoReturn:
    msg = f"a predicate {received}; {allowed}"
    raise RecordsProblem(msg)

"""A setting that tuning may vary, declared as data: networks do not know how they are tuned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """A setting's default and limits.

    Attributes:
        default: Of the first trial; an int makes the setting a whole number.
        low: Smallest value.
        high: Largest value.
        log: Whether steps are ratios instead of differences.
    """

    default: "int | float"
    low: "int | float"
    high: "int | float"
    log: bool = False

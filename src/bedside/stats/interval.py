"""Limits and contrasts: what closed forms return before they become estimates."""

from typing import NamedTuple

from scipy.special import ndtri

from bedside.errors import StatisticsError


class Limits(NamedTuple):
    """An interval and how it was made."""

    low: float
    high: float
    method: str


class Contrast(NamedTuple):
    """A difference (first minus second) with its interval and two-sided p value."""

    value: float
    low: float
    high: float
    p: float
    method: str


def normal_quantile(level: float) -> float:
    """Half-width of a central interval of the standard normal distribution, e.g. 1.96 at 0.95.

    Raises:
        StatisticsError: The level is not strictly between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        message = f"Level of an interval is {level!r}; give a number strictly between 0 and 1, such as 0.95."
        raise StatisticsError(message)
    return float(ndtri(0.5 + level / 2.0))

"""Times at which predictions are judged, from how long cases were watched and from nothing else."""

import re
from collections.abc import Sequence

import numpy as np

from bedside.errors import OutcomeProblem, StudyError
from bedside.modalities.tabular.words import plain_name
from bedside.stats.times import Times
from bedside.types import Floats

SHARE_WATCHED = 0.1
"""Share of cases that must still be watched at the last time that is judged."""
FEWEST_WATCHED = 20
"""And their number, where there are twice as many cases."""
FEWEST_EVENTS = 10
"""A horizon with fewer events before it says little."""
LONGEST_YEARS = 150.0
"""No case is watched for longer."""

_UNITS = {
    "minutes": ("minutes", "minute", "mins", "min"),
    "hours": ("hours", "hour", "hrs", "hr", "h"),
    "days": ("days", "day", "dys"),
    "weeks": ("weeks", "week", "wks", "wk"),
    "months": ("months", "month", "mths", "mnths", "mos", "mo"),
    "years": ("years", "year", "yrs", "yr"),
}
_A_YEAR = {"minutes": 525_960.0, "hours": 8_766.0, "days": 365.25, "weeks": 52.18, "months": 12.0, "years": 1.0}
_ROUND = {
    "hours": (1, 2, 3, 6, 12, 24, 48, 72, 96, 120, 168, 240, 336, 480, 720),
    "days": (
        1,
        2,
        3,
        5,
        7,
        14,
        21,
        30,
        60,
        90,
        120,
        180,
        365,
        730,
        1095,
        1460,
        1825,
        2190,
        2555,
        2920,
        3650,
        5475,
        7300,
    ),
    "weeks": (1, 2, 4, 6, 8, 12, 16, 26, 39, 52, 104, 156, 208, 260, 364, 520),
    "months": (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 72, 84, 96, 120, 144, 180, 240),
    "years": (0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30),
}


def unit_of(column: str) -> str:
    """The unit of times that the name of a column tells, or "".

    Example:
        >>> unit_of("months"), unit_of("time_days"), unit_of("os_yrs"), unit_of("futime")
        ('months', 'days', 'years', '')
    """
    parts = plain_name(column).split("_")
    found = [unit for unit, ways in _UNITS.items() if any(part in ways for part in parts)]
    return found[0] if len(found) == 1 else ""


def unit_named(word: str) -> str:
    """A unit as it is spelled here ("yrs" gives "years"); another word as it is."""
    plain = word.strip().casefold()
    return next((unit for unit, ways in _UNITS.items() if plain in ways), word.strip())


def too_long(times: Times, unit: str) -> str:
    """What a person should know of times that nobody can have been watched; "" where there are none."""
    if unit not in _A_YEAR:
        return ""
    longest = float(times.time.max())
    years = longest / _A_YEAR[unit]
    if years <= LONGEST_YEARS:
        return ""
    return (
        f"the longest follow-up is {longest:,.6g} {unit}, which are {years:,.0f} years: is the unit another one? "
        "(say it with --unit)"
    )


def asked_time(text: str, unit: str, option: str) -> float:
    """A time as a person types it, with or without the unit.

    Raises:
        StudyError: It is no number above 0, or is in another unit.

    Example:
        >>> asked_time("60", "months", "--horizon"), asked_time("5 yrs", "years", "--horizon")
        (60.0, 5.0)
    """
    parted = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(.*?)\s*", text)
    told = f"{unit}" if unit else "the unit of the time column"
    if parted is None or float(parted[1]) <= 0:
        msg = f"{option} is {text!r}; with --time it is a number above 0 in {told}, such as {option} 60"
        raise StudyError(msg)
    if parted[2] and unit_named(parted[2]) != unit:
        msg = (
            f"{option} is {text!r}, but times are in {unit or 'an unknown unit (say it with --unit)'}; give it in that"
        )
        raise StudyError(msg)
    return float(parted[1])


def default_horizon(times: Times, unit: str) -> float:
    """A round time near the median time for which cases were watched, so that half of them still are.

    The nearest round time (by ratio) at which at least a third of the cases are still watched; a later one where it has
    fewer than `FEWEST_EVENTS` events of interest before it and some are still watched then.
    """
    choices = _choices(unit, float(times.time.min()), float(times.time.max()))
    watched = _watched_share(times, choices)
    before = np.array([_events(times, one) for one in choices])
    middle = float(np.median(times.time))
    far = np.abs(np.log(choices / middle))
    for enough in (
        (watched >= 1 / 3) & (before >= FEWEST_EVENTS),
        (watched >= SHARE_WATCHED) & (before >= FEWEST_EVENTS),
        (watched > 0) & (before >= 1),
    ):
        if enough.any():
            return float(choices[enough][far[enough].argmin()])
    return float(f"{middle:.2g}")


def last_time(times: Times, horizons: Sequence[float]) -> float:
    """The last time at which enough cases are still watched, cut to three digits; no earlier than any horizon."""
    fewest = max(SHARE_WATCHED * len(times), min(FEWEST_WATCHED, len(times) / 2))
    ordered = np.sort(times.time)[::-1]
    reached = float(ordered[min(int(np.ceil(fewest)), len(ordered)) - 1])
    digits = 10.0 ** (np.floor(np.log10(reached)) - 2)
    return max(float(f"{np.floor(reached / digits) * digits:.6g}"), *horizons)


def check_horizons(times: Times, horizons: Sequence[float], unit: str, cause: str) -> None:
    """Refuse horizons that nobody is watched beyond, or before which nothing happens.

    Args:
        times: Of all cases.
        horizons: The primary one first.
        unit: Of times.
        cause: Of interest, in words.

    Raises:
        OutcomeProblem: A horizon is beyond all follow-up, or no event of interest comes by the primary one.
    """
    longest = float(times.time.max())
    beyond = [one for one in horizons if one >= longest]
    if beyond:
        msg = (
            f"the horizon {beyond[0]:,.6g} {unit}".rstrip()
            + f" is beyond all follow-up: the largest time is {longest:,.6g} {unit}".rstrip()
            + "; choose one at which cases are still watched"
        )
        raise OutcomeProblem(msg)
    if not _events(times, horizons[0]):
        count = int((times.event == 1).sum())
        msg = (
            f"no {cause} comes by the horizon {horizons[0]:,.6g} {unit}".rstrip()
            + f", all {count} come later; choose a later horizon"
        )
        raise OutcomeProblem(msg)


def watched_at(times: Times, time: float) -> int:
    """How many cases are still watched at a time."""
    return int(((times.time >= time) & (times.entry < time)).sum())


def events_by(times: Times, time: float) -> int:
    """How many events of interest come by a time."""
    return int(_events(times, time))


def _events(times: Times, time: float) -> int:
    return int(((times.event == 1) & (times.time <= time)).sum())


def _watched_share(times: Times, at: Floats) -> Floats:
    return np.array([watched_at(times, one) for one in at]) / len(times)


def _choices(unit: str, shortest: float, longest: float) -> Floats:
    """Round times below the longest."""
    powers = 10.0 ** np.arange(np.floor(np.log10(shortest)), np.ceil(np.log10(longest)) + 1)
    plain = np.outer(powers, [1.0, 1.5, 2.0, 3.0, 5.0]).ravel()
    named = np.array(_ROUND.get(unit, ()), dtype=np.float64)
    usual = ((named < longest) & (named >= shortest)).any() and named[-1] >= longest / 5
    found = named if usual else np.sort(plain)
    below = found[found < longest]
    return below if below.size else np.array([longest / 2])

"""FHIR dates and times as clock times: as written, without their zone."""

import calendar
from datetime import datetime
from typing import Any

_SECONDS = {4: "{0}-12-31T23:59:59", 7: "{0}-{1:02d}T23:59:59", 10: "{0}T23:59:59"}
_FIRST = {4: "{0}-01-01", 7: "{0}-01", 10: "{0}"}


def known_by(text: Any) -> datetime | None:  # noqa: ANN401 - whatever stands in the file
    """The clock time that is written, or the last second of the day, month or year that is; None if it is neither.

    The offset is dropped: "2019-03-01T23:30:00-05:00" is half past eleven at night, where the patient was. Fractions
    of a microsecond are dropped too, and a leap second counts as the second before it.
    """
    if not isinstance(text, str):
        return None
    size = len(text)
    try:
        if size > 10:
            return _clock(text)
        if size == 7:
            return datetime.fromisoformat(_SECONDS[7].format(text, _days(text)))
        return datetime.fromisoformat(_SECONDS[size].format(text)) if size in _SECONDS else None
    except ValueError:
        return None


def begins(text: Any) -> datetime | None:  # noqa: ANN401 - as above
    """As `known_by`, but the first moment of a day, month or year: for births, which are no news to anybody."""
    if not isinstance(text, str):
        return None
    try:
        if len(text) > 10:
            return _clock(text)
        return datetime.fromisoformat(_FIRST[len(text)].format(text)) if len(text) in _FIRST else None
    except ValueError:
        return None


def zone(text: str) -> str | None:
    """The offset that a time is written with ("+01:00", "Z"); None for dates and times without one."""
    if len(text) < 17:
        return None
    if text.endswith("Z"):
        return "Z"
    return text[-6:] if text[-6] in "+-" else None


def _clock(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        if text[16:19] == ":60":
            return datetime.fromisoformat(text[:16] + ":59" + text[19:]).replace(tzinfo=None)
        raise


def _days(month: str) -> int:
    return calendar.monthrange(int(month[:4]), int(month[5:]))[1]

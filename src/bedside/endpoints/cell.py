"""Reading one cell of a table as an outcome, and saying what was wrong without repeating a patient's text."""

import math
from numbers import Real

import numpy as np

from bedside.errors import OutcomeProblem

LONGEST_ECHO = 4
"""A value of more characters than this is described and never repeated: it may be a name, a date or a note."""


def is_missing(cell: object) -> bool:
    """Whether a cell is empty: None, NaN, or blank text."""
    if cell is None:
        return True
    if isinstance(cell, str):
        return not cell.strip()
    return isinstance(cell, Real) and math.isnan(float(cell))


def code(cell: object) -> str | None:
    """A cell as a lower-case code: 1, 1.0, True and " Yes " are "1", "1", "true" and "yes".

    None for what is no code at all (a list, a date, a fraction).
    """
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, Real):
        number = float(cell)
        return str(int(number)) if math.isfinite(number) and number.is_integer() else None
    if isinstance(cell, str):
        text = " ".join(cell.split()).casefold()
        whole, point, zeros = text.partition(".")
        return whole if point and whole.lstrip("-").isdecimal() and set(zeros) <= {"0"} else text
    return None


def received(cell: object) -> str:
    """What a cell holds, in words that give no patient away."""
    if is_missing(cell):
        return "an empty cell"
    if isinstance(cell, str):
        text = cell.strip()
        return repr(text) if len(text) <= LONGEST_ECHO else f"a text of {len(text)} characters"
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    if isinstance(cell, Real):
        text = f"{float(cell):g}"
        return text if len(text) <= LONGEST_ECHO else "a number that is none of these"
    return f"a value of type {type(cell).__name__}"


def refused(cell: object, allowed: str) -> OutcomeProblem:
    """The error for a cell that is no outcome."""
    remedy = (
        "exclude the case with a reason if its outcome is unknown"
        if is_missing(cell)
        else "recode it, or exclude the case with a reason"
    )
    return OutcomeProblem(f"outcome is {received(cell)}; allowed are {allowed}; {remedy}")

"""Numbers as a journal prints them."""

import re
from collections.abc import Iterable, Sequence

from bedside.evidence.count import WITHHELD

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
LONGEST_IN_FULL = 6
"""Larger powers of ten are printed as powers."""
THIN = "\N{NARROW NO-BREAK SPACE}"

_SIGN = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")
_NOTHING = re.compile(r"(?<![\w.)\]-])-(?=0(\.0+)?(?![\d.]*[\de]))")
_POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-])(\d+)(?!\w)")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def typeset(text: str) -> str:
    """Prose whose numbers are written as in a journal: true minus signs, no negative zero, powers of ten raised.

    Example:
        >>> typeset("R squared -0.00, in the IL-6 group")
        'R squared 0.00, in the IL-6 group'
    """
    text = _SIGN.sub(MINUS, _NOTHING.sub("", text))
    return _POWER.sub(_power, text)


def _power(met: re.Match[str]) -> str:
    """What is large in full, as long as that can be read; what is small with its power."""
    mantissa, sign, exponent = met[1], met[2], int(met[3])
    if sign == "+" and exponent <= LONGEST_IN_FULL:
        return f"{float(mantissa) * 10**exponent:,.0f}"
    return f"{mantissa}{TIMES}10{'⁻' if sign == '-' else ''}{str(exponent).translate(_RAISED)}"


def places(values: Iterable[float | None]) -> int:
    """How many decimals suit values that are printed together: 3 below ten, fewer for larger numbers."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    for limit, digits in ((10.0, 3), (100.0, 2), (1000.0, 1)):
        if largest < limit:
            return digits
    return 0


def decimal(value: float, digits: int | None = None) -> str:
    """A number with a true minus sign, thousands separated, and no negative zero."""
    digits = places([value]) if digits is None else digits
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(character in "123456789" for character in text)
    return f"{MINUS}{text}" if negative else text


def interval(value: float, low: float | None, high: float | None) -> str:
    """`0.995 (0.991 to 0.998)`; the value alone where there is no interval."""
    digits = places((value, low, high))
    if low is None or high is None:
        return decimal(value, digits)
    return f"{decimal(value, digits)} ({decimal(low, digits)} to {decimal(high, digits)})"


def p_value(p: float | None) -> str:
    """A p-value as journals print it: `<0.001`, `0.032`, `0.27`, `>0.99`; empty when there is none."""
    if p is None:
        return ""
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def count(number: float | str) -> str:
    """A whole number with thousands separated; what stands for it where it is withheld (`<11`)."""
    return number if isinstance(number, str) else f"{number:,.0f}"


def shown(number: float | str) -> float | None:
    """What a count is sorted and added by; None where it is withheld."""
    return None if isinstance(number, str) else number


def together(numbers: Sequence[float | str]) -> float | str:
    """The sum of counts; withheld where one of several is, and what stands for it where it is the only one."""
    known = [number for number in numbers if not isinstance(number, str)]
    if len(known) == len(numbers):
        return sum(known)
    return numbers[0] if len(numbers) == 1 else WITHHELD


def share(part: float | str, whole: float | str) -> str:
    """`212 (37.3%)`; the count alone of an empty whole, or where either is withheld."""
    if isinstance(part, str) or isinstance(whole, str) or whole <= 0:
        return count(part)
    return f"{count(part)} ({100 * part / whole:.1f}%)"


def plural(number: float | str, one: str, many: str = "") -> str:
    """`1 case`, `3 cases`, `<11 cases`."""
    return f"{count(number)}{THIN}{one if number == 1 else many or one + 's'}".replace(THIN, "\N{NO-BREAK SPACE}")


def level(fraction: float) -> str:
    """`95%` of 0.95."""
    return f"{100 * fraction:g}%"


def plain(value: object) -> str:
    """A setting of a learner for a table: floats to four significant digits, the rest as it is."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", MINUS)
    return str(value)

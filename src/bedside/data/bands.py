"""The order of groups that are ranges of a number: by the number, not by the alphabet."""

import re
from collections.abc import Iterable

_RANGE = re.compile(r"^(under|below|up to|less than|<|≤)? ?(\d+(?:\.\d+)?)(?![\w/])", re.IGNORECASE)


def in_order(words: Iterable[str]) -> list[str]:
    """Words that begin with a number, or with what lies below it, by that number; all others behind, by the alphabet.

    Example:
        >>> in_order(["50 to under 65", "80 and over", "under 50", "unknown", "100+"])
        ['under 50', '50 to under 65', '80 and over', '100+', 'unknown']
    """
    return sorted(words, key=_place)


def _place(word: str) -> tuple[bool, float, bool, str]:
    found = _RANGE.match(word)
    return (True, 0.0, False, word) if found is None else (False, float(found[2]), found[1] is None, word)

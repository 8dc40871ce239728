"""Numbers that stand for "not known": sentinels far outside the rest, and zeros that cannot be."""

from typing import cast

import polars as pl

from bedside.modalities.tabular.words import NEGATIVE_SENTINELS, POSITIVE_SENTINELS, never_zero

FAR = 3.0
"""A sentinel lies this many times the spread of the rest away from it."""


def number_codes(name: str, known: pl.Series) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Missing codes among numbers: those recognised, and notes on those recognised, suspected and impossible zeros."""
    recognised: list[float] = []
    notes: list[str] = []
    candidates = (*NEGATIVE_SENTINELS, *POSITIVE_SENTINELS, -1.0)
    rest = known.filter(~known.is_in(list(candidates)))
    if rest.n_unique() < 2:
        return (), ()
    for code in candidates:
        count = int((known == code).sum())
        if not count:
            continue
        if _is_far(code, rest):
            recognised.append(code)
            notes.append(f"{code:g} is read as missing in {count} cells: it lies far from all other values")
        elif _is_doubtful(code, rest):
            notes.append(f"{code:g} occurs in {count} cells and may mean missing; list it under missing if it does")
    zeros = int((known == 0).sum())
    if zeros and never_zero(name) and cast("float", rest.filter(rest != 0).min() or 0.0) > 0:
        notes.append(f"0 occurs in {zeros} cells and cannot be measured here; list 0 under missing if it means missing")
    return tuple(recognised), tuple(notes)


def _is_far(code: float, rest: pl.Series) -> bool:
    low, high = cast("float", rest.min()), cast("float", rest.max())
    if code == -1.0:
        return False
    if code < 0:
        return low >= 0 or low - code > FAR * (high - low)
    return code - high > FAR * (high - low)


def _is_doubtful(code: float, rest: pl.Series) -> bool:
    low, high = cast("float", rest.min()), cast("float", rest.max())
    return low >= 0 if code < 0 else code - high > 0.5 * (high - low)

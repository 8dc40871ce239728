"""What development records looked like, and how new ones differ from them."""

import math
from collections.abc import Sequence
from typing import Literal, cast

import numpy as np

from bedside.evidence.schema import Finding
from bedside.modalities.records.history import History
from bedside.modalities.records.vocabulary import tables
from bedside.types import Floats, Json

SHIFTED = 0.05
"""Share of new numbers outside the development range from which the finding is a warning."""

UNITS_FACTOR = 5.0
"""Ratio of medians from which a different unit is suspected."""

LESS = 0.2
"""Fewer histories that hold a code, as a share of all, before it is told."""

FEWEST = 20
"""Histories that must hold a code for its range to be told: fewer would be somebody's numbers."""


def profile_of(histories: Sequence[History]) -> Json:
    """Of every code the share of histories that hold it and the range of its numbers; aggregates only."""
    codes: dict[str, Json] = {word: {**known} for word, known in _codes(histories).items()}
    return {"histories": len(histories), "codes": codes}


def compare_with(profile: Json, histories: Sequence[History]) -> tuple[Finding, ...]:
    """How new records differ from development: codes it did not have, codes missing, numbers out of range, units."""
    before = cast("dict[str, dict[str, Json]]", cast("dict[str, Json]", profile)["codes"])
    now = _codes(histories, fewest=1)
    found: list[Finding] = []
    unknown = [code for code in now if code not in before]
    if unknown:
        count = sum(cast("int", now[code]["events"]) for code in unknown)
        total = sum(cast("int", one["events"]) for one in now.values())
        text = (
            f"{count} of {total} events have one of {len(unknown)} codes that development did not have; they count as "
            "unknown"
        )
        severity: Literal["warning", "info"] = "warning" if count / total > SHIFTED else "info"
        found.append(Finding(kind="unknown_code", severity=severity, text=text, count=count))
    for code, known in before.items():
        share, expected = cast("float", now.get(code, {}).get("share", 0.0)), cast("float", known["share"])
        if expected - share > LESS:
            text = f"{code!r} is in {share:.0%} of {len(histories)} histories; in development it was in {expected:.0%}"
            missing = round((1 - share) * len(histories))
            found.append(Finding(kind="missing", severity="warning", text=text, count=missing))
        if code in now and known["low"] is not None:
            found += _numbers(code, known, histories)
    return tuple(found)


def _codes(histories: Sequence[History], *, fewest: int = FEWEST) -> dict[str, dict[str, Json]]:
    holders: dict[str, int] = {}
    counts: dict[str, int] = {}
    numbers: dict[str, list[np.ndarray[tuple[int], np.dtype[np.float32]]]] = {}
    for events, positions, owners in tables(histories):
        codes = events.codes[positions].astype(np.int64)
        held = np.unique(codes * len(histories) + owners) // len(histories)
        for code, count in zip(*np.unique(held, return_counts=True), strict=True):
            holders[events.words[code]] = holders.get(events.words[code], 0) + int(count)
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(events.words) + 1))
        for code in np.flatnonzero(np.diff(ends)):
            word = events.words[code]
            values = events.numbers[positions[order[ends[code] : ends[code + 1]]]]
            counts[word] = counts.get(word, 0) + len(values)
            numbers.setdefault(word, []).append(values[np.isfinite(values)])
    made: dict[str, dict[str, Json]] = {}
    for word in sorted(counts):
        all_values: Floats = np.concatenate(numbers[word]).astype(np.float64)
        told = len(all_values) > 0 and holders[word] >= fewest
        low, middle, high = _range(all_values) if told else (None, None, None)
        made[word] = {
            "share": holders[word] / max(len(histories), 1),
            "events": counts[word],
            "low": low,
            "median": middle,
            "high": high,
        }
    return made


def _range(values: Floats) -> tuple[float, float, float]:
    """The 0.1st percentile, the median and the 99.9th, the ends rounded outwards: the very ends are one patient's."""
    low, middle, high = (float(one) for one in np.quantile(values, [0.001, 0.5, 0.999]))
    spread = high - low or abs(middle) or 1.0
    step = 10.0 ** (math.floor(math.log10(spread)) - 1)
    return math.floor(low / step) * step, middle, math.ceil(high / step) * step


def _numbers(code: str, known: dict[str, Json], histories: Sequence[History]) -> list[Finding]:
    low, median, high = (cast("float", known[name]) for name in ("low", "median", "high"))
    parts = []
    for events, positions, _ in tables(histories):
        wanted = np.array([word == code for word in events.words], dtype=bool)
        values = events.numbers[positions[wanted[events.codes[positions]]]]
        parts.append(values[np.isfinite(values)])
    values = np.concatenate(parts)
    if not len(values):
        return []
    outside = int(((values < low) | (values > high)).sum())
    if not outside or outside / len(values) <= 0.002:  # so many lie outside these percentiles in development
        return []
    severity: Literal["warning", "info"] = "warning" if outside / len(values) > SHIFTED else "info"
    text = f"{code!r}: {outside} of {len(values)} numbers lie outside the development range {low:g} to {high:g}"
    found = [Finding(kind="out_of_range", severity=severity, text=text, count=outside)]
    ratio = float(np.median(values)) / median if median else 1.0
    if outside / len(values) > 0.5 and ratio > 0 and not 1 / UNITS_FACTOR < ratio < UNITS_FACTOR:
        text = f"{code!r}: the median is {ratio:.3g} times that of development; check the unit"
        found.append(Finding(kind="unit", severity="serious", text=text, count=len(values)))
    return found

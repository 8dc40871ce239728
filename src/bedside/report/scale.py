"""Axes: where data lie between two limits, and at which round numbers the axis is marked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bedside.report.number import MINUS


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale from `low`..`high` to 0..1, linear unless it is logarithmic, with ticks at round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, 0 at `low`, 1 at `high`, held to a little beyond the ends."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else -math.inf
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.02, max(-0.02, share))

    def inside(self, value: float) -> bool:
        """Whether a value lies within the limits."""
        slack = 1e-9 * (self.high - self.low)
        return self.low - slack <= value <= self.high + slack

    def word(self, tick: float) -> str:
        """A tick as printed: as many decimals as the step between ticks needs."""
        if self.logarithmic:
            return f"{tick:,.10g}"
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else abs(tick) or 1.0
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        if round(step, digits) != round(step, digits + 1):  # 0.25 needs one more than 0.2
            digits += 1
        text = f"{abs(tick):,.{digits}f}"
        return MINUS + text if tick < -1e-12 else text


SMALLEST = 1e-290


def step_of(span: float, wanted: int) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that gives about `wanted` steps in `span`."""
    raw = span / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= raw * 0.999)


def scale(
    values: Iterable[float],
    *,
    limits: tuple[float, float] | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
    wanted: int = 5,
    pad: float = 0.05,
    whole: bool = False,
) -> Scale:
    """A scale around `values`.

    Args:
        values: What must be visible.
        limits: Exact limits instead, when they are declared.
        bounds: Limits of the measure that padding never crosses (an AUROC axis does not pass 1).
        wanted: About how many steps between ticks.
        pad: Free space at both ends, as a share of the span.
        whole: Values are whole numbers, so that a tick between them would mean nothing; says nothing beside `limits`.
    """
    numbers = [value for value in values if math.isfinite(value)]
    if limits is not None and limits[1] > limits[0]:
        low, high = limits
    else:
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
        span = (high - low) or abs(high) or 1.0
        low, high = low - pad * span, high + pad * span
        if bounds[0] is not None:
            low = max(low, min(bounds[0], min(numbers, default=bounds[0])))
        if bounds[1] is not None:
            high = min(high, max(bounds[1], max(numbers, default=bounds[1])))
        if high <= low:
            low, high = low - 0.5, high + 0.5
    if high - low < SMALLEST:  # a span that floating point cannot divide is drawn as a point
        low, high = low - 0.5, high + 0.5
    step = step_of(high - low, wanted)
    if whole and limits is None:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-6)
    last = math.floor(high / step + 1e-6)
    return Scale(low, high, tuple(index * step for index in range(first, last + 1)))


_FEWEST_TICKS = 3


def few_ticks(values: Iterable[float], *, most: int = 7) -> Scale:
    """A logarithmic scale of a few ticks, 1 among them where it is inside: ratios in a narrow drawing."""
    found = logarithmic(values, pad=0.06)
    ticks = found.ticks
    if len(ticks) < _FEWEST_TICKS:
        ticks = _inside(found.low, found.high, (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))
    if len(ticks) > most:
        ticks = tuple(tick for tick in ticks if math.isclose(round(math.log10(tick)), math.log10(tick), abs_tol=1e-9))
    if len(ticks) > most:
        step = math.ceil(len(ticks) / most)
        ticks = ticks[(ticks.index(1.0) if 1.0 in ticks else 0) % step :: step]
    return Scale(found.low, found.high, ticks or found.ticks[:1], logarithmic=True)


def logarithmic(values: Iterable[float], *, pad: float = 0.02) -> Scale:
    """A logarithmic scale around `values`, marked at 1, 2 and 5 times powers of ten; at its ends where none is inside.

    Args:
        values: What must be visible, above 0.
        pad: Free space at both ends, as a share of the logarithm's span.

    Raises:
        ValueError: A value is not above 0.
    """
    numbers = [value for value in values if math.isfinite(value)] or [1.0, 10.0]
    if min(numbers) <= 0:
        msg = f"a logarithmic axis was given {min(numbers):g}; its values must be above 0"
        raise ValueError(msg)
    low, high = min(numbers), max(numbers)
    room = pad * math.log(high / low) or math.log(2.0)
    low, high = low * math.exp(-room), high * math.exp(room)
    return Scale(low, high, _inside(low, high, (1.0, 2.0, 5.0)) or (low, high), logarithmic=True)


def _inside(low: float, high: float, factors: tuple[float, ...]) -> tuple[float, ...]:
    """These factors times powers of ten, as far as they lie between two ends."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marked = (float(f"{factor * 10.0**power:.6g}") for power in powers for factor in factors)
    return tuple(tick for tick in marked if low <= tick <= high)

"""Vital signs as early-warning scores ask for them, taken from the latest measurements in a history."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from bedside.modalities.records.history import History

ROOM_AIR = 0.21
"""Share of oxygen in the air."""


@dataclass(frozen=True, kw_only=True)
class VitalSigns:
    """What a chart holds at one time; None where it was not measured.

    Attributes:
        respiration: Breaths a minute.
        saturation: Oxygen saturation, per cent.
        oxygen: Whether oxygen is given.
        systolic: Systolic blood pressure, mmHg.
        pulse: Beats a minute.
        temperature: Degrees Celsius.
        coma_scale: Glasgow coma scale, 3 to 15.
    """

    respiration: float | None = None
    saturation: float | None = None
    oxygen: bool | None = None
    systolic: float | None = None
    pulse: float | None = None
    temperature: float | None = None
    coma_scale: float | None = None

    @property
    def known(self) -> int:
        """How many were measured; oxygen alone is no measurement."""
        return sum(getattr(self, field.name) is not None for field in fields(self) if field.name != "oxygen")


@dataclass(frozen=True, kw_only=True)
class Codes:
    """In which codes vital signs stand; of several the latest counts.

    Attributes:
        respiration: Breaths a minute.
        saturation: Per cent.
        inspired: Share of oxygen that is breathed in, 0 to 1 or in per cent.
        systolic: mmHg.
        pulse: Beats a minute.
        temperature: Degrees Celsius.
        coma_scale: 3 to 15.
    """

    respiration: tuple[str, ...] = ("LOINC//9279-1",)
    saturation: tuple[str, ...] = ("LOINC//2708-6", "LOINC//59408-5")
    inspired: tuple[str, ...] = ("LOINC//3150-6", "LOINC//19994-3")
    systolic: tuple[str, ...] = ("LOINC//8480-6",)
    pulse: tuple[str, ...] = ("LOINC//8867-4",)
    temperature: tuple[str, ...] = ("LOINC//8310-5",)
    coma_scale: tuple[str, ...] = ("LOINC//9269-2",)


def scored(score: Callable[[VitalSigns], int], codes: Codes, *, fewest: int = 1) -> "_Scored":
    """A score of vital signs as a rule on histories, for `PointsScore`.

    Args:
        score: Of vital signs at one time.
        codes: Where they stand.
        fewest: Signs that must be known for an answer; what is not known counts 0 points, as in a chart.
    """
    return _Scored(score, codes, fewest)


@dataclass(frozen=True)
class _Scored:
    score: Callable[[VitalSigns], int]
    codes: Codes
    fewest: int

    def __call__(self, history: History) -> float | None:
        signs = vital_signs(history, self.codes)
        return float(self.score(signs)) if signs.known >= self.fewest else None


def vital_signs(history: History, codes: Codes) -> VitalSigns:
    """The latest of each in the observation window."""
    events, rows = history.events, slice(*history.rows)
    words = events.places
    numbers, kinds = events.numbers[rows], events.codes[rows]
    known = np.flatnonzero(np.isfinite(numbers))
    last = dict(zip(kinds[known].tolist(), known.tolist(), strict=True))  # of equal codes the later one is kept

    def latest(names: tuple[str, ...]) -> float | None:
        found = [last[words[name]] for name in names if name in words and words[name] in last]
        return float(numbers[max(found)]) if found else None

    inspired = latest(codes.inspired)
    if inspired is not None and inspired > 1:
        inspired /= 100
    return VitalSigns(
        respiration=latest(codes.respiration),
        saturation=latest(codes.saturation),
        oxygen=None if inspired is None else inspired > ROOM_AIR + 0.005,
        systolic=latest(codes.systolic),
        pulse=latest(codes.pulse),
        temperature=latest(codes.temperature),
        coma_scale=latest(codes.coma_scale),
    )

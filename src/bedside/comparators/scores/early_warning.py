"""NEWS2, MEWS and qSOFA: bedside scores of vital signs, as published."""

from typing import Final

from bedside.comparators.scores.bands import Bands
from bedside.comparators.scores.vital_signs import VitalSigns

NEWS2_SOURCE: Final = "National Early Warning Score 2 (Royal College of Physicians, London, 2017)"
MEWS_SOURCE: Final = "Modified Early Warning Score (Subbe et al., QJM 2001)"
QSOFA_SOURCE: Final = "quick SOFA (Singer et al., JAMA 2016)"

ALERT: Final = 15
"""Of the coma scale: fully alert."""

NEWS2_RESPIRATION: Final = Bands((8, 11, 20, 24), (3, 1, 0, 2, 3))
NEWS2_SATURATION: Final = Bands((91, 93, 95), (3, 2, 1, 0))
NEWS2_SATURATION_2_AIR: Final = Bands((83, 85, 87), (3, 2, 1, 0))
NEWS2_SATURATION_2_OXYGEN: Final = Bands((83, 85, 87, 92, 94, 96), (3, 2, 1, 0, 1, 2, 3))
NEWS2_SYSTOLIC: Final = Bands((90, 100, 110, 219), (3, 2, 1, 0, 3))
NEWS2_PULSE: Final = Bands((40, 50, 90, 110, 130), (3, 1, 0, 1, 2, 3))
NEWS2_TEMPERATURE: Final = Bands((35.0, 36.0, 38.0, 39.0), (3, 1, 0, 1, 2), step=0.1)
NEWS2_OXYGEN: Final = 2
NEWS2_NOT_ALERT: Final = 3

MEWS_SYSTOLIC: Final = Bands((70, 80, 100, 199), (3, 2, 1, 0, 2))
MEWS_PULSE: Final = Bands((40, 50, 100, 110, 129), (2, 1, 0, 1, 2, 3))
MEWS_RESPIRATION: Final = Bands((8, 14, 20, 29), (2, 0, 1, 2, 3))
MEWS_TEMPERATURE: Final = Bands((34.9, 38.4), (2, 0, 2), step=0.1)
MEWS_COMA: Final = Bands((8, 13, 14), (3, 2, 1, 0))
"""Alert, to voice, to pain, unresponsive: the coma scale in their place (15, 14, 9 to 13, below 9)."""

QSOFA_RESPIRATION: Final = Bands((21,), (0, 1))
QSOFA_SYSTOLIC: Final = Bands((100,), (1, 0))
QSOFA_COMA: Final = Bands((14,), (1, 0))


def news2(signs: VitalSigns, *, hypercapnic: bool = False) -> int:
    """NEWS2, 0 to 20.

    Args:
        signs: At one time.
        hypercapnic: Whether the second scale of saturation applies (target 88 to 92 per cent); a clinician decides.
    """
    if hypercapnic:
        saturation = (NEWS2_SATURATION_2_OXYGEN if signs.oxygen else NEWS2_SATURATION_2_AIR)(signs.saturation)
    else:
        saturation = NEWS2_SATURATION(signs.saturation)
    alert = signs.coma_scale is None or signs.coma_scale >= ALERT
    return (
        NEWS2_RESPIRATION(signs.respiration)
        + saturation
        + (NEWS2_OXYGEN if signs.oxygen else 0)
        + NEWS2_SYSTOLIC(signs.systolic)
        + NEWS2_PULSE(signs.pulse)
        + (0 if alert else NEWS2_NOT_ALERT)
        + NEWS2_TEMPERATURE(signs.temperature)
    )


def mews(signs: VitalSigns) -> int:
    """MEWS, 0 to 14."""
    return (
        MEWS_SYSTOLIC(signs.systolic)
        + MEWS_PULSE(signs.pulse)
        + MEWS_RESPIRATION(signs.respiration)
        + MEWS_TEMPERATURE(signs.temperature)
        + MEWS_COMA(signs.coma_scale)
    )


def qsofa(signs: VitalSigns) -> int:
    """qSOFA, 0 to 3."""
    return QSOFA_RESPIRATION(signs.respiration) + QSOFA_SYSTOLIC(signs.systolic) + QSOFA_COMA(signs.coma_scale)

"""The number of an observation in the unit of a predictor, or why it cannot be right."""

import math
from typing import Final

from bedside.modalities.records.events.concept import concept
from bedside.modalities.records.events.spelling import ucum
from bedside.modalities.records.events.units import ANYTHING, Conversion, Substance, conversion, without_dimension

PURE: Final = "1"
"""Stands for the unit of predictors that have none."""


def in_unit(number: float, written: str | None, unit: str, code: str) -> float | None:
    """A number in a unit; None where its own unit is missing or another kind of unit, or nobody alive has that number.

    Args:
        number: As the source has it.
        written: Its unit, as the source writes it; None where it tells none.
        unit: UCUM unit that is asked for; "" for a number without one.
        code: What was measured, with its system ("LOINC//2345-7"): by it amounts of substance are turned into masses,
            and limits of the living are known.
    """
    known = concept(code)
    substance = ANYTHING if known is None else known.substance
    wanted = ucum(unit) or PURE
    turn = _turn(written, wanted, substance)
    if turn is None or not math.isfinite(value := turn.of(number)):
        return None
    if known is not None and known.limits is not None:
        kept = _turn(wanted, known.unit, substance)
        if kept is not None and not known.limits[0] <= kept.of(value) <= known.limits[1]:
            return None
    return value


def _turn(written: str | None, wanted: str, substance: Substance) -> Conversion | None:
    """As `conversion`; the unit that is wanted is taken as it is, since reading any unit first takes seconds."""
    if written is None:
        return Conversion() if without_dimension(wanted) else None
    return Conversion() if ucum(written) == wanted else conversion(written, wanted, substance)

"""What known codes measure: in which unit, of which substance, and within which limits of the living."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bedside.modalities.records.events.units import Conversion, Substance, conversion


@dataclass(frozen=True)
class Concept:
    """What a code measures.

    Attributes:
        name: As in concepts.toml ("glucose").
        unit: The UCUM unit in which the numbers of the code are kept.
        limits: Numbers outside of them, in that unit, no living person has; None for none.
    """

    name: str
    unit: str
    substance: Substance
    limits: tuple[float, float] | None


def known() -> tuple[str, ...]:
    """All codes whose concept is known, sorted."""
    return tuple(sorted(_units()))


@cache
def concept(code: str) -> Concept | None:
    """What a code measures; None where that is not known."""
    if code not in _units():
        return None
    name, unit = _units()[code]
    entry = _table("concepts.toml")[name]
    special = {unit: (float(factor), float(offset)) for unit, (factor, offset) in entry.get("special", {}).items()}
    substance = Substance(
        molar_mass=float(entry.get("molar_mass", 0.0)),
        valence=int(entry.get("valence", 0)),
        enzyme=bool(entry.get("enzyme", False)),
        special=special,
    )
    limits = _table("plausible.toml").get(name, {}).get("limits")
    return Concept(name, unit, substance, _bounds(limits, entry["unit"], unit, substance))


@cache
def _units() -> Mapping[str, tuple[str, str]]:
    """Name of the concept and unit, by code."""
    found: dict[str, tuple[str, str]] = {}
    for name, entry in _table("concepts.toml").items():
        for unit, codes in {entry["unit"]: entry["codes"], **entry.get("codes_in", {})}.items():
            found |= dict.fromkeys(codes, (name, unit))
    return found


def _bounds(
    bounds: tuple[float, float] | None, own: str, unit: str, substance: Substance
) -> tuple[float, float] | None:
    if bounds is None:
        return None
    turn = Conversion() if unit == own else conversion(own, unit, substance)
    return None if turn is None else (turn.of(bounds[0]), turn.of(bounds[1]))


@cache
def _table(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))

"""Turns a number from one UCUM unit into another, also between mass and amount of a known substance."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final

from bedside.modalities.records.events.spelling import ucum

if TYPE_CHECKING:
    from lark import Lark
    from pint import Quantity, UnitRegistry
    from ucumvert import UcumToPintTransformer

_ANNOTATION = re.compile(r"^\{[^}]*\}$")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_EQUIVALENTS = re.compile(r"(?<![A-Za-z])([mun]?)eq(?![A-Za-z])")
_PHYSICAL: Final = frozenset(
    {"[Hg]", "[H2O]", "[degF]", "[degR]", "[in_i]", "[ft_i]", "[lb_av]", "[oz_av]", "[foz_us]", "[Cal]"}
)
"""Units in brackets that physics defines; all others ([iU], [HPF], [pH]) compare with themselves alone."""
_WITHOUT = frozenset({"1", "[pH]"})


@dataclass(frozen=True)
class Substance:
    """What is measured, as far as it decides how units of it are converted.

    Attributes:
        molar_mass: In g/mol; 0 where it has none that is agreed on.
        valence: Charges of an ion, by which equivalents are divided; 0 for none.
        enzyme: An activity, of which laboratories write U and IU for the same.
        special: Conversions that no dimension gives (HbA1c): unit to factor and offset into the unit of the code.
    """

    molar_mass: float = 0.0
    valence: int = 0
    enzyme: bool = False
    special: Mapping[str, tuple[float, float]] = field(default_factory=dict)


ANYTHING: Final = Substance()


@dataclass(frozen=True)
class Conversion:
    """A number in the other unit is `number * factor + offset`."""

    factor: float = 1.0
    offset: float = 0.0

    def of(self, number: float) -> float:
        """The number in the other unit."""
        return number * self.factor + self.offset


def is_unit(written: str) -> bool:
    """Whether a unit can be read."""
    return _read(ucum(written)) is not None


def without_dimension(unit: str) -> bool:
    """Whether a UCUM unit is that of a pure number, which many sources leave out: 1, a pH, an INR, a score."""
    return unit in _WITHOUT or _ANNOTATION.match(unit) is not None


def conversion(written: str, unit: str, substance: Substance = ANYTHING) -> Conversion | None:
    """How numbers with a unit as written are turned into a UCUM unit; None where that cannot be.

    Mass and amount of substance are converted by molar mass, equivalents by valence.

    Example:
        >>> conversion("mmol/L", "mg/dL", Substance(molar_mass=180.156))
        Conversion(factor=18.0156, offset=0.0)
        >>> conversion("mmol/L", "mg/dL") is None
        True
    """
    origin = ucum(written)
    if substance.enzyme:
        origin, unit = origin.replace("[iU]", "U"), unit.replace("[iU]", "U")
    if origin == unit:
        return Conversion() if _read(unit) is not None else None
    if origin in substance.special:
        return Conversion(*substance.special[origin])
    if without_dimension(origin) and without_dimension(unit) and "[pH]" not in (origin, unit):
        return Conversion()
    if _arbitrary(origin) != _arbitrary(unit):
        return None
    return _by_dimension(origin, unit, substance)


def _by_dimension(origin: str, unit: str, substance: Substance) -> Conversion | None:
    one, other = _read(_moles(origin)), _read(_moles(unit))
    if one is None or other is None:
        return None
    for moles, charges in ((_charged(origin), 1), (_charged(unit), -1)):
        if moles and not substance.valence:
            return None if _charged(origin) != _charged(unit) else _linear(one, other)
        if moles:
            one = one / float(substance.valence) ** charges
    if one.dimensionality != other.dimensionality and substance.molar_mass:
        mass = substance.molar_mass * _registry().Unit("g/mol")
        if (one * mass).dimensionality == other.dimensionality:
            one = one * mass
        elif (one / mass).dimensionality == other.dimensionality:
            one = one / mass
    return _linear(one, other)


def _linear(one: "Quantity[float]", other: "Quantity[float]") -> Conversion | None:
    """Scales of temperature have another zero; all else is a factor."""
    from pint.errors import PintError  # noqa: PLC0415 - slow to import, and needed only where units differ

    if one.dimensionality != other.dimensionality:
        return None
    make = _registry().Quantity
    try:
        zero, hundred = (make(x * one.magnitude, one.units).to(other.units).magnitude for x in (0.0, 100.0))
    except PintError:
        return None
    offset = float(f"{zero / other.magnitude:.12g}")
    return Conversion(
        float(f"{(hundred - zero) / 100.0 / other.magnitude:.12g}"), 0.0 if abs(offset) < 1e-9 else offset
    )


@cache
def _read(unit: str) -> "Quantity[float] | None":
    """A UCUM unit as a quantity; None where it is none."""
    from lark.exceptions import LarkError  # noqa: PLC0415 - slow to import, and needed only where units differ
    from pint import Quantity  # noqa: PLC0415
    from pint.errors import PintError  # noqa: PLC0415
    from ucumvert import InvalidUcumError, parse_ucum  # noqa: PLC0415

    if without_dimension(unit):
        return _registry().Quantity(1.0)
    try:
        parser, transformer = _ucum()
        found = transformer.transform(parse_ucum(unit, parser))
    except (InvalidUcumError, LarkError, PintError, ArithmeticError, ValueError, TypeError):
        return None
    return found if isinstance(found, Quantity) else None


def _charged(unit: str) -> bool:
    return _EQUIVALENTS.search(unit) is not None


def _moles(unit: str) -> str:
    return _EQUIVALENTS.sub(r"\1mol", unit)


def _arbitrary(unit: str) -> list[str]:
    return sorted(found for found in _BRACKETS.findall(unit) if found not in _PHYSICAL)


@cache
def _registry() -> "UnitRegistry[Any]":
    """Pint's units and those of UCUM; ucumvert's own registry would be made twice, once for the whole process."""
    from pint import UnitRegistry  # noqa: PLC0415 - takes seconds

    registry: UnitRegistry[Any] = UnitRegistry()
    with as_file(files("ucumvert").joinpath("pint_ucum_defs.txt")) as definitions:
        registry.load_definitions(definitions)
    return registry


@cache
def _ucum() -> "tuple[Lark, UcumToPintTransformer]":
    from ucumvert import UcumToPintTransformer, get_ucum_parser  # noqa: PLC0415 - as above

    return get_ucum_parser(), UcumToPintTransformer(ureg=_registry())

"""Values of observations and doses: a number with its unit, or words."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bedside.modalities.records.readers.fhir.codings import named
from bedside.modalities.records.readers.fhir.rows import Rows

_UCUM = "unitsofmeasure.org"
_NOT_READ = ("valueTime", "valueDateTime", "valuePeriod", "valueSampledData", "valueRange", "valueAttachment")


class Value(NamedTuple):
    """What was found: a number, words, or both (a limit of detection: 5, "<")."""

    number: float | None = None
    text: str | None = None
    unit: str | None = None


def quantity(said: Mapping[str, Any] | None) -> Value | None:
    """The number of a Quantity, its unit by UCUM where it is told so, and how it is bounded; None without a number.

    Raises:
        TypeError: The value is neither a number nor written as one.
        ValueError: As above.
    """
    if not said or said.get("value") is None:
        return None
    value = said["value"]
    if isinstance(value, bool):
        msg = "a truth value stands where a number is due"
        raise TypeError(msg)
    ucum = str(said.get("system") or "").rstrip("/").endswith(_UCUM)
    unit = (said.get("code") if ucum else None) or said.get("unit") or said.get("code")
    return Value(float(value), said.get("comparator"), str(unit) if unit else None)


def value_of(holder: Mapping[str, Any], what: str, rows: Rows) -> Value | None:
    """The `value[x]` of an observation or a component of one; None where it has none."""
    for field, reads in _VALUES.items():
        if field in holder:
            return reads(holder[field])
    for field in _NOT_READ:
        if field in holder:
            rows.problem(f"{what}: {field} is not read; kept without a value")
            return Value()
    return None


def _words(concept: Mapping[str, Any]) -> Value | None:
    found = named(concept)
    return Value(text=found.words or found.code) if found else None


def _ratio(ratio: Mapping[str, Any]) -> Value | None:
    """A titre is words: "1:128"."""
    above, below = quantity(ratio.get("numerator")), quantity(ratio.get("denominator"))
    return Value(text=f"{above.number:g}:{below.number:g}") if above and below else None


_VALUES: Mapping[str, Callable[[Any], Value | None]] = {
    "valueQuantity": quantity,
    "valueCodeableConcept": _words,
    "valueString": lambda text: Value(text=str(text)),
    "valueInteger": lambda number: quantity({"value": number}),
    "valueBoolean": lambda holds: Value(text="true" if holds is True else "false"),
    "valueRatio": _ratio,
}

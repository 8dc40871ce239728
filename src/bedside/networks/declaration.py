"""What networks are declared with: checks of their fields, and how they become JSON."""

import math
from dataclasses import fields, is_dataclass
from typing import Any

from bedside.errors import StudyError
from bedside.types import Json


def positive(name: str, *values: float) -> None:
    """Check numbers of a declaration; raises StudyError."""
    if not values or not all(math.isfinite(value) and value > 0 for value in values):
        told = ", ".join(f"{value:g}" for value in values) or "empty"
        msg = f"a network was declared with {name}: {told}; one or more positive numbers are needed"
        raise StudyError(msg)


def one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    """Check a choice of a declaration; raises StudyError."""
    if value not in allowed:
        msg = f"a network was declared with {name}: {value!r}; allowed is one of {', '.join(map(repr, allowed))}"
        raise StudyError(msg)


def record(declared: Any) -> dict[str, Json]:  # noqa: ANN401 - any frozen dataclass
    """A declaration as JSON under the name of its class, declarations within it likewise."""
    values: dict[str, Json] = {"class": type(declared).__name__}
    for field in fields(declared):
        value = getattr(declared, field.name)
        if is_dataclass(value):
            values[field.name] = record(value)
        else:
            values[field.name] = list(value) if isinstance(value, tuple) else value
    return values

"""What architectures are declared with: choices, their checks, and how they become JSON."""

import math
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeAlias

from bedside.errors import StudyError
from bedside.types import Json

Norm: TypeAlias = Literal["batch", "group"]
"""Normalised across a batch (faster to learn), or within each case (tiny batches, privacy accounting)."""

Stem: TypeAlias = Literal["auto", "small", "large"]
"""First layers: "small" keeps the size of the image, "large" makes it smaller at once, "auto" goes by the size."""

LARGE = {2: 64, 3: 32}
"""Shorter side, by dimensions, from which "auto" is "large"."""


def is_large(stem: Stem, side: int, dimensions: int) -> bool:
    """Whether an image of this shorter side gets the stem for large images."""
    return stem == "large" or (stem == "auto" and side >= LARGE[dimensions])


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

"""How strong a change may be declared to be."""

import math

from bedside.errors import StudyError


def within(what: str, strengths: dict[str, float], limits: dict[str, float]) -> None:
    """Refuse strengths outside 0 to their limit.

    Args:
        what: The change that is declared ("intensity").
        strengths: By name.
        limits: Largest allowed, by name.

    Raises:
        StudyError: One is negative, not finite or too large.
    """
    for name, strength in strengths.items():
        if not (math.isfinite(strength) and 0.0 <= strength <= limits[name]):
            msg = f"augmentation of {what} was declared with {name}={strength}; allowed is 0 to {limits[name]:g}"
            raise StudyError(msg)

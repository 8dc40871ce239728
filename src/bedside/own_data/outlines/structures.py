"""Structures as a person names them: in the order of their numbers in the masks, or each with its number."""

from collections.abc import Sequence

from bedside.errors import StudyError
from bedside.own_data.outlines.declaration import StructurePart


def named_structures(given: Sequence[str]) -> tuple[StructurePart, ...]:
    """Structures as a person names them, "liver" or "2=liver"; raises StudyError where numbers are mixed or wrong.

    Example:
        >>> [(one.number, one.name) for one in named_structures(["anterior", "posterior"])]
        [(1, 'anterior'), (2, 'posterior')]
    """
    numbered = [one.partition("=") for one in given if "=" in one]
    if not numbered:
        return tuple(StructurePart(number=place + 1, name=name) for place, name in enumerate(given))
    fine = all(number.strip().isdecimal() and int(number) > 0 and name.strip() for number, _, name in numbered)
    if len(numbered) < len(given) or not fine:
        msg = (
            f"structures were given as {', '.join(given)}; give names alone (anterior,posterior), or all with the "
            "number that they have in the masks (2=liver,5=spleen)"
        )
        raise StudyError(msg)
    return tuple(StructurePart(number=int(number), name=name.strip()) for number, _, name in numbered)

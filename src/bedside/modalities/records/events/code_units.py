"""Decides in which unit the numbers of each code are kept, and how each unit that occurs is turned into it."""

from collections.abc import Iterable
from typing import Final

import polars as pl

from bedside.modalities.records.events.concept import Concept, concept
from bedside.modalities.records.events.partition import UNIT
from bedside.modalities.records.events.schema import CODE
from bedside.modalities.records.events.spelling import ucum
from bedside.modalities.records.events.units import ANYTHING, Conversion, conversion, is_unit, without_dimension

TURNS: Final = pl.Schema(
    {
        CODE: pl.String(),
        UNIT: pl.String(),
        "events": pl.Int64(),
        "kept_in": pl.String(),
        "factor": pl.Float64(),
        "offset": pl.Float64(),
        "unit_unknown": pl.Boolean(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
"""Of each code and each of its units as written (null for none): `kept_in` is the UCUM unit of the code (null where it
has none), a number in it is `number * factor + offset`, and is plausible from `low` to `high` (null for no limits)."""


def turns(counted: pl.DataFrame) -> pl.DataFrame:
    """How the numbers of a source are turned, as `TURNS`.

    The unit of a known code is declared (concepts.toml); that of another is the one most of its numbers have, the first
    in the alphabet of those that tie. Where no number of a code has a unit the code has none, and nothing is flagged.

    Args:
        counted: Code, unit as the source writes it, and how many events with a number have both.
    """
    rows: list[tuple[object, ...]] = []
    for (code,), group in counted.sort(CODE, UNIT).group_by(CODE, maintain_order=True):
        word = str(code)
        known = concept(word)
        written = dict(zip(group.get_column(UNIT), group.get_column("events"), strict=True))
        kept = _kept_in(written, known)
        limits = (None, None) if known is None or kept is None or known.limits is None else known.limits
        for unit, events in written.items():
            turn = _turn(unit, kept, known, any_unit=set(written) != {None})
            factor, offset = (1.0, 0.0) if turn is None else (turn.factor, turn.offset)
            rows.append((word, unit, events, kept, factor, offset, turn is None, *limits))
    return pl.DataFrame(rows, schema=TURNS, orient="row")


def _kept_in(written: dict[str | None, int], known: Concept | None) -> str | None:
    named = {unit: events for unit, events in written.items() if unit is not None}
    if known is not None:
        return known.unit if named or without_dimension(known.unit) else None
    votes: dict[str, int] = {}
    for unit, events in named.items():
        if is_unit(unit):
            votes[ucum(unit)] = votes.get(ucum(unit), 0) + events
    return _first(votes)


def _first(votes: dict[str, int]) -> str | None:
    ordered: Iterable[str] = sorted(votes, key=lambda unit: (-votes[unit], unit))
    return next(iter(ordered), None)


def _turn(unit: str | None, kept: str | None, known: Concept | None, *, any_unit: bool) -> Conversion | None:
    if unit is None:
        alone = not any_unit or (kept is not None and without_dimension(kept))
        return Conversion() if alone else None
    return None if kept is None else conversion(unit, kept, ANYTHING if known is None else known.substance)

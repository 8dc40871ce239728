"""One row of a table as what happened to a case, or why that cannot be said."""

from collections.abc import Mapping

from bedside.endpoints.time_to_event.outcome import Followed
from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Table
from bedside.own_data.declaration import FollowUpPart, OutcomePart

NOT_ABOVE_ZERO = "time is zero or negative"
ENTRY_TOO_LATE = "entry is not before the time"
NOT_KNOWN = ("time and event missing", "time missing", "event missing", "entry missing")
"""Reasons for which a case stays eligible: what became of it is not known."""


def codes_of(part: FollowUpPart) -> dict[str, int]:
    """What each word of the outcome column means: 0 for censored, causes from 1 on."""
    causes = {word: k for k, cause in enumerate(part.causes, start=1) for word in cause.words}
    return dict.fromkeys(part.censored, 0) | causes


def followed(
    time: float | None, event: str | None, entry: float | None, codes: Mapping[str, int], column: str
) -> Followed | str:
    """What happened to a case, or the reason for which it is excluded.

    Args:
        time: Cell of the time, None where missing.
        event: Cell of the outcome column, None where missing.
        entry: Cell of the entry, None where missing; 0 where there is no such column.
        codes: As `codes_of` gives them.
        column: Name of the outcome column, for the message.

    Raises:
        OutcomeProblem: The event is a word that was not declared.
    """
    if time is None or event is None:
        both = time is None and event is None
        return NOT_KNOWN[0] if both else NOT_KNOWN[1] if time is None else NOT_KNOWN[2]
    if event not in codes:
        msg = (
            f"the column {column!r} holds a value that is none of {', '.join(map(repr, codes))}; recode it, add it to "
            "censored or to a cause in [follow_up], or list it under missing in [outcome]"
        )
        raise OutcomeProblem(msg)
    if entry is None:
        return NOT_KNOWN[3]
    if entry < 0:
        return "entry is negative"
    if time <= 0:
        return NOT_ABOVE_ZERO
    if entry >= time:
        return ENTRY_TOO_LATE
    return Followed(time, codes[event], entry)


def follow_ups(outcome: OutcomePart, part: FollowUpPart, table: Table) -> list[Followed | str]:
    """What happened to the case of every row, in order, or the reason for which it is excluded.

    Raises:
        OutcomeProblem: An event is a word that was not declared.
        TableProblem: A column is absent or holds what is no number.
    """
    frame = table.restricted(Schema((outcome.as_column(), *part.as_columns()))).frame
    times, events = frame.get_column(part.time).to_list(), frame.get_column(outcome.column).to_list()
    entries = frame.get_column(part.entry).to_list() if part.entry else [0.0] * len(times)
    codes = codes_of(part)
    return [followed(*row, codes, outcome.column) for row in zip(times, events, entries, strict=True)]

"""Histories as of an earlier time: what would have been known had the prediction been made then."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bedside.errors import RecordsProblem
from bedside.modalities.records.history import HOUR, History


def as_of(history: History, hours: float) -> History:
    """The history as it stood so many hours before its index time, which then is its index time.

    Facts without a time stay, a birth gives the age at the earlier time, and what was recorded beside the case is gone,
    since nobody says when it became known. A view of the same table: nothing is copied.

    Args:
        history: Of any patient.
        hours: Before its index time, not negative.

    Raises:
        RecordsProblem: The hours are negative or no number: nothing later than the index time may be seen.
    """
    if not hours >= 0:
        msg = f"a history was asked for as of {hours} hours before its index time; give 0 hours or more"
        raise RecordsProblem(msg)
    if hours == 0:
        return history
    index = history.index - round(hours * HOUR)
    first, last = history.rows
    known = int(np.searchsorted(history.events.times[first:last], index, side="right"))
    return replace(history, rows=(first, first + known), start=min(history.start, index), index=index, beside=())


def all_as_of(histories: Sequence[History], rng: np.random.Generator, *, hours: float) -> list[History]:
    """Histories as of so many hours before the index time of each; nothing is drawn."""
    del rng
    return [as_of(history, hours) for history in histories]

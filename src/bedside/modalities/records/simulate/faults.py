"""What is wrong in records: slips of the pen, other units, lost times and repetitions, at rates that are invented."""

from typing import Final

import numpy as np

from bedside.modalities.records.events.partition import STATIC, UNIT
from bedside.modalities.records.events.schema import CODE, NUMBER, TIME
from bedside.modalities.records.simulate.catalogue import MEASUREMENTS
from bedside.modalities.records.simulate.rows import START, TIMELESS, Columns, Words

OTHER_UNIT: Final = 0.03
IMPLAUSIBLE: Final = 0.0004
UNREADABLE_UNIT: Final = 0.0002
NO_UNIT: Final = 0.0002
NO_TIME: Final = 0.00003
DATE_OF_NOTHING: Final = 0.00003
REPEATED: Final = 0.002
"""Shares of the measurements; of all events where they are repeated."""

UNREADABLE: Final = "units"
SLIP: Final = 99_999.0
"""What somebody typed where a number was wanted."""
NOTHING: Final = int(np.datetime64("1900-01-01", "s").astype(np.int64)) - START


def spoiled(columns: Columns, words: Words, draws: np.random.Generator) -> Columns:
    """Events with their faults; what is repeated stands at the end."""
    number, unit, time = (columns[name].copy() for name in (NUMBER, UNIT, TIME))
    for one in MEASUREMENTS:
        if one.other is None:
            continue
        name, factor, offset = one.other
        chosen = _some(columns[CODE] == words.place(one.code), OTHER_UNIT, draws)
        number[chosen] = number[chosen] * factor + offset
        unit[chosen] = words.place(name)
    measured = ~np.isnan(number)
    number[_some(measured, IMPLAUSIBLE, draws)] = SLIP
    unit[_some(measured, UNREADABLE_UNIT, draws)] = words.place(UNREADABLE)
    unit[_some(measured, NO_UNIT, draws)] = -1
    time[_some(measured, NO_TIME, draws)] = TIMELESS
    time[_some(measured, DATE_OF_NOTHING, draws)] = NOTHING
    told = {**columns, NUMBER: number, UNIT: unit, TIME: time}
    again = _some(~columns[STATIC], REPEATED, draws)
    return {name: np.concatenate([values, values[again]]) for name, values in told.items()}


def _some(
    rows: "np.ndarray[tuple[int], np.dtype[np.bool_]]", share: float, draws: np.random.Generator
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """A share of these rows."""
    places = np.flatnonzero(rows)
    return places[draws.random(len(places)) < share]

"""The one table of events: the columns of MEDS 0.4 and the few that bedside adds.

MEDS (Medical Event Data Standard) stores one measurement a row, all rows of a subject together, sorted by time, in one
file (https://medical-event-data-standard.github.io). Extra columns are allowed there; a reader that does not know ours
reads the rest.
"""

from typing import Final

import polars as pl
from meds import schema as meds

SUBJECT: Final = "subject_id"
TIME: Final = "time"
CODE: Final = "code"
NUMBER: Final = "numeric_value"
TEXT: Final = "text_value"
ENCOUNTER: Final = "encounter_id"
"""Ours: the stay or visit in which an event was recorded, null outside any."""
FLAGS: Final = "flags"
"""Ours: what is the matter with an event, as bits of `Flag`; 0 for nothing."""

BIRTH: Final = meds.birth_code
DEATH: Final = meds.death_code

EVENTS: Final = pl.Schema(
    {
        SUBJECT: pl.Int64(),
        TIME: pl.Datetime("us"),
        CODE: pl.String(),
        NUMBER: pl.Float32(),
        TEXT: pl.String(),
        ENCOUNTER: pl.Int64(),
        FLAGS: pl.UInt16(),
    }
)
"""A shard as it is stored: one subject's rows contiguous, static ones (time null) first, then by time.

`time` is when something became known, in the source's own clock (without a zone), never when it happened if that is
earlier: a result at the time it was released, a diagnosis coded at discharge at discharge. A day without a clock time
stands at its last second.
"""

RAW: Final = pl.Schema(
    {
        "subject": pl.String(),
        TIME: pl.Datetime("us"),
        CODE: pl.String(),
        NUMBER: pl.Float64(),
        TEXT: pl.String(),
        "unit": pl.String(),
        "encounter": pl.String(),
        "static": pl.Boolean(),
    }
)
"""What a reader yields, in any order: identifiers and units as the source writes them.

`static` is true for facts without a time (sex, ancestry); any other event without a time is a problem of the source and
is flagged, not dropped.
"""

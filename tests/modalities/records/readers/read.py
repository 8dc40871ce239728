"""Reads all parts of a source as the conversion does: in any process, frames of one schema."""

import pickle
from datetime import datetime

import polars as pl

from bedside.modalities.records.events.reader import Problems, Reader
from bedside.modalities.records.events.schema import RAW


def everything(reader: Reader) -> tuple[pl.DataFrame, Problems]:
    """All events and all problems of a source; each part goes through pickle first."""
    problems, frames = Problems(), [pl.DataFrame(schema=RAW)]
    names = set()
    for part in pickle.loads(pickle.dumps(list(reader.parts()))):  # noqa: S301 - our own bytes
        names.add(part.name)
        for frame in part.frames(problems):
            assert frame.schema == RAW
            assert frame["code"].null_count() == frame["subject"].null_count() == 0
            frames.append(frame)
    assert len(names) == len(reader.parts())
    return pl.concat(frames), problems


def span(times: pl.Series) -> tuple[datetime, datetime]:
    """The first and the last of times."""
    known = times.drop_nulls().sort().to_list()
    return known[0], known[-1]


def of(events: pl.DataFrame, code: str) -> pl.DataFrame:
    """Events whose code begins so, by subject and time."""
    return events.filter(pl.col("code").str.starts_with(code)).sort("subject", "time", "code")

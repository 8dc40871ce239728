"""What other tables must know of admissions: when they ended, who died in them, and whose ancestry they tell."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers import csv_rows
from bedside.modalities.records.readers.warehouse import file_of, moment

COLUMNS = ("subject_id", "hadm_id", "admittime", "dischtime", "deathtime", "race")

NOT_TOLD = ("UNKNOWN", "UNABLE TO OBTAIN", "PATIENT DECLINED TO ANSWER")


class Admissions:
    """The table of admissions, read when something of it is asked for.

    Args:
        root: The folder with hosp/ and icu/.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _table(self) -> pl.DataFrame:
        path = file_of(self._root, "hosp/admissions")
        schema = dict.fromkeys(COLUMNS, pl.String)
        frames: Iterable[pl.DataFrame] = [] if path is None else csv_rows.frames(path, COLUMNS, Problems())
        return pl.concat([pl.DataFrame(schema=schema), *frames]).with_columns(
            moment(pl.col("admittime", "dischtime", "deathtime"))
        )

    @cached_property
    def ends(self) -> pl.DataFrame:
        """Columns: hadm_id, dischtime."""
        return self._table.select("hadm_id", "dischtime").unique("hadm_id", keep="first", maintain_order=True)

    @cached_property
    def deaths(self) -> pl.DataFrame:
        """Those who died in hospital, one row each: subject_id, deathtime."""
        died = self._table.filter(pl.col("deathtime").is_not_null())
        return died.group_by("subject_id", maintain_order=True).agg(pl.col("deathtime").max())

    @cached_property
    def ancestry(self) -> pl.DataFrame:
        """What the first admission tells that tells it: subject_id, race."""
        told = self._table.filter(pl.col("race").is_not_null() & ~pl.col("race").is_in(NOT_TOLD))
        return (
            told.sort("admittime").unique("subject_id", keep="first", maintain_order=True).select("subject_id", "race")
        )

    def end_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the end of each row's admission as `dischtime`, null where the row has none."""
        return frame.join(self.ends, on="hadm_id", how="left", maintain_order="left")

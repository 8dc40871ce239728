"""A small table of events, written as shards, and a cohort on it; for tests alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.toml import parse
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.schema import EVENTS
from bedside.modalities.records.events.shard import SCHEMA

DAY = datetime(2020, 1, 1)  # noqa: DTZ001 - the source's own clock

Row = tuple[Any, ...]
"""Patient, hours since `DAY` (None: a fact), code, and optionally number, text, encounter, flags."""


def frame(rows: Sequence[Row]) -> pl.DataFrame:
    full = [(*row, *(None, None, None, 0)[len(row) - 3 :]) for row in rows]
    made = [
        (who, None if hours is None else DAY + timedelta(hours=hours), code, number, text, stay, flags or 0)
        for who, hours, code, number, text, stay, flags in full
    ]
    return pl.DataFrame(made, schema=EVENTS, orient="row").sort(
        "subject_id", "time", nulls_last=False, maintain_order=True
    )


def written(
    rows: Sequence[Row] | pl.DataFrame, folder: Path, shards: int = 1, units: Mapping[str, str] | None = None
) -> EventFolder:
    """A folder of events as `convert` would write it, without a source."""
    table = rows if isinstance(rows, pl.DataFrame) else frame(rows)
    ids = table["subject_id"].unique().sort()
    size = max(1, -(-len(ids) // shards))
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "metadata").mkdir(exist_ok=True)
    for number, k in enumerate(range(0, max(len(ids), 1), size)):
        part = table.filter(pl.col("subject_id").is_in(ids[k : k + size].implode()))
        pq.write_table(part.to_arrow().cast(SCHEMA), folder / "data" / f"{number:04}.parquet")
    codes = table["code"].unique().sort()
    unit = pl.Series([(units or {}).get(code) for code in codes], dtype=pl.String)
    described = codes.str.split("//").list.last().alias("description")
    pl.DataFrame([codes, described, unit.alias("unit")]).write_parquet(folder / "metadata" / "codes.parquet")
    (folder / "metadata" / "dataset.json").write_text("{}", "utf-8")
    (folder / "metadata" / "quality.json").write_text("{}", "utf-8")
    return EventFolder(folder)


MORTALITY = """
format = 1
name = "death_in_hospital"
eligibility = "Adults 24 h after admission who are still in hospital"

[index]
event = "admission"
offset = "24h"

[predicates.admission]
prefix = "ENCOUNTER_START//"

[predicates.discharge]
prefix = "ENCOUNTER_END//"

[predicates.death]
code = "MEDS_DEATH"

[windows.first_day]
start = "event"
end = "index"

[[criteria]]
words = "younger than 18 years"
age_at_least = 18

[[criteria]]
words = "left hospital within 24 h"
forbid = "discharge"
window = "first_day"

[outcome]
kind = "binary"
words = "Death from any cause, from the hospital's records"
event = "death"
horizon = "30d"
"""


def cohort(text: str = MORTALITY, **changes: str) -> EventCohort:
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return parse(text)


def stay(who: int, start: float, end: float | None, born: float | None = -40 * 8766.0) -> list[Row]:
    """Facts, birth and an encounter, in hours."""
    rows: list[Row] = [(who, None, "SEX//F")]
    if born is not None:
        rows.append((who, born, "MEDS_BIRTH"))
    rows.append((who, start, "ENCOUNTER_START//IMP", None, None, who))
    if end is not None:
        rows.append((who, end, "ENCOUNTER_END//HOME", None, None, who))
    return rows

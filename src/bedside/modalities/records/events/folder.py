"""The folder in which a table of events lies: the layout of MEDS 0.4 with the columns and files that bedside adds."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.quality import Quality
from bedside.modalities.records.events.schema import EVENTS
from bedside.modalities.records.events.shard import SCHEMA

DATA: Final = "data"
DATASET: Final = "metadata/dataset.json"
CODES: Final = "metadata/codes.parquet"
PEOPLE: Final = "metadata/subjects.parquet"
QUALITY: Final = "metadata/quality.json"

_REMEDY = "make it with `bedside records convert`"


class EventFolder:
    """A table of events on disk, of shards that each hold whole subjects.

    Attributes:
        path: The folder.

    Raises:
        FileProblem: There is no such folder.
        RecordsProblem: It is no table of events, or one that another program made and that was not converted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_dir():
            msg = f"{path} is not a folder; give a folder of events ({_REMEDY})"
            raise FileProblem(msg)
        absent = [name for name in (DATASET, CODES, QUALITY) if not (path / name).is_file()]
        if absent:
            foreign = DATASET in absent or not (path / DATA).is_dir()
            how = (
                _REMEDY if foreign else "if another program made it, convert it: `bedside records convert --from meds`"
            )
            msg = f"{path} is no finished table of events: {', '.join(absent)} is not there; {how}"
            raise RecordsProblem(msg)
        if not self.shards:
            msg = f"{path / DATA} holds no shard (*.parquet), where at least one is needed; {_REMEDY}"
            raise RecordsProblem(msg)
        for shard in self.shards:
            _refuse_other_columns(shard)

    @cached_property
    def shards(self) -> tuple[Path, ...]:
        """Files of events, in order; a subject is in exactly one."""
        return tuple(sorted((self.path / DATA).glob("*.parquet")))

    def scan(self) -> pl.LazyFrame:
        """All events as `EVENTS`; nothing is read until it is collected."""
        return pl.scan_parquet(list(self.shards), schema=EVENTS)

    def read(self, shard: Path) -> pl.DataFrame:
        """The events of one shard as `EVENTS`: subjects together, facts without a time first, then by time."""
        return pl.read_parquet(shard, schema=EVENTS)

    @cached_property
    def codes(self) -> pl.DataFrame:
        """Every code: `code`, `description`, `parent_codes`, `unit`, `system`, `events`, `subjects`; by code."""
        return pl.read_parquet(self.path / CODES)

    @cached_property
    def quality(self) -> Quality:
        """What is the matter with the table; raises RecordsProblem when the file says nothing that can be read."""
        try:
            return Quality.model_validate_json((self.path / QUALITY).read_bytes())
        except ValidationError as error:
            msg = f"{self.path / QUALITY} is not what bedside wrote ({error.error_count()} fault(s)); convert again"
            raise RecordsProblem(msg) from error

    @property
    def people(self) -> pl.LazyFrame:
        """Numbers and identifiers of all subjects: `subject_id`, `identifier`. As confidential as the source."""
        return pl.scan_parquet(self.path / PEOPLE)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the content of all shards and the table of codes, lower-case hex."""
        lines = []
        for path in (*self.shards, self.path / CODES):
            with path.open("rb") as stream:
                lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.name}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def name(self) -> str:
        """What the dataset is called."""
        content = json.loads((self.path / DATASET).read_bytes())
        return str(content.get("dataset_name", self.path.name))


def _refuse_other_columns(shard: Path) -> None:
    try:
        found = pq.read_schema(shard)
    except (pa.ArrowInvalid, OSError) as error:
        msg = f"{shard} is no Parquet file or is truncated; copy the folder again, or convert again"
        raise RecordsProblem(msg) from error
    wrong = [
        f"{field.name} is {found.field(field.name).type if field.name in found.names else 'absent'}, not {field.type}"
        for field in SCHEMA
        if field.name not in found.names or found.field(field.name).type != field.type
    ]
    if wrong:
        msg = f"{shard} has other columns than a table of events: {'; '.join(wrong)}; convert the source again"
        raise RecordsProblem(msg)

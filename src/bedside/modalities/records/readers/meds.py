"""Reads anybody's folder in the layout of MEDS: data/*.parquet of subject, time and code, the rest optional."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.folder import QUALITY
from bedside.modalities.records.events.reader import Layout, Problems
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, FLAGS, NUMBER, RAW, SUBJECT, TEXT, TIME

_NEEDED: Final = (SUBJECT, TIME, CODE)
_READ: Final = (*_NEEDED, NUMBER, TEXT, ENCOUNTER, FLAGS)
BATCH: Final = 200_000


@dataclass(frozen=True)
class MedsPart:
    """Some row groups of one file.

    Attributes:
        path: The file.
        groups: Its row groups, first and past the last.
        folder: The dataset, whose tables of codes and subjects are looked at where they are there.
    """

    path: Path
    groups: tuple[int, int]
    folder: Path

    @property
    def name(self) -> str:
        """The file and its row groups."""
        return f"{self.path.name} ({self.groups[0]} to {self.groups[1]})"

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Its events as `RAW`; columns that MEDS does not know are left out and said."""
        try:
            with pq.ParquetFile(self.path) as file:
                if self.groups[0] == 0:
                    for name in file.schema_arrow.names:
                        if name not in _READ:
                            problems.add(f"column {name} is not of MEDS and is left out (files)", self.path.name)
                columns = [name for name in _READ if name in file.schema_arrow.names]
                groups = list(range(*self.groups))
                units, names = _units(self.folder), _names(self.folder)
                for batch in file.iter_batches(BATCH, row_groups=groups, columns=columns):
                    yield _raw(pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch]))), units, names)
        except (pa.ArrowException, OSError) as error:
            msg = f"{self.path} is damaged or truncated; copy it again and compare its checksum"
            raise RecordsProblem(msg) from error


_OPTIONAL: Final = {NUMBER: pl.Float64(), TEXT: pl.String(), ENCOUNTER: pl.Int64(), FLAGS: pl.UInt16()}


def _raw(frame: pl.DataFrame, units: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    lacking = [pl.lit(None, dtype=kind).alias(name) for name, kind in _OPTIONAL.items() if name not in frame]
    whole = frame.with_columns(lacking).with_columns(pl.col(CODE).cast(pl.String))
    joined = whole.join(units, on=CODE, how="left").join(names, on=SUBJECT, how="left")
    late = (pl.col(FLAGS).fill_null(0) & int(Flag.NO_TIME)) != 0
    clock = pl.col(TIME).cast(pl.Datetime("us")) if frame.schema[TIME] == pl.Date else _clock(frame.schema[TIME])
    return joined.select(
        pl.coalesce(pl.col("identifier"), pl.col(SUBJECT).cast(pl.String)).alias("subject"),
        clock.alias(TIME),
        CODE,
        pl.col(NUMBER).cast(pl.Float64),
        pl.col(TEXT).cast(pl.String),
        "unit",
        pl.col(ENCOUNTER).cast(pl.String).alias("encounter"),
        (pl.col(TIME).is_null() & ~late).alias("static"),
    ).cast(RAW)


@dataclass(frozen=True)
class Meds:
    """A dataset in the layout of MEDS, ours or another program's.

    Units are those of metadata/codes.parquet where it has a column `unit`; without it numbers have none. In a table of
    bedside's own, subjects keep their identifiers and events without a time stay what they were.

    Raises:
        FileProblem: There is no such folder.
        RecordsProblem: It holds no shards of MEDS.
    """

    path: Path
    name: str = "meds"

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            msg = f"{self.path} is not a folder; give the folder of a MEDS dataset, which holds data/ and metadata/"
            raise FileProblem(msg)
        if not self._files:
            msg = (
                f"{self.path} holds no data/*.parquet; give the folder of a MEDS dataset, which has data/ and metadata/"
            )
            raise RecordsProblem(msg)

    @cached_property
    def _files(self) -> Sequence[Path]:
        return sorted((self.path / "data").rglob("*.parquet"))

    def parts(self) -> Sequence[MedsPart]:
        """Every file, large ones in several parts."""
        found = []
        for path in self._files:
            groups = _checked(path)
            found += [MedsPart(path, (k, min(k + 8, groups)), self.path) for k in range(0, groups, 8)]
        return found

    @property
    def simulated(self) -> bool:
        """Whether a table of bedside's own says that everybody in it is invented."""
        try:
            told = json.loads((self.path / QUALITY).read_bytes())
        except (OSError, ValueError):
            return False
        return isinstance(told, dict) and told.get("simulated") is True

    def descriptions(self) -> Mapping[str, str]:
        """The words of metadata/codes.parquet."""
        table = _metadata(self.path, "codes.parquet", CODE, "description")
        return {} if table is None else dict(table.drop_nulls().iter_rows())


def _checked(path: Path) -> int:
    """How many row groups a shard has."""
    try:
        with pq.ParquetFile(path) as file:
            schema, groups = file.schema_arrow, int(file.num_row_groups)
    except (pa.ArrowException, OSError) as error:
        msg = f"{path} is no Parquet file or is truncated; copy it again"
        raise RecordsProblem(msg) from error
    absent = [name for name in _NEEDED if name not in schema.names]
    if absent:
        old = " (a dataset of MEDS before 0.3 calls it patient_id)" if "patient_id" in schema.names else ""
        msg = f"{path} has no column {', '.join(absent)}{old}; a shard of MEDS has {', '.join(_NEEDED)}"
        raise RecordsProblem(msg)
    subject, time = schema.field(SUBJECT).type, schema.field(TIME).type
    if not pa.types.is_integer(subject) or not (pa.types.is_timestamp(time) or pa.types.is_date(time)):
        msg = f"{path} has {SUBJECT} of {subject} and {TIME} of {time}, where MEDS has an integer and a timestamp"
        raise RecordsProblem(msg)
    return groups


def _clock(kind: pl.DataType) -> pl.Expr:
    """Times in microseconds as the clock showed them, whatever zone they say."""
    time = pl.col(TIME)
    zone = kind.time_zone if isinstance(kind, pl.Datetime) else None
    return (time if zone is None else time.dt.replace_time_zone(None)).cast(pl.Datetime("us"))


def _units(folder: Path) -> pl.DataFrame:
    table = _metadata(folder, "codes.parquet", CODE, "unit")
    return pl.DataFrame(schema={CODE: pl.String(), "unit": pl.String()}) if table is None else table


def _names(folder: Path) -> pl.DataFrame:
    table = _metadata(folder, "subjects.parquet", SUBJECT, "identifier")
    return pl.DataFrame(schema={SUBJECT: pl.Int64(), "identifier": pl.String()}) if table is None else table


def _metadata(folder: Path, name: str, key: str, column: str) -> pl.DataFrame | None:
    """Two columns of a table of metadata, one row a key; None where there is no such table or column."""
    path = folder / "metadata" / name
    if not path.is_file() or {key, column} - set(pq.read_schema(path).names):
        return None
    kind = pl.Int64() if key == SUBJECT else pl.String()
    return pl.read_parquet(path, columns=[key, column]).cast({key: kind, column: pl.String()}).unique(key, keep="first")


READER = Layout(summary="MEDS: the folder with data/*.parquet and metadata/, of any program", open=Meds)

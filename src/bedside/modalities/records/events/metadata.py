"""Writes what a folder of events says of itself: its codes, its subjects, its quality and where it comes from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from meds.schema import DatasetMetadataSchema

from bedside import __version__
from bedside.modalities.records.events.code import system
from bedside.modalities.records.events.folder import CODES, DATA, DATASET, PEOPLE, QUALITY
from bedside.modalities.records.events.quality import Quality
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, FLAGS
from bedside.modalities.records.events.shard import SUBJECTS, Assembled
from bedside.modalities.records.events.writing import writing

_CODES = pa.schema(
    [
        pa.field(CODE, pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
        pa.field("unit", pa.string()),
        pa.field("system", pa.string()),
        pa.field("events", pa.int64(), nullable=False),
        pa.field("subjects", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Origin:
    """Where a table of events comes from.

    Attributes:
        name: What the dataset is called.
        made_by: The command that made the folder.
        descriptions: Words for codes, by code; may be empty.
    """

    name: str
    made_by: str
    descriptions: Mapping[str, str] = field(default_factory=dict)


def write_metadata(
    folder: Path, shards: Sequence[Assembled], turned: pl.DataFrame, judged: Quality, origin: Origin
) -> None:
    """Write metadata/ of a folder whose shards lie there with their subjects beside them.

    Args:
        folder: The folder of events.
        shards: Every shard of it.
        turned: How numbers were turned, as `code_units.TURNS`.
        judged: What is the matter with the table.
        origin: Where it comes from.

    Raises:
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    with writing(folder):
        _write_people(folder)
        _write_codes(folder, shards, turned, origin.descriptions)
        (folder / QUALITY).write_text(judged.model_dump_json(indent=2) + "\n", "utf-8")
        (folder / DATASET).write_text(_dataset(origin), "utf-8")


def _write_people(folder: Path) -> None:
    """All shards' subjects in one file, a row group a shard."""
    with pq.ParquetWriter(folder / PEOPLE, SUBJECTS, compression="zstd") as writer:
        for path in sorted((folder / DATA).glob("*.people")):
            writer.write_table(pq.read_table(path))
            path.unlink()


def _write_codes(
    folder: Path, shards: Sequence[Assembled], turned: pl.DataFrame, descriptions: Mapping[str, str]
) -> None:
    counted = pl.concat([shard.codes for shard in shards])
    counts = counted.group_by(CODE).agg(pl.col("events", "subjects").sum()).sort(CODE)
    units = dict(turned.select(CODE, "kept_in").iter_rows())
    words = counts.get_column(CODE).to_list()
    table = pa.table(
        {
            CODE: words,
            "description": [descriptions.get(word) for word in words],
            "parent_codes": [None for _ in words],
            "unit": [units.get(word) for word in words],
            "system": [system(word) for word in words],
            "events": counts.get_column("events").to_list(),
            "subjects": counts.get_column("subjects").to_list(),
        },
        schema=_CODES,
    )
    pq.write_table(table, folder / CODES, compression="zstd")


def _dataset(origin: Origin) -> str:
    """metadata/dataset.json by the schema of MEDS; without the moment, so that the same source gives the same bytes."""
    content = {
        "dataset_name": origin.name,
        "etl_name": origin.made_by,
        "etl_version": __version__,
        "meds_version": version("meds"),
        "raw_source_id_columns": [ENCOUNTER],
        "other_extension_columns": [FLAGS],
    }
    DatasetMetadataSchema.validate(content)
    return json.dumps(content, indent=2) + "\n"

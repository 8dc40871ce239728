"""Opening a folder of events: what is none is refused in a sentence that says what to do."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from tests.modalities.records.events.given import event, given

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.folder import CODES, DATA, DATASET, QUALITY, EventFolder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return convert(given(event("1", 1, "OWN//1", 2.0)), tmp_path / "out", jobs=1).folder.path


def test_a_folder_is_known_by_its_content_and_not_by_its_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert EventFolder(folder).digest == EventFolder(tmp_path / "elsewhere").digest
    other = convert(given(event("1", 1, "OWN//1", 3.0)), tmp_path / "other", jobs=1)
    assert other.folder.digest != EventFolder(folder).digest


@pytest.mark.parametrize("name", [DATASET, CODES, QUALITY])
def test_an_unfinished_folder_does_not_open(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RecordsProblem, match=f"no finished table of events: {name}"):
        EventFolder(folder)


def test_other_peoples_folders_are_to_be_converted(folder: Path) -> None:
    (folder / QUALITY).unlink()
    with pytest.raises(RecordsProblem, match="convert --from meds"):
        EventFolder(folder)


def test_no_folder_and_no_shards_are_said(folder: Path) -> None:
    with pytest.raises(FileProblem, match="is not a folder"):
        EventFolder(folder / "nowhere")
    shutil.rmtree(folder / DATA)
    with pytest.raises(RecordsProblem, match="holds no shard"):
        EventFolder(folder)


def test_a_truncated_shard_and_other_columns_are_said(folder: Path) -> None:
    (shard,) = EventFolder(folder).shards
    pl.read_parquet(shard).with_columns(pl.col("numeric_value").cast(pl.Float64)).write_parquet(shard)
    with pytest.raises(RecordsProblem, match="numeric_value is double, not float"):
        EventFolder(folder)
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(RecordsProblem, match="truncated"):
        EventFolder(folder)


def test_a_broken_account_of_quality_is_said(folder: Path) -> None:
    (folder / QUALITY).write_text(json.dumps({"events": "many"}))
    with pytest.raises(RecordsProblem, match="not what bedside wrote"):
        _ = EventFolder(folder).quality

"""MEDS: other programs' folders are read as they are, our own come back the same."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from tests.modalities.records.events.given import event, given

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.describe import describe
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.meds import Meds
from bedside.modalities.records.simulate.warehouse import simulate


def shard(folder: Path, frame: pl.DataFrame, name: str = "train/0.parquet") -> Path:
    path = folder / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return folder


PLAIN = pl.DataFrame(
    {
        "subject_id": [5, 5],
        "time": [None, datetime(2020, 1, 1)],  # noqa: DTZ001 - records have no zone
        "code": ["GENDER//F", "LAB//50912//mg/dL"],
    },
    schema_overrides={"subject_id": pl.Int64},
)


def test_a_folder_of_three_columns_is_enough(tmp_path: Path) -> None:
    table = convert(Meds(shard(tmp_path / "in", PLAIN)), tmp_path / "out", jobs=1).folder.scan().collect()
    assert table.select("subject_id", "time", "code", "numeric_value", "text_value").rows() == [
        (5, None, "GENDER//F", None, None),
        (5, datetime(2020, 1, 1), "LAB//50912//mg/dL", None, None),  # noqa: DTZ001
    ]
    assert table.get_column("flags").to_list() == [int(Flag.SYSTEM_UNKNOWN)] * 2


def test_other_types_and_columns_are_read_or_said(tmp_path: Path) -> None:
    other = PLAIN.with_columns(
        pl.col("code").cast(pl.Categorical),
        pl.col("time").dt.replace_time_zone("Europe/Berlin"),
        pl.col("subject_id").cast(pl.Int32),
        pl.lit(1.5).alias("numeric_value"),
        pl.lit("x").alias("ward"),
    )
    shard(tmp_path / "in", other)
    shard(tmp_path / "in", PLAIN.with_columns(pl.lit(date(2020, 1, 2)).alias("time")), "held_out/0.parquet")
    converted = convert(Meds(tmp_path / "in"), tmp_path / "out", jobs=1)
    assert converted.quality.problems["column ward is not of MEDS and is left out (files)"].count == 1
    table = converted.folder.scan().collect()
    assert table.height == 4
    assert datetime(2020, 1, 1) in table.get_column("time").to_list()  # noqa: DTZ001 - the clock, whatever the zone


def test_units_and_words_come_from_the_table_of_codes(tmp_path: Path) -> None:
    shard(
        tmp_path / "in", PLAIN.with_columns(pl.lit(88.4).alias("numeric_value"), pl.lit("LOINC//2160-0").alias("code"))
    )
    (tmp_path / "in" / "metadata").mkdir()
    pl.DataFrame({"code": ["LOINC//2160-0"], "description": ["Creatinine"], "unit": ["umol/L"]}).write_parquet(
        tmp_path / "in" / "metadata" / "codes.parquet"
    )
    converted = convert(Meds(tmp_path / "in"), tmp_path / "out", jobs=1)
    assert converted.folder.codes.select("description", "unit").row(0) == ("Creatinine", "mg/dL")
    assert converted.folder.scan().collect().get_column("numeric_value").to_list() == pytest.approx(
        [1.0, 1.0], rel=1e-3
    )


def test_our_own_table_comes_back_the_same(tmp_path: Path) -> None:
    first = convert(
        given(
            event("p1", 1, "LOINC//2160-0", 88.4, "umol/L", encounter="7"),
            event("p1", 1, "LOINC//2160-0", 88.4, "umol/L", encounter="7"),
            event("p1", None, "OWN//lost its time"),
            event("p1", None, "SEX//F", static=True),
            event("3", 2, "LOINC//8867-4", 1000.0, "bpm", text="?"),
        ),
        tmp_path / "a",
        jobs=1,
    ).folder
    second = convert(Meds(tmp_path / "a"), tmp_path / "b", jobs=1).folder
    known = pl.col("flags") & ~pl.lit(int(Flag.SYSTEM_UNKNOWN), pl.UInt16)  # OWN was the first source's word
    assert second.scan().with_columns(known).collect().equals(first.scan().with_columns(known).collect())
    assert second.people.collect().equals(first.people.collect())


def test_what_was_invented_stays_so(tmp_path: Path) -> None:
    simulate(tmp_path / "twin", 3, jobs=1)
    twice = convert(Meds(tmp_path / "twin"), tmp_path / "again", jobs=1)
    assert twice.quality.simulated
    assert describe(twice.folder).simulated
    lived = convert(given(event("1", 1, "OWN//1")), tmp_path / "lived", jobs=1).folder
    assert not convert(Meds(lived.path), tmp_path / "copy", jobs=1).quality.simulated
    (lived.path / "metadata" / "quality.json").write_text("[]", "utf-8")
    assert not Meds(lived.path).simulated


def test_what_is_no_meds_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is not a folder"):
        Meds(tmp_path / "none")
    with pytest.raises(RecordsProblem, match=r"holds no data/\*.parquet"):
        Meds(tmp_path)
    shard(tmp_path / "old", PLAIN.rename({"subject_id": "patient_id"}))
    with pytest.raises(RecordsProblem, match=r"no column subject_id .a dataset of MEDS before 0.3"):
        Meds(tmp_path / "old").parts()
    shard(tmp_path / "text", PLAIN.with_columns(pl.col("subject_id").cast(pl.String)))
    with pytest.raises(RecordsProblem, match="subject_id of large_string"):
        Meds(tmp_path / "text").parts()
    path = shard(tmp_path / "cut", PLAIN) / "data" / "train" / "0.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(RecordsProblem, match="truncated"):
        Meds(tmp_path / "cut").parts()


def test_large_files_are_read_in_parts(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shard(folder, PLAIN)
    pl.concat([PLAIN] * 20).write_parquet(folder / "data" / "train" / "1.parquet", row_group_size=2)
    parts = Meds(folder).parts()
    assert len({part.name for part in parts}) == len(parts) == 4
    assert sum(frame.height for part in parts for frame in part.frames(Problems())) == 42

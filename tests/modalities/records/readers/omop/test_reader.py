"""Warehouses as files: formats, ranges, damage, other versions, and a simulated one read whole."""

import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.modalities.records.readers.omop.warehouse import CONCEPTS, PERSON, VISIT, Rows, taken, warehouse, written

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.omop import READER
from bedside.modalities.records.readers.omop.known import Names
from bedside.modalities.records.readers.omop.reader import Omop
from bedside.modalities.records.readers.omop.simulate import simulate_omop


def measured(count: int) -> list[dict[str, Any]]:
    row = {"person_id": 1, "measurement_concept_id": 1, "measurement_date": "2020-03-01"}
    return [{**row, "value_as_number": float(i), "measurement_source_value": "é" * (i % 5)} for i in range(count)]


@pytest.mark.parametrize("ending", [".csv.gz", ".tsv", ".tsv.gz", ".parquet"])
def test_every_format_and_case_is_read_alike(tmp_path: Path, ending: str) -> None:
    tables: dict[str, Rows] = {"visit_occurrence": [VISIT], "measurement": measured(5)}
    plain, _ = taken(Omop(warehouse(tmp_path / "plain", **tables)))
    other, problems = taken(Omop(written(tmp_path / "other", tables, ending, upper=True)))
    assert other.equals(plain)
    assert problems.counts == {}
    assert Omop(tmp_path / "other").descriptions()["LOINC//2160-0"] == 'Creatinine "serum"'


def test_typed_columns_of_parquet_are_read_as_text_is(tmp_path: Path) -> None:
    moment = (
        pl.Series("measurement_datetime", ["2020-03-01 10:00:00"]).str.to_datetime().dt.replace_time_zone("Asia/Tokyo")
    )
    frame = pl.DataFrame([moment]).with_columns(
        pl.lit(1.0).alias("person_id"),
        pl.lit(1, pl.Int32).alias("measurement_concept_id"),
        pl.lit("2020-03-01").str.to_date().alias("measurement_date"),
        pl.lit(1.5, pl.Float32).alias("value_as_number"),
    )
    frame.write_parquet(warehouse(tmp_path) / "measurement.parquet")
    found = taken(Omop(tmp_path))[0].filter(pl.col("code") == "LOINC//2160-0").row(0, named=True)
    assert (found["subject"], found["time"].isoformat(), found["numeric_value"]) == ("1", "2020-03-01T10:00:00", 1.5)


@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(count=st.integers(0, 12), size=st.integers(60, 400), ending=st.sampled_from([".csv", ".tsv"]))
def test_ranges_of_bytes_hold_every_row_once(tmp_path: Path, count: int, size: int, ending: str) -> None:
    folder = tmp_path / ending
    empty = [{**measured(1)[0], "person_id": None}]
    written(folder, {"measurement": measured(count) or empty}, ending)
    whole, _ = taken(Omop(folder))
    pieces, problems = taken(Omop(folder, part_bytes=size))
    assert whole.height == 1 + count
    assert pieces.equals(whole)
    assert set(problems.counts) <= {"measurement: no person_id"}


def test_large_tables_are_cut_and_parts_can_be_sent_to_processes(tmp_path: Path) -> None:
    warehouse(tmp_path, measurement=measured(50))
    pl.DataFrame([VISIT] * 40).write_parquet(tmp_path / "visit_occurrence.parquet", row_group_size=10)
    reader = Omop(tmp_path, part_bytes=400)
    names = [part.name for part in reader.parts()]
    assert len(set(names)) == len(names)
    assert sum(name.startswith("measurement.csv (") for name in names) > 3
    assert sum(name.startswith("visit_occurrence.parquet (") for name in names) > 1
    again, _ = taken(pickle.loads(pickle.dumps(reader)))  # noqa: S301 - our own, within a cluster
    assert again.sort(pl.all()).equals(taken(Omop(tmp_path))[0].sort(pl.all()))
    assert again.height == 1 + 50 + 80


def test_a_table_may_be_a_folder_of_files(tmp_path: Path) -> None:
    warehouse(tmp_path)
    (tmp_path / "measurement").mkdir()
    for number in (1, 2):
        pl.DataFrame(measured(3)).write_parquet(tmp_path / "measurement" / f"{number}.parquet")
    assert taken(Omop(tmp_path))[0].height == 1 + 6


def test_lines_with_other_numbers_of_cells_are_counted_and_left_out(tmp_path: Path) -> None:
    path = warehouse(tmp_path, measurement=measured(3)) / "measurement.csv"
    path.write_text(path.read_text(encoding="utf-8") + "1,1\n1,1,2020-03-01,5,x,y,z\n1,1,2020-03", encoding="utf-8")
    frame, problems = taken(Omop(tmp_path))
    assert frame.height == 1 + 3
    assert problems.counts == {
        "measurement.csv: a line with 2 cells instead of 5": 1,
        "measurement.csv: a line with 7 cells instead of 5": 1,
        "measurement.csv: a line with 3 cells instead of 5": 1,
    }


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("measurement.csv", b"", "measurement.csv is empty"),
        ("measurement.csv", b"person_id,PERSON_ID\n", "two columns person_id"),
        ("measurement.csv", b"\xff\xfeperson", "cannot be read as text in UTF-8"),
        ("measurement.csv.gz", b"not gzip", "cannot be read as text in UTF-8"),
        ("measurement.parquet", b"PAR1 no", "not a Parquet file, or is damaged"),
        (
            "measurement.csv",
            b"person_id,measurement_date\n",
            "table measurement .* no column measurement_concept_id; read is",
        ),
        ("measurement.csv", b"person_id,measurement_concept_id\n1,2\n", "measurement_datetime or measurement_date"),
        (
            "visit_occurrence.csv",
            b"person_id,visit_concept_id,visit_start_date,visit_end_date\n",
            "visit_occurrence_id",
        ),
        ("concept.tsv", b"concept_name\n", "concept is there 2 times"),
        (
            "measurement.csv",
            b"person_id,measurement_concept_id,measurement_date,measurement_source_value\n1,2,2020-01-01,\xff\n",
            "damaged, truncated or not in UTF-8",
        ),
    ],
)
def test_tables_that_cannot_be_read_are_refused_by_name(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    warehouse(tmp_path, death=[{"person_id": 1, "death_date": "2020-01-01"}])
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordsProblem, match=words):
        taken(Omop(tmp_path))


def test_a_table_of_a_header_alone_has_no_events(tmp_path: Path) -> None:
    header = "person_id,measurement_concept_id,measurement_date\n"
    for name in ("measurement.csv", "measurement.csv.gz"):
        path = warehouse(tmp_path / name) / name
        import gzip

        path.write_bytes(gzip.compress(header.encode()) if name.endswith("gz") else header.encode())
        assert taken(Omop(path.parent))[0].height == 1


def test_what_is_remembered_of_other_tables_is_of_these_tables(tmp_path: Path) -> None:
    condition = {
        "person_id": 1,
        "visit_occurrence_id": 7,
        "condition_concept_id": 2,
        "condition_start_date": "2020-03-01",
    }
    ends = []
    for day in ("2020-03-04", "2020-03-05"):
        visit = {**VISIT, "visit_end_datetime": f"{day} 10:00:00"}
        frame, _ = taken(Omop(warehouse(tmp_path, visit_occurrence=[visit], condition_occurrence=[condition])))
        ends.append(frame.filter(pl.col("code") == "SNOMED//84114007")["time"].item().date().isoformat())
    assert ends == ["2020-03-04", "2020-03-05"]


def test_columns_of_the_version_before_are_read_under_their_new_names(tmp_path: Path) -> None:
    frame, _ = taken(Omop(warehouse(tmp_path, visit_occurrence=[{**VISIT, "discharge_to_source_value": "home"}])))
    assert "ENCOUNTER_END//home" in frame["code"]


def test_a_folder_without_the_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        READER.open(tmp_path / "nowhere")
    with pytest.raises(RecordsProblem, match="holds no OMOP tables: expected is a folder with person"):
        READER.open(tmp_path)
    pl.DataFrame([PERSON]).write_csv(tmp_path / "person.csv")
    with pytest.raises(RecordsProblem, match="no table of events"):
        READER.open(tmp_path)


def test_names_of_concepts_are_found_by_code(tmp_path: Path) -> None:
    words = Omop(warehouse(tmp_path, visit_occurrence=[VISIT])).descriptions()
    assert isinstance(words, Names)
    assert len(words) == len(CONCEPTS)
    assert {code: words[code] for code in words}["ICD9PCS//88.72"] == "Echocardiography"
    assert words.get("LOINC//0") is None


def test_a_simulated_warehouse_is_read_whole_and_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, again = (simulate_omop(tmp_path / name, 60, seed=3) for name in "ab")
    other = simulate_omop(tmp_path / "c", 60, seed=4)
    for path in first.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()
    assert (first / "measurement.csv").read_bytes() != (other / "measurement.csv").read_bytes()
    frame, problems = taken(Omop(first))
    rows = sum(pl.scan_csv(first / f"{name}.csv").select(pl.len()).collect().item() for name in ONE_EACH)
    twice = sum(pl.scan_csv(first / f"{name}.csv").select(pl.len()).collect().item() for name in TWO_EACH)
    assert frame.height == rows + 2 * twice + 4 * 60
    assert frame["subject"].n_unique() == 60
    assert frame.filter(pl.col("time").is_null() & ~pl.col("static")).is_empty()
    assert set(problems.counts) == {
        "observation_period: observation_period_start_datetime is midnight throughout and read as a day"
    }
    stays = (
        frame.filter(pl.col("encounter").is_not_null())
        .group_by("encounter")
        .agg(
            pl.col("time").filter(pl.col("code").str.starts_with("ENCOUNTER_START")).first().alias("start"),
            pl.col("time").filter(pl.col("code").str.starts_with("ENCOUNTER_END")).first().alias("end"),
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
        )
    )
    assert stays.filter((pl.col("first") < pl.col("start")) | (pl.col("last") > pl.col("end"))).is_empty()


ONE_EACH = ("death", "condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation")
TWO_EACH = ("visit_occurrence", "visit_detail", "observation_period")


def test_frames_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bedside.modalities.records.readers.omop.files.BLOCK", 500)
    frames = {}
    warehouse(tmp_path, measurement=measured(200))
    for part in Omop(tmp_path).parts():
        frames[part.name] = [frame.height for frame in part.frames(Problems())]
    assert sum(frames["measurement.csv"]) == 200
    assert max(frames["measurement.csv"]) < 40


def test_a_converted_warehouse_has_nothing_to_flag_but_units(tmp_path: Path) -> None:
    converted = convert(Omop(simulate_omop(tmp_path / "omop", 30, seed=1)), tmp_path / "events", jobs=1)
    table = pl.read_parquet(converted.folder.shards[0])
    assert table["subject_id"].n_unique() == 30
    assert set(table["subject_id"]) == set(range(1, 31))
    assert table.filter(pl.col("flags") & int(~(Flag.DUPLICATE | Flag.IMPLAUSIBLE)) != 0).is_empty()
    glucose = table.filter(pl.col("code") == "LOINC//2345-7")["numeric_value"]
    assert float(glucose.quantile(0.9) or 0) < 4 * float(glucose.quantile(0.1) or 0)
    described = dict(converted.folder.codes.select("code", "description").iter_rows())
    assert described["LOINC//8867-4"] == "Heart rate"

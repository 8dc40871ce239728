from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from tests.modalities.records.readers.read import everything, of, span
from tests.modalities.records.readers.simulated_mimic import Rows, simulate_mimic_iv

from bedside.errors import RecordsProblem
from bedside.modalities.records.readers.mimic_iv import READER, MimicIV


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    folder = tmp_path_factory.mktemp("mimic")
    return folder, simulate_mimic_iv(folder, 8, 3)


@pytest.fixture(scope="module")
def events(hospital: tuple[Path, Rows]) -> pl.DataFrame:
    return everything(MimicIV(hospital[0]))[0]


def written(rows: Rows, name: str) -> pl.DataFrame:
    return pl.DataFrame([{key: str(value) for key, value in row.items()} for row in rows[name]])


def moments(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")


def test_a_laboratory_result_is_known_when_it_is_released(hospital: tuple[Path, Rows], events: pl.DataFrame) -> None:
    rows = written(hospital[1], "hosp/labevents")
    expected = rows.select(
        pl.col("subject_id").alias("subject"),
        pl.coalesce(moments("storetime"), moments("charttime")).alias("time"),
        ("MIMIC//LAB//" + pl.col("itemid")).alias("code"),
        pl.col("valuenum").cast(pl.Float64, strict=False).alias("numeric_value"),
    )
    got = of(events, "MIMIC//LAB").select("subject", "time", "code", "numeric_value")
    order = ["subject", "time", "code", "numeric_value"]
    assert got.sort(order).equals(expected.sort(order))
    assert 0 < rows.select(moments("storetime")).null_count().item() < got.height
    told = of(events, "MIMIC//LAB").filter(pl.col("text_value").is_not_null())
    assert set(told["text_value"]) == {"HEMOLYZED"}
    assert told["numeric_value"].null_count() == told.height


def test_codes_of_a_stay_stand_at_its_end(hospital: tuple[Path, Rows], events: pl.DataFrame) -> None:
    ends = dict(written(hospital[1], "hosp/admissions").select("hadm_id", moments("dischtime")).rows())
    coded = events.filter(pl.col("code").str.starts_with("ICD"))
    assert set(coded["code"]) == {
        "ICD9CM//428.0",
        "ICD9CM//E950.0",
        "ICD9CM//V58.61",
        "ICD10CM//I50.20",
        "ICD10CM//I10",
        "ICD9PCS//38.93",
        "ICD10PCS//02HV33Z",
    }
    assert coded.height == 7 * len(ends)
    assert all(ends[stay] == time for stay, time in coded.select("encounter", "time").rows())


def test_nothing_is_known_before_it_was_stored(hospital: tuple[Path, Rows], events: pl.DataFrame) -> None:
    rows = hospital[1]
    stored = written(rows, "icu/chartevents").select(moments("storetime"))["storetime"]
    assert of(events, "MIMIC//CHART")["time"].sort().equals(stored.sort().alias("time"))
    run = written(rows, "icu/inputevents")
    assert (
        of(events, "MIMIC//INPUT_RATE")["time"].sort().to_list()
        == run.select(moments("storetime"))["storetime"].sort().to_list()
    )
    assert (
        of(events, "MIMIC//INPUT_AMOUNT")["time"].sort().to_list()
        == run.select(moments("endtime"))["endtime"].sort().to_list()
    )
    assert set(of(events, "MIMIC//PROCEDURE_END")["numeric_value"]) == {480.0}
    assert of(events, "MIMIC//PROCEDURE//")["numeric_value"].null_count() == run.height


def test_a_culture_that_was_never_released_is_known_when_the_stay_ended(
    hospital: tuple[Path, Rows], events: pl.DataFrame
) -> None:
    ends = dict(written(hospital[1], "hosp/admissions").select("hadm_id", moments("dischtime")).rows())
    cultures = written(hospital[1], "hosp/microbiologyevents")
    expected = {
        (row["hadm_id"], ends[row["hadm_id"]] if not row["storetime"] else datetime.fromisoformat(row["storetime"]))
        for row in cultures.iter_rows(named=True)
    }
    grown = of(events, "MIMIC//ORGANISM")
    assert set(grown.select("encounter", "time").rows()) == expected
    assert grown.height == len(ends)
    assert of(events, "MIMIC//SUSCEPTIBILITY").height == 2 * len(ends)
    assert (of(events, "MIMIC//CULTURE")["time"].sort() < grown["time"].sort()).all()


def test_patients(hospital: tuple[Path, Rows], events: pl.DataFrame) -> None:
    patients = written(hospital[1], "hosp/patients")
    births = dict(of(events, "MEDS_BIRTH").select("subject", "time").rows())
    for subject, age, year in patients.select("subject_id", "anchor_age", "anchor_year").rows():
        assert births[subject] == datetime(int(year) - int(age), 1, 1)  # noqa: DTZ001
    deaths = of(events, "MEDS_DEATH")
    left = of(events, "ENCOUNTER_END//DIED")
    assert deaths.height == left.height == 2
    assert deaths["time"].to_list() == left["time"].to_list()  # the moment, not the day of `dod`
    assert of(events, "SEX").select("static", "time").unique().rows() == [(True, None)]
    assert of(events, "ANCESTRY")["code"].unique().to_list() == ["ANCESTRY//WHITE"]


def test_a_death_outside_hospital_stands_at_the_end_of_its_day(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 2, 1, packed=False)
    (tmp_path / "hosp/patients.csv").write_text(
        "subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod\n10000001,F,91,2150,2011 - 2013,2155-02-03\n"
    )
    events, _ = everything(MimicIV(tmp_path))
    assert of(events, "MEDS_DEATH")["time"].to_list() == [datetime(2155, 2, 3, 23, 59, 59)]  # noqa: DTZ001


def test_outpatient_measurements_stand_at_the_end_of_their_day(events: pl.DataFrame) -> None:
    measured = of(events, "MIMIC//OMR")
    assert set(measured.select("code", "numeric_value", "unit").rows()) == {
        ("MIMIC//OMR//Blood Pressure systolic", 120.0, "mm[Hg]"),
        ("MIMIC//OMR//Blood Pressure diastolic", 80.0, "mm[Hg]"),
        ("MIMIC//OMR//Weight (Lbs)", 180.5, "[lb_av]"),
        ("MIMIC//OMR//BMI (kg/m2)", 25.1, "kg/m2"),
    }
    assert {time.time().isoformat() for time in measured["time"]} == {"23:59:59"}


def test_medicines(events: pl.DataFrame) -> None:
    ordered = of(events, "MIMIC//PRESCRIPTION").select("code", "numeric_value", "text_value", "unit").unique()
    assert set(ordered.rows()) == {
        ("MIMIC//PRESCRIPTION//Furosemide", 40.0, None, "mg"),
        ("MIMIC//PRESCRIPTION//Heparin", 1000.0, None, "UNIT"),
        ("MIMIC//PRESCRIPTION//Docusate", None, "100-200", "mg"),
    }
    assert set(of(events, "MIMIC//EMAR")["text_value"]) == {"Administered"}


def test_units_stay_as_they_are_written(events: pl.DataFrame) -> None:
    hot = of(events, "MIMIC//CHART//22376")
    assert set(hot.select("code", "unit").rows()) == {("MIMIC//CHART//223761", "°F"), ("MIMIC//CHART//223762", "°C")}


@pytest.mark.parametrize("size", [700, 5_000, 1 << 30])
def test_plain_files_in_any_ranges_give_the_events_of_packed_ones(
    tmp_path: Path, events: pl.DataFrame, size: int
) -> None:
    simulate_mimic_iv(tmp_path, 8, 3, packed=False)
    plain, problems = everything(MimicIV(tmp_path, size))
    order = ["subject", "time", "code", "numeric_value", "text_value"]
    assert plain.sort(order).equals(events.sort(order))
    assert problems.counts == {}


def test_descriptions(hospital: tuple[Path, Rows]) -> None:
    words = MimicIV(hospital[0]).descriptions()
    assert words["MIMIC//LAB//50912"] == "Creatinine, Blood"
    assert words["MIMIC//INPUT_AMOUNT//225158"] == "NaCl 0.9%"
    assert words["ICD10CM//I50.20"].startswith("Unspecified systolic")


def test_shifted_dates_are_no_future(hospital: tuple[Path, Rows], events: pl.DataFrame) -> None:
    last = span(events["time"])[1]
    assert datetime(2110, 1, 1) < last < MimicIV(hospital[0]).until  # noqa: DTZ001


def test_tables_that_are_not_there_are_counted(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 1, 0)
    (tmp_path / "hosp/emar.csv.gz").unlink()
    (tmp_path / "icu/chartevents.csv.gz").unlink()
    _, problems = everything(MimicIV(tmp_path))
    assert problems.counts == {
        "hosp/emar: the source has no such table": 1,
        "icu/chartevents: the source has no such table": 1,
    }


def test_what_is_not_mimic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordsProblem, match="hosp/patients, hosp/admissions"):
        READER.open(tmp_path)
    with pytest.raises(RecordsProblem, match="not a folder"):
        READER.open(tmp_path / "nowhere")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 1, 0, packed=False)
    path = tmp_path / "hosp/labevents.csv"
    path.write_text(path.read_text().replace("storetime", "stored"))
    with pytest.raises(RecordsProblem, match="no column storetime"):
        MimicIV(tmp_path).parts()


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 6, 0)
    path = tmp_path / "icu/chartevents.csv.gz"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(RecordsProblem, match="truncated"):
        everything(MimicIV(tmp_path))


def test_broken_rows_are_counted(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 1, 0, packed=False)
    path = tmp_path / "icu/outputevents.csv"
    path.write_text(
        path.read_text()
        + "10000000,1,2,3,yesterday,2150-01-01 10:00:00,226559,many,ml\n"
        + "10000000,1,2\n"
        + ",1,2,3,2150-01-01 10:00:00,2150-01-01 10:00:00,226559,1,ml\n"
    )
    before = of(everything(MimicIV(tmp_path))[0], "MIMIC//OUTPUT").height
    _, problems = everything(MimicIV(tmp_path))
    assert problems.counts == {
        "outputevents.csv: a line with 3 fields instead of 9": 1,
        "icu/outputevents: charttime is no time": 1,
        "icu/outputevents: value is no number": 1,
        "icu/outputevents: an event whose subject is not known": 1,
    }
    assert before == written(simulate_mimic_iv(tmp_path, 1, 0), "icu/outputevents").height + 1


def test_a_code_of_another_version_is_counted(tmp_path: Path) -> None:
    simulate_mimic_iv(tmp_path, 1, 0, packed=False)
    path = tmp_path / "hosp/diagnoses_icd.csv"
    path.write_text(path.read_text() + "10000000,100000000,9,A00,11\n10000000,7,1,I10,10\n")
    events, problems = everything(MimicIV(tmp_path))
    assert problems.counts == {
        "a code whose icd_version is neither 9 nor 10": 1,
        "a code of an admission whose end is not known": 1,
    }
    timeless = events.filter(pl.col("code").str.starts_with("ICD") & pl.col("time").is_null())
    assert timeless.select("encounter", "static").rows() == [("7", False)]

import tarfile
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.records.readers.read import everything, of, span

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.schema import DEATH
from bedside.modalities.records.readers.challenge_clock import end_of_day
from bedside.modalities.records.readers.physionet_2012 import (
    ORIGIN,
    READER,
    PhysioNet2012,
    died_in_hospital,
    outcomes,
)

FIRST = """Time,Parameter,Value
00:00,RecordID,101
00:00,Age,54
00:00,Gender,0
00:00,Height,-1
00:00,ICUType,4
00:00,Weight,-1
00:07,HR,73
00:07,HR,75
47:59,Mg,2.0
48:00,Temp,-17.8
"""
SECOND = """Time,Parameter,Value
00:00,RecordID,102
00:00,Age,90
00:00,Gender,-1
00:00,Height,180.3
00:00,ICUType,1
00:00,Weight,80
01:10,Weight,81
"""
OUTCOMES = """RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death
101,6,1,5,-1,0
102,-1,8,2,1,1
103,16,-1,-1,40,0
104,16,3,4,9,0
105,16,3,10,0,0
"""

INDEX = ORIGIN + timedelta(hours=48)


def challenge(folder: Path, files: dict[str, str] | None = None, table: str = OUTCOMES) -> Path:
    stays = folder / "set-a"
    stays.mkdir()
    for name, text in (files or {"101": FIRST, "102": SECOND}).items():
        (stays / f"{name}.txt").write_text(text)
    (folder / "Outcomes-a.txt").write_text(table)
    return folder


def test_descriptors_and_measurements_become_events_on_a_clock_of_1800(tmp_path: Path) -> None:
    events, problems = everything(PhysioNet2012(challenge(tmp_path)))
    beats = of(events, "PN2012//HR")
    assert beats["numeric_value"].to_list() == [73, 75]  # two values at one time are two measurements
    assert set(beats["time"]) == {datetime(1800, 1, 1, 0, 7)}  # noqa: DTZ001
    assert set(beats["unit"]) == {"bpm"}
    assert set(beats["encounter"]) == {"101"}
    assert of(events, "ICU_START")["code"].to_list() == ["ICU_START//Surgical ICU", "ICU_START//Coronary Care Unit"]
    assert of(events, "SEX").select("subject", "code", "static", "time").rows() == [("101", "SEX//F", True, None)]
    assert of(events, "PN2012//Weight").select("time", "numeric_value").rows() == [
        (ORIGIN, 80),
        (ORIGIN + timedelta(minutes=70), 81),
    ]
    assert of(events, "PN2012//Height")["subject"].to_list() == ["102"]
    assert of(events, "PN2012//Temp")["numeric_value"].to_list() == [-17.8]  # implausible, and kept
    assert of(events, "PN2012//Mg")["unit"].to_list() == ["mg/dL"]
    assert not of(events, "PN2012//RecordID").height
    assert {name: count for name, count in problems.counts.items() if "not known" in name and "stay" not in name} == {
        "Height is -1: not known": 1,
        "Weight is -1: not known": 1,
        "Gender is -1: not known": 1,
    }


def test_birth_gives_the_age_at_admission(tmp_path: Path) -> None:
    events, _ = everything(PhysioNet2012(challenge(tmp_path)))
    ages = {
        row[0]: (ORIGIN - row[1]).days / 365.25 for row in of(events, "MEDS_BIRTH").select("subject", "time").rows()
    }
    assert {subject: int(age) for subject, age in ages.items()} == {"101": 54, "102": 90}


def test_ends_of_stays_are_never_visible_at_48_hours(tmp_path: Path) -> None:
    events, problems = everything(PhysioNet2012(challenge(tmp_path)))
    ends = pl.concat([of(events, "ENCOUNTER_END"), of(events, DEATH)])
    assert span(ends["time"])[0] > INDEX
    rows = {
        (subject, code): (time - ORIGIN).days for subject, time, code in ends.select("subject", "time", "code").rows()
    }
    assert rows == {
        ("101", "ENCOUNTER_END//ALIVE"): 5,
        ("102", "ENCOUNTER_END//DIED"): 2,  # recorded as day 1, which a model at 48 hours must not see
        ("102", DEATH): 2,
        ("103", DEATH): 40,  # after a stay whose end is not known
        ("104", "ENCOUNTER_END//ALIVE"): 4,
        ("104", DEATH): 9,
        ("105", "ENCOUNTER_END//ALIVE"): 10,
    }
    assert problems.counts["Length_of_stay is -1: the end of the stay is not known"] == 1
    assert problems.counts["Survival within the stay, though it ended alive: no death is written"] == 1


@given(days=st.integers(-30, 4000))
def test_every_end_is_later_than_48_hours_and_keeps_its_day(days: int) -> None:
    end = pl.select(end_of_day(pl.lit(days))).item()
    assert end > INDEX
    if days >= 2:
        assert (end - ORIGIN).days == days


@pytest.mark.parametrize(
    ("survival", "stay", "died"),
    [
        (-1, 5, False),
        (1, 2, True),
        (2, 2, True),
        (5, 5, True),
        (6, 5, False),
        (0, 10, False),
        (-23, 4, False),
        (9, -1, False),
    ],
)
def test_who_died_in_hospital(survival: int, stay: int, died: bool) -> None:
    assert pl.select(died_in_hospital(pl.lit(survival), pl.lit(stay))).item() is died


def test_unknown_survival_or_stay_is_no_death_in_hospital() -> None:
    unknown = pl.lit(None, dtype=pl.Int64)
    assert pl.select(died_in_hospital(unknown, pl.lit(3))).item() is False
    assert pl.select(died_in_hospital(pl.lit(3), unknown)).item() is False


def test_outcomes_are_a_table_apart(tmp_path: Path) -> None:
    table = outcomes(challenge(tmp_path))
    assert table.row(1, named=True) == {
        "subject": "102",
        "set": "a",
        "saps_i": None,
        "sofa": 8,
        "length_of_stay_days": 2,
        "survival_days": 1,
        "in_hospital_death": True,
    }
    assert table["length_of_stay_days"].to_list() == [5, 2, None, 4, 10]
    events, _ = everything(PhysioNet2012(tmp_path))
    assert not events["code"].str.contains("SAPS|SOFA|Survival|Length").any()


def test_an_archive_gives_the_same_events_as_its_folder(tmp_path: Path) -> None:
    source = challenge(tmp_path)
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "set-a.tar.gz", "w:gz") as archive:
        archive.add(source / "set-a", "set-a")
    (packed / "Outcomes-a.txt").write_text(OUTCOMES)
    names = ["subject", "time", "code", "numeric_value"]
    folder, archived = everything(PhysioNet2012(source))[0], everything(PhysioNet2012(packed))[0]
    assert folder.sort(names).equals(archived.sort(names))
    alone, _ = everything(PhysioNet2012(packed / "set-a.tar.gz"))
    assert not of(alone, "ENCOUNTER_END").height
    assert of(alone, "PN2012//HR").equals(of(folder, "PN2012//HR"))


def test_broken_lines_and_files_are_counted(tmp_path: Path) -> None:
    broken = FIRST + "xx:10,HR,70\n10:00,HR\n10:00,HR,high\n10:00,,7\n"
    files = {"101": broken, "102": "nothing\n", "103": SECOND}
    events, problems = everything(PhysioNet2012(challenge(tmp_path, files)))
    assert problems.counts["a line without 3 fields"] == 1
    assert problems.counts["Time is not written HH:MM"] == 1
    assert problems.counts["Value is no number"] == 1
    assert problems.counts["Parameter is empty"] == 1
    assert problems.counts["a file that does not begin with Time,Parameter,Value"] == 1
    assert problems.counts["RecordID is not the file's name, which is taken"] == 1
    timeless = of(events, "PN2012//HR").filter(pl.col("time").is_null())
    assert timeless.select("numeric_value", "static").rows() == [(70.0, False)]


@pytest.mark.parametrize("name", ["", "set-a.tar.gz", "Outcomes-a.txt"])
def test_what_is_not_the_challenge_is_refused(tmp_path: Path, name: str) -> None:
    challenge(tmp_path)
    (tmp_path / "empty").mkdir()
    path = tmp_path / name if name else tmp_path / "empty"
    with pytest.raises(RecordsProblem, match="set-a"):
        READER.open(path)


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    source = challenge(tmp_path)
    whole = tmp_path / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as archive:
        for number in range(200):
            archive.add(source / "set-a" / "101.txt", f"set-a/{number}.txt")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(RecordsProblem, match="truncated"):
        everything(PhysioNet2012(cut))


@pytest.mark.parametrize(
    ("table", "words"),
    [("RecordID,SOFA\n1,2\n", "Length_of_stay"), (OUTCOMES.replace("101,6", "101,six"), "whole number")],
)
def test_outcomes_of_another_kind_are_refused(tmp_path: Path, table: str, words: str) -> None:
    challenge(tmp_path, table=table)
    with pytest.raises(RecordsProblem, match=words):
        outcomes(tmp_path)


@pytest.mark.slow
def test_real_stays(public_data: Path) -> None:
    folder = public_data / "physionet2012"
    if not folder.is_dir():
        pytest.skip("physionet2012 is not in BEDSIDE_DATA")
    events, problems = everything(PhysioNet2012(folder))
    assert events["subject"].n_unique() == 8000
    assert of(events, "ENCOUNTER_END//DIED").height == 554 + 568
    assert of(events, "PN2012//HR").height == 224_602 + 220_736
    ends = pl.concat([of(events, "ENCOUNTER_END"), of(events, DEATH)])
    assert span(ends["time"])[0] > INDEX
    others = events.filter(~pl.col("static") & ~pl.col("code").str.contains("ENCOUNTER_END|MEDS_"))
    assert span(others["time"])[1] <= INDEX
    assert others["time"].null_count() == 0
    assert problems.counts["Length_of_stay is -1: the end of the stay is not known"] == 60 + 54
    assert "In-hospital_death contradicts Survival and Length_of_stay" not in problems.counts


def test_the_rule_gives_the_recorded_deaths_of_all_real_stays(public_data: Path) -> None:
    folder = public_data / "physionet2012"
    if not folder.is_dir():
        pytest.skip("physionet2012 is not in BEDSIDE_DATA")
    table = outcomes(folder)
    ruled = table.select(died_in_hospital(pl.col("survival_days"), pl.col("length_of_stay_days"))).to_series()
    assert (ruled == table["in_hospital_death"]).all()
    assert table.group_by("set").agg(pl.col("in_hospital_death").sum()).sort("set").rows() == [("a", 554), ("b", 568)]
    assert table.filter(pl.col("set") == "a")["saps_i"].null_count() == 190

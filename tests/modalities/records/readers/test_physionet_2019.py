import tarfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.modalities.records.readers.read import everything, of

from bedside.errors import RecordsProblem
from bedside.modalities.records.readers.challenge_clock import ORIGIN
from bedside.modalities.records.readers.physionet_2019 import COLUMNS, READER, PhysioNet2019, sepsis_labels

HEADER = "|".join(COLUMNS)


def line(**values: object) -> str:
    return "|".join(str(values.get(name, "NaN")) for name in COLUMNS)


def stay(hours: int, *, septic_from: int = 99, age: object = 61, unit: int = 1, first: int = 1) -> str:
    known = {"Age": age, "Gender": 1, "Unit1": unit, "Unit2": 1 - unit, "HospAdmTime": -3.5}
    rows = [
        line(HR=80 + hour, ICULOS=hour, SepsisLabel=int(hour >= septic_from), **known)
        for hour in range(first, first + hours)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def challenge(folder: Path, files: dict[str, str] | None = None) -> Path:
    stays = folder / "training_setB"
    stays.mkdir()
    for name, text in (files or {"p100001": stay(3, septic_from=2), "p100002": stay(2, age=83.14, unit=0)}).items():
        (stays / f"{name}.psv").write_text(text)
    return folder


def test_an_hour_is_known_at_its_end(tmp_path: Path) -> None:
    events, problems = everything(PhysioNet2019(challenge(tmp_path)))
    beats = of(events, "PN2019//HR").filter(pl.col("subject") == "100001")
    assert beats.select("time", "numeric_value").rows() == [
        (ORIGIN + timedelta(hours=hour), 80.0 + hour) for hour in (1, 2, 3)
    ]
    assert set(beats["unit"]) == {"bpm"}
    assert problems.counts == {}


def test_what_is_known_at_admission(tmp_path: Path) -> None:
    events, _ = everything(PhysioNet2019(challenge(tmp_path)))
    assert of(events, "ICU_START").select("code", "time").rows() == [
        ("ICU_START//MICU", ORIGIN),
        ("ICU_START//SICU", ORIGIN),
    ]
    assert set(of(events, "ENCOUNTER_START")["time"]) == {ORIGIN - timedelta(hours=3.5)}
    assert of(events, "PN2019//Age").select("numeric_value", "static").rows() == [(61.0, True), (83.14, True)]
    years = [(ORIGIN - time).days / 365.25 for time in of(events, "MEDS_BIRTH")["time"]]
    assert [int(year) for year in years] == [61, 83]


def test_the_label_is_no_event(tmp_path: Path) -> None:
    source = challenge(tmp_path)
    events, _ = everything(PhysioNet2019(source))
    assert not events["code"].str.contains("(?i)sepsis").any()
    labels = sepsis_labels(source).filter(pl.col("subject") == "100001")
    assert labels.select("hour", "boolean_value").rows() == [(1, False), (2, True), (3, True)]
    hours = of(events, "PN2019//HR").filter(pl.col("subject") == "100001")["time"]
    assert labels["time"].to_list() == hours.to_list()


def test_where_a_record_ends_no_hour_of_it_can_see(tmp_path: Path) -> None:
    source = challenge(tmp_path)
    events, _ = everything(PhysioNet2019(source))
    ends = of(events, "PN2019//RECORD_END").select("subject", "time")
    last = sepsis_labels(source).group_by("subject").agg(pl.col("time").max().alias("last"))
    both = ends.join(last, on="subject")
    assert both.height == 2
    assert (both["time"] > both["last"]).all()


def test_a_stay_may_begin_late(tmp_path: Path) -> None:
    events, _ = everything(PhysioNet2019(challenge(tmp_path, {"p000007": stay(2, first=4)})))
    assert of(events, "PN2019//HR").select("subject", "time").rows() == [
        ("7", ORIGIN + timedelta(hours=4)),
        ("7", ORIGIN + timedelta(hours=5)),
    ]


def test_an_archive_gives_the_same_events_as_its_folder(tmp_path: Path) -> None:
    source = challenge(tmp_path)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.add(source / "training_setB", "training_setB")
    names = ["subject", "time", "code"]
    folder, packed = (
        everything(PhysioNet2019(source / "training_setB"))[0],
        everything(PhysioNet2019(tmp_path / "b.tar.gz"))[0],
    )
    assert folder.sort(names).equals(packed.sort(names))


def test_broken_files_are_counted(tmp_path: Path) -> None:
    files = {
        "p1": stay(2) + "1|2\n" + line(HR="fast", ICULOS=3) + "\n" + line(HR=7) + "\n",
        "p2": "HR|Temp\n1|2\n",
    }
    events, problems = everything(PhysioNet2019(challenge(tmp_path, files)))
    assert problems.counts == {
        "a file without the challenge's columns": 1,
        "a line without 41 fields": 1,
        "a cell that is neither a number nor NaN": 1,
        "a line without its hour (ICULOS)": 1,
    }
    assert of(events, "PN2019//HR").height == 2


def test_what_is_not_the_challenge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordsProblem, match="training_setA"):
        READER.open(tmp_path)
    source = challenge(tmp_path, {"p1": "HR|Temp\n1|2\n"})
    with pytest.raises(RecordsProblem, match="no file has the columns"):
        everything(PhysioNet2019(source))


@pytest.mark.slow
def test_real_stays(public_data: Path) -> None:
    folder = public_data / "physionet2019"
    if not folder.is_dir():
        pytest.skip("physionet2019 is not in BEDSIDE_DATA")
    events, problems = everything(PhysioNet2019(folder))
    assert events["subject"].n_unique() == 14_000
    assert problems.counts == {}
    assert of(events, "PN2019//RECORD_END").height == 14_000
    labels = sepsis_labels(folder)
    assert labels.filter("boolean_value")["subject"].n_unique() == 783
    assert (events.filter(~pl.col("static"))["time"].null_count(), labels["time"].null_count()) == (0, 0)

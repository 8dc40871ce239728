"""`bedside records` from files of one's own to a described table."""

import re
from pathlib import Path

import polars as pl
import pytest
from tests.command import Bedside

from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.readers.found import layouts

MAP = """
systems = ["LAB7"]
[[table]]
subject = "pat"
time = "when"
code = "test"
system = "LAB7"
codes = { Krea = "LOINC//2160-0" }
value = "result"
unit = "unit"
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Laboratory results of 30 patients; three have a rare test, one result cannot be."""
    lines = ["pat,when,test,result,unit"]
    lines += [f"p{k},2020-01-{1 + k % 28:02d} 08:00,Krea,{60 + k},umol/L" for k in range(30)]
    lines += [f"p{k},2020-02-01 08:00,Hb,{12 + k / 10:.1f},g/dL" for k in range(20)]
    lines += ["p1,2020-02-02 08:00,rare,5,", "p2,2020-02-02 08:00,rare,5,", "p3,2020-02-02 08:00,rare,5,"]
    lines += ["p1,2020-03-01 08:00,Krea,900,mg/dL", "p1,2020-03-01", "p1,2020-03-02 08:00,Krea,1,cups"]
    (tmp_path / "map.toml").write_text(MAP)
    path = tmp_path / "labs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def convert(bedside: Bedside, source: Path, *more: object) -> None:
    answer = bedside(
        "records", "convert", "--from", "long-csv", source, "--map", "map.toml", "--out", "events", "--jobs", 1, *more
    )
    assert answer.code == 0, answer.err


def test_a_table_of_ones_own_is_converted_and_described(bedside: Bedside, source: Path, tmp_path: Path) -> None:
    convert(bedside, source)
    assert EventFolder(tmp_path / "events").scan().select(pl.len()).collect().item() == 55
    answer = bedside("records", "describe", "events")
    assert answer.code == 0, answer.err
    assert "55 events of 30 patients, from 2020-01-01 to 2020-03-02; 3 codes." in answer.out
    assert re.search(r"LOINC//2160-0 +Krea +mg/dL +32 +30", answer.out)
    assert re.search(r"implausible +1 +1", answer.out)
    assert re.search(r"LOINC//2160-0 +1 +cups", answer.out)
    assert re.search(r"a line with 2 cells instead of 5 +1", answer.out)


def test_small_cells_and_what_gives_them_away_are_withheld(bedside: Bedside, source: Path) -> None:
    convert(bedside, source)
    found = bedside("records", "describe", "events", "--smallest-cell", 11, "--json").json
    shown = {one["code"]: (one["events"], one["subjects"]) for one in found["frequent"]}
    assert shown["LAB7//rare"] == (None, None)
    assert shown["LAB7//Hb"] == (None, None)  # else the rare test follows from the events of its system
    assert shown["LOINC//2160-0"] == (32, 30)
    assert {one["name"]: one["events"] for one in found["systems"]} == {"LOINC": 32, "LAB7": 23}
    assert {one["what"]: one["events"] for one in found["flags"]} == {"implausible": None, "unit unknown": None}
    assert (found["first"], found["last"]) == ("2020", "2020")
    assert all(one["examples"] == [] for one in (*found["units"], *found["problems"]))


def test_without_the_option_all_counts_are_shown(bedside: Bedside, source: Path) -> None:
    convert(bedside, source)
    found = bedside("records", "describe", "events", "--json").json
    assert {one["code"]: one["subjects"] for one in found["frequent"]} == {
        "LAB7//Hb": 20,
        "LAB7//rare": 3,
        "LOINC//2160-0": 30,
    }


def test_a_day_given_as_the_end_counts_to_its_end(bedside: Bedside, source: Path) -> None:
    convert(bedside, source, "--until", "2020-02-02")
    flags = bedside("records", "describe", "events", "--json").json["flags"]
    assert {one["what"]: one["events"] for one in flags}["in future"] == 2
    convert(bedside, source, "--until", "2020-02-02T07:00", "--replace")
    flags = bedside("records", "describe", "events", "--json").json["flags"]
    assert {one["what"]: one["events"] for one in flags}["in future"] == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("convert", "--from", "excel", "labs.csv", "--out", "x"), 3, "records is called 'excel'; there are "),
        (("convert", "--from", "events.reader", "labs.csv", "--out", "x"), 3, "no layout of records is called"),
        (("convert", "--from", "long_csv", "labs.csv", "--out", "x"), 3, "give it with --map"),
        (("convert", "--from", "meds", "labs.csv", "--map", "map.toml", "--out", "x"), 3, "meds needs none"),
        (("convert", "--from", "meds", "nowhere", "--out", "x"), 3, "nowhere does not exist"),
        (("convert", "--from", "meds", "labs.csv", "--out", "x"), 3, "is not a folder"),
        (("convert", "--from", "meds", ".", "--out", "x", "--until", "soon"), 2, "'soon' is no date; write 2024-12-31"),
        (("describe", "nowhere"), 3, "is not a folder"),
        (("describe", "."), 3, "is no finished table of events"),
    ],
)  # fmt: skip
def test_wrong_use_is_said_in_words(
    bedside: Bedside, source: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    answer = bedside("records", *arguments)
    assert answer.code == code, answer.err
    assert words in answer.err
    assert not (source.parent / "x").exists()


def test_a_table_that_lies_there_is_not_overwritten(bedside: Bedside, source: Path) -> None:
    convert(bedside, source)
    answer = bedside("records", "convert", "--from", "long_csv", source, "--map", "map.toml", "--out", "events")
    assert answer.code == 4
    assert "exists and is not empty" in answer.err


def test_every_layout_says_what_it_reads() -> None:
    assert {"meds", "long_csv"} <= set(layouts())
    assert all(len(layout.summary) > 20 for layout in layouts().values())


@pytest.mark.parametrize("command", ["convert", "describe"])
def test_help_gives_examples(bedside: Bedside, command: str) -> None:
    answer = bedside("records", command, "--help")
    assert answer.code == 0
    assert re.search(rf"^ +bedside records {command}\b", answer.out, re.MULTILINE)

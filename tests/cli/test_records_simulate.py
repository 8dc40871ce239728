"""`bedside records simulate`: as events and as tables of OMOP."""

from pathlib import Path

from tests.command import Bedside

from bedside.modalities.records.events.folder import EventFolder


def test_a_hospital_is_simulated_and_described(bedside: Bedside, tmp_path: Path) -> None:
    answer = bedside("records", "simulate", "--patients", 20, "--out", "events", "--jobs", 1)
    assert answer.code == 0, answer.err
    assert "events of 20 patients, all of them invented" in answer.out
    before = EventFolder(tmp_path / "events").digest
    told = bedside("records", "simulate", "--patients", 20, "--out", "again", "--jobs", 1, "--json").json
    assert (told["subjects"], told["simulated"], told["shards"]) == (20, True, 1)
    assert EventFolder(tmp_path / "again").digest == before
    assert bedside("records", "describe", "events", "--json").json["subjects"] == 20


def test_tables_of_omop_can_be_converted(bedside: Bedside, tmp_path: Path) -> None:
    told = bedside("records", "simulate", "--patients", 5, "--as", "omop", "--out", "omop", "--json").json
    assert "person.csv" in told["files"]
    assert bedside("records", "convert", "--from", "omop", "omop", "--out", "events", "--jobs", 1).code == 0
    assert EventFolder(tmp_path / "events").quality.subjects == 5


def test_a_folder_that_holds_something_is_not_written_to(bedside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine", "utf-8")
    for kind in ("events", "omop"):
        answer = bedside("records", "simulate", "--patients", 2, "--as", kind, "--out", "mine", "--replace")
        assert answer.code != 0
        assert "mine" in answer.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]

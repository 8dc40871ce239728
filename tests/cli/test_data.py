"""Where data belong, whether they are here, and fetching what is not."""

from pathlib import Path

import pytest
from tests.command import Bedside


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.mark.usefixtures("nothing")
def test_absent_files_say_where_and_how(bedside: Bedside) -> None:
    answer = bedside("data", "heart_disease")
    assert answer.code == 0
    assert "heart_disease/processed.cleveland.data: absent" in answer.out
    assert "sha256" in answer.out
    assert "bedside data heart_disease --fetch" in answer.out


def test_a_file_of_other_content_is_not_taken_for_it(bedside: Bedside, nothing: Path) -> None:
    wrong = nothing / "pima" / "pima-indians-diabetes.csv"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("1,2,3\n")
    (row,) = bedside("data", "diabetes_screening", "--json").json["files"]
    assert row["state"] == "not the expected file"
    answer = bedside("run", "diabetes_screening")
    assert answer.code == 3
    assert "SHA-256" in answer.err


def test_what_ships_with_a_dependency_needs_nothing(bedside: Bedside) -> None:
    answer = bedside("data", "breast_cancer", "--fetch")
    assert answer.code == 0
    assert "nothing to fetch" in answer.out


def test_real_files_are_recognised(bedside: Bedside, public_data: Path) -> None:
    answer = bedside("data", "--json")
    assert answer.code == 0
    assert answer.json["folder"] == str(public_data)
    resaved = {"medmnist/breastmnist.npz"}  # this copy was saved anew; its study says so
    assert {row["path"] for row in answer.json["files"] if row["state"] != "here"} <= resaved
    assert {row["study"] for row in answer.json["files"]} >= {"heart_disease", "readmission", "diabetes_screening"}

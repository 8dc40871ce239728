"""The catalogue: what is listed, and that a broken application is named."""

from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.cli import catalogue
from bedside.errors import StudyError

CARD = """---
title: Stroke
question: Who will have a stroke?
modality: tabular
endpoint: binary
data: own
files: [stroke/a.csv]
licence: none
population: adults
---
# Stroke
"""


def folder(root: Path, name: str, card: str | None = CARD, study: str | None = "") -> Path:
    made = root / name
    made.mkdir()
    for file, text in (("card.md", card), ("study.py", study)):
        if text is not None:
            (made / file).write_text(text)
    return made


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An applications folder of this test's own."""
    import bedside.applications

    root = tmp_path / "applications"
    root.mkdir()
    monkeypatch.setattr(bedside.applications, "__path__", [str(root)])
    return root


def test_the_shipped_applications_are_described(bedside: Bedside) -> None:
    answer = bedside("list", "--json")
    assert answer.code == 0
    rows = {row["name"]: row for row in answer.json}
    assert {"breast_cancer", "heart_disease", "diabetes_screening", "readmission", "diabetes_progression"} <= set(rows)
    assert rows["breast_cancer"]["here"]
    assert rows["diabetes_progression"]["endpoint"] == "continuous"
    assert all(row["question"].endswith("?") for row in rows.values())


def test_a_person_reads_a_table(bedside: Bedside) -> None:
    answer = bedside("list")
    assert answer.code == 0
    assert "breast_cancer" in answer.out
    assert "bedside run NAME" in answer.out


def test_what_is_absent_is_said(
    bedside: Bedside, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path))
    folder(listed, "stroke")
    (row,) = bedside("list", "--json").json
    assert (row["here"], row["missing"]) == (False, ["stroke/a.csv"])
    (tmp_path / "stroke").mkdir()
    (tmp_path / "stroke" / "a.csv").write_text("x")
    (row,) = bedside("list", "--json").json
    assert (row["here"], row["missing"]) == (True, [])


@pytest.mark.parametrize(
    ("card", "study", "reason"),
    [
        (None, "", "card.md cannot be read"),
        ("# Stroke\n", "", "does not begin with front matter"),
        ("---\n- a\n---\n", "", "`key: value`"),
        ("---\na: [\n---\n", "", "not YAML"),
        (CARD.replace("title: Stroke\n", ""), "", "lacks title"),
        (CARD.replace("[stroke/a.csv]", "a.csv"), "", "not a list"),
        (CARD, None, "no study.py"),
    ],
)
def test_a_broken_application_fails_loudly_by_name(
    bedside: Bedside, listed: Path, card: str | None, study: str | None, reason: str
) -> None:
    folder(listed, "good")
    folder(listed, "broken_one", card, study)
    answer = bedside("list")
    assert answer.code == 2
    assert "good" in answer.out
    assert "broken_one" in answer.err
    assert reason in answer.err
    with pytest.raises(StudyError, match="broken_one"):
        catalogue.find("broken_one")


def test_folders_of_nothing_are_not_applications(bedside: Bedside, listed: Path) -> None:
    folder(listed, "good")
    (listed / "__pycache__").mkdir()
    (listed / "left_over" / "__pycache__").mkdir(parents=True)
    assert [row["name"] for row in bedside("list", "--json").json] == ["good"]

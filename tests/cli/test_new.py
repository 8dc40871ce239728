"""A new application is complete: it reads well, imports, draws and runs on its twin."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.cli.catalogue import front_matter
from bedside.cli.resolve import resolve
from bedside.data.sample import Sample

ROOT = Path(__file__).parents[2]


def test_the_folder_is_a_study(bedside: Bedside, tmp_path: Path) -> None:
    answer = bedside("new", "stroke_risk", "--json")
    assert answer.code == 0
    assert {path.name for path in (tmp_path / "stroke_risk").iterdir()} == set(answer.json["files"])
    made = resolve("stroke_risk")
    assert (made.name, made.origin) == ("stroke_risk", "stroke_risk")
    drawn = [sample for record in made.source.simulate(30, seed=0) for sample in made.cohort.draw(record)]
    assert len(drawn) == 30
    assert all(isinstance(sample, Sample) for sample in drawn)
    assert front_matter(tmp_path / "stroke_risk" / "card.md")["title"] == "Stroke risk"


def test_absent_data_say_where_they_belong(bedside: Bedside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path / "data"))
    bedside("new", "stroke_one")
    answer = bedside("run", "stroke_one")
    assert answer.code == 3
    assert "stroke_one.csv" in answer.err


def test_what_is_written_passes_the_linters(bedside: Bedside, tmp_path: Path) -> None:
    bedside("new", "stroke_two")
    folder = tmp_path / "stroke_two"
    code = [str(folder / name) for name in ("source.py", "study.py")]
    for command in (["ruff", "format", "--check", str(folder)], ["ruff", "check", *code]):
        arguments = [sys.executable, "-m", *command, "--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Stroke", "2stroke", "stroke-risk", "class", ""])
def test_names_that_python_cannot_import_are_refused(bedside: Bedside, name: str) -> None:
    answer = bedside("new", name)
    assert answer.code == 2
    assert "lower-case" in answer.err


def test_nothing_is_overwritten(bedside: Bedside, tmp_path: Path) -> None:
    assert bedside("new", "stroke_three", "--out", "there").code == 0
    (tmp_path / "there" / "stroke_three" / "study.py").write_text("mine")
    assert bedside("new", "stroke_three", "--out", "there").code == 4
    assert (tmp_path / "there" / "stroke_three" / "study.py").read_text() == "mine"


@pytest.mark.slow
def test_it_runs_at_once_on_its_twin(bedside: Bedside) -> None:
    assert bedside("new", "stroke_four").code == 0
    answer = bedside("run", "stroke_four", "--simulated", 200, "--trials", 1)
    assert answer.code == 0, answer.err
    assert "Simulated data" in answer.out

"""Runs side by side."""

from pathlib import Path

import pytest
from tests.report.evidence_examples import binary, continuous, simulated

from bedside.errors import FileProblem, StudyError
from bedside.evidence.schema import Evidence
from bedside.report.compare import Contrast, run_names, write_comparison


def finished(folder: Path, evidence: Evidence) -> Path:
    """A folder with evidence."""
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_text(evidence.model_dump_json(), encoding="utf-8")
    return folder


def test_runs_of_the_same_samples(tmp_path: Path) -> None:
    folders = [finished(tmp_path / "a" / "run", binary()), finished(tmp_path / "b" / "run", simulated())]
    contrast = Contrast(
        "a/run", "tabular_network", "b/run", "elastic_net", "auroc", 0.012, 0.002, 0.021, 0.02, 0.04, "DeLong"
    )
    html = write_comparison(folders, tmp_path / "comparison.html", [contrast]).read_text(encoding="utf-8")
    assert "All runs judged the same samples" in html
    assert "0.012 (0.002 to 0.021)" in html
    assert "simulated data" in html
    assert html.count("<script>") == 1


def test_runs_of_other_endpoints_are_not_compared(tmp_path: Path) -> None:
    folders = [finished(tmp_path / "a", binary()), finished(tmp_path / "b", continuous())]
    html = write_comparison(folders, tmp_path / "c.html").read_text(encoding="utf-8")
    assert "outcomes of different kinds" in html
    assert "No paired tests between runs were made." in html


def test_names_tell_runs_apart(tmp_path: Path) -> None:
    assert run_names([tmp_path / "a" / "run", tmp_path / "b" / "run"]) == ("a/run", "b/run")
    assert run_names([tmp_path / "x", tmp_path / "y"]) == ("x", "y")


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    folder = finished(tmp_path / "a", binary())
    with pytest.raises(StudyError, match="two or more"):
        write_comparison([folder, folder], tmp_path / "c.html")
    with pytest.raises(FileProblem, match="does not exist"):
        write_comparison([folder, tmp_path], tmp_path / "c.html")

"""Commands on finished runs: predict, report, compare, schema."""

import json
from pathlib import Path

import jsonschema
import pytest
from tests.command import Bedside


def test_evidence_obeys_the_printed_schema(beside: Bedside, tmp_path: Path) -> None:
    schema = beside("schema").json
    jsonschema.validate(json.loads((tmp_path / "run" / "evidence.json").read_text()), schema)


def test_scores_are_printed_in_the_order_of_rows(beside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("lactate,age\n1.5,60\n5.5,80\n,70\n")
    answer = beside("predict", "run", "new.csv")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "row,probability"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    low, high, unknown = (float(line.split(",")[1]) for line in lines[1:])
    assert 0 < low < unknown < high < 1


def test_what_is_unlike_development_is_said(beside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("lactate,age\n1.5,6000\n")
    answer = beside("predict", "run", "new.csv", "--json", "--learner", "single_age")
    assert answer.code == 0
    assert answer.json["learner"] == "single_age"
    assert {"out_of_range", "unit"} <= {finding["kind"] for finding in answer.json["findings"]}
    assert len(answer.json["predictions"]["probability"]) == 1


def test_rows_without_a_predictor_are_refused(beside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("lactat,age\n1.5,60\n")
    answer = beside("predict", "run", "new.csv", "--out", "scores.csv")
    assert answer.code == 3
    assert "did you mean 'lactat'" in answer.err
    assert not (tmp_path / "scores.csv").exists()


def test_an_unknown_learner_is_refused(beside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("lactate,age\n1.5,60\n")
    answer = beside("predict", "run", "new.csv", "--learner", "oracle")
    assert answer.code == 2
    assert "oracle" in answer.err


def test_the_report_is_written_from_evidence_alone(beside: Bedside, tmp_path: Path) -> None:
    first = (tmp_path / "run" / "report.html").read_bytes()
    (tmp_path / "run" / "report.html").unlink()
    assert beside("report", "run").code == 0
    assert (tmp_path / "run" / "report.html").read_bytes() == first


@pytest.mark.parametrize("kind", ["html", "md", "docx"])
def test_a_checklist(beside: Bedside, tmp_path: Path, kind: str) -> None:
    answer = beside("report", "run", "--checklist", "tripod-ai", "--format", kind, "--json")
    assert answer.code == 0
    assert (tmp_path / answer.json["checklist"]).stat().st_size > 1000


def test_a_model_card(beside: Bedside, tmp_path: Path) -> None:
    assert beside("report", "run", "--model-card").code == 0
    assert (tmp_path / "run" / "model-card.md").read_text().startswith("---\n")
    assert beside("report", "run", "--model-card", "--checklist", "tripod-ai").code == 2


def test_runs_that_judged_the_same_cases_are_paired(beside: Bedside, tmp_path: Path) -> None:
    assert beside("run", "tiny", "--seed", 1, "--out", "other", "--jobs", 1).code == 0
    answer = beside("compare", "run", "other", "--json", "--out", "comparison.html")
    assert answer.code == 0
    assert {row["run"] for row in answer.json["performance"]} == {"run", "other"}
    (test,) = answer.json["comparisons"]
    assert test["low"] <= test["difference"] <= test["high"]
    assert "paired bootstrap by patient" in test["method"]
    assert test["p"] == test["p_adjusted"]
    values = {row["run"]: row["value"] for row in answer.json["performance"] if row["learner"] == "elastic_net"}
    assert test["difference"] == pytest.approx(values["run"] - values["other"])
    assert (tmp_path / "comparison.html").is_file()
    assert "run elastic_net minus other elastic_net" in beside("compare", "run", "other", "--measure", "brier").out


def test_runs_of_other_cases_are_not_paired(beside: Bedside) -> None:
    assert beside("run", "tiny", "--simulated", 70, "--out", "other", "--jobs", 1).code == 0
    answer = beside("compare", "run", "other")
    assert answer.code == 0
    assert "judged different cases" in answer.out


def test_comparing_needs_two_runs_and_a_known_measure(beside: Bedside) -> None:
    assert beside("compare", "run").code == 2
    assert beside("compare", "run", "run").code == 2


def test_an_unknown_measure_names_the_nearest(beside: Bedside, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tmp_path / "run", tmp_path / "twin")
    answer = beside("compare", "run", "twin", "--measure", "aurok")
    assert answer.code == 2
    assert "did you mean 'auroc'" in answer.err

"""The reproductions: all of them load, and a small run ends in a table of ours beside theirs."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.conformance.study import own_ledger, small

from bedside.applications.breast_cancer.study import study

FOLDER = Path(__file__).parents[2] / "reproductions"
OTHERS = {"beside", "ecg_readers", "scarce_labels", "scarce_records", "volume_two_ways"}
"""No application has these."""
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in OTHERS)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("beside")


def test_every_application_has_a_reproduction() -> None:
    applications = FOLDER.parent / "src/bedside/applications"
    assert {path.parent.name for path in applications.glob("*/card.md")} == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_peers_are_compared_with_learners_and_measures_that_exist(beside: ModuleType, name: str) -> None:
    script = importlib.import_module(name)
    declared = script.study()
    learners = {learner.name for learner in declared.learners}
    validations = {"", *(validation.name for validation in declared.validations)}
    for peer in getattr(script, "PEERS", ()):
        assert isinstance(peer, beside.Peer)
        assert peer.learner in learners
        assert peer.validation in validations


@pytest.mark.usefixtures("beside")
def test_least_squares_reaches_what_is_known_of_these_data() -> None:
    # The residual standard error of the full model is 54.2 (Efron et al. 2004, table 1: R squared .5177).
    assert 53.5 < importlib.import_module("diabetes_progression").least_squares(1) < 57


def test_a_small_run_ends_in_a_table(
    beside: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(beside, "RESULTS", tmp_path / "results")
    monkeypatch.setattr("sys.argv", ["breast_cancer.py", "--out", str(tmp_path / "run"), "--jobs", "1"])

    def peers(_: Any) -> list[Any]:
        values = {"far below": 0.5, "far above": 1.5, "inside": 0.99}
        return [
            beside.Peer(what=what, value=value, origin="made up for a test", learner="elastic_net", measure="auroc")
            for what, value in values.items()
        ]

    with own_ledger(tmp_path):
        beside.reproduce(small(study()), peers)
    result = json.loads((tmp_path / "results/breast_cancer.json").read_text("utf-8"))
    assert {line["learner"] for line in result["lines"]} == {"elastic_net", "tabular_network"}
    outcomes = {line["what"]: line["outcome"] for line in result["lines"] if line["learner"] == "elastic_net"}
    assert (outcomes["far below"], outcomes["far above"]) == ("win", "loss")
    line = result["lines"][0]
    assert line["cases"] == line["patients"] == 569
    assert line["low"] <= line["ours"] <= line["high"]
    printed = capsys.readouterr().out
    assert "elastic_net on all against far above" in printed
    assert result["verdict"] in printed
    beside.main()
    assert result["verdict"] in capsys.readouterr().out

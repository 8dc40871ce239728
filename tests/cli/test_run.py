"""From the command to a folder of evidence: what is printed, written, refused and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.evidence.stable import stable
from bedside.own_data.declaration import ValidationPart
from bedside.own_data.table import TableStudy, study_from_table
from bedside.own_data.toml import render
from bedside.report.page import read_evidence


def test_a_run_ends_in_a_verdict_and_a_report(beside: Bedside, tmp_path: Path) -> None:
    answer = beside("run", "tiny", "--out", "again", "--jobs", 1)
    assert answer.code == 0
    evidence = json.loads((tmp_path / "again" / "evidence.json").read_text())
    assert evidence["verdict"] in answer.out
    assert "Logistic regression" in answer.out
    assert answer.out.endswith("Report: again/report.html\n")
    assert (tmp_path / "again" / "report.html").stat().st_size > 10_000


def test_json_is_all_that_is_printed(beside: Bedside) -> None:
    answer = beside("run", "tiny", "--out", "run", "--json")
    assert answer.code == 0
    assert answer.json["study"] == "tiny"
    assert not answer.json["simulated"]
    assert {row["learner"] for row in answer.json["performance"]} == {"elastic_net", "single_age"}
    assert {row["measure"] for row in answer.json["comparisons"]} == {"auroc"}
    assert Path(answer.json["report"]).is_file()


def test_a_finished_run_is_returned_as_it_stands(beside: Bedside, tmp_path: Path) -> None:
    before = (tmp_path / "run" / "evidence.json").read_bytes()
    assert beside("run", "tiny", "--out", "run").code == 0
    assert (tmp_path / "run" / "evidence.json").read_bytes() == before


@pytest.mark.parametrize("changed", [("--seed", 1), ("--simulated", 80), ("--trials", 2)])
def test_another_run_in_the_same_folder_is_refused(beside: Bedside, changed: tuple[str, int]) -> None:
    answer = beside("run", "tiny", "--out", "run", *changed)
    assert answer.code == 4
    assert "--out" in answer.err


def test_simulated_is_said(beside: Bedside) -> None:
    answer = beside("run", "tiny", "--simulated", 70, "--jobs", 1)
    assert answer.code == 0
    assert "Simulated data" in answer.out
    assert "runs/tiny-simulated/report.html" in answer.out


def test_a_pipe_sees_no_progress(tiny: Path) -> None:
    done = _start(tiny, "run", "tiny", "--out", "run")
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    assert "Report: run/report.html" in out
    assert "Fitting" not in err


def test_ctrl_c_leaves_a_run_that_the_same_command_finishes(beside: Bedside, tmp_path: Path) -> None:
    running = _start(tmp_path, "run", "tiny", "--out", "stopped", "--jobs", "1")
    deadline = time.monotonic() + 180
    while not (tmp_path / "stopped" / "run.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=240)
    assert running.returncode == 130
    assert "run the same command again to resume" in err
    assert not (tmp_path / "stopped" / "evidence.json").exists()
    assert beside("run", "tiny", "--out", "stopped", "--jobs", 1).code == 0
    stopped, whole = (read_evidence(tmp_path / name) for name in ("stopped", "run"))
    assert stable(stopped) == stable(whole)


def test_a_plan_that_was_followed_is_said_to_be(beside: Bedside, tmp_path: Path) -> None:
    assert beside("plan", "tiny", "--out", "planned").code == 0
    assert beside("plan", "tiny", "--out", "planned").code == 2
    assert beside("run", "tiny", "--out", "planned", "--jobs", 1).code == 0
    evidence = json.loads((tmp_path / "planned" / "evidence.json").read_text())
    assert (evidence["plan"]["frozen"], evidence["plan"]["followed"]) == (True, True)


def test_a_study_toml_of_a_table(bedside: Bedside, tmp_path: Path) -> None:
    made = _small_table(tmp_path)
    declared = made.declaration.model_copy(
        update={
            "validations": (ValidationPart(kind="cross_validation", folds=2, repeats=1),),
            "learners": made.declaration.learners.model_copy(update={"comparators": ("elastic_net",)}),
            "study": made.declaration.study.model_copy(update={"trials": 1, "seed": 3, "bootstrap": 100}),
        }
    )
    (tmp_path / "study.toml").write_text(render(declared))
    answer = bedside("run", "study.toml", "--jobs", 1, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["seed"] == 3
    copy = tmp_path / "runs" / "patients" / "study.toml"
    assert 'path = "../../patients.csv"' in copy.read_text()
    again = bedside("run", copy, "--jobs", 1, "--json")
    assert again.json["performance"] == answer.json["performance"]
    scored = bedside("predict", "runs/patients", "patients.csv", "--out", "scores.csv")
    assert scored.code == 0
    scores = (tmp_path / "scores.csv").read_text().splitlines()
    assert scores[0] == "row,probability"
    assert len(scores) == 61


def test_what_was_chosen_can_be_edited_before_a_run_is_finished(
    bedside: Bedside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small_table(tmp_path)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bedside.cli.run.carried_out", stopped)
    asked = ("run", "--table", "patients.csv", "--outcome", "died", "--patient", "id")
    answer = bedside(*asked)
    assert answer.code == 130
    declared = tmp_path / "runs" / "patients" / "study.toml"
    assert str(declared.relative_to(tmp_path)) in answer.out
    assert 'path = "../../patients.csv"' in declared.read_text()
    declared.write_text("# mine\n")
    assert bedside(*asked).code == 130
    assert declared.read_text() == "# mine\n", "what was edited is not written over before a run is finished"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--outcome", "dead"), 3, "did you mean 'died'"),
        (("--outcome", "died", "--subgroups", "sexx"), 3, "did you mean 'sex'"),
        (("--outcome", "died", "--positive", "perhaps"), 3, "perhaps"),
        (("--outcome", "sex", "--exclude", "sex"), 2, "excluded"),
    ],
)
def test_a_table_that_does_not_do(
    bedside: Bedside, tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    _small_table(tmp_path)
    answer = bedside("run", "--table", "patients.csv", *options)
    assert (answer.code, answer.err.count("\n")) == (code, 1)
    assert said in answer.err
    assert not (tmp_path / "runs").exists()


def _small_table(folder: Path) -> TableStudy:
    lines = ["id,age,sex,lactate,died"]
    for k in range(60):
        died = (k * 7 + k // 3) % 5 < 2
        sex, word = "female" if k % 3 else "male", "yes" if died else "no"
        lines.append(f"p{k},{40 + (k * 13) % 45},{sex},{1 + (k % 9) / 4 + died},{word}")
    (folder / "patients.csv").write_text("\n".join(lines) + "\n")
    return study_from_table(folder / "patients.csv", outcome="died", patient="id", trials=1)


def _start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    # Measuring coverage takes a lock that an interrupt can leave taken: the process would wait for itself.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    environment = {**kept, "BEDSIDE_LEDGER": str(folder / "ledger.jsonl")}
    code = "from bedside.cli.main import run; run()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

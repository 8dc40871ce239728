"""A failure is one sentence, a code, and JSON when JSON was asked for; never a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.cli import failure
from bedside.errors import BedsideError, FileProblem, ModelError, PlanError, RunLocked


@pytest.mark.parametrize(
    ("error", "code"),
    [(FileProblem("a.csv is empty"), 3), (PlanError("a"), 2), (RunLocked("a"), 4), (ModelError("a"), 5)],
)
def test_each_branch_of_the_tree_has_its_exit_code(
    error: BedsideError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failure.guard(_raising(error), ()) == code
    captured = capsys.readouterr()
    assert str(error) in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_an_unexpected_failure_says_how_to_report_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEDSIDE_DEBUG", raising=False)
    assert failure.guard(_raising(ValueError("could not convert string to float: 'Jane Doe'")), ("--json",)) == 1
    captured = capsys.readouterr()
    assert "ValueError" in captured.err
    assert "Jane Doe" not in captured.err + captured.out
    assert "BEDSIDE_DEBUG=1" in captured.err
    assert "Traceback" not in captured.err
    assert '"exit_code": 1' in captured.out


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_DEBUG", "1")
    assert failure.guard(_raising(ZeroDivisionError("division by zero")), ()) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure.guard(_raising(KeyboardInterrupt()), ()) == 130
    assert "stopped" in capsys.readouterr().err


def test_wrong_use_points_to_the_help(bedside: Bedside) -> None:
    answer = bedside("run", "--seed", "-1", "breast_cancer")
    assert answer.code == 2
    assert "bedside run --help" in answer.err
    assert answer.err.count("\n") == 1


def test_wrong_use_is_json_too(bedside: Bedside) -> None:
    answer = bedside("run", "--json")
    assert answer.code == 2
    assert answer.json["error"]["kind"] == "UsageError"
    assert "--table" in answer.json["error"]["message"]


def test_an_unknown_study_names_the_nearest(bedside: Bedside) -> None:
    answer = bedside("run", "breast_canser")
    assert answer.code == 2
    assert "did you mean 'breast_cancer'?" in answer.err


def test_a_table_is_not_a_study(bedside: Bedside) -> None:
    answer = bedside("run", "patients.csv")
    assert answer.code == 2
    assert "--table patients.csv --outcome COLUMN" in answer.err


def test_a_name_and_a_table_together_are_refused(bedside: Bedside) -> None:
    answer = bedside("run", "breast_cancer", "--table", "patients.csv", "--outcome", "died")
    assert answer.code == 2
    assert "give one of: the name of a study, --table FILE --outcome COLUMN, --table FILE --time COLUMN" in answer.err


@pytest.mark.parametrize("command", ["report", "compare", "predict"])
def test_a_folder_without_a_run_is_named(bedside: Bedside, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "new.csv").write_text("age\n3\n")
    further = {"predict": ["new.csv"], "compare": ["other"]}.get(command, [])
    answer = bedside(command, "empty", *further)
    assert answer.code in {3, 4}
    assert "empty" in answer.err
    assert "Traceback" not in answer.err


def _raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act

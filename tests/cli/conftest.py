"""One way to call the command line: in this process, with what it printed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bedside.cli.main import main


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Bedside: TypeAlias = Callable[..., Answer]


@pytest.fixture
def bedside(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bedside:
    """Call `bedside` with these arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `tiny.py` and a finished run of it, in `run`; not to be written to."""
    folder = tmp_path_factory.mktemp("tiny")
    shutil.copy(Path(__file__).parent / "tiny.py", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        assert main(["run", "tiny", "--out", "run", "--jobs", "1", "--json"]) == 0
    return folder


@pytest.fixture
def beside(bedside: Bedside, tiny: Path, tmp_path: Path) -> Bedside:
    """Call `bedside` in a copy of that folder."""
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    return bedside

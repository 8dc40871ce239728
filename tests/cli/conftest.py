"""A finished run of a small study, for all commands."""

import shutil
from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.cli.main import main


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

"""The parts of the documentation that are made from the code."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_is_described_whole(generate: ModuleType) -> None:
    text = generate.command_line()
    for name in ("list", "run", "predict", "compare", "readers judge"):
        assert f"## bedside {name}\n" in text
    assert "| `--outcome COLUMN` | What is predicted; of images A,B for findings. |" in text
    assert "$ bedside run breast_cancer" in text

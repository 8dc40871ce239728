from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of the test's own."""
    path = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("BEDSIDE_LEDGER", str(path))
    return path

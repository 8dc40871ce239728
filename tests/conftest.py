"""What all tests share: a ledger of their own, one thread a library, and the local copy of public data."""

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.command import Answer, Bedside

# Before any library with a thread pool is imported; several test processes share the cores.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# Laws are judged by what they say, never by how long a busy machine takes over them.
settings.register_profile("bedside", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bedside")


@pytest.fixture(autouse=True)
def own_ledger(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count test accesses in a ledger, and keep conversions in a cache, that nobody else reads."""
    monkeypatch.setenv("BEDSIDE_LEDGER", str(tmp_path_factory.getbasetemp() / "ledger.jsonl"))
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def same_draws() -> None:
    """Start every test at the same draws, for tests that ask a library for numbers without naming a seed."""
    random.seed(0)
    if "torch" in sys.modules:  # not imported for tests that do without
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The local copy of public data sets that BEDSIDE_DATA names; tests of real data skip where there is none."""
    named = os.environ.get("BEDSIDE_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("BEDSIDE_DATA names no folder; real data are not here")
    return Path(named)


@pytest.fixture
def bedside(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bedside:
    """Call `bedside` with these arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        from bedside.cli.main import main

        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call

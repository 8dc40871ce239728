"""From a table to evidence and scores, and the same evidence from its study.toml."""

import json
from pathlib import Path

import pytest
from tests.own_data.tables import patients, written

from bedside.evidence.schema import Evidence
from bedside.modalities.tabular.reading import read
from bedside.own_data.scoring import check_rows
from bedside.own_data.table import study_from_table
from bedside.own_data.toml import load
from bedside.study.declare import Study
from bedside.study.predict import load as load_run
from bedside.study.run import run


def quick(text: str) -> str:
    """Two learners that fit in a blink, two folds."""
    for old, new in (
        ('model = "tabular_network"', 'model = "random_forest"'),
        ('comparators = ["elastic_net", "random_forest", "boosting"]', 'comparators = ["elastic_net"]'),
        ("folds = 5\nrepeats = 2", "folds = 2\nrepeats = 1\ninner = 2"),
        ("bootstrap = 2000", "bootstrap = 50"),
        ("trials = 10", "trials = 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    start = text.index('[[validations]]\nkind = "holdout"')
    return text[:start] + text[text.index("[learners]") :]


def finished(study: Study, out: Path) -> Evidence:  # type: ignore[type-arg]
    return run(study, out=out, root=out.parent, seed=0, jobs=1)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    made = study_from_table(written(patients(120), tmp_path), outcome="died", patient="id", subgroups=["sex"])
    path = tmp_path / "study.toml"
    path.write_text(quick(made.toml_for(tmp_path)), "utf-8")
    return path


def test_the_toml_repeats_the_evidence_and_new_rows_are_scored(toml: Path, tmp_path: Path) -> None:
    first = finished(load(toml), tmp_path / "first")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    text = toml.read_text("utf-8").replace('path = "patients.csv"', 'path = "../patients.csv"')
    (moved / "study.toml").write_text(text, "utf-8")
    second = finished(load(moved / "study.toml"), tmp_path / "second")
    apart = {"provenance", "ledger"}
    assert first.model_dump(exclude=apart) == second.model_dump(exclude=apart)
    assert first.provenance.data_hash == second.provenance.data_hash
    assert first.provenance.study_hash == second.provenance.study_hash
    assert {row.group for row in first.performance} >= {"all", "sex=female", "sex=male"}

    profile = json.loads((tmp_path / "first" / "profile.json").read_text("utf-8"))
    checked = check_rows(profile, read(written(patients(10, seed=9), tmp_path, "new.csv")).table)
    scores = load_run(load(toml), tmp_path / "first").predict(checked.rows)
    assert len(scores) == 10
    assert all(0 < score < 1 for score in scores)


def test_a_simulated_run_needs_no_table(toml: Path, tmp_path: Path) -> None:
    (tmp_path / "patients.csv").unlink()
    evidence = run(load(toml), out=tmp_path / "out", root=None, seed=0, simulated=80, jobs=1)
    assert evidence.study.simulated

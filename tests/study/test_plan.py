"""The analysis plan: frozen once, before the data, and compared with the run."""

import json
from pathlib import Path

import pytest
from tests.study.tiny import small

from bedside.data.validation import Holdout
from bedside.errors import PlanError
from bedside.study.plan import compare, freeze
from bedside.study.run import run

STUDY = small(validations=(Holdout(),))


def test_a_followed_plan_is_said_to_be_followed(tmp_path: Path) -> None:
    freeze(STUDY, tmp_path, seed=4)
    evidence = run(STUDY, out=tmp_path, jobs=1, seed=4)
    assert evidence.plan.frozen
    assert evidence.plan.followed
    assert "was followed" in " ".join(evidence.methods)


def test_departures_are_named(tmp_path: Path) -> None:
    freeze(STUDY, tmp_path, seed=4)
    found = compare(small(validations=(Holdout(),), margin=0.2), tmp_path, seed=5)
    assert not found.followed
    assert [text.split(":")[0] for text in found.departures] == ["margin", "seed"]


def test_no_plan_is_said_to_be_none(tmp_path: Path) -> None:
    assert not compare(STUDY, tmp_path, seed=0).frozen
    assert "No analysis plan" in " ".join(run(STUDY, out=tmp_path, jobs=1).methods)


def test_plans_are_not_frozen_twice_nor_afterwards_nor_edited(tmp_path: Path) -> None:
    path = freeze(STUDY, tmp_path)
    with pytest.raises(PlanError, match="already frozen"):
        freeze(STUDY, tmp_path)
    content = json.loads(path.read_text("utf-8"))
    content["declared"]["margin"] = 0.5
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(PlanError, match="changed after it was frozen"):
        compare(STUDY, tmp_path, seed=0)
    path.write_text("{", "utf-8")
    with pytest.raises(PlanError, match="damaged"):
        compare(STUDY, tmp_path, seed=0)
    path.unlink()
    run(STUDY, out=tmp_path, jobs=1)
    with pytest.raises(PlanError, match="before the data are opened"):
        freeze(STUDY, tmp_path)

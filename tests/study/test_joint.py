"""Joint tests over all groups, in runs whose truth is known."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.study.tiny import Row, Rows, small

from bedside.data.validation import Holdout
from bedside.evidence.schema import Evidence
from bedside.report.page import render
from bedside.study.run import run


@dataclass(frozen=True)
class Unequal(Rows):
    """One site's predictors say nothing of the outcome, so that sensitivity and specificity differ."""

    def simulate(self, n: int, *, seed: int) -> Iterator[Row]:
        for row in super().simulate(n, seed=seed):
            yield replace(row, a=1.5 + 0.01 * row.a, b=1.5 + 0.01 * row.b) if row.site == "s2" else row


@dataclass(frozen=True)
class Twice(Unequal):
    """Every visit stands twice."""

    def simulate(self, n: int, *, seed: int) -> Iterator[Row]:
        for row in super().simulate(n, seed=seed):
            yield row
            yield replace(row, visit=row.visit + 1)


def found(folder: Path, source: Rows, **changes: object) -> Evidence:
    study = small(source=source, validations=(Holdout(),), subgroups=("sex", "site"), bootstrap=300, **changes)
    return run(study, out=folder / "run", jobs=1)


def test_unequal_groups_are_found_and_equal_ones_are_not(tmp_path: Path) -> None:
    evidence = found(tmp_path, Unequal(n=3000))
    rows = {(row.attribute, row.name): row for row in evidence.joint_tests if row.learner == "both"}
    assert set(rows) == {(a, n) for a in ("sex", "site") for n in ("AUROC", "equalised odds")}
    odds = rows["site", "equalised odds"]
    assert odds.measures == ("sensitivity", "specificity")
    assert (odds.groups, odds.left_out, odds.df) == (("s0", "s1", "s2"), (), 4)
    assert odds.p_adjusted is not None
    assert odds.p_adjusted < 0.01
    equal = rows["sex", "equalised odds"]
    assert equal.p is not None
    assert equal.p_adjusted is not None
    assert equal.p_adjusted >= equal.p > 0.01
    page = render(evidence)
    assert "not equal in all groups: " in page
    assert "which is not equality" in page


def test_too_few_patients_with_an_outcome_are_said_not_tested(tmp_path: Path) -> None:
    evidence = found(tmp_path, Rows(n=150), minimum_group=2)
    rows = [row for row in evidence.joint_tests if row.attribute == "site"]
    assert rows
    assert all(row.p is None and "fewer than two groups" in row.reason for row in rows)
    assert all(row.left_out == ("s0", "s1", "s2") for row in rows)


def test_the_same_patients_twice_do_not_make_the_test_surer(tmp_path: Path) -> None:
    statistic = []
    for name, source in (("once", Unequal(n=900)), ("twice", Twice(n=900))):
        evidence = found(tmp_path / name, source)
        asked = ("both", "site", "AUROC")
        row = next(row for row in evidence.joint_tests if (row.learner, row.attribute, row.name) == asked)
        assert row.statistic is not None
        statistic.append(row.statistic)
    assert statistic[1] == pytest.approx(statistic[0], rel=0.3)

"""Small cells of a real run: nothing in evidence, report or methods tells them, and nothing lets them be worked out."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study.tiny import Row, Rows, draw, small

from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Holdout, LeaveSiteOut
from bedside.endpoints.multilabel.kind import multilabel
from bedside.errors import StudyError
from bedside.evidence.schema import Evidence, Finding, FlowStep
from bedside.report.card import model_card
from bedside.report.page import render
from bedside.study.analysis import Group
from bedside.study.run import run
from bedside.study.suppression import FEW_OUTCOMES, SmallCells, answers

SMALLEST = 11


@dataclass(frozen=True)
class Uneven(Rows):
    """Three sexes, of which one is 6 patients; a fourth site of 7; 8 patients whose outcome nobody knows."""

    def simulate(self, n: int, *, seed: int) -> Iterator[Row]:
        for k, row in enumerate(super().simulate(n, seed=seed)):
            outcome = "unknown" if k < 8 else ("well" if row.outcome == "unknown" else row.outcome)
            sex = "other" if 20 <= k < 26 else row.sex
            yield replace(row, sex=sex, site="s9" if 30 <= k < 37 else row.site, outcome=outcome)


def shared(row: Row) -> list[Sample[Any, bool] | Excluded]:
    return draw(row)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        study = small(
            source=Uneven(n=300),
            cohort=Cohort(eligibility="everyone", outcome="ill or well", horizon="now", draw=shared),
            validations=(CrossValidation(folds=2), Holdout(), LeaveSiteOut()),
            smallest_cell=SMALLEST,
            minimum_group=2,
        )
        return run(study, out=folder / "run", jobs=1)


def test_a_negative_smallest_cell_is_refused() -> None:
    with pytest.raises(StudyError, match="smallest cell of -1"):
        small(smallest_cell=-1)


def test_no_count_of_the_evidence_is_small(evidence: Evidence) -> None:
    content = json.loads(evidence.model_dump_json())
    counts = [
        row[name]
        for table in ("performance", "partitions", "characteristics", "coverage", "flow", "sensitivity")
        for row in content[table]
        for name in ("cases", "patients", "records", "count", "missing", "cases_added")
        if row.get(name) is not None
    ]
    counts += [n for row in content["partitions"] for n in row["outcome"].values()]
    assert not [n for n in counts if not isinstance(n, str) and 0 < n < SMALLEST]
    assert {n for n in counts if isinstance(n, str)} == {"<11", "withheld"}


def test_the_small_group_and_one_that_would_tell_it_have_no_values(evidence: Evidence) -> None:
    for validation in ("cross_validation", "leave_site_out"):
        rows = {
            row.group: row
            for row in evidence.performance
            if (row.validation, row.learner, row.measure) == (validation, "both", "auroc")
        }
        assert rows["sex=other"].cases == rows["sex=other"].patients == "<11"
        others = [rows["sex=female"], rows["sex=male"]]
        assert sorted(isinstance(row.cases, str) for row in others) == [False, True]
        hidden = next(row for row in others if isinstance(row.cases, str))
        assert (hidden.cases, hidden.value) == ("withheld", None)
        assert "worked out" in hidden.reason
    assert not evidence.gaps


def test_table_one_adds_up_to_nothing_that_is_withheld(evidence: Evidence) -> None:
    rows = [row for row in evidence.characteristics if row.variable == "sex"]
    for group in {row.group for row in rows}:
        inside = [row.count for row in rows if row.group == group]
        assert sum(isinstance(n, str) for n in inside) != 1
    for category in ("female", "male", "other"):
        parts = [row.count for row in rows if row.category == category and row.group.startswith("outcome=")]
        whole = next(row.count for row in rows if row.category == category and row.group == "all")
        assert sum(isinstance(n, str) for n in (*parts, whole)) != 1


def test_a_small_site_stays_unknown_in_its_partitions_and_values(evidence: Evidence) -> None:
    place = ("leave_site_out", "test")
    tests = {row.split: row for row in evidence.partitions if (row.validation, row.partition) == place}
    assert tests["site=s9"].cases == tests["site=s9"].patients == "<11"
    assert sum(isinstance(row.cases, str) for row in tests.values()) > 1
    values = {row.group: row for row in evidence.performance if row.group.startswith("split=")}
    for split, row in tests.items():
        assert isinstance(row.cases, str) == isinstance(values[f"split={split}"].cases, str)


def test_exclusions_cannot_be_worked_out_and_the_methods_keep_them(evidence: Evidence) -> None:
    kinds = {step.kind: step for step in evidence.flow}
    assert (kinds["excluded"].records, kinds["read"].records, kinds["included"].records) == ("<11", "withheld", 292)
    assert any("Counts of 1 to 10 patients are withheld" in text for text in evidence.methods)


def test_the_report_and_the_card_print_the_rule(evidence: Evidence) -> None:
    page = render(evidence)
    assert "&lt;11" in page
    assert "stands for 1 to 10 patients" in page
    assert re.search(r"Excluded: (&lt;|&#60;|<)11", page)
    assert "stands for 1 to 10 patients" in model_card(evidence)
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence


def test_a_flow_with_two_small_exclusions_keeps_what_was_read() -> None:
    flow = [
        FlowStep(kind="read", text="Records read", records=130, patients=130),
        FlowStep(kind="excluded", text="too young", records=9, patients=9),
        FlowStep(kind="excluded", text="no outcome", records=4, patients=None),
        FlowStep(kind="included", text="Included", records=117, patients=117),
    ]
    assert [step.records for step in SmallCells(SMALLEST).flow(flow)] == [130, "<11", "<11", 117]
    assert SmallCells().flow(flow) == tuple(flow)


def test_the_audit_keeps_small_numbers_of_patients_to_itself() -> None:
    found = (
        Finding(kind="duplicate_cases", severity="warning", text="4 cases; 2 of them in 0.98 of 1,004", count=4),
        Finding(kind="disguised_outcome", severity="serious", text="a (AUROC 0.991)", count=1, counted="predictors"),
    )
    one, other = SmallCells(SMALLEST).findings(found)
    assert (one.count, one.text) == ("<11", "fewer than 11 cases; fewer than 11 of them in 0.98 of 1,004")
    assert other == found[1]


def test_without_a_rule_nothing_is_withheld(tmp_path: Path) -> None:
    found = run(small(source=Uneven(n=120), validations=(Holdout(),)), out=tmp_path / "run", jobs=1)
    text = found.model_dump_json()
    assert "withheld" not in text
    assert '"<' not in text


def test_a_rare_finding_of_several_withholds_its_group() -> None:
    sexes = np.array(["f"] * 40 + ["m"] * 40)
    findings = [(k % 2 == 0, k < 5 if k < 40 else (None if k < 45 else k % 2 == 0)) for k in range(80)]
    told = answers(multilabel(labels=("effusion", "mass")).target, findings)
    assert [(one == -1).sum() for one in told] == [0, 5]
    everyone = np.arange(80, dtype=np.int64)
    groups = [Group("all", everyone), *(Group(f"sex={one}", everyone[sexes == one]) for one in ("f", "m"))]
    marked = SmallCells(SMALLEST).groups(groups, everyone, told)
    assert [group.too_small for group in marked] == ["", FEW_OUTCOMES, ""], "five women have a mass"

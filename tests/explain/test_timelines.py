"""Attributions with times: stored, resumed, drawn as timelines of single cases, and withheld where they must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study.tiny import X, small

from bedside.data.validation import CrossValidation, Holdout
from bedside.evidence.figure import Figure
from bedside.evidence.schema import Evidence
from bedside.explain.explainer import Attribution, Course, Subject
from bedside.study import explaining
from bedside.study.explaining import Explained
from bedside.study.run import run


@dataclass(frozen=True)
class Twice:
    """Half of what moved the score two hours before the prediction, the other half and a trifle an hour before it."""

    name: str = "twice"
    label: str = "halves"
    description: str = "Halves of what moved the score."
    scale: float = 1.0

    def explain(
        self, subject: Subject[X, Any], cases: Sequence[X], *, seed: int, tests: bool = True
    ) -> Attribution | None:
        del seed
        if subject.learner.name == "neither":
            return None
        values = np.array(cases, dtype=float) + 10.0
        names = ("a", "b") if tests else ("b",)
        values = values if tests else values[:, 1:]
        last = len(names) - 1
        courses = tuple(
            Course(
                np.array([2.04, 1.0, 1.0]) * self.scale,
                np.array([0, last, last]),
                np.array([-row[0] / 2, row[0] / 2, 0.001]),
            )
            for row in values
        )
        return Attribution(names, values, (), courses=courses)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_LEDGER", str(tmp_path / "ledger.jsonl"))


def finished(folder: Path, explainer: Any = Twice(), **changes: Any) -> Evidence:
    declared = {"validations": (Holdout(),), "explainers": (explainer,), **changes}
    return run(small(**declared), out=folder / "run", jobs=1)


def timelines(evidence: Evidence) -> list[Figure]:
    return [figure for figure in evidence.figures if figure.name.startswith("timeline_")]


def test_one_case_of_each_kind_has_a_timeline_with_times_before_the_prediction(tmp_path: Path) -> None:
    evidence = finished(tmp_path)
    made = timelines(evidence)
    groups = [figure.title.split(", ", 2)[2] for figure in made]
    assert groups
    assert len(set(groups)) == len(groups)
    assert {group.partition(",")[0] for group in groups} == {"ill", "well"}
    for figure in made:
        assert figure.section == "explanation"
        assert figure.x_categories == ("b", "a")  # by size
        told = {series.label: (series.x, series.y) for series in figure.series}
        assert told["lowered the score of ill"] == ((1.0,), (-2.0,))
        assert told["raised the score of ill"] == ((0.0,), (-1.0,))
        assert told["moved it by less than 10% of the largest"] == ((0.0,), (-1.0,))
        assert figure.y_label == "Hours from the time of prediction"
        assert "Outcome: " in figure.conclusion
        assert "a 2 hours before (-" in figure.conclusion
        assert "The explanation was not tested." in figure.conclusion
    text = evidence.model_dump_json()
    assert '"p1-0"' not in text


@pytest.mark.parametrize(("scale", "unit"), [(24.0 * 10, "Days"), (24 * 365.25 * 2, "Years")])
def test_long_courses_are_told_in_days_or_years(tmp_path: Path, scale: float, unit: str) -> None:
    assert {figure.y_label.split()[0] for figure in timelines(finished(tmp_path, Twice(scale=scale)))} == {unit}


@pytest.mark.parametrize("changes", [{"show_cases": False}, {"smallest_cell": 1_000}, {"explainers": ()}])
def test_single_cases_are_withheld_where_they_may_not_be_shown(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert timelines(finished(tmp_path, **changes)) == []


def test_predictors_that_a_split_does_not_know_moved_nothing_there(tmp_path: Path) -> None:
    evidence = finished(tmp_path, validations=(CrossValidation(folds=3, repeats=1),))
    value = {row.variable: row.value for row in evidence.explanations if row.learner == "both"}
    assert set(value) == {"a", "b"}
    assert value["b"] == pytest.approx(10.0, abs=1.5)
    assert value["a"] == pytest.approx(10.0 / 3, abs=1.0)
    agreed = [row for row in evidence.explanation_checks if row.check.startswith("agreement")]
    assert agreed == []  # two predictors have no ranking worth a correlation


def test_courses_are_read_back_as_written(tmp_path: Path) -> None:
    ragged = (
        Course(np.array([3.0, 0.5]), np.array([1, 0]), np.array([0.25, -1.0])),
        Course(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0)),
        Course(np.array([0.0]), np.array([1]), np.array([2.0])),
    )
    plain = Attribution(("a", "b"), np.ones((3, 2)))
    timed = Attribution(("a", "b"), np.ones((3, 2)), courses=ragged)
    explaining.write(Explained(np.arange(3), {"plain": plain, "timed": timed}), tmp_path)
    again = explaining.read(tmp_path)
    assert again is not None
    assert again.attributions["plain"].courses is None
    found = again.attributions["timed"].courses
    assert found is not None
    for one, other in zip(ragged, found, strict=True):
        np.testing.assert_array_equal(one.hours, other.hours)
        np.testing.assert_array_equal(one.variables, other.variables)
        np.testing.assert_array_equal(one.values, other.values)

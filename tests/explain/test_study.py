"""Explanations in a run: which cases, never their outcomes, stored, resumed, and written down as they turned out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study.tiny import TINY, Rows, Weighted, X, small

from bedside.data.validation import CrossValidation, Holdout
from bedside.evidence.schema import Evidence
from bedside.explain.explainer import Attribution, Check, Subject
from bedside.study import explaining
from bedside.study.run import run


@dataclass(frozen=True)
class Products:
    """Weight times value: exact for the tiny study's logistic regressions."""

    name: str = "products"
    label: str = "products"
    description: str = "Weight times value."
    passes: "bool | None" = True
    heard: tuple[list[Any], ...] = ()

    def explain(
        self, subject: Subject[X, Any], cases: Sequence[X], *, seed: int, tests: bool = True
    ) -> Attribution | None:
        fitted = subject.fit.fitted
        if not isinstance(fitted, Weighted) or subject.learner.name == "neither":
            return None
        for each in self.heard:
            each.append((subject, list(cases), seed, tests))
        checks = (Check("made up", self.passes, 0.5, "Made up for the test."),) if tests else ()
        return Attribution(("a", "b"), np.array(cases) * np.array(fitted.weights), checks)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_LEDGER", str(tmp_path / "ledger.jsonl"))


def of(evidence: Evidence, learner: str) -> dict[str, Any]:
    rows = [row for row in evidence.explanations if (row.learner, row.method) == (learner, "products")]
    return {row.variable: row for row in rows}


def test_rows_are_the_mean_size_over_explained_cases_with_an_interval_by_patient(tmp_path: Path) -> None:
    calls: list[Any] = []
    evidence = run(small(explainers=(Products(heard=(calls,)),)), out=tmp_path / "run", jobs=1)
    both = [call for call in calls if call[0].learner.name == "both"]
    assert len(both) == 3  # the folds of the first repetition of the primary validation
    assert [call[3] for call in both] == [True, False, False]
    sizes = np.concatenate([np.abs(np.array(c[1]) * np.array(c[0].fit.fitted.weights)) for c in both])
    rows = of(evidence, "both")
    assert set(rows) == {"a", "b"}
    for k, name in enumerate("ab"):
        row = rows[name]
        assert row.value == pytest.approx(sizes[:, k].mean())
        assert row.low < row.value < row.high
    assert rows["a"].high - rows["a"].low < 2 * rows["a"].value
    assert not of(evidence, "neither")


def test_no_judged_case_lends_its_outcome_to_an_explanation(tmp_path: Path) -> None:
    calls: list[Any] = []
    study = small(explainers=(Products(heard=(calls,)),), validations=(Holdout(),), source=Rows(n=400))
    run(study, out=tmp_path / "run", jobs=1)
    assert calls
    for subject, cases, _, _ in calls:
        known = {sample.predictors for sample in (*subject.development, *subject.tuning)}
        assert known.isdisjoint(cases)


def test_at_most_200_cases_are_explained_the_same_for_every_learner(tmp_path: Path) -> None:
    calls: list[Any] = []
    study = small(
        explainers=(Products(heard=(calls,)),), validations=(CrossValidation(folds=3, repeats=1),), source=Rows(n=900)
    )
    run(study, out=tmp_path / "run", jobs=1)
    of_both, of_first = ([c[1] for c in calls if c[0].learner.name == name] for name in ("both", "first_only"))
    assert [len(cases) for cases in of_both] == [67, 67, 67]
    assert of_both == of_first


def test_checks_are_written_as_they_turned_out_and_the_figure_says_so(tmp_path: Path) -> None:
    evidence = run(small(explainers=(Products(passes=False),)), out=tmp_path / "run", jobs=1)
    rows = [row for row in evidence.explanation_checks if row.check == "made up"]
    assert {row.learner for row in rows} == {"both", "first_only"}
    assert all(row.passed is False for row in rows)
    [figure] = [figure for figure in evidence.figures if figure.section == "explanation"]
    assert "failed a test (made up)" in figure.conclusion
    assert "raised the score of ill" in figure.conclusion
    assert set(figure.x_categories) == {"a", "b"}
    assert [series.label for series in figure.series] == ["low third", "middle third", "high third"]
    assert sum(len(series.x) for series in figure.series) == 2 * 117
    assert np.mean(figure.series[0].y) < 0 < np.mean(figure.series[2].y)
    assert any(text.startswith("Explanations.") for text in evidence.methods)


def test_a_study_without_explainers_says_nothing_of_them(tmp_path: Path) -> None:
    evidence = run(small(), out=tmp_path / "run", jobs=1)
    assert evidence.explanation_checks == ()
    assert not any(text.startswith("Explanations.") for text in evidence.methods)


def test_a_resumed_run_explains_nothing_again_and_says_the_same(tmp_path: Path) -> None:
    calls: list[Any] = []
    study = replace(TINY, explainers=(Products(heard=(calls,)),))
    first = run(study, out=tmp_path / "run", jobs=1)
    (tmp_path / "run" / "evidence.json").unlink()
    count = len(calls)
    again = run(study, out=tmp_path / "run", jobs=1)
    assert len(calls) == count
    assert (again.explanations, again.explanation_checks) == (first.explanations, first.explanation_checks)
    fresh = run(study, out=tmp_path / "fresh", jobs=1)
    assert (fresh.explanations, fresh.figures) == (first.explanations, first.figures)


def test_explanations_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    attribution = Attribution(("a", "b"), np.array([[0.1, -0.2]]), (Check("x", None, None, "Why."),))
    explaining.write(explaining.Explained(np.array([7]), {"products": attribution}), tmp_path)
    found = explaining.read(tmp_path)
    assert found is not None
    assert found.cases.tolist() == [7]
    assert found.attributions["products"].checks == attribution.checks
    assert found.attributions["products"].values.tobytes() == attribution.values.tobytes()
    assert explaining.read(tmp_path / "elsewhere") is None

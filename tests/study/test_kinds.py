"""Ordered grades and findings that may coexist go through a whole run and its report, and nothing is told twice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.training.cohorts import SCHEMA, Kind, cohort

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.one_by_one import OneByOne
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.endpoints.ordinal.head import OrdinalHead
from bedside.evidence.schema import Evidence
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.report.page import render
from bedside.study.declare import Study
from bedside.study.predict import load
from bedside.study.run import run
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned

Drawn = Sample[Record, Any]
Comparators = Callable[[Endpoint[Any, Any]], tuple[Recipe[Record, Any, Any], ...]]


@dataclass(frozen=True)
class Simulated:
    """A source whose records are samples already."""

    kind: Kind
    name: str = "simulated"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Drawn]:
        del root
        yield from cohort(self.kind, 150, seed=9).samples

    def simulate(self, n: int, *, seed: int) -> Iterator[Drawn]:
        yield from cohort(self.kind, n, seed=seed).samples


def draw(sample: Drawn) -> list[Drawn | Excluded]:
    if int(sample.key) % 25 == 24:
        return [Excluded("outcome unknown", sample.patient, unlabelled=sample.predictors)]
    return [replace(sample, attributes={"sex": "female" if int(sample.key) % 2 else "male"})]


def study(kind: Kind, head: Any, comparators: Comparators) -> Study[Any, Record, Any, Any]:
    endpoint = cohort(kind, 1).endpoint

    def tuned(recipe: Recipe[Record, Any, Any]) -> Tuned[Record, Any]:
        return Tuned(recipe, endpoint, trials=1)

    return Study(
        name=f"tiny_{kind}",
        question="What is there?",
        intended_use="Tests.",
        source=Simulated(kind),
        cohort=Cohort(eligibility="everyone", outcome="what was seen", horizon="now", draw=draw),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint, TabularTrunk(SCHEMA, members=2), head, members=1, loop=Loop(epochs=4))),
        comparators=tuple(tuned(recipe) for recipe in comparators(endpoint)),
        validations=(Holdout(), CrossValidation(folds=2, repeats=1, inner=2)),
        subgroups=("sex",),
        bootstrap=60,
        trials=1,
        explainers=EXPLAINERS,
    )


def graded(endpoint: Endpoint[Any, Any]) -> tuple[Recipe[Record, Any, Any], ...]:
    return (ElasticNet(endpoint, SCHEMA), Boosting(endpoint, SCHEMA))


def several(endpoint: Endpoint[Any, Any]) -> tuple[Recipe[Record, Any, Any], ...]:
    return OneByOne(endpoint, penalised), OneByOne(endpoint, boosted)


def penalised(endpoint: Endpoint[bool, float]) -> ElasticNet[float]:
    return ElasticNet(endpoint, SCHEMA)


def boosted(endpoint: Endpoint[bool, float]) -> Boosting[float]:
    return Boosting(endpoint, SCHEMA)


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    out = tmp_path_factory.mktemp("ordinal") / "run"
    return out, run(study("ordinal", OrdinalHead, graded), simulated=300, out=out, jobs=1)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    out = tmp_path_factory.mktemp("multilabel") / "run"
    return out, run(study("multilabel", MultilabelHead, several), simulated=300, out=out, jobs=1)


def test_grades_are_judged_by_the_quadratic_kappa(grades: tuple[Path, Evidence]) -> None:
    _, evidence = grades
    assert evidence.study.primary_measure == "quadratic_kappa"
    assert evidence.study.classes == ("mild", "moderate", "severe")
    held_out = [
        row
        for row in evidence.performance
        if (row.validation, row.partition, row.group) == ("holdout", "test", "all") and row.measure == "quadratic_kappa"
    ]
    assert len(held_out) == 3
    assert all(row.value is not None and row.value > 0.1 for row in held_out)
    assert all("Fleiss, Cohen and Everitt" in row.method for row in held_out)
    points = [row for row in evidence.operating_points if row.validation == "holdout"]
    assert all(set(row.settings) == {"cut_1", "cut_2"} for row in points)
    assert "quadratic weighted kappa is highest on tuning data" in points[0].rule
    assert {row.group for row in evidence.coverage} >= {"all", "outcome=severe"}
    assert {row.scenario for row in evidence.sensitivity} >= {"all mild", "missing at random"}
    assert evidence.explanations, "grades are one question: their network and comparators are explained"
    assert {figure.name for figure in evidence.figures} >= {"confusion", "probability_by_grade", "calibration"}


def test_findings_are_judged_together_and_one_by_one(findings: tuple[Path, Evidence]) -> None:
    _, evidence = findings
    assert evidence.study.classes == ("effusion", "mass")
    rows = {
        (row.learner, row.measure): row
        for row in evidence.performance
        if (row.validation, row.partition, row.group) == ("holdout", "test", "all")
    }
    for learner in ("tabular_network", "elastic_net", "boosting"):
        row = rows[learner, "auroc_macro"]
        assert row.value is not None
        assert row.low is not None
        each = [rows[learner, f"auroc_{slug}"].value for slug in ("effusion", "mass")]
        assert row.value == pytest.approx(sum(value for value in each if value is not None) / 2)
    test = next(part for part in evidence.partitions if (part.validation, part.partition) == ("holdout", "test"))
    assert set(test.outcome) == {"effusion", "mass", "mass not read"}
    assert isinstance(test.cases, int)
    assert 0 < sum(test.outcome[word] for word in ("effusion", "mass")) < 2 * test.cases  # type: ignore[misc]
    trials = {row.learner: row.trials for row in evidence.tuning}
    assert set(trials.values()) == {1}


def test_what_findings_do_not_allow_is_named_and_left_out(findings: tuple[Path, Evidence]) -> None:
    _, evidence = findings
    assert not evidence.coverage
    assert not evidence.selective
    assert {row.method for row in evidence.explanations} == {"permutation importance"}
    assert any("a method that attributes one score was not applied" in text for text in evidence.methods)
    assert any("Neither prediction sets nor intervals were made" in text for text in evidence.methods)
    assert {row.scenario for row in evidence.sensitivity} == {"missing at random"}
    assert any(row.criterion == "events per parameter" and "the rarest" in row.text for row in evidence.sample_size)
    assert {row.variable for row in evidence.shift if row.variable.startswith("outcome")} == {
        "outcome: effusion",
        "outcome: mass",
    }


@pytest.mark.parametrize("kind", ["ordinal", "multilabel"])
def test_a_stored_model_predicts_what_was_recorded(
    kind: Kind, grades: tuple[Path, Evidence], findings: tuple[Path, Evidence]
) -> None:
    out, evidence = grades if kind == "ordinal" else findings
    declared = (
        study("ordinal", OrdinalHead, graded) if kind == "ordinal" else study("multilabel", MultilabelHead, several)
    )
    told = load(declared, out).predict([sample.predictors for sample in cohort(kind, 5).samples])
    assert len(told) == 5
    assert all(len(one) == (3 if kind == "ordinal" else 2) for one in told)
    assert evidence.verdict


@pytest.mark.parametrize("kind", ["ordinal", "multilabel"])
def test_the_report_renders(kind: Kind, grades: tuple[Path, Evidence], findings: tuple[Path, Evidence]) -> None:
    out, evidence = grades if kind == "ordinal" else findings
    text = render(evidence, out)
    primary = "Quadratic weighted kappa" if kind == "ordinal" else "AUROC (mean of labels)"
    assert primary in text
    assert "nan" not in text.lower().split(), "a number that is none stands in the page"

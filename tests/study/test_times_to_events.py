"""Times to events go through a whole run and its report: censored cases, competing causes, learners of four kinds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.endpoints.times import simulated

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.evidence.schema import Evidence
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record, Table, records
from bedside.report.card import model_card
from bedside.report.page import render
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

Drawn = Sample[Record, Followed]
SCHEMA = Schema(
    (
        Column("age", "number", unit="a"),
        Column("albumin", "number", unit="g/L"),
        Column("noise", "number"),
        Column("ward", "category"),
    )
)
ENDPOINT = time_to_event(
    horizon=12.0, unit="months", causes=("death", "transplant"), horizons=(24.0,), steps=30, thresholds=(0.3,)
)


@dataclass(frozen=True)
class Times:
    """A source whose records are samples already; `leaking` adds a column that follows the time."""

    cases: int = 260
    leaking: bool = False
    name: str = "times"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Drawn]:
        del root
        return self.simulate(self.cases, seed=9)

    def simulate(self, n: int, *, seed: int) -> Iterator[Drawn]:
        x, outcomes = simulated(n, seed, causes=2)
        wards = np.random.default_rng(seed).choice(["medical", "surgical"], n)
        frame = pl.DataFrame(
            {
                "age": 60.0 + 12.0 * x[:, 0],
                "albumin": [None if k % 11 == 3 else 40.0 + 5.0 * float(value) for k, value in enumerate(x[:, 1])],
                "noise": [2.0 * one.time for one in outcomes] if self.leaking else x[:, 2],
                "ward": wards,
            }
        )
        for k, (row, outcome) in enumerate(zip(records(Table(frame)), outcomes, strict=True)):
            sex = {"sex": "female" if k % 2 else "male"}
            yield Sample(SampleId(str(k)), PatientId(f"p{k}"), row.only(SCHEMA), outcome, attributes=sex)


def draw(sample: Drawn) -> list[Drawn | Excluded]:
    if int(sample.key) % 25 == 24:
        return [Excluded("outcome unknown", sample.patient, unlabelled=sample.predictors)]
    return [sample]


def study(**changes: Any) -> Study[Any, Record, Any, Any]:
    def tuned(recipe: Recipe[Record, Any, Any]) -> Tuned[Record, Any]:
        return Tuned(recipe, ENDPOINT, trials=1)

    network = Network(ENDPOINT, TabularTrunk(SCHEMA, members=2), LogisticHazardHead, members=1, loop=Loop(epochs=4))
    made: Study[Any, Record, Any, Any] = Study(
        name="tiny_times",
        question="When does the patient die?",
        intended_use="Tests.",
        source=Times(),
        cohort=Cohort(eligibility="everyone", outcome="death, or transplant", horizon="a year", draw=draw),
        modality=tabular(SCHEMA),
        endpoint=ENDPOINT,
        model=tuned(network),
        comparators=(
            tuned(CoxElasticNet(ENDPOINT, SCHEMA)),
            tuned(SurvivalBoosting(ENDPOINT, SCHEMA)),
            tuned(Marginal(ENDPOINT)),
        ),
        validations=(CrossValidation(folds=2, repeats=1, inner=2),),
        subgroups=("sex",),
        bootstrap=40,
        trials=1,
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return run(study(), simulated=260, out=tmp_path_factory.mktemp("times") / "run", jobs=1)


def test_everybody_is_judged_and_nobody_is_taken_for_negative(evidence: Evidence) -> None:
    classes = ("no death by 12 months", "death by 12 months")
    assert (evidence.study.classes, evidence.study.unanswered) == (classes, "censored before 12 months")
    for part in evidence.partitions:
        counts = [part.outcome[word] for word in (*classes, evidence.study.unanswered)]
        assert sum(float(count) for count in counts) == part.cases
    assert any(float(part.outcome[evidence.study.unanswered]) for part in evidence.partitions)
    groups = {row.group: row.cases for row in evidence.characteristics}
    assert sum(int(groups[f"outcome={word}"]) for word in (*classes, evidence.study.unanswered)) == groups["all"]


def test_events_and_follow_up_are_told(evidence: Evidence) -> None:
    for part in evidence.partitions:
        assert part.watched is not None
        assert part.watched.what == "death"
        assert int(part.watched.events) >= float(part.outcome["death by 12 months"])
        assert part.watched.median is not None
        assert 5.0 < part.watched.median < 40.0, "censoring alone, at a hazard of 0.03 a month, has a median of 23"
    development = evidence.partitions[0]
    per_parameter = next(row for row in evidence.sample_size if row.criterion == "events per parameter")
    assert development.watched is not None
    assert f"{development.watched.events} events (death, whenever)" in per_parameter.text
    assert {row.criterion for row in evidence.sample_size} >= {"development: shrinkage", "development: overall risk"}


def test_learners_are_told_apart_and_the_curve_for_everybody_ranks_nobody(evidence: Evidence) -> None:
    values = {
        row.learner: row.value
        for row in evidence.performance
        if (row.validation, row.partition, row.group, row.measure)
        == ("cross_validation", "out_of_fold", "all", "auc_at_12")
    }
    assert values["marginal"] == pytest.approx(0.5)
    assert values["cox"] is not None
    assert values["cox"] > 0.75
    assert "Cox regression" in evidence.verdict, "a name keeps its capital"


def test_missing_outcomes_are_assumed_at_the_horizon(evidence: Evidence) -> None:
    found = {row.scenario for row in evidence.sensitivity if row.value is not None}
    assert found == {"all no death by 12 months", "all death by 12 months", "missing at random"}


def test_hazard_ratios_stand_in_the_report_with_a_sentence(evidence: Evidence) -> None:
    rows = {(row.cause, row.predictor, row.contrast): row for row in evidence.hazard_ratios}
    age = rows["death", "age", "per 10 a"]
    assert age.low is not None
    assert age.low > 1
    page = render(evidence)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(
        r"For death, (the hazards of \d of 4 predictors were not|nothing speaks against) proportional", text
    )
    assert "per 10 years" in text
    assert '<a href="#hazard-ratios">Hazard ratios</a>' in page
    assert "## Hazard ratios" in model_card(evidence)


def test_figures_have_numbers_at_risk(evidence: Evidence) -> None:
    names = [figure.name for figure in evidence.figures]
    assert {"risk_groups_tabular_network", "risk_groups_cox", "calibration_at_12", "causes"} <= set(names)
    figure = next(figure for figure in evidence.figures if figure.name == "risk_groups_cox")
    assert figure.below is not None
    assert len(figure.below.rows) == 3
    assert "Patients at risk" in render(evidence)


def test_small_cells_are_withheld(tmp_path: Path) -> None:
    made = study(smallest_cell=11, comparators=study().comparators[:1], validations=(Holdout(),), subgroups=())
    found = run(made, simulated=260, out=tmp_path / "run", jobs=1)
    counts = [count for figure in found.figures if figure.below for row in figure.below.rows for count in row.counts]
    assert "<11" in counts
    assert not any(isinstance(count, int) and 0 < count < 11 for count in counts)
    for part in found.partitions:
        assert not any(0 < float(n) < 11 for n in part.outcome.values() if not isinstance(n, str))
        assert part.watched is not None
    assert "“&lt;11” stands for" in render(found)


def test_a_predictor_that_follows_the_time_is_found(tmp_path: Path) -> None:
    made = study(source=Times(leaking=True), validations=(Holdout(),), subgroups=())
    found = run(
        replace(made, model=made.comparators[0], comparators=made.comparators[2:]),
        simulated=120,
        out=tmp_path / "run",
        jobs=1,
    )
    text = [finding.text for finding in found.audit if finding.severity == "serious"]
    assert any("noise alone nearly gives how long cases were watched away" in one for one in text)
    assert any("noise alone nearly gives the time to death away" in one for one in text)

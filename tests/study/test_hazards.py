"""Hazard ratios reach the evidence: of development cases, from any learner that tells them, small cells withheld."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.comparators.timed_cohorts import SCHEMA, cohort

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.hazard_ratios import hazard_ratios
from bedside.comparators.marginal import Marginal
from bedside.data.cohort import Cohort
from bedside.data.sample import Sample
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.time_to_event.target import timed
from bedside.evidence.schema import Evidence
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.tuned import Tuned

FOUND = cohort(220, 31, causes=2)


class Simulated:
    """A source whose records are the samples of a cohort."""

    name = "simulated"
    licence = "CC0"
    citation = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Any:
        del root
        return iter(FOUND.samples)

    def simulate(self, n: int, *, seed: int) -> Any:
        del seed
        return iter(FOUND.samples[:n])


def study(**changes: Any) -> Study[Any, Record, Any, Any]:
    def tuned(recipe: Any) -> Tuned[Record, Any]:
        return Tuned(recipe, FOUND.endpoint, trials=1)

    made: Study[Any, Record, Any, Any] = Study(
        name="tiny_hazards",
        question="When does the patient die?",
        intended_use="Tests.",
        source=Simulated(),
        cohort=Cohort(eligibility="everyone", outcome="death", horizon="ten months", draw=lambda sample: [sample]),
        modality=tabular(SCHEMA),
        endpoint=FOUND.endpoint,
        model=tuned(CoxElasticNet(FOUND.endpoint, SCHEMA)),
        comparators=(tuned(Marginal(FOUND.endpoint)),),
        validations=(Holdout(),),
        bootstrap=20,
        trials=1,
    )
    return replace(made, **changes)


def found(folder: Path, **changes: Any) -> Evidence:
    return run(study(**changes), simulated=220, out=folder / "run", jobs=1)


def test_rows_are_those_of_the_development_cases_alone(tmp_path: Path) -> None:
    evidence = found(tmp_path)
    assert {row.learner for row in evidence.hazard_ratios} == {"cox"}, "who tells none has no rows"
    developed = next(int(part.cases) for part in evidence.partitions if part.partition == "development")
    assert {test.cases for test in evidence.proportionality} == {developed}
    assert developed < 220
    assert [test.cause for test in evidence.proportionality] == ["death", "transplantation"]
    age = next(row for row in evidence.hazard_ratios if row.predictor == "age")
    assert age.cases == developed
    assert age.low is not None
    assert age.low > 1


def test_folds_develop_on_everybody(tmp_path: Path) -> None:
    evidence = found(tmp_path, validations=(CrossValidation(folds=2, repeats=1, inner=2),))
    samples: list[Sample[Record, Any]] = FOUND.samples
    expected = hazard_ratios("cox", timed(FOUND.endpoint, "test"), SCHEMA, samples)
    assert evidence.hazard_ratios == expected.ratios
    assert evidence.proportionality == expected.proportionality


def test_small_groups_have_no_ratios_and_no_group_has_counts(tmp_path: Path) -> None:
    evidence = found(tmp_path, smallest_cell=11)
    assert {row.cases for row in evidence.hazard_ratios} == {"withheld"}
    assert {row.events for row in evidence.hazard_ratios} == {"withheld"}
    rows = {(row.cause, row.predictor, row.contrast): row for row in evidence.hazard_ratios}
    few = rows["death", "pressure", "not known rather than the median"]
    assert few.ratio is None
    assert few.p_proportional is None
    assert few.reason == "fewer patients than may be shown"
    assert rows["death", "age", "per 10 a"].ratio == pytest.approx(np.exp(10 / 12), rel=0.5)

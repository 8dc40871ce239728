"""Every kind of outcome of a table goes from a run through a release to an answer, or to word that it has none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study import tiny
from tests.training.cohorts import SCHEMA, Kind, cohort

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.one_by_one import OneByOne
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.endpoint import Endpoint
from bedside.evidence.release import Manifest
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.report.page import write_report
from bedside.serve.answer import Outcome
from bedside.serve.release import Release, open_release
from bedside.study.declare import Study
from bedside.study.gates import LeakageAudit
from bedside.study.predict import load
from bedside.study.release import Asked, release
from bedside.study.run import run
from bedside.training.tuned import Tuned

Drawn = Sample[Record, Any]


@dataclass(frozen=True)
class Records:
    """A source whose records are samples already."""

    kind: Kind
    name: str = "records"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Drawn]:
        del root
        yield from cohort(self.kind, 300, seed=9).samples

    def simulate(self, n: int, *, seed: int) -> Iterator[Drawn]:
        yield from cohort(self.kind, n, seed=seed).samples


def draw(sample: Drawn) -> list[Drawn | Excluded]:
    return [sample]


def study(kind: Kind) -> Study[Any, Record, Any, Any]:
    endpoint = cohort(kind, 1).endpoint

    def tuned(recipe: Callable[[Endpoint[Any, Any]], Any]) -> Tuned[Record, Any]:
        made = OneByOne(endpoint, recipe) if kind == "multilabel" else recipe(endpoint)
        return Tuned(made, endpoint, trials=1)

    return Study(
        name=f"tiny_{kind}",
        question="What is there?",
        intended_use="Tests.",
        source=Records(kind),
        cohort=Cohort(eligibility="everyone", outcome="what was seen", horizon="now", draw=draw),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(lambda asked: Boosting(asked, SCHEMA)),
        comparators=(tuned(lambda asked: ElasticNet(asked, SCHEMA)),),
        validations=(Holdout(),),
        bootstrap=60,
        trials=1,
        gates=(LeakageAudit(),),
    )


def released(declared: Study[Any, Any, Any, Any], folder: Path) -> Release:
    """Run, release and open."""
    run(declared, out=folder / "run", root=folder, jobs=1)
    asked = Asked(out=folder / "release", version="1", report=write_report(folder / "run"), card="", root=folder)
    manifest = release(declared, folder / "run", asked)
    opened = open_release(folder / "release", lambda _: declared)
    assert opened.manifest == manifest
    return opened


@pytest.mark.parametrize("kind", ["binary", "continuous", "multiclass", "ordinal", "multilabel"])
def test_from_a_run_to_an_answer(kind: Kind, tmp_path: Path) -> None:
    declared = study(kind)
    opened = released(declared, tmp_path)
    cases = [sample.predictors for sample in cohort(kind, 300, seed=9).samples[:12]]
    judged = load(declared, tmp_path / "run", opened.manifest.learner.name).predict(cases)
    cells = declared.endpoint.cells
    for name, column in cells(judged).items():
        assert np.allclose(np.asarray(column), np.asarray(cells(opened.predict(cases))[name]), atol=1e-4)
    answers = [one for one in opened.answer(cases) if "not known" not in one.why]
    assert answers
    for answer in answers:
        if kind == "multilabel":
            assert answer.outcome is Outcome.ABSTAINED
            assert "cannot be told as a risk" in answer.why
            continue
        assert answer.outcome is Outcome.ANSWERED
        assert (answer.risk is not None) is (kind == "binary")
        assert (answer.value is not None) is (kind == "continuous")
        assert answer.statement
        if kind == "continuous":
            assert answer.value is not None
            assert answer.low is not None
            assert answer.high is not None
            assert answer.low < answer.value < answer.high


def test_a_learner_without_graphs_is_served_by_its_own_files(tmp_path: Path) -> None:
    declared = replace(
        tiny.small(), validations=(CrossValidation(folds=3, repeats=2),), gates=(LeakageAudit(),), bindings=None
    )
    opened = released(declared, tmp_path)
    served: Manifest = opened.manifest
    assert served.learner.form == "own files"
    assert "no ONNX form" in served.learner.why
    assert len(opened.members) == 6
    cases: list[tiny.X] = [(1.0, 0.5), (-2.0, 0.1)]
    assert opened.predict(cases) == load(declared, tmp_path / "run", served.learner.name).predict(cases)
    high, low = opened.answer(cases)
    assert high.risk is not None
    assert low.risk is not None
    assert high.risk > low.risk
    assert high.reasons == ()
    assert sum(group.cases for group in opened.calibration.groups) == 117

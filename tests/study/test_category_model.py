"""A finished run of several classes beside readers of the same categories."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study.tiny import Row, Rows, X, small

from bedside.data.category_readings import NO_MAJORITY, CategoryTable
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.split import Tuning
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.multiclass.kind import multiclass
from bedside.errors import RunMismatch, TableProblem
from bedside.evidence.schema import Evidence
from bedside.study.category_model import from_file, from_run
from bedside.study.category_readers import judge_categories
from bedside.study.model_readings import from_run as binary_from_run
from bedside.study.readers import add_to_run
from bedside.study.run import run
from bedside.training.learner import Fit
from bedside.types import PatientId, SampleId

CLASSES = ("sinus", "AF", "flutter")
Shares = tuple[float, ...]


def draw(row: Row) -> list[Sample[X, int] | Excluded]:
    outcome = int(row.a > 0.5) + int(row.a > 0.5 and row.b > 0.5)
    attributes = {"sex": row.sex, "site": row.site}
    key = SampleId(f"{row.patient}-{row.visit}")
    return [Sample(key, PatientId(row.patient), (row.a, row.b), outcome, attributes=attributes)]


@dataclass(frozen=True)
class Steps:
    """Probabilities that step at a cut of the first number; `noise` blurs them by the second."""

    cut: float

    def predict(self, predictors: Sequence[X]) -> list[Shares]:
        return [(0.2, 0.6, 0.2) if a > self.cut and b < 0.5 else (0.1, 0.2, 0.7) if a > self.cut else (0.8, 0.1, 0.1)
                for a, b in predictors]  # fmt: skip

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_text(json.dumps(self.cut), "utf-8")


@dataclass(frozen=True)
class Stepping:
    name: str
    cut: float
    description: str = "steps"

    @property
    def label(self) -> str:
        return self.name.capitalize()

    def fit(self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], *, seed: int) -> Fit[X, Shares]:
        del seed
        seen = development if tuning.folds else tuning.calibration
        return Fit(Steps(self.cut), Steps(self.cut).predict([s.predictors for s in seen]), {"trials": 1})

    def load(self, folder: Path) -> Steps:
        return Steps(json.loads((folder / "model.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    folder = tmp_path_factory.mktemp("run")
    study = small(
        source=Rows(n=160),
        cohort=Cohort(eligibility="everyone", outcome="rhythm", horizon="now", draw=draw),
        endpoint=multiclass(classes=CLASSES),
        model=Stepping("close", 0.6),
        comparators=(Stepping("far", 1.5),),
        validations=(Holdout(), CrossValidation(folds=3, repeats=2)),
        subgroups=(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        run(study, out=folder / "run", root=folder, seed=0, jobs=1)
    return folder / "run", Evidence.model_validate_json((folder / "run/evidence.json").read_text("utf-8"))


def test_the_model_has_the_accuracy_of_its_run_and_agreement_is_added(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    model = from_run(folder, evidence, validation="holdout")
    assert model.categories == CLASSES
    assert model.reference is not None
    cases = tuple(sorted(model.reference.category))
    truth = np.array([CLASSES.index(model.reference.category[case]) for case in cases])
    wrong = np.random.default_rng(0).random((1, 2, len(cases))) < 0.2
    readings = CategoryTable(
        np.where(wrong, (truth + 1) % 3, truth).astype(float), truth, np.arange(len(cases)), ("without",),
        ("ana", "ben"), cases, CLASSES,
    )  # fmt: skip
    found = judge_categories(readings, model, replicates=200)
    theirs = {
        row.measure: row.value
        for row in evidence.performance
        if (row.learner, row.validation, row.partition, row.group) == ("close", "holdout", "test", "all")
    }
    mine = {row.measure: row.value for row in found.performance if row.kind == "model" and not row.category}
    assert mine == pytest.approx({name: theirs[name] for name in mine})
    assert set(mine) == {"accuracy", "balanced_accuracy", "f1_macro"}
    path = add_to_run(found, folder)
    after = Evidence.model_validate_json((folder / "evidence.json").read_text("utf-8"))
    assert after.agreement == found.agreement
    assert path.name in after.provenance.files
    assert any("simulated" in text for text in found.limits) == evidence.study.simulated
    renamed = replace(readings, categories=("Sinus", "AF", "flutter"))
    with pytest.raises(TableProblem, match="spelled alike"):
        judge_categories(renamed, model)


def test_models_of_repeated_folds_vote(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    model = from_run(folder, evidence, validation="cross_validation")
    assert model.folds
    assert set(model.choice.values()) <= {*CLASSES, NO_MAJORITY}
    assert any("6 models" in note for note in model.notes)


def test_a_run_of_another_kind_of_outcome_is_refused(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    with pytest.raises(RunMismatch, match=r"multiclass; a reader study needs a binary one"):
        binary_from_run(folder, evidence)
    binary = evidence.study.model_copy(update={"classes": ("a", "b", "c", "d")})
    with pytest.raises(RunMismatch, match="needs one of several classes"):
        from_run(folder, evidence.model_copy(update={"study": binary}))


def test_predictions_of_a_file_are_categories(tmp_path: Path) -> None:
    path = tmp_path / "model.csv"
    path.write_text("case,prediction\na,AF\nb,sinus\n")
    assert from_file(path, CLASSES).choice == {"a": "AF", "b": "sinus"}
    path.write_text("case,prediction\na,AF\na,AF\n")
    with pytest.raises(TableProblem, match="line 3: this case has a prediction already"):
        from_file(path, CLASSES)
    path.write_text("case,prediction\na,0.7\n")
    with pytest.raises(TableProblem, match=r"line 2: prediction is '0\.7', which is none of"):
        from_file(path, CLASSES)

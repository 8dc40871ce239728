"""What every study must do; a new application is one call of `check_study` in its own test_study.py."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from tests.conformance.cells import assert_same_cells
from tests.conformance.golden import check_golden

from bedside.cli.catalogue import front_matter
from bedside.data.sample import Excluded, Sample
from bedside.data.split import Validation
from bedside.endpoints.columns import flat
from bedside.evidence.schema import Evidence
from bedside.study.declare import Study
from bedside.study.predict import load
from bedside.study.run import run
from bedside.training.learner import Learner

R = TypeVar("R")
X = TypeVar("X")
Y = TypeVar("Y")
P = TypeVar("P")

SECTIONS = ("Question", "Population", "Data", "Intended use", "Known limits", "Licence and citation")
BUDGETS = {"trials": 1, "folds": 2, "repeats": 1, "inner": 2, "members": 1, "epochs": 4, "trees": 10}
"""Whatever a declaration calls so is cut to this in a tiny run."""
PARTS = ("recipe", "loop")

LABELLING = ("Who labelled", "Blinding", "Incorporation", "Indeterminates")


def check_study(
    study: Study[R, X, Y, P], out: Path, *, n: int = 160, outcome_columns: tuple[str, ...] = ()
) -> Evidence:
    """Declared, described, drawn, divided and run end to end on its synthetic twin.

    Args:
        study: The study, as declared, with full budgets; the tester makes them small.
        out: An empty folder.
        n: Records of the twin; as few as the validations allow.
        outcome_columns: Columns of the records that hold the outcome; none of them may be a predictor.

    Returns:
        The evidence of the small run, for whatever else an application wants to look at.
    """
    check_card(study)
    samples = check_cohort(study, n=n, outcome_columns=outcome_columns)
    check_divisions(study, samples)
    evidence = check_run(study, out, n=n)
    check_golden(evidence)
    return evidence


def check_card(study: Study[R, X, Y, P]) -> None:
    """card.md is complete and says what the study says."""
    assert study.folder is not None, "an application has a folder"
    assert study.folder.name == study.name == study.origin, "the study is named like its folder, and so is its origin"
    card = front_matter(study.folder / "card.md")
    assert card["title"] == study.title
    assert card["question"] == study.question
    assert card["modality"] == study.modality.name
    assert card["endpoint"] == study.endpoint.name
    assert card["licence"] == study.source.licence
    assert card["files"] == [file.path for file in study.source.files]
    for key in ("data", "population"):
        assert str(card.get(key) or "").strip(), f"card.md leaves {key} open"
    text = (study.folder / "card.md").read_text("utf-8").split("\n---\n", maxsplit=1)[1]
    assert tuple(re.findall(r"^## (.+)$", text, flags=re.MULTILINE)) == SECTIONS
    for words in LABELLING:
        assert f"**{words}.**" in text, f"card.md does not say: {words}"
    assert study.intended_use.strip(), "the study states no intended use"
    assert study.limits, "the study states no limits"


def check_cohort(study: Study[R, X, Y, P], *, n: int, outcome_columns: tuple[str, ...] = ()) -> list[Sample[X, Y]]:
    """Records become samples with unique keys, or are excluded with a reason; no predictor is the outcome."""
    drawn = [one for record in study.source.simulate(n, seed=3) for one in study.cohort.draw(record)]
    samples = [one for one in drawn if isinstance(one, Sample)]
    assert samples, "the twin gives no sample"
    assert len({sample.key for sample in samples}) == len(samples), "two samples have one key"
    for one in drawn:
        assert one.patient, "a sample or an exclusion without a patient"
        if isinstance(one, Excluded):
            assert one.reason.strip(), "an exclusion without a reason"
    for name in study.subgroups:
        assert all(sample.attributes.get(name) for sample in samples), f"some sample has no {name!r}"
    assert any(sample.outcome != samples[0].outcome for sample in samples), "the twin has one outcome only"
    _check_predictors(study, samples, outcome_columns)
    return samples


def check_divisions(study: Study[R, X, Y, P], samples: list[Sample[X, Y]]) -> None:
    """No patient stands on two sides of a split, and the same seed divides the same way."""
    anyone: list[Sample[object, Y]] = [*samples]
    for validation in study.validations:
        if validation.source is not None:
            continue
        splits = validation.splits(anyone, study.endpoint.stratum, 5)
        again = validation.splits(anyone, study.endpoint.stratum, 5)
        assert splits, f"{validation.name} divides nothing"
        for split, same in zip(splits, again, strict=True):
            sides = [split.development, split.selection, split.calibration, split.test]
            patients = [{samples[i].patient for i in side} for side in sides]
            assert sum(map(len, patients)) == len(set().union(*patients)), f"{split.name} divides a patient"
            assert split.test.size, f"{split.name} tests nobody"
            assert np.array_equal(split.test, same.test), f"{split.name} is another one at the second call"


def check_run(study: Study[R, X, Y, P], out: Path, *, n: int) -> Evidence:
    """A tiny run on the twin ends in evidence that is marked as simulated and names every learner."""
    tiny = small(study)
    with own_ledger(out):
        evidence = run(tiny, out=out / "run", root=out, seed=1, simulated=n, jobs=1)
    assert evidence.study.simulated, "a run on the twin must say so"
    assert evidence.released is None or evidence.study.simulated
    assert {learner.name for learner in evidence.study.learners} == {learner.name for learner in study.learners}
    assert [validation.name for validation in evidence.validations] == [v.name for v in study.validations]
    primary = next(validation for validation in evidence.validations if validation.primary)
    measure = study.primary_measure or study.endpoint.primary
    for learner in study.learners:
        rows = [
            row
            for row in evidence.performance
            if (row.learner, row.validation, row.group, row.measure) == (learner.name, primary.name, "all", measure)
            and row.partition == primary.partition
        ]
        assert len(rows) == 1, f"{learner.name} has {len(rows)} rows of {measure} in the primary validation"
        assert rows[0].value is not None, f"{measure} of {learner.name}: {rows[0].reason}"
    for name in study.subgroups:
        assert any(row.group.startswith(f"{name}=") for row in evidence.performance), f"no row for subgroup {name}"
    assert any(comparison.primary for comparison in evidence.comparisons), "no primary contrast"
    assert evidence.verdict.strip()
    assert (out / "run" / "evidence.json").is_file()
    _check_predictions(tiny, out / "run", n)
    return evidence


def small(study: Study[R, X, Y, P]) -> Study[R, X, Y, P]:
    """The same study with the smallest budgets: one trial, two folds, few bootstrap replicates."""
    return replace(
        study,
        model=_small_learner(study.model),
        comparators=tuple(_small_learner(learner) for learner in study.comparators),
        validations=tuple(_small_validation(validation) for validation in study.validations),
        trials=1,
        bootstrap=100,
    )


@contextmanager
def own_ledger(folder: Path) -> Iterator[None]:
    """Test runs are not evaluations: they are counted in a ledger of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        yield


def _small_learner(learner: Learner[X, Any, P]) -> Learner[X, Any, P]:
    made: Learner[X, Any, P] = _replaced(learner, BUDGETS)
    return made


def _small_validation(validation: Validation) -> Validation:
    made: Validation = _replaced(validation, BUDGETS)
    return made


def _replaced(declared: Any, budgets: Mapping[str, int]) -> Any:
    """A declaration with its budgets cut, and those of what it is composed of (a learner's recipe, a recipe's loop)."""
    changed: dict[str, Any] = {}
    for field in fields(declared):
        value = getattr(declared, field.name)
        if field.init and field.name in budgets:
            changed[field.name] = budgets[field.name]
        elif field.init and field.name in PARTS and is_dataclass(value):
            changed[field.name] = _replaced(value, budgets)
    return replace(declared, **changed)


def _check_predictors(study: Study[R, X, Y, P], samples: list[Sample[X, Y]], outcome_columns: tuple[str, ...]) -> None:
    variables = study.modality.variables([sample.predictors for sample in samples])
    named = {variable.name for variable in variables}
    assert not named & set(outcome_columns), f"{sorted(named & set(outcome_columns))} is outcome and predictor"
    outcomes = study.endpoint.outcome_cells([sample.outcome for sample in samples])
    for variable in variables:
        column = variable.numbers if variable.numbers is not None else variable.codes
        assert column is not None
        assert len(column) == len(samples)
        for values in flat(outcomes).values():
            assert not np.array_equal(column, values), f"{variable.name} is the outcome"
    digests = study.modality.digest([sample.predictors for sample in samples])
    assert digests == study.modality.digest([sample.predictors for sample in samples])


def _check_predictions(study: Study[R, X, Y, P], folder: Path, n: int) -> None:
    """The finished run can be loaded, and predicts for cases it has not seen."""
    fresh = [one for record in study.source.simulate(n, seed=99) for one in study.cohort.draw(record)]
    predictors = [one.predictors for one in fresh if isinstance(one, Sample)][:10]
    predictor = load(study, folder)
    together = study.endpoint.cells(predictor.predict(predictors))
    reverse = study.endpoint.cells(predictor.predict(predictors[::-1])[::-1])
    for name, values in flat(together).items():
        assert np.isfinite(values).all(), f"{name} is not finite"
    assert_same_cells(together, reverse, "a prediction depends on its company", rtol=1e-5, atol=1e-6)

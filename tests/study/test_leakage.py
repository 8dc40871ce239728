"""The audit of a study: disguised outcomes are named, rare categories are not."""

import numpy as np
import pytest
from tests.study.tiny import ENDPOINT, Rows, X, digest, draw, small

from bedside.data.sample import Sample
from bedside.modalities.modality import Modality, Variable
from bedside.study.leakage import findings
from bedside.types import PatientId, SampleId

RNG = np.random.default_rng(5)


def cohort(outcome: np.ndarray) -> list[Sample[X, bool]]:
    return [Sample(SampleId(str(k)), PatientId(str(k)), (0.0, float(k)), bool(y)) for k, y in enumerate(outcome)]


def found(outcome: np.ndarray, *variables: Variable) -> dict[str, list[str]]:
    samples = cohort(outcome)
    modality: Modality[X] = Modality(name="numbers", variables=lambda _: variables, digest=digest)
    rows = findings(samples, digest([s.predictors for s in samples]), modality, ENDPOINT, [])
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(f"{row.kind}:{row.severity}", []).append(row.text)
    return kinds


@pytest.mark.parametrize("share", [0.0002, 0.015, 0.3])
def test_a_rare_category_that_says_nothing_is_not_suspect(share: float) -> None:
    outcome = RNG.random(20_000) < 0.11
    codes = (RNG.random(20_000) < share).astype(float)
    rare = Variable("rare", "", codes=codes, categories=("no", "yes"))
    assert "disguised_outcome:serious" not in found(outcome, rare)


def test_identifiers_as_categories_are_not_suspect_by_themselves() -> None:
    outcome = RNG.random(500) < 0.3
    identifier = Variable("id", "", codes=np.arange(500.0), categories=tuple(map(str, range(500))))
    assert "disguised_outcome:serious" not in found(outcome, identifier)


def test_a_category_that_is_the_outcome_is_named() -> None:
    outcome = RNG.random(500) < 0.3
    twin = Variable("discharge_code", "", codes=outcome.astype(float), categories=("home", "died"))
    (text,) = found(outcome, twin)["disguised_outcome:serious"]
    assert text.startswith("discharge_code alone nearly gives the outcome away")


def test_missingness_that_is_the_outcome_is_named() -> None:
    outcome = RNG.random(500) < 0.3
    numbers = np.where(outcome, RNG.normal(size=500), np.nan)
    texts = found(outcome, Variable("chapter", "", numbers=numbers))["disguised_outcome:serious"]
    assert any(text.startswith("missingness of chapter") for text in texts)


def test_a_clean_study_says_so() -> None:
    samples = [s for row in Rows(n=200).simulate(200, seed=1) for s in draw(row) if isinstance(s, Sample)]
    study = small()
    rows = findings(samples, digest([s.predictors for s in samples]), study.modality, ENDPOINT, [])
    assert {row.severity for row in rows} == {"info"}

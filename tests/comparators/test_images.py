"""Conventional models of images: texture with boosted trees, components with support vectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.svm import SVC
from tests.conformance.learner import check_learner

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derivation, Derived
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.simulate import fundus, radiograph
from bedside.training.learner import Recipe
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

ENDPOINTS: dict[str, Endpoint[Any, Any]] = {
    "binary": binary(positive="ill", negative="well"),
    "multiclass": multiclass(classes=("none", "some", "many")),
    "continuous": continuous(unit="spots"),
}


def samples(kind: str, n: int, *, start: int = 0) -> list[Sample[Readable, Any]]:
    found: list[Sample[Readable, Any]] = []
    for k in range(start, start + n):
        grade = k % 3
        outcome: Any = {"binary": k % 2 == 0, "multiclass": grade, "continuous": float(grade)}[kind]
        image = radiograph(ill=outcome, seed=k, size=16) if kind == "binary" else _grey(fundus(grade=2 * grade, seed=k))
        found.append(Sample(SampleId(f"s{k}"), PatientId(f"p{k}"), image, outcome))
    return found


def _grey(image: Image) -> Image:
    return Image(image.pixels.mean(axis=0, keepdims=True).astype(np.float32))


def plan(kind: str) -> ImagePlan:
    return ImagePlan(size=(16, 16) if kind == "binary" else (28, 28))


def recipes(kind: str) -> dict[str, Recipe[Readable, Any, Any]]:
    endpoint, textures = ENDPOINTS[kind], Textures()
    boosting = Boosting(endpoint, textures.schema)
    return {
        "vectors": SupportVectorMachine(endpoint, plan(kind)),
        "textures": Derived(boosting, textures.derivation(), name="texture_boosting", label="Boosting on texture"),
    }


@pytest.mark.parametrize("kind", sorted(ENDPOINTS))
@pytest.mark.parametrize("family", ["vectors", "textures"])
def test_conforms(kind: str, family: str, tmp_path: Path) -> None:
    learner = Tuned(recipes(kind)[family], ENDPOINTS[kind], trials=2)
    development, tuning = samples(kind, 45), Tuning(samples(kind, 12, start=100), samples(kind, 12, start=200))
    check_learner(learner, ENDPOINTS[kind], development, tuning, samples(kind, 8, start=300), tmp_path)


def test_support_vectors_answer_as_scikit_learn_does() -> None:
    development, new = samples("binary", 60), samples("binary", 20, start=500)
    recipe = SupportVectorMachine(ENDPOINTS["binary"], plan("binary"))
    model, record = recipe.fit({"components": 8, "cost": 2.0, "width": 1.0}, development, [], seed=3)
    pixels = [np.asarray(model.preparation.transform([s.predictors for s in part])) for part in (development, new)]
    flat, asked = (part.reshape(len(part), -1).astype(np.float64) for part in pixels)
    components = PCA(n_components=8, whiten=True, svd_solver="randomized", random_state=3).fit(flat)
    expected = SVC(C=2.0, gamma=model.gamma).fit(components.transform(flat), [s.outcome for s in development])
    told = model.machines[0]((asked - model.mean) @ model.axes, model.gamma)
    np.testing.assert_allclose(told, expected.decision_function(components.transform(asked)), atol=2e-3)
    assert record["components"] == 8


def test_a_number_beyond_development_is_told_as_it_comes_out() -> None:
    development = samples("continuous", 30)
    recipe = SupportVectorMachine(ENDPOINTS["continuous"], plan("continuous"))
    model, _ = recipe.fit(recipe.defaults, development, [], seed=3)
    images = [sample.predictors for sample in development[:5]]
    lowered = replace(model, intercept=model.intercept - 10.0)
    np.testing.assert_allclose(lowered.predict(images), np.array(model.predict(images)) - 10.0)
    assert max(lowered.predict(images)) < 0.0, "clipping would hide that the model is wrong there"
    assert "not held to the range of development" in recipe.description


def test_texture_and_vectors_learn_what_is_there() -> None:
    development, new = samples("binary", 160), samples("binary", 80, start=1000)
    ill = np.array([s.outcome for s in new])
    for recipe in recipes("binary").values():
        model, _ = recipe.fit(recipe.defaults, development, samples("binary", 40, start=800), seed=1)
        told = np.array(model.predict([s.predictors for s in new]))
        higher = (told[ill][:, None] > told[~ill]).mean()
        assert higher > 0.7, f"{recipe.name} ranks {higher:.2f} of pairs"


def test_each_case_is_derived_once() -> None:
    asked: list[int] = []

    def rule(cases: Sequence[Readable]) -> list[int]:
        asked.append(len(cases))
        return [case.read().channels for case in cases]

    derivation: Derivation[Readable, int] = Derivation(rule, "channels")
    images = [sample.predictors for sample in samples("binary", 4)]
    assert derivation(images) == [1, 1, 1, 1]
    assert derivation(images[::-1]) == [1, 1, 1, 1]
    assert asked == [4]


def test_several_images_of_a_patient_do_not_make_sure() -> None:
    """Outcomes by chance, four near copies a patient: a machine that answered to copies would be certain."""
    chance = np.random.default_rng(0)
    development: list[Sample[Readable, Any]] = []
    for k in range(60):
        own, outcome = chance.integers(0, 255, (1, 12, 12)), bool(chance.integers(2))
        for copy in range(4):
            image = Image(np.clip(own + chance.normal(0, 5, own.shape), 0, 255).astype(np.uint8))
            development.append(Sample(SampleId(f"s{k} {copy}"), PatientId(f"p{k}"), image, outcome))
    new = [Image(chance.integers(0, 255, (1, 12, 12)).astype(np.uint8)) for _ in range(200)]
    recipe: SupportVectorMachine[Any] = SupportVectorMachine(ENDPOINTS["binary"], ImagePlan(size=(12, 12)))
    model, _ = recipe.fit(recipe.defaults, development, [], seed=0)
    assert np.std(model.predict(new)) < 0.2


def test_a_machine_that_learned_nothing_does_not_rank_backwards() -> None:
    """Whitened noise of 30 images and a narrow kernel leave nothing but how common the outcome was."""
    stream = np.random.default_rng(4)
    cases = [
        Sample(SampleId(f"s{k}"), PatientId(f"p{k}"), Image(stream.normal(size=(1, 16, 16)).astype(np.float32)), k < 10)
        for k in range(30)
    ]
    recipe = SupportVectorMachine(ENDPOINTS["binary"], plan("binary"))
    fitted, record = recipe.fit({"components": 200, "cost": 3.0, "width": 10.0}, cases, [], seed=0)
    assert "nothing" in str(record["learned"])
    told = fitted.predict([case.predictors for case in cases])
    np.testing.assert_allclose(told, 1 / 3, atol=0.02)

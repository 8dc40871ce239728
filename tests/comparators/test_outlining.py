"""Conventional ways to outline structures, put through the laws of all learners."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.comparators.outlined import FLAT, FLAT_PLAN, PARTS, SOLID_PLAN, WHOLE, bodies, eyes
from tests.conformance.learner import check_learner

from bedside.comparators.atlas import MultiAtlas
from bedside.comparators.contours import LOCATION, ChanVese
from bedside.comparators.pixel_forest import PixelForest
from bedside.comparators.ridges import Frangi
from bedside.comparators.thresholds import Otsu
from bedside.data.split import Fold, Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.mask.mask import Mask
from bedside.errors import ModelError, OutcomeProblem, StudyError
from bedside.modalities.imaging.image import Image
from bedside.training.learner import Recipe
from bedside.training.tuned import Tuned

RECIPES: dict[str, Callable[[Any, Any], Recipe[Any, Any, Any]]] = {
    "otsu": Otsu,
    "frangi": Frangi,
    "chan_vese": ChanVese,
    "pixel_forest": PixelForest,
    "atlas": MultiAtlas,
}
SEVERAL = {"pixel_forest", "atlas"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SEVERAL else name for name in sorted(RECIPES)]
)
def test_conforms_on_images(name: str, tmp_path: Path) -> None:
    learner = Tuned(RECIPES[name](FLAT, FLAT_PLAN), FLAT, trials=2)
    tuning = Tuning(eyes(2, start=100), eyes(2, start=200))
    check_learner(learner, FLAT, eyes(3), tuning, eyes(5, start=300, size=28), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_conforms_on_volumes(name: str, tmp_path: Path) -> None:
    endpoint, parts = (PARTS, True) if name in SEVERAL else (WHOLE, False)
    learner = Tuned(RECIPES[name](endpoint, SOLID_PLAN), endpoint, trials=1)
    development = bodies(4, parts=parts)
    first, second = np.array([0, 1]), np.array([2, 3])
    tuning: Tuning[Any, Any] = Tuning(folds=(Fold(first, second), Fold(second, first)))
    check_learner(learner, endpoint, development, tuning, bodies(5, start=50, parts=parts), tmp_path)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_outlines_lie_where_they_are_drawn(name: str) -> None:
    """On the image's own grid, which is not the prepared one, in volumes whose axes lie differently."""
    parts = name in SEVERAL
    endpoint = PARTS if parts else WHOLE
    new = bodies(3, start=70, parts=parts)
    recipe = RECIPES[name](endpoint, SOLID_PLAN)
    # Ridges are no bodies: Frangi's filter need only do better than nothing.
    settings = {**recipe.defaults, **({"finest": 2.5} if name == "frangi" else {})}
    if name == "chan_vese":
        settings["start"] = LOCATION
    model, _ = recipe.fit(settings, bodies(5, parts=parts), [], seed=1)
    told = model.predict([sample.predictors for sample in new])
    assert [one.size for one in told] == [sample.outcome.size for sample in new]
    loss = endpoint.loss([sample.outcome for sample in new], told)
    flipped = [Mask(np.ascontiguousarray(one.outcome.labels[:, ::-1]), one.outcome.spacing) for one in new]
    limits = {"pixel_forest": 0.45, "atlas": 0.45, "otsu": 0.5, "chan_vese": 0.5, "frangi": 0.75}
    assert loss < limits[name]
    if parts:
        assert endpoint.loss(flipped, told) > loss + 0.1, "front and rear are told apart"


@pytest.mark.parametrize("name", sorted(set(RECIPES) - SEVERAL))
def test_several_structures_are_refused_where_they_cannot_be_told_apart(name: str) -> None:
    with pytest.raises(StudyError, match=r"2 structures are asked for \(front, rear\); use pixel_forest or atlas"):
        RECIPES[name](PARTS, SOLID_PLAN)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_other_endpoints_are_refused(name: str) -> None:
    with pytest.raises(StudyError, match="the endpoint is binary; declare an endpoint `mask`"):
        RECIPES[name](binary(positive="ill", negative="well"), FLAT_PLAN)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_structure_that_is_nowhere_drawn_is_refused(name: str) -> None:
    parts = name in SEVERAL
    development = bodies(3, parts=parts)
    for sample in development:
        sample.outcome.labels[sample.outcome.labels == (2 if parts else 1)] = 0
    recipe = RECIPES[name](PARTS if parts else WHOLE, SOLID_PLAN)
    with pytest.raises(ModelError, match=f"{'rear' if parts else 'body'} is drawn in no development image"):
        recipe.fit(recipe.defaults, development, [], seed=1)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_the_order_of_development_does_not_matter(name: str) -> None:
    recipe = RECIPES[name](FLAT, FLAT_PLAN)
    development, new = eyes(4), [sample.predictors for sample in eyes(2, start=40)]
    one, _ = recipe.fit(recipe.defaults, development, [], seed=1)
    other, _ = recipe.fit(recipe.defaults, development[::-1], [], seed=1)
    assert list(one.predict(new)) == list(other.predict(new))


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_what_is_drawn_beyond_the_judged_region_is_not_learned(name: str) -> None:
    recipe = RECIPES[name](FLAT, FLAT_PLAN)
    new = [sample.predictors for sample in eyes(2, start=40)]
    told = []
    for beyond in (0, 1):
        development = eyes(4)
        for sample in development:
            sample.outcome.labels[~sample.outcome.judged] = beyond
        start = {"start": LOCATION} if name == "chan_vese" else {}
        model, _ = recipe.fit({**recipe.defaults, **start}, development, [], seed=1)
        told.append(list(model.predict(new)))
    assert told[0] == told[1]


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_a_label_without_a_structure_is_refused(name: str) -> None:
    recipe = RECIPES[name](WHOLE, SOLID_PLAN)
    with pytest.raises(OutcomeProblem, match="label 2; allowed are 0"):
        recipe.fit(recipe.defaults, bodies(3), [], seed=1)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_an_image_without_the_structure_is_answered(name: str) -> None:
    recipe = RECIPES[name](FLAT, FLAT_PLAN)
    model, _ = recipe.fit(recipe.defaults, eyes(4), [], seed=1)
    two_values = np.zeros((3, 20, 26), dtype=np.uint8)
    two_values[:, 5:15, 5:15] = 200
    (told,) = model.predict([Image(two_values)])
    assert told.size == (20, 26)

"""Classical detectors find simple things where they are, and are read back as they were."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.comparators.blobs import Blobs, discriminant
from bedside.comparators.foreground import Foreground, within
from bedside.comparators.templates import Templates
from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.boxes.boxes import Boxes, overlaps
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.continuous.kind import continuous
from bedside.errors import ModelError
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

CELLS = boxes(("small", "large"))
PLAN = ImagePlan((48, 64), channels=3, clip=None)
RADII = (4.0, 9.0)


def image(seed: int) -> tuple[Image, Boxes]:
    """Discs of two sizes, darker than the bright ground and of another colour, in an image twice the plan's size."""
    stream = np.random.default_rng(seed)
    size = (96, 128)
    pixels = 200.0 + stream.normal(0.0, 6.0, (3, *size))
    grid = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"))
    corners, kinds = [], []
    for row in (24, 72):
        for column in (24, 64, 104):
            kind = int(stream.integers(0, 3))
            if kind == 2:
                continue
            centre, radius = np.array([row, column]) + stream.uniform(-4, 4, 2), 1.6 * RADII[kind]
            inside = ((grid - centre[:, None, None]) ** 2).sum(axis=0) <= radius**2
            pixels[:, inside] -= np.array([[20.0], [100.0], [60.0 + 40.0 * kind]])
            corners.append([*(centre - radius), *(centre + radius)])
            kinds.append(kind)
    truth = Boxes(np.array(corners, dtype=np.float32).reshape(-1, 4), np.array(kinds, dtype=np.int64), size)
    return Image(np.clip(pixels, 0, 255).astype(np.uint8)), truth


def samples(count: int, first: int = 0) -> list[Sample[Readable, Boxes]]:
    found = [(str(seed), *image(seed)) for seed in range(first, first + count)]
    return [Sample(SampleId(name), PatientId(name), pixels, truth) for name, pixels, truth in found]


@pytest.mark.parametrize("recipe", [Blobs(CELLS, PLAN), Templates(CELLS, PLAN)], ids=lambda one: one.name)
def test_they_find_discs_of_two_sizes(recipe: Any, tmp_path: Path) -> None:
    development, test = samples(8), samples(6, first=50)
    fitted, record = recipe.fit(recipe.defaults, development, (), seed=0)
    predictors, truth = [sample.predictors for sample in test], [sample.outcome for sample in test]
    told = fitted.predict(predictors)
    assert record
    assert CELLS.loss(truth, told) < 0.25
    middles = []
    for ours, one in zip(told, truth, strict=True):
        nearest = one.corners[overlaps(ours.corners[:1], one.corners)[0].argmax()]
        middles.append((ours.corners[0] - nearest).reshape(2, 2).mean(axis=0))
    assert np.abs(np.median(middles, axis=0)).max() <= 1.0, "shifted by more than half a pixel of the plan"
    assert fitted.predict(predictors[2:3]) == told[2:3], "alone as in company"
    fitted.save(tmp_path)
    assert recipe.load(tmp_path).predict(predictors) == told


def test_trials_choose_settings_by_the_loss_of_the_endpoint() -> None:
    learner = Tuned(Templates(CELLS, PLAN), CELLS, trials=2)
    fit = learner.fit(samples(4), Tuning(selection=samples(3, first=70), calibration=samples(2, first=80)), seed=0)
    assert len(fit.reference) == 2
    assert fit.record["trials"] == 2


def test_the_foreground_is_bright_where_things_are() -> None:
    development = samples(4)
    for shown in Foreground.fit(PLAN, development).show(development):
        there = np.zeros(PLAN.size, dtype=np.bool_)
        for corners in shown.boxes.corners:
            there[within(corners, PLAN.size)] = True
        assert shown.seen.bright[there].mean() > shown.seen.bright[~there].mean() + 1.0


def test_a_discriminant_gives_probabilities_of_gaussian_classes() -> None:
    stream = np.random.default_rng(0)
    labels = np.repeat([0, 1], [6000, 2000])
    features = stream.normal(size=(8000, 1)) * 2.0 + 3.0 * labels[:, None] + 5.0
    slope, intercept = discriminant(features, labels, 3)
    logits = features @ slope + intercept
    odds = (logits[:, 1] - logits[:, 0]).tolist()
    expected = np.log(1 / 3) + (3.0 / 4.0) * (features[:, 0] - 5.0) - 9.0 / 8.0
    np.testing.assert_allclose(odds, expected, atol=0.35)
    assert (logits[:, 2] < logits[:, :2].max(axis=1) - 10.0).all(), "a kind without examples is not told"


def test_what_cannot_be_fitted_is_refused() -> None:
    empty = Boxes(np.zeros((0, 4)), np.zeros(0, dtype=np.int64), (96, 128))
    bare = [Sample(SampleId("a"), PatientId("a"), image(0)[0], empty)]
    for recipe in (Blobs(CELLS, PLAN), Templates(CELLS, PLAN)):
        with pytest.raises(ModelError, match="boxes cover nothing"):
            recipe.fit(recipe.defaults, bare, (), seed=0)
        other: Any = type(recipe)(continuous(), PLAN)  # type: ignore[arg-type]
        with pytest.raises(ModelError, match="declare one of boxes"):
            other.fit(recipe.defaults, samples(2), (), seed=0)

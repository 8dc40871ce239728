"""Maps lie on what the network looks at, change with its weights, and fail their tests where they should."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.explain.images.blobs import BINARY, SIZE, blobs, inside, subject
from torch import nn

from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.multilabel.kind import multilabel
from bedside.explain.explainer import Check
from bedside.explain.images.deletion import most_important, moved
from bedside.explain.images.explainer import IMAGE_EXPLAINERS, ImageExplainer, correlation
from bedside.explain.images.grad_cam import GRAD_CAM, GRAD_CAM_PLUS_PLUS, usable
from bedside.explain.images.gradients import ImageGradients
from bedside.explain.images.hidden import hiding
from bedside.explain.images.method import Found, MapMethod, maps, networks
from bedside.explain.images.occlusion import ImageOcclusion
from bedside.explain.images.score import BLANK, Asked, Batch, Scored, asked
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.plan import ImagePlan, Scale
from bedside.modalities.imaging.preparation import Preparation
from bedside.modalities.imaging.trunk import ImageEncoder
from bedside.networks.convolutional.staged import Staged
from bedside.training.model import Model

METHODS: tuple[MapMethod, ...] = (GRAD_CAM, GRAD_CAM_PLUS_PLUS, ImageGradients(steps=16), ImageOcclusion())
EACH = pytest.mark.parametrize("method", METHODS, ids=lambda one: one.name)


def by_hand(dimensions: int) -> Scored:
    """A network that is known: what is brighter than usual speaks for the second class, what is darker against it."""
    convolution, pool = ((nn.Conv2d, nn.AvgPool2d), (nn.Conv3d, nn.AvgPool3d))[dimensions - 2]
    first: Any = convolution(1, 2, 1, bias=False)
    encoder = ImageEncoder(Staged([nn.Sequential(first, nn.ReLU(), pool(2))], 2), dropout=0.0)
    head = BinaryHead(BINARY, 2, 1)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([1.0, -1.0]).view_as(first.weight))
        head.layer.weight.copy_(torch.tensor([1.0, -1.0]).view_as(head.layer.weight))
        head.layer.bias.zero_()
    return Scored(Model(encoder, head))


@EACH
@pytest.mark.parametrize("dimensions", [2, 3])
def test_maps_lie_on_what_decides_in_a_network_that_is_known(method: MapMethod, dimensions: int) -> None:
    cases = blobs(6, 7, dimensions)
    pixels = np.stack([case.predictors.read().pixels for case in cases]).astype(np.float32)
    place = torch.tensor([int(case.outcome) for case in cases])
    batch = Batch(torch.from_numpy((pixels - 120.0) / 25.0), place, 2.0 * place - 1.0)
    found = method.attribute(by_hand(dimensions), batch, both_ways=False).maps.numpy()
    where, axes = np.stack([inside(case) for case in cases]), tuple(range(1, dimensions + 1))
    assert found.shape == (6, *SIZE[dimensions])
    assert ((found * where).sum(axes) / found.sum(axes)).min() > 3 * where.mean()


@pytest.mark.parametrize("method", METHODS[2:], ids=lambda one: one.name)
@pytest.mark.parametrize("number", [False, True], ids=["class", "number"])
def test_maps_lie_on_what_decides_in_a_network_that_learned_it(method: MapMethod, *, number: bool) -> None:
    cases = blobs(24, 7, number=number)
    if number:  # a blob as grey as the rest is none
        cases = [case for case in cases if abs(case.outcome) > 0.6]
    told = ImageExplainer(method).explain(subject(number=number), [c.predictors for c in cases], seed=1, tests=False)
    assert told is not None
    assert told.maps is not None
    assert told.variables == ()
    assert (told.maps >= 0).all()
    where = np.stack([inside(case) for case in cases])
    assert np.median((told.maps * where).sum((1, 2)) / told.maps.sum((1, 2))) > 3 * where.mean()


def check(checks: tuple[Check, ...], name: str) -> Check:
    return next(one for one in checks if one.check == name)


def test_a_trained_network_is_explained_faithfully_and_one_that_ignores_the_image_is_not() -> None:
    cases = [case.predictors for case in blobs(6, 7)]
    for blind in (False, True):
        told = ImageExplainer(ImageOcclusion()).explain(subject(blind=blind), cases, seed=1)
        assert told is not None
        faithful = check(told.checks, "faithfulness by deletion")
        assert faithful.passed is not blind
        if blind:
            assert check(told.checks, "parameter randomisation").passed is False  # it explains nothing
        else:
            assert "above that without the same patches at 8 random places" in faithful.text
            changed = check(told.checks, "parameter randomisation")
            assert changed.value is not None
            assert changed.value < 0.8
            assert changed.passed is (changed.value < 0.5)


class Contrast:
    """A made-up explanation that looks at the picture and not at the network."""

    name = label = description = "contrast"

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        del network, both_ways
        return Found(batch.pixels[:, 0].abs())


class Elsewhere(Contrast):
    """A made-up explanation that points away from what differs."""

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        return Found(-super().attribute(network, batch, both_ways=both_ways).maps + 100.0)


def test_an_explanation_that_ignores_the_network_fails_parameter_randomisation() -> None:
    told = ImageExplainer(Contrast()).explain(subject(), [case.predictors for case in blobs(6, 7)], seed=1)
    assert told is not None
    found = check(told.checks, "parameter randomisation")
    assert found.passed is False
    assert found.value == pytest.approx(1.0)


def test_an_explanation_that_points_elsewhere_fails_deletion() -> None:
    told = ImageExplainer(Elsewhere()).explain(subject(), [case.predictors for case in blobs(6, 7)], seed=1)
    assert told is not None
    assert check(told.checks, "faithfulness by deletion").passed is False


def test_gradients_are_complete_and_too_few_steps_are_told() -> None:
    one, cases = subject(), [case.predictors for case in blobs(12, 7)]
    wanted = asked(BINARY, one.fit.fitted.predict(cases))
    assert wanted is not None
    gaps = [maps(ImageGradients(steps=n), networks(one.fit.fitted), cases, wanted).gap for n in (1, 20)]
    assert gaps[0] is not None
    assert gaps[1] is not None
    assert gaps[1] < 0.02 < gaps[0]


def test_the_score_of_the_predicted_class_is_explained() -> None:
    found = asked(BINARY, [0.9, 0.2])
    assert found is not None
    np.testing.assert_array_equal(found.sign, [1.0, -1.0])
    assert isinstance(found, Asked)
    assert not found.both_ways


def test_the_same_seed_gives_the_same_bytes_alone_and_in_company() -> None:
    one, cases = subject(), [case.predictors for case in blobs(5, 7)]
    wanted = asked(BINARY, one.fit.fitted.predict(cases))
    assert wanted is not None
    members = networks(one.fit.fitted)
    whole = maps(GRAD_CAM, members, cases, wanted).values
    assert np.array_equal(whole, maps(GRAD_CAM, members, cases, wanted).values)
    alone = maps(GRAD_CAM, members, cases[2:3], wanted[slice(2, 3)]).values
    np.testing.assert_allclose(alone[0], whole[2], rtol=1e-3, atol=1e-5)


def test_models_and_outcomes_without_one_score_are_declined() -> None:
    one, cases = subject(), [case.predictors for case in blobs(2, 7)]
    several = replace(one, endpoint=multilabel(labels=("a", "b")))
    assert asked(several.endpoint, [(0.1, 0.2)]) is None

    class Constant:
        def predict(self, predictors: Any) -> list[float]:
            return [0.5] * len(predictors)

        def save(self, folder: Any) -> None: ...

    other = replace(one, fit=replace(one.fit, fitted=Constant()))
    assert all(each.explain(other, cases, seed=1) is None for each in IMAGE_EXPLAINERS)
    assert all(each.explain(one, [], seed=1) is None for each in IMAGE_EXPLAINERS)


def test_hidden_places_are_seen_by_the_model_that_is_judged_and_by_nobody_else() -> None:
    one, samples = subject(), blobs(6, 7)
    cases, fitted = [sample.predictors for sample in samples], subject().fit.fitted
    before = fitted.predict(cases)
    nothing = np.zeros((6, *SIZE[2]), dtype=np.bool_)
    assert hiding(fitted, nothing).predict(cases) == before
    blanks = hiding(fitted, ~nothing).predict(cases)
    assert len(set(blanks)) == 1
    assert fitted.predict(cases) == before
    assert np.mean(one.endpoint.target.losses([s.outcome for s in samples], blanks)) > 0.3


@pytest.mark.parametrize("scale", ["development", "image"])
def test_what_is_hidden_is_called_what_it_is(scale: Scale) -> None:
    chance = np.random.default_rng(0)
    images = [Image(chance.normal(level, 9.0, (1, 12, 12)).astype(np.float32)) for level in (50.0, 200.0)]
    plan = ImagePlan((12, 12), clip=None, scale=scale)
    means = np.asarray(Preparation.fit(plan, images).transform(images)).mean(axis=(1, 2, 3))
    assert abs(means.mean()) < 1e-4, "0 is the mean of development"
    assert bool(np.abs(means).max() < 1e-4) == (scale == "image"), "and of each image where it is scaled by itself"
    for method in (ImageGradients(), ImageOcclusion()):
        assert BLANK in method.description
    assert "of development, or its own where each image is scaled by itself" in BLANK


def test_the_largest_fifth_is_removed_and_moved_patches_keep_their_size() -> None:
    values = np.arange(200, dtype=np.float32).reshape(2, 10, 10)
    top = most_important(values)
    assert top.sum(axis=(1, 2)).tolist() == [20, 20]
    assert top[:, 8:].all()
    assert moved(top, np.random.default_rng(0)).sum(axis=(1, 2)).tolist() == [20, 20]
    assert most_important(np.zeros((1, 5, 5), dtype=np.float32)).sum() == 5


def test_the_coarsest_map_with_places_is_taken() -> None:
    made = [torch.zeros(1, 2, *size) for size in ((16, 16), (8, 8), (4, 4), (1, 1))]
    assert usable(made, (32, 32)) is made[2]
    assert usable(made[-1:], (32, 32)) is made[3]


def test_correlation_of_a_map_that_says_nothing_is_zero() -> None:
    one = np.arange(9, dtype=np.float32).reshape(3, 3)
    assert correlation(one, np.zeros_like(one)) == 0.0
    assert correlation(one, one**2) == pytest.approx(1.0)

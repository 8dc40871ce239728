"""Heads take any encoder's features, start at what development says, and are right about their own losses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.utils.class_weight import compute_class_weight

from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.head import OrdinalHead, log_probabilities
from bedside.endpoints.ordinal.kind import ordinal
from bedside.errors import ModelError, StudyError
from bedside.networks.features import Pyramid, Vector
from bedside.networks.head import Head
from bedside.networks.losses import CrossEntropy, Focal, class_weights, loss_words

MEMBERS, CASES, WIDTH = 2, 30, 5
GRADES = ("none", "mild", "moderate", "severe")
STREAM = np.random.default_rng(7)
AnyHead = Head[Any, Any, Any]

ENDPOINTS: dict[str, tuple[Endpoint[Any, Any], Callable[..., AnyHead], list[Any]]] = {
    "binary": (binary(positive="yes", negative="no"), BinaryHead, (STREAM.random(CASES) < 0.3).tolist()),
    "multiclass": (multiclass(classes=GRADES), MulticlassHead, STREAM.integers(0, 4, CASES).tolist()),
    "continuous": (continuous(), ContinuousHead, STREAM.normal(50.0, 9.0, CASES).tolist()),
    "ordinal": (ordinal(grades=GRADES), OrdinalHead, STREAM.integers(0, 4, CASES).tolist()),
    "multilabel": (
        multilabel(labels=("effusion", "mass")),
        MultilabelHead,
        [(bool(a), None if c else bool(b)) for a, b, c in (STREAM.random((CASES, 3)) < [0.4, 0.5, 0.3]).tolist()],
    ),
}


def head_of(kind: str, **options: Any) -> AnyHead:
    endpoint, maker, outcomes = ENDPOINTS[kind]
    head = maker(endpoint, WIDTH, MEMBERS, **options)
    head.adapt(outcomes)
    return head


def values() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).normal(size=(MEMBERS, CASES, WIDTH))).float()


@pytest.mark.parametrize("kind", ENDPOINTS)
def test_a_vector_and_a_pyramid_are_the_same_to_a_head(kind: str) -> None:
    head = head_of(kind)
    torch.nn.init.normal_(head.layer.weight)  # type: ignore[union-attr, arg-type]
    maps = (torch.zeros(CASES, 3, 8, 8, 8), torch.zeros(CASES, 6, 4, 4, 4))
    of_vector, of_pyramid = head(Vector(values())), head(Pyramid(values(), maps))
    assert of_vector.shape[:2] == (CASES, MEMBERS)
    torch.testing.assert_close(of_pyramid, of_vector)
    told = head.decode(of_vector.detach().numpy())
    assert ENDPOINTS[kind][0].restore(ENDPOINTS[kind][0].cells(told)) == told


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (kind, options)
        for kind in ENDPOINTS
        for options in ({}, {"weights": "balanced"}, {"loss": Focal(1.5)})
        if kind != "continuous" or not options
    ],
    ids=str,
)
def test_training_lowers_the_loss(kind: str, options: dict[str, Any]) -> None:
    head, targets = head_of(kind, **options), head_of(kind).targets(ENDPOINTS[kind][2])
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = head.loss(head(Vector(values())), targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.9 * losses[0]
    assert head.reweighted == bool(options)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal", "multilabel"])
def test_an_untrained_head_predicts_the_prevalence(kind: str) -> None:
    endpoint, _, outcomes = ENDPOINTS[kind]
    head = head_of(kind)
    told = head.decode(head(Vector(values())).detach().numpy())
    for question in endpoint.target.questions:
        known = [outcome for outcome, there in zip(outcomes, question.known(outcomes), strict=True) if there]
        index = question.index(known)
        shares = np.bincount(index, minlength=len(question.classes)) / index.size
        np.testing.assert_allclose(question.probabilities(told).mean(axis=0), shares, atol=0.02)


def test_proportional_odds_start_at_the_prevalence_too() -> None:
    outcomes = ENDPOINTS["ordinal"][2]
    head = head_of("ordinal", proportional=True)
    told = np.array(head.decode(head(Vector(values())).detach().numpy()))
    np.testing.assert_allclose(told.mean(axis=0), np.bincount(outcomes, minlength=4) / CASES, atol=0.02)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=3), min_size=1, max_size=8), st.booleans())
def test_grades_never_cross(raw: list[list[float]], proportional: bool) -> None:
    head = OrdinalHead(ENDPOINTS["ordinal"][0], 3, 1, proportional=proportional)
    with torch.no_grad():
        head.layer.weight.copy_(torch.eye(3)[None, :, : head.layer.weight.shape[2]])
        outputs = head(Vector(torch.tensor([raw])))
    assert bool((outputs.diff(dim=2) < 0).all())
    told = np.array(head.decode(outputs.numpy()))
    assert told.min() >= 0
    np.testing.assert_allclose(told.sum(axis=1), 1.0, atol=1e-12)


def test_log_probabilities_are_differences_of_sigmoids_that_do_not_cancel() -> None:
    logits = torch.tensor([[[3.0, 1.0, -2.0]], [[60.0, 59.0, 58.0]], [[-58.0, -59.0, -60.0]]], dtype=torch.float64)
    found = log_probabilities(logits).numpy()[:, 0]
    reached = expit(np.array([3.0, 1.0, -2.0]))
    edges = np.concatenate([[1.0], reached, [0.0]])
    np.testing.assert_allclose(np.exp(found[0]), edges[:-1] - edges[1:], rtol=1e-12)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1, 1], -59.0 + np.log(1 - np.exp(-1.0)), rtol=1e-9)


def test_the_ordinal_loss_is_that_of_its_own_probabilities() -> None:
    head, outcomes = head_of("ordinal"), ENDPOINTS["ordinal"][2]
    torch.nn.init.normal_(head.layer.weight, std=0.3)  # type: ignore[union-attr, arg-type]
    outputs = head(Vector(values())).detach()
    each = [
        np.array(head.decode(outputs[:, [member]].numpy()))[np.arange(CASES), outcomes] for member in range(MEMBERS)
    ]
    assert float(head.loss(outputs, head.targets(outcomes))) == pytest.approx(-np.mean(np.log(each)), rel=1e-5)


def test_focal_loss_by_definition() -> None:
    chance = torch.tensor([0.9, 0.5, 0.1])
    torch.testing.assert_close(Focal(2.0)(chance.log()), (1 - chance) ** 2 * -chance.log())
    torch.testing.assert_close(Focal(0.0)(chance.log()), CrossEntropy()(chance.log()))
    assert Focal(0.0).proper
    assert not Focal(2.0).proper
    for power in (-1.0, 11.0, float("nan")):
        with pytest.raises(StudyError, match="power of the focal loss"):
            Focal(power)


def test_the_focal_slope_is_finite_at_certainty() -> None:
    sure = torch.tensor([0.0, -1e-9], requires_grad=True)
    Focal(0.5)(sure).sum().backward()  # type: ignore[no-untyped-call]
    assert sure.grad is not None
    assert bool(torch.isfinite(sure.grad).all())


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    index = np.repeat([0, 1, 2], [60, 30, 10])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=index)
    np.testing.assert_allclose(class_weights("balanced", np.bincount(index)).numpy(), expected, rtol=1e-6)
    declared = class_weights((1.0, 2.0, 3.0), np.bincount(index)).numpy()
    assert declared @ [0.6, 0.3, 0.1] == pytest.approx(1.0)
    for wrong in ((1.0, 2.0), (1.0, 0.0, 1.0), "even"):
        with pytest.raises(StudyError, match="class weights"):
            class_weights(wrong, [60, 30, 10])  # type: ignore[arg-type]


def test_weighted_losses_by_hand() -> None:
    head = head_of("multiclass", weights=(1.0, 2.0, 3.0, 4.0))
    outcomes = ENDPOINTS["multiclass"][2]
    logits = np.random.default_rng(0).normal(size=(CASES, MEMBERS, 4)).astype(np.float32)
    chance = softmax(logits.astype(np.float64), axis=2)[np.arange(CASES), :, outcomes]
    weight = class_weights((1.0, 2.0, 3.0, 4.0), np.bincount(outcomes, minlength=4)).numpy()[outcomes]
    found = head.loss(torch.from_numpy(logits), head.targets(outcomes))
    assert float(found) == pytest.approx(float((weight[:, None] * -np.log(chance)).mean()), rel=1e-5)


def test_unread_labels_have_no_slope() -> None:
    head = head_of("multilabel")
    outputs = torch.zeros(3, MEMBERS, 2, requires_grad=True)
    loss = head.loss(outputs, head.targets([(True, None), (False, False), (None, None)]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == pytest.approx(np.log(2.0))
    assert outputs.grad is not None
    moved = outputs.grad.abs().sum(dim=1) > 0
    assert moved.tolist() == [[True, False], [True, True], [False, False]]
    assert float(head.loss(outputs.detach(), head.targets([(None, None)] * 3))) == 0.0


@pytest.mark.parametrize("kind", ["multiclass", "ordinal"])
def test_heads_of_one_question_refuse_several(kind: str) -> None:
    with pytest.raises(ModelError, match="not a multilabel one"):
        ENDPOINTS[kind][1](ENDPOINTS["multilabel"][0], WIDTH, MEMBERS)


def test_losses_in_words() -> None:
    assert not loss_words({})
    assert loss_words({"loss": Focal(2.0), "weights": "balanced"}) == (
        "It was trained with a focal loss of power 2 (Lin et al., 2017) and with classes weighted alike, then "
        "recalibrated to the prevalence of the tuning data."
    )


@pytest.mark.parametrize(
    ("kind", "outcomes"),
    [
        ("continuous", np.random.default_rng(0).normal(140.0, 1.0, CASES).tolist()),  # millimoles of sodium in a litre
        ("ordinal", [0] * 3000 + [2] * 1000 + [3, 1]),
    ],
)
def test_half_precision_leaves_the_loss_its_digits(kind: str, outcomes: list[Any]) -> None:
    head = head_of(kind)
    head.adapt(outcomes)
    features, targets = Vector(values()), head.targets(outcomes[-CASES:])
    whole = head.loss(head(features), targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = head.loss(head(features).float(), targets)
    torch.testing.assert_close(half, whole, rtol=0.01, atol=0.0)
    half.backward()  # type: ignore[no-untyped-call]
    assert all(one.grad is not None and torch.isfinite(one.grad).all() for one in head.parameters())

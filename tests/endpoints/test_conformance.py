"""Every kind of endpoint goes through the same laws."""

import numpy as np
import pytest
from tests.conformance.endpoint import check_endpoint
from tests.endpoints.mask.outlines import cases
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity, AtSpecificity, FixedThreshold, OperatingRule, Youden
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.decision import CutPoints, DecisionRule, MostProbable, Rounded
from bedside.endpoints.ordinal.kind import ordinal
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.target import timed


@pytest.mark.parametrize("rule", [Youden(), AtSensitivity(0.9), AtSpecificity(0.9), FixedThreshold(0.35)], ids=repr)
@pytest.mark.parametrize("decimals", [1, 15])
def test_binary(rule: OperatingRule, decimals: int) -> None:
    stream = np.random.default_rng(1)
    outcomes = (stream.random(80) < 0.4).tolist()
    signal = stream.normal(size=80) + 1.2 * np.array(outcomes)
    predictions = np.round(1.0 / (1.0 + np.exp(-signal)), decimals).tolist()
    check_endpoint(binary(positive="malignant", negative="benign", operating=rule), outcomes, predictions)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_multiclass(count: int) -> None:
    stream = np.random.default_rng(2)
    outcomes = stream.integers(0, count, 90)
    raw = stream.normal(size=(90, count))
    raw[np.arange(90), outcomes] += 1.0
    shares = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    check_endpoint(
        multiclass(classes=tuple(f"grade {k}" for k in range(count))),
        outcomes.tolist(),
        [tuple(row) for row in shares.tolist()],
    )


@pytest.mark.parametrize("decimals", [0, 15])
def test_continuous(decimals: int) -> None:
    stream = np.random.default_rng(3)
    outcomes = np.round(stream.normal(150.0, 40.0, 90), decimals)
    predictions = np.round(outcomes + stream.normal(10.0, 30.0, 90), decimals)
    check_endpoint(
        continuous(unit="mg/dL", name="glucose", cuts=(120.0, 180.0)), outcomes.tolist(), predictions.tolist()
    )


@pytest.mark.parametrize("rule", [CutPoints(), Rounded(), MostProbable()], ids=repr)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_ordinal(rule: DecisionRule, count: int) -> None:
    stream = np.random.default_rng(4)
    outcomes = stream.integers(0, count, 90)
    raw = stream.normal(size=(90, count)) - 0.7 * np.abs(np.arange(count) - outcomes[:, None])
    shares = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    check_endpoint(
        ordinal(grades=tuple(f"grade {k}" for k in range(count)), decision=rule),
        outcomes.tolist(),
        [tuple(row) for row in shares.tolist()],
    )


@pytest.mark.parametrize("unread", [0.0, 0.2])
@pytest.mark.parametrize("decimals", [1, 15])
def test_multilabel(unread: float, decimals: int) -> None:
    stream = np.random.default_rng(5)
    there = stream.random((90, 3)) < [0.3, 0.5, 0.6]
    read = stream.random(there.shape) >= unread
    chances = 1.0 / (1.0 + np.exp(-(stream.normal(size=there.shape) + 1.5 * (there - 0.5))))
    rows = zip(there.tolist(), read.tolist(), strict=True)
    check_endpoint(
        multilabel(labels=("Effusion", "mass", "hiatal hernia"), thresholds={"mass": 0.4}),
        [tuple(one if known else None for one, known in zip(*row, strict=True)) for row in rows],
        [tuple(row) for row in np.round(chances, decimals).tolist()],
    )


def test_mask_of_flat_images() -> None:
    outcomes, predictions = cases(6, 30, (12, 10), 2, spacing=(1.0, 2.0))
    check_endpoint(mask(("anterior", "posterior part"), tolerance_mm=1.5), outcomes, predictions)


def test_mask_of_volumes() -> None:
    outcomes, predictions = cases(7, 30, (6, 7, 5), 1, spacing=None)
    check_endpoint(mask(("tumour",), tolerance_pixels=1.0, lesions=True, review_below=None), outcomes, predictions)


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_time_to_event(causes: int, truncated: bool) -> None:
    endpoint = time_to_event(
        horizon=10,
        unit="months",
        horizons=(5.0,),
        until=15,
        steps=6,
        causes=("death", "transplant")[:causes],
        thresholds=(0.3,),
    )
    x, outcomes = simulated(90, 3, causes=causes, truncated=truncated)
    noisy = x + np.random.default_rng(3).normal(scale=0.5, size=x.shape)
    check_endpoint(endpoint, outcomes, list(incidence(noisy, timed(endpoint, "a test").grid, causes)))

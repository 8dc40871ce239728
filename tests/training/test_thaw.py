"""Held stages stay as they are to the last bit, reached ones do not, and the rest is trained at its share."""

from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.training.small_images import PLAN, TRUNK, fit, network, radiographs
from tests.training.toy import ToyTrunk
from tests.training.toy import network as toy
from torch import nn

from bedside.errors import ModelError, StudyError
from bedside.training.determinism import deterministic
from bedside.training.engine import SingleThread
from bedside.training.feed import Feed
from bedside.training.loop import Loop
from bedside.training.model import Model
from bedside.training.thaw import Discriminative, Frozen, Gradual, Thaw, stages
from bedside.training.workplace import Workplace, at

STAGES, EPOCHS = st.integers(1, 8), st.integers(1, 40)


@given(STAGES, EPOCHS, st.integers(1, 5), st.floats(0.1, 1.0))
def test_gradual_thawing_goes_from_the_head_down_and_never_back(
    count: int, epoch: int, every: int, decay: float
) -> None:
    thaw = Gradual(every, decay)
    now, after = thaw.shares(count, epoch), thaw.shares(count, epoch + 1)
    assert list(now) == sorted(now), "a stage nearer to the head gets no less"
    assert all(one <= two for one, two in zip(now, after, strict=True))
    assert thaw.shares(count, every) == (0.0,) * count
    settled = thaw.settled(count)
    assert all(thaw.shares(count, settled))
    assert not all(thaw.shares(count, settled - 1))


@given(STAGES, EPOCHS, st.floats(0.05, 0.95))
def test_discriminative_rates_fall_by_one_factor(count: int, epoch: int, decay: float) -> None:
    shares = Discriminative(decay).shares(count, epoch)
    assert shares[-1] == pytest.approx(decay)
    assert all(one == pytest.approx(decay * two) for one, two in pairwise(shares))


@pytest.mark.parametrize("decay", [0.0, 1.0, -1.0])
def test_a_decay_that_is_none_is_refused(decay: float) -> None:
    with pytest.raises(StudyError, match="must lie between 0 and 1"):
        Discriminative(decay)


@pytest.mark.parametrize(("every", "decay"), [(0, 1.0), (1, 0.0), (1, 2.0)])
def test_a_gradual_thaw_that_never_comes_is_refused(every: int, decay: float) -> None:
    with pytest.raises(StudyError, match="whole number of epochs from 1"):
        Gradual(every, decay)


def moved(thaw: Thaw | None, epochs: int, *, statistics: bool = True) -> dict[str, float]:
    """How far each part moves when every epoch is the best so far: "head", "0", "1"."""
    cases, recipe = radiographs(32), network(thaw=thaw)
    prepared = TRUNK.prepare([one.predictors for one in cases])
    with deterministic(3):
        model: Model[Any] = recipe._model(prepared, recipe.defaults)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        feed = Feed(prepared.batches([one.predictors for one in cases]), model.head.targets([k.outcome for k in cases]))
        falling = count(0, -1)
        Loop(epochs=epochs, warm_up=1).train(model, feed, lambda: next(falling), learning_rate=0.01, weight_decay=0.1)
    after, learned = model.state_dict(), dict(model.named_parameters())
    found: dict[str, float] = {}
    for name, value in before.items():
        if not statistics and name not in learned:
            continue
        part = name.split(".")[3] if name.startswith("encoder.") else "head"
        found[part] = max(found.get(part, 0.0), float((after[name].double() - value.double()).abs().max()))
    return found


def test_a_frozen_encoder_keeps_weights_and_statistics() -> None:
    frozen = moved(Frozen(), 2)
    assert frozen["head"] > 0
    assert (frozen["0"], frozen["1"]) == (0.0, 0.0)
    free = moved(None, 2)
    assert min(free["0"], free["1"]) > 0


def test_stages_are_reached_one_by_one() -> None:
    assert moved(Gradual(2), 2)["1"] == 0.0
    third = moved(Gradual(2), 3)
    assert third["1"] > 0.0
    assert third["0"] == 0.0
    assert moved(Gradual(1), 3)["0"] > 0.0


def test_a_smaller_share_moves_less() -> None:
    wide, narrow = (moved(Discriminative(decay), 4, statistics=False) for decay in (0.9, 0.01))
    assert narrow["head"] > 0
    assert 0 < narrow["0"] < 0.1 * wide["0"]


def test_nothing_is_held_when_training_is_over() -> None:
    fitted, _ = fit(network(thaw=Frozen()))
    assert all(parameter.requires_grad for parameter in fitted.model.parameters())


def test_patience_counts_from_the_last_stage() -> None:
    loop = Loop(epochs=30, patience=2, batch=32)
    _, record = fit(network(thaw=Gradual(4), loop=loop))
    assert record["epochs"] >= Gradual(4).settled(2) + 1


def test_an_encoder_without_stages_is_one() -> None:
    recipe = toy(Loop(epochs=1), ToyTrunk(convolve=True), thaw=Gradual(1))
    encoder = recipe.trunk.prepare([]).encoder({})
    assert stages(encoder) == (encoder,)
    assert len(stages(TRUNK.prepare([one.predictors for one in radiographs(4)]).encoder(recipe_settings()))) == 2


def recipe_settings() -> dict[str, float]:
    return {"width": 1.0, "dropout": 0.0}


class Two(SingleThread):
    """As seen by one of two processes."""

    world_size = 2


def test_several_devices_hold_nothing() -> None:
    recipe = network(thaw=Frozen(), loop=Loop(epochs=1, engine=Two))
    with pytest.raises(ModelError, match=r"held on 2 devices.*one device, or .*Discriminative"):
        fit(recipe)


def test_the_methods_say_how_it_thaws() -> None:
    for thaw in (Frozen(), Discriminative(), Gradual(3, 0.5)):
        assert thaw.description in network(thaw=thaw).description
    assert "every 3 epochs" in Gradual(3).description
    assert PLAN.description in network().description


def modules(model: nn.Module) -> Iterator[nn.BatchNorm2d]:
    return (part for part in model.modules() if isinstance(part, nn.BatchNorm2d))


def test_statistics_of_held_stages_rest_while_the_model_trains() -> None:
    recipe = network(thaw=Gradual(1))
    prepared = TRUNK.prepare([one.predictors for one in radiographs(4)])
    model: Model[Any] = recipe._model(prepared, recipe.defaults)
    first, second = stages(model.encoder)
    model.enter(2)
    model.train()
    assert not any(part.training for part in modules(first))
    assert all(part.training for part in modules(second))
    model.leave()
    model.train()
    assert all(part.training for part in modules(model))
    assert all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())


class Interrupted(Exception):  # noqa: N818 - as if somebody pulled the plug
    pass


@pytest.mark.parametrize("epoch", [2, 3, 4])
def test_resumed_is_uninterrupted(epoch: int, tmp_path: Path) -> None:
    recipe = network(thaw=Gradual(2, 0.5), epochs=6)
    expected, record = fit(recipe)

    def plug(what: str, step: int, total: int) -> None:
        del what, total
        if step == epoch:
            raise Interrupted

    with at(Workplace(tmp_path, 0.0, plug)), pytest.raises(Interrupted):
        fit(recipe)
    with at(Workplace(tmp_path, 0.0)):
        resumed, again = fit(recipe)
    assert again == record
    found = resumed.model.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in expected.model.state_dict().items())

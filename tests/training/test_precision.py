"""Half precision and the layout in memory: chosen by the network and the device, recorded, and never served."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.toy import ToyTrunk, fit, network, pictures, weights
from torch import nn

from bedside.errors import ModelError
from bedside.training import precision
from bedside.training.engine import SingleThread, accelerated
from bedside.training.layout import arrange, arranged, layouts
from bedside.training.loop import Loop

CPU = torch.device("cpu")


def loop(**options: Any) -> Loop:
    return Loop(epochs=3, batch=16, **options)


@pytest.mark.parametrize("able", [{}, {"avx512_bf16": True}, {"amx_bf16": True}, {"bf16": True}, {"avx2": True}])
def test_half_precision_where_it_pays(able: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    has = bool(able) and "avx2" not in able
    assert precision.suited(nn.Conv2d(1, 1, 3), CPU) == ("bf16-mixed" if has else "32-true")
    assert precision.suited(nn.Linear(1, 1), CPU) == "32-true", "a table is trained in single precision"


def test_the_choice_is_recorded_and_can_be_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    convolving = ToyTrunk(convolve=True)
    _, chosen = fit(network(loop(), convolving))
    _, overruled = fit(network(loop(engine=partial(SingleThread, "32-true")), convolving))
    _, flat = fit(network(loop()))
    assert (chosen["precision"], overruled["precision"]) == ("bf16-mixed", "32-true")
    assert "precision" not in flat, "there was no choice"


def test_half_precision_trains_other_digits_and_serves_all_of_them() -> None:
    trunk = ToyTrunk(convolve=True)
    half, _ = fit(network(loop(engine=partial(SingleThread, "bf16-mixed")), trunk))
    full, _ = fit(network(loop(engine=partial(SingleThread, "32-true")), trunk))
    one, two = weights(half), weights(full)
    assert all(value.dtype == torch.float32 for value in one.values() if value.is_floating_point())
    assert not torch.equal(one["head.layer.weight"], two["head.layer.weight"])
    torch.testing.assert_close(one["head.layer.weight"], two["head.layer.weight"], atol=2e-2, rtol=0.2)
    half.model.load_state_dict(two)
    cases = [sample.predictors for sample in pictures(10, seed=4)]
    assert half.predict(cases) == full.predict(cases), "prediction knows nothing of how it was trained"


def test_lightning_takes_half_precision_too() -> None:
    trunk = ToyTrunk(convolve=True)
    plain, _ = fit(network(loop(engine=partial(SingleThread, "bf16-mixed")), trunk))
    driven, record = fit(network(loop(engine=accelerated("cpu", precision="bf16-mixed")), trunk))
    assert record["precision"] == "bf16-mixed"
    cases = [sample.predictors for sample in pictures(10, seed=4)]
    np.testing.assert_allclose(driven.predict(cases), plain.predict(cases), atol=1e-6)


def test_a_processor_has_no_16_bit_floats() -> None:
    with pytest.raises(ModelError, match='a processor trains in "32-true" or "bf16-mixed"'):
        fit(network(loop(engine=partial(SingleThread, "16-mixed"))))


def test_convolutions_read_channels_last() -> None:
    model = fit(network(loop(), ToyTrunk(convolve=True)))[0].model
    kernel, seen = model.encoder.first[0].weight, model.encoder.seen
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    assert seen
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in seen)


def test_layouts_of_images_and_volumes() -> None:
    flat, deep = nn.Conv2d(2, 3, 3), nn.Conv3d(2, 3, 3)
    both = nn.Sequential(flat, deep, nn.Linear(2, 2))
    before = [value.clone() for value in both.parameters()]
    wanted = layouts(both)
    assert wanted == {4: torch.channels_last, 5: torch.channels_last_3d}
    arrange(both)
    assert deep.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert all(torch.equal(one, two) for one, two in zip(before, both.parameters(), strict=True))
    volume = torch.randn(2, 2, 3, 3, 3)
    laid = arranged(volume, wanted)
    assert laid.is_contiguous(memory_format=torch.channels_last_3d)
    assert torch.equal(laid, volume)
    assert layouts(nn.Linear(1, 1)) == {}
    assert arranged("no tensor", wanted) == "no tensor"

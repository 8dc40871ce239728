"""The mean of the weights: as by hand, judged and kept, and gone from the weights that are trained."""

import torch
from tests.training.toy import BINARY, ToyTrunk, fit, network, pictures, weights
from torch import nn

from bedside.training.averaging import Average
from bedside.training.loop import Loop


def test_it_is_the_average_by_hand() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = Average(model, 0.5)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    decay = 0.0
    for step in range(1, 13):
        with torch.no_grad():
            for value in model.state_dict().values():
                value.add_(step)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            kept = value if not value.is_floating_point() else decay * expected[name] + (1 - decay) * value
            expected[name] = kept.clone()
    assert decay == 0.5, "the warm-up of the decay is over"
    for name, value in average.values.items():
        torch.testing.assert_close(value, expected[name])
    assert int(average.values["1.num_batches_tracked"]) == 78, "a count is no mean"


def test_a_constant_stays_what_it_is() -> None:
    model = nn.BatchNorm1d(1)
    model.running_mean.fill_(0.1)  # type: ignore[union-attr]
    average = Average(model, 0.999)
    for _ in range(50):
        average.update()
    assert torch.equal(average.values["running_mean"], torch.tensor([0.1]))


def test_inside_the_model_has_the_mean_and_outside_its_own() -> None:
    model = nn.Linear(2, 1)
    average = Average(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(5.0)
    before = average.values["weight"].clone()
    with average.in_place():
        assert torch.equal(model.weight, before)
    assert torch.equal(model.weight, torch.full((1, 2), 5.0))
    assert torch.equal(average.values["weight"], before)


def test_the_kept_weights_are_the_averaged_ones() -> None:
    # One step: the start, and the only weights after it, are known.
    loop = Loop(epochs=1, batch=48, warm_up=0)
    trunk = ToyTrunk(normalise=True)
    with_mean, record = fit(network(Loop(epochs=1, batch=48, warm_up=0, ema=0.99), trunk))
    without, _ = fit(network(loop, trunk))
    start, _ = fit(network(loop, trunk), learning_rate=1e-30, weight_decay=0.0)
    decay = 2 / 11
    for name, value in weights(with_mean).items():
        end = weights(without)[name]
        begin = weights(start)[name]
        if "running" in name:
            begin = torch.zeros_like(end) if "mean" in name else torch.ones_like(end)
        expected = decay * begin + (1 - decay) * end if value.is_floating_point() else end
        torch.testing.assert_close(value, expected)
    assert not torch.equal(weights(with_mean)["head.layer.weight"], weights(without)["head.layer.weight"])
    judged = pictures(72)[48:]
    told = with_mean.predict([sample.predictors for sample in judged])
    assert BINARY.loss([sample.outcome for sample in judged], told) == record["selection_loss"]

"""Augmentation, mixing and views: where they act, what they change, and that what is judged is what is served."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.toy import BINARY, Pictures, ToyTrunk, fit, network, pictures, weights
from torch import Tensor

from bedside.errors import ModelError
from bedside.training.loop import Loop

LOOP = Loop(epochs=3, batch=16)


@dataclass(frozen=True)
class Noise:
    """Adds noise and turns targets around."""

    seen: list[int] = field(default_factory=list)
    turn: bool = False
    description: str = "noise was added"

    def __call__(self, batch: Pictures, targets: Tensor) -> tuple[Pictures, Tensor]:
        self.seen.append(len(targets))
        return Pictures(batch.pixels + torch.randn_like(batch.pixels)), 1 - targets if self.turn else targets


@dataclass(frozen=True)
class Blend:
    """Mixes each case with the next one, half and half or as told."""

    share: float
    description: str = "neighbours were blended"

    def mix(self, batch: Pictures) -> tuple[Pictures, Tensor, float]:
        partner = torch.arange(len(batch.pixels)).roll(1)
        return Pictures(self.share * batch.pixels + (1 - self.share) * batch.pixels[partner]), partner, self.share


@dataclass(frozen=True)
class Mirrored:
    """The case and its mirror image."""

    description: str = "as it is and mirrored"

    def __call__(self, batch: Pictures) -> Sequence[Pictures]:
        return [batch, Pictures(batch.pixels.flip(-1))]


def test_training_batches_are_augmented_and_no_others() -> None:
    noise = Noise()
    augmented, _ = fit(network(LOOP, augment=noise))
    plain, _ = fit(network(LOOP))
    assert noise.seen == [16] * 9, "three epochs of three batches, selection never"
    assert not torch.equal(weights(augmented)["head.layer.weight"], weights(plain)["head.layer.weight"])
    cases = [sample.predictors for sample in pictures(20, seed=9)]
    assert augmented.predict(cases) == augmented.predict(cases)
    assert noise.seen == [16] * 9


def test_the_seed_governs_augmentation() -> None:
    one, two, other = (fit(network(LOOP, augment=Noise()), seed=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(weights(one)["head.layer.weight"], weights(two)["head.layer.weight"])
    assert not torch.equal(weights(one)["head.layer.weight"], weights(other)["head.layer.weight"])


def test_augmentation_may_change_targets() -> None:
    samples = pictures(400)
    judged, truth = [one.predictors for one in samples[200:]], np.array([one.outcome for one in samples[200:]])
    loop = Loop(epochs=1, batch=16)
    told = []
    for turn in (False, True):
        recipe = network(loop, augment=Noise(turn=turn))
        model, _ = recipe.fit({**recipe.defaults, "learning_rate": 0.01}, samples[:150], samples[150:200], seed=1)
        told.append(np.array(model.predict(judged)))
    right, wrong = (values[truth].mean() - values[~truth].mean() for values in told)
    assert right > 0 > wrong


def test_the_mixed_loss_is_the_formula() -> None:
    model = fit(network(LOOP, ToyTrunk(convolve=True)))[0].model
    pixels, targets = torch.randn(6, 1, 4, 4), torch.tensor([0.0, 1, 1, 0, 0, 1])
    partner = torch.tensor([1, 2, 3, 4, 5, 0])
    with torch.no_grad():
        own, others = model(Pictures(pixels), targets), model(Pictures(pixels), targets[partner])
        mixed = model(Pictures(pixels), targets, partner, 0.3)
    assert own != others
    torch.testing.assert_close(mixed, 0.3 * own + 0.7 * others)


def test_mixing_is_done_while_training() -> None:
    plain, whole, half = (
        weights(fit(network(LOOP, mixing=mixing))[0])["head.layer.weight"] for mixing in (None, Blend(1.0), Blend(0.5))
    )
    torch.testing.assert_close(plain, whole)
    assert not torch.allclose(plain, half)


def test_views_are_pooled_saved_and_served(tmp_path: Path) -> None:
    plain, viewed = network(LOOP), network(LOOP, views=Mirrored(), chunk=7)
    one, two = fit(plain)[0], fit(viewed)[0]
    cases = [sample.predictors for sample in pictures(20, seed=9)]
    mirrored = [case[:, ::-1].copy() for case in cases]
    expected = BINARY.pool([one.predict(cases), one.predict(mirrored)])
    np.testing.assert_allclose(two.predict(cases), expected, atol=1e-7)
    assert not np.allclose(one.predict(cases), expected)
    np.testing.assert_allclose(two.predict(mirrored), two.predict(cases), atol=1e-7)
    two.save(tmp_path / "viewed")
    one.save(tmp_path / "plain")
    assert viewed.load(tmp_path / "viewed").predict(cases) == two.predict(cases)
    with pytest.raises(ModelError, match="over as it is and mirrored, the learner that reads it over one look"):
        plain.load(tmp_path / "viewed")
    with pytest.raises(ModelError, match="over one look, the learner that reads it over as it is and mirrored"):
        viewed.load(tmp_path / "plain")
    assert "views" not in (tmp_path / "plain" / "network.json").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"augment": Noise()}, "changed at random: noise was added."),
        ({"augment": Noise(), "mixing": Blend(0.5)}, "noise was added; neighbours were blended."),
        ({"views": Mirrored()}, "pooled over several looks at each case: as it is and mirrored."),
    ],
)
def test_the_methods_say_so(options: dict[str, Any], words: str) -> None:
    recipe = network(LOOP)
    assert words in replace(recipe, **options).description
    assert words not in recipe.description

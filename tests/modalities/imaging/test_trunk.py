"""The trunk of a network on images: declared before it is fitted, restored exactly, lawful behind the spine's seams."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conformance.encoder import check_encoder
from torch import Tensor, device

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageEncoder, ImageTrunk
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.resnet import ResNet
from bedside.networks.convolutional.vgg import VGG
from bedside.networks.features import Pyramid


class OnPixels(ImageEncoder):
    """The encoder as a module on bare pixels."""

    def forward(self, batch: ImageTensors | Tensor) -> Pyramid:
        return super().forward(batch if isinstance(batch, ImageTensors) else ImageTensors(batch))


def images(*size: int, cases: int = 7) -> list[Image]:
    generator = np.random.default_rng(0)
    return [Image(generator.integers(0, 255, (1, *size), dtype=np.uint8)) for _ in range(cases)]


SETTINGS = {"width": 0.5, "dropout": 0.0}


@pytest.mark.parametrize("size", [(20, 24), (9, 10, 11)])
def test_the_encoder_keeps_the_laws(size: tuple[int, ...], tmp_path: Path) -> None:
    prepared = ImageTrunk(ImagePlan(size)).prepare(images(*size))
    batch = prepared.batches(images(*size)).take(torch.arange(7), device("cpu"))
    network = prepared.encoder(SETTINGS)
    assert network.members == 1
    check_encoder(lambda: OnPixels(prepared.encoder(SETTINGS).network, 0.0), batch.pixels, tmp_path)


def test_a_restored_trunk_is_the_saved_one() -> None:
    trunk = ImageTrunk(ImagePlan((16, 16)), ResNet(blocks=(1, 1), width=0.25))
    prepared = trunk.prepare(images(16, 16))
    state = json.loads(json.dumps(prepared.state(), allow_nan=False))
    again = trunk.restore(state)
    assert again.state() == prepared.state()
    assert again.architecture == trunk.architecture
    one, two = (made.batches(images(16, 16)).take(torch.tensor([3, 1]), device("cpu")) for made in (prepared, again))
    assert torch.equal(one.pixels, two.pixels)


def test_another_architecture_does_not_restore() -> None:
    plan = ImagePlan((16, 16))
    state = ImageTrunk(plan).prepare(images(16, 16)).state()
    with pytest.raises(ModelError, match=r"declared as .*'class': 'Compact'.*'class': 'ResNet'.*fit the model again"):
        ImageTrunk(plan, ResNet()).restore(state)
    with pytest.raises(ModelError, match="'norm': 'group'"):
        ImageTrunk(plan, Compact(norm="group")).restore(state)


def test_a_network_too_deep_is_refused_when_it_is_declared() -> None:
    with pytest.raises(StudyError, match=r"VGG-11 is too deep for images of 28 x 30 pixels: .* 32 x 32 pixels"):
        ImageTrunk(ImagePlan((28, 30)), VGG.of_depth(11))


def test_settings_make_it_wider_and_drop_features_while_training_only() -> None:
    trunk = ImageTrunk(ImagePlan((16, 16)))
    assert set(trunk.space) == {"width", "dropout"}
    prepared = trunk.prepare(images(16, 16))
    batch = prepared.batches(images(16, 16)).take(torch.arange(7), device("cpu"))
    narrow, wide = (prepared.encoder({"width": width, "dropout": 0.5}) for width in (0.5, 1.0))
    assert (narrow.width, wide.width) == (48, 96)
    assert torch.equal(wide.eval()(batch).values, wide(batch).values)
    dropped = (wide.train()(batch).values == 0).float().mean()
    kept = (wide.eval()(batch).values == 0).float().mean()
    assert dropped > kept + 0.2


def test_it_says_how_images_are_prepared_and_read() -> None:
    description = ImageTrunk(ImagePlan((28, 28))).description
    assert "28 x 28 pixels" in description
    assert "compact residual network" in description
    assert not description.endswith(".")

"""All architectures through the laws of encoders, for images and for volumes."""

import json
import warnings
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from tests.conformance.encoder import check_encoder, check_smallest

from bedside.errors import StudyError
from bedside.networks.convolutional.alexnet import AlexNet
from bedside.networks.convolutional.architecture import Architecture
from bedside.networks.convolutional.attention import CBAM, SqueezeExcite
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.declaration import Norm, Stem
from bedside.networks.convolutional.densenet import DenseNet
from bedside.networks.convolutional.efficientnet import EfficientNet
from bedside.networks.convolutional.lenet import LeNet
from bedside.networks.convolutional.resnet import ResNet
from bedside.networks.convolutional.spatial_transformer import SpatialTransformer
from bedside.networks.convolutional.transformer import ViT
from bedside.networks.convolutional.vgg import VGG
from bedside.training.onnx_runtime import Session

NARROW = 0.25
"""Factor on the width of the published networks, so that their laws are tested in seconds."""

ALL: tuple[Architecture, ...] = (
    Compact(width=0.5),
    Compact(width=0.5, norm="group", convolutions=2, attention=SqueezeExcite(), transformer=SpatialTransformer()),
    LeNet(),
    AlexNet(width=NARROW, norm="group"),
    VGG(convolutions=(1, 1, 2), width=NARROW, attention=CBAM(kernel=3)),
    ResNet(blocks=(1, 1, 1), width=NARROW, stem="large", attention=CBAM()),
    ResNet(blocks=(1, 2), bottleneck=True, width=NARROW, norm="group", attention=SqueezeExcite(reduction=4)),
    DenseNet(layers=(2, 3, 2), width=NARROW),
    DenseNet(layers=(2, 3), width=NARROW, norm="group", stem="large"),
    EfficientNet(width=NARROW),
    EfficientNet(width=NARROW, depth=0.5, norm="group", stem="large"),
    ViT(depth=4, heads=1, maps=2),
)

VOLUMES = [pytest.param(one, marks=() if isinstance(one, Compact | ResNet) else pytest.mark.slow) for one in ALL]

PUBLISHED = (
    *(VGG.of_depth(depth) for depth in (11, 13, 16, 19)),
    *(ResNet.of_depth(depth) for depth in (10, 18, 34, 50)),
    *(DenseNet.of_depth(depth) for depth in (121, 169, 201)),
    *(EfficientNet.scaled(scale) for scale in range(5)),
)


def label(architecture: Architecture) -> str:
    return f"{architecture.name} {architecture.norm}"


@pytest.mark.parametrize("architecture", ALL, ids=label)
def test_encoders_of_images_keep_the_laws(architecture: Architecture, tmp_path: Path) -> None:
    cases = torch.randn(5, 3, 29, 34, generator=torch.Generator().manual_seed(0))
    check_encoder(lambda: architecture.build(3, (29, 34)), cases, tmp_path)


@pytest.mark.parametrize("architecture", VOLUMES, ids=label)
def test_encoders_of_volumes_keep_the_laws(architecture: Architecture, tmp_path: Path) -> None:
    side = max(architecture.smallest(3), 10)
    size = (side, side + 1, side + 2)
    cases = torch.randn(5, 1, *size, generator=torch.Generator().manual_seed(0))
    check_encoder(lambda: architecture.build(1, size), cases, tmp_path)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("architecture", ALL, ids=label)
def test_the_smallest_size_works_and_one_less_is_refused(architecture: Architecture, dimensions: int) -> None:
    check_smallest(architecture, dimensions)


@pytest.mark.parametrize("architecture", [*ALL, *PUBLISHED], ids=label)
def test_declarations_are_json_and_say_what_they_are(architecture: Architecture) -> None:
    state = architecture.state()
    assert json.loads(json.dumps(state, allow_nan=False)) == state
    assert state["class"] == type(architecture).__name__
    assert architecture.description
    assert not architecture.description.endswith(".")
    assert architecture.widened(1.5).state() != state
    assert ("spatial transformer" in architecture.description) == (architecture.transformer is not None)


@pytest.mark.parametrize(
    ("architecture", "smallest"),
    [
        (Compact(), 1),
        (LeNet(), 28),
        (AlexNet(stem="large"), 63),
        (VGG.of_depth(11), 32),
        (ResNet.of_depth(18), 5),
        (ResNet(stem="large"), 17),
        (DenseNet.of_depth(121), 8),
        (DenseNet(stem="large"), 29),
        (EfficientNet.scaled(0), 9),
        (ViT(patch=16), 17),
    ],
    ids=lambda value: value.name if isinstance(value, Architecture) else str(value),
)
def test_smallest_sizes_follow_from_the_layers(architecture: Architecture, smallest: int) -> None:
    assert architecture.smallest(2) == smallest


@pytest.mark.parametrize(
    ("architecture", "weights"),
    [
        (ResNet.of_depth(18), 11_167_680),
        (ResNet.of_depth(34), 21_275_840),
        (ResNet.of_depth(50), 23_499_200),
        (DenseNet.of_depth(121), 6_945_024),
        (EfficientNet.scaled(0), 4_006_972),
        (VGG.of_depth(16), 14_717_760),
        (LeNet(), 60_998),
    ],
    ids=lambda value: value.name if isinstance(value, Architecture) else "",
)
def test_published_networks_have_the_published_number_of_weights(architecture: Architecture, weights: int) -> None:
    network = architecture.build(1, (32, 32))
    assert sum(one.numel() for one in network.parameters()) == weights


def test_the_default_is_small_at_28_pixels_and_as_deep_as_the_image() -> None:
    weights = sum(one.numel() for one in Compact().build(1, (28, 28)).parameters())
    assert 100_000 < weights < 300_000
    for size, maps in (((28, 28), [28, 14, 7]), ((64, 64), [32, 16, 8]), ((224, 224), [56, 28, 14, 7])):
        pyramid = Compact().build(1, size).eval()(torch.zeros(1, 1, *size))
        assert [one.shape[2] for one in pyramid.maps] == maps
    flat = Compact().build(1, (6, 40, 40)).eval()(torch.zeros(1, 1, 6, 40, 40))
    assert [tuple(one.shape[2:]) for one in flat.maps] == [(6, 20, 20), (6, 10, 10), (6, 10, 10)]


def test_a_wider_network_has_more_channels_and_a_default_one_exactly_the_published() -> None:
    assert ResNet().build(1, (28, 28)).width == 512
    assert ResNet().widened(0.5).build(1, (28, 28)).width == 256
    assert ResNet().widened(0.3).channels(64) == 20


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_only_group_normalisation_keeps_the_cases_of_a_training_batch_apart(norm: Norm) -> None:
    network = Compact(norm=norm).build(1, (20, 20)).train()
    cases = torch.randn(6, 1, 20, 20, generator=torch.Generator().manual_seed(0))
    apart = torch.allclose(network(cases).values[:, :2], network(cases[:2]).values, atol=1e-5)
    assert apart == (norm == "group")


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: Compact(width=0), r"width: 0; one or more positive"),
        (lambda: Compact(norm=cast("Norm", "layer")), r"norm: 'layer'; allowed is one of 'batch', 'group'"),
        (lambda: ResNet(blocks=()), r"blocks: empty"),
        (lambda: ResNet(stem=cast("Stem", "tiny")), r"stem: 'tiny'"),
        (lambda: ResNet.of_depth(20), r"depth: 20; allowed is one of 10, 18, 34, 50"),
        (lambda: VGG.of_depth(12), r"depth: 12"),
        (lambda: EfficientNet.scaled(9), r"scale: 9"),
        (lambda: ViT(patch=1), r"patch of ViT is 1"),
        (lambda: ViT(depth=2), r"depth 2 cannot give 4 maps"),
        (lambda: SqueezeExcite(reduction=0), r"reduction: 0"),
        (lambda: CBAM(kernel=4), r"kernel: 4; odd"),
        (lambda: Compact().build(1, (28,)), r"1 axes"),
        (lambda: VGG().build(1, (28, 28)), r"VGG-11 is too deep for images of 28 x 28 pixels.*32 x 32 pixels"),
    ],
)
def test_declarations_that_cannot_be_are_refused(declare: object, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        declare()  # type: ignore[operator]


@pytest.mark.parametrize(
    "architecture",
    [Compact(), ResNet(blocks=(1, 1), width=NARROW), *(pytest.param(one, marks=pytest.mark.slow) for one in ALL[1:])],
    ids=label,
)
def test_networks_are_the_same_as_graphs(architecture: Architecture) -> None:
    network = architecture.build(1, (32, 32)).eval()
    pixels = torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # remarks of the exporter about its own code
        shapes = ({0: torch.export.Dim("cases")},)
        program = torch.onnx.export(network, (pixels[:2],), dynamic_shapes=shapes, external_data=False, verbose=False)
        expected = network(pixels)[0].numpy()
    assert program is not None
    session = Session(program.model_proto.SerializeToString())
    np.testing.assert_allclose(session.run({session.inputs[0]: pixels.numpy()})[0], expected, atol=1e-4)

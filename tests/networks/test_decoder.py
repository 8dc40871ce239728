"""A decoder over every architecture, and the contracting half of the U-Net by itself."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tests.conformance.encoder import assert_close, built, check_encoder, check_smallest, digest, evaluated, pick

from bedside.errors import StudyError
from bedside.networks.convolutional.architecture import Architecture
from bedside.networks.convolutional.attention import SqueezeExcite
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.densenet import DenseNet
from bedside.networks.convolutional.efficientnet import EfficientNet
from bedside.networks.convolutional.resnet import ResNet
from bedside.networks.convolutional.spatial_transformer import SpatialTransformer
from bedside.networks.convolutional.transformer import ViT
from bedside.networks.convolutional.unet import ALIKE, COARSEST, UNet, steps
from bedside.networks.convolutional.vgg import VGG

PLAIN = UNet(width=0.5)
RESIDUAL = UNet(width=0.5, residual=True, attention=SqueezeExcite(reduction=4))

UNDER: tuple[Architecture, ...] = (
    PLAIN,
    RESIDUAL,
    Compact(width=0.5),
    VGG(convolutions=(1, 1, 2), width=0.25),
    ResNet(blocks=(1, 1, 1), width=0.25, stem="large"),
    ResNet(blocks=(1, 2), width=0.25, stem="small"),
    DenseNet(layers=(2, 3), width=0.25, norm="group", stem="large"),
    EfficientNet(width=0.25, depth=0.5, norm="group", stem="large"),
    ViT(depth=4, heads=1, maps=2),
)


def images(*size: int, cases: int = 3, channels: int = 1, seed: int = 0) -> torch.Tensor:
    return torch.randn(cases, channels, *size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("architecture", [PLAIN, RESIDUAL], ids=["plain", "residual"])
@pytest.mark.parametrize("size", [(19, 22), (9, 10, 12)], ids=["image", "volume"])
def test_the_contracting_half_keeps_the_laws_of_encoders(
    architecture: UNet, size: tuple[int, ...], tmp_path: Path
) -> None:
    check_encoder(lambda: architecture.build(1, size), images(*size, cases=5), tmp_path)
    check_smallest(architecture, len(size))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(2, 200), st.floats(0.3, 8.0)), min_size=2, max_size=3),
)
def test_axes_are_halved_as_far_as_size_and_spacing_allow(axes: list[tuple[int, float]]) -> None:
    size, spacing = (tuple(each) for each in zip(*axes, strict=True))
    found = steps(size, spacing)
    assert found[0].strides == (1,) * len(size)
    left, apart = size, spacing
    for step in found[1:]:
        assert max(step.strides) == 2
        halved = [d for d, stride in zip(apart, step.strides, strict=True) if stride == 2]
        assert max(halved) < ALIKE * min(halved), "axes unlike each other were halved together"
        left = tuple(math.ceil(length / stride) for length, stride in zip(left, step.strides, strict=True))
        apart = tuple(d * stride for d, stride in zip(apart, step.strides, strict=True))
    assert len(found) > 1
    if max(size) >= 2 * COARSEST:
        assert all(one >= min(COARSEST, was) for one, was in zip(left, size, strict=True))
    if len(found) < 7:
        assert max(left) < 2 * COARSEST


def test_thick_slices_are_kept_until_pixels_are_as_far_apart_within_them() -> None:
    found = steps((16, 128, 128), (5.0, 1.0, 1.0))
    assert [step.strides for step in found] == [
        (1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2),
    ]  # fmt: skip
    assert [step.kernel[0] for step in found] == [1, 1, 3, 3, 3, 3]
    network = UNet(width=0.25, spacing=(5.0, 1.0, 1.0)).build(1, (16, 128, 128))
    assert network.stages[0][0][0].kernel_size == (1, 3, 3)  # type: ignore[index]
    assert UNet().spaced((5.0, 1.0, 1.0)).spacing == (5.0, 1.0, 1.0)
    assert UNet(spacing=(1.0, 1.0)).spaced(None).spacing == (1.0, 1.0)


LONGER = (DenseNet, EfficientNet, VGG, ViT)
EACH = [
    pytest.param(one, size, number % 2 == 0, marks=[pytest.mark.slow] if isinstance(one, LONGER) else [])
    for number, one in enumerate(UNDER)
    for size in ((33, 42), (17, 19, 18))
]


@pytest.mark.parametrize(("architecture", "size", "gates"), EACH)
def test_every_architecture_is_decoded_to_full_resolution(
    architecture: Architecture, size: tuple[int, ...], gates: bool, tmp_path: Path
) -> None:
    size = tuple(max(length, architecture.smallest(len(size))) for length in size)
    declared = Decoded(architecture, gates=gates)
    cases = images(*size, channels=2)
    network = built(lambda: declared.build(2, size), seed=1)
    assert digest(network) == digest(built(lambda: declared.build(2, size), seed=1))
    whole = evaluated(network, cases)
    assert whole.maps[0].shape == (3, network.width, *size)
    assert 1 <= len(whole.maps) <= 3
    assert {one.shape[1] for one in whole.maps} == {network.width}
    for finer, coarser in pairwise(whole.maps):
        assert all(one >= two for one, two in zip(finer.shape[2:], coarser.shape[2:], strict=True))
    assert_close(evaluated(network, cases[1:2]), pick(whole, [1]), "alone")
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, tmp_path / "weights")
    other = built(lambda: declared.build(2, size), seed=2)
    other.load_state_dict(load_file(tmp_path / "weights"))
    assert torch.equal(evaluated(other, cases).maps[0], whole.maps[0])


@pytest.mark.parametrize("architecture", [one for one in UNDER if not isinstance(one, LONGER)])
def test_training_reaches_every_weight_and_repeats_byte_for_byte(architecture: Architecture) -> None:
    declared, size = Decoded(architecture, gates=True, convolutions=2), (40, 48)

    def gradients() -> dict[str, "torch.Tensor | None"]:
        network = built(lambda: declared.build(1, size), seed=3).train()
        torch.use_deterministic_algorithms(mode=True)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                maps = network(images(*size, seed=1)).maps
            sum((one * torch.linspace(-1, 2, one[0].numel()).view_as(one[0])).sum() for one in maps).backward()
        finally:
            torch.use_deterministic_algorithms(mode=False)
        return {name: one.grad for name, one in network.named_parameters()}

    first, again = gradients(), gradients()
    assert all(one is not None and bool(one.isfinite().all()) for one in first.values()), [
        name for name, one in first.items() if one is None
    ]
    assert all(torch.equal(first[name], again[name]) for name in first)  # type: ignore[arg-type]
    silent = [name for name, one in first.items() if one is not None and not one.abs().max() > 0]
    # A unit whose batch normalisation was never off its starting point may be dead; most may not.
    assert len(silent) < 0.1 * len(first), silent


def test_fine_detail_reaches_the_finest_map() -> None:
    """A pixel that is changed moves the answer at its own place most, though the encoder begins at a quarter."""
    network = built(lambda: Decoded(ResNet(blocks=(1, 1), width=0.25, stem="large")).build(1, (64, 64)), seed=1).eval()
    dark = torch.zeros(1, 1, 64, 64)
    lit = dark.clone()
    lit[0, 0, 20, 41] = 5.0
    with torch.inference_mode():
        moved = (network(lit).maps[0] - network(dark).maps[0]).abs().sum(1)[0]
    place = divmod(int(moved.argmax()), 64)
    assert abs(place[0] - 20) <= 2
    assert abs(place[1] - 41) <= 2


def test_declarations_are_json_and_say_what_they_are() -> None:
    declared = Decoded(UNet(residual=True), gates=True)
    state = declared.state()
    assert json.loads(json.dumps(state, allow_nan=False)) == state
    assert declared.widened(0.5).state() != state != declared.spaced((3.0, 1.0, 1.0)).state()
    assert Decoded(Compact()).spaced((3.0, 1.0, 1.0)) == Decoded(Compact())
    assert "Residual U-Net" in declared.description
    assert "Oktay" in declared.description
    assert "Oktay" not in Decoded(UNet()).description


def test_what_cannot_be_decoded_is_refused() -> None:
    with pytest.raises(StudyError, match="spatial transformer; its maps would not lie on the image"):
        Decoded(Compact(transformer=SpatialTransformer()))
    with pytest.raises(StudyError, match="levels: 0"):
        Decoded(UNet(), levels=0)
    with pytest.raises(StudyError, match="too deep for images of 1 x 1 pixels"):
        Decoded(UNet()).build(1, (1, 1))

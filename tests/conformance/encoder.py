"""What every encoder must do. A new one calls `check_encoder` with some cases and adds what is its own."""

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bedside.errors import StudyError
from bedside.networks.convolutional.architecture import Architecture
from bedside.networks.features import Pyramid

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def check_encoder(build: Callable[[], nn.Module], cases: Tensor, folder: Path) -> None:
    """Put an encoder of images through all laws.

    Args:
        build: Makes a new one, its weights drawn from torch's generator.
        cases: At least 5 images or volumes, shape (cases, channels, *size).
        folder: Empty, to save to.
    """
    encoder = settled(built(build, seed=1), cases)
    whole = check_features(encoder, cases)
    check_cases_apart(encoder, cases, whole)
    check_saving(encoder, built(build, seed=2), cases, whole, folder)
    check_seed(build)
    check_memory_format(encoder, cases, whole)
    check_gradients(build, cases)
    check_constant(encoder, cases)


def check_features(encoder: nn.Module, cases: Tensor) -> Pyramid:
    """A vector a case, maps from fine to coarse, and the images left as they were."""
    before = cases.clone()
    whole = evaluated(encoder, cases)
    assert torch.equal(cases, before), "the images were written into"
    assert whole.values.shape == (1, len(cases), encoder.width)
    assert len(whole.maps) >= 2
    for finer, coarser in zip(whole.maps, whole.maps[1:], strict=False):
        assert all(one >= two for one, two in zip(finer.shape[2:], coarser.shape[2:], strict=True))
    assert all(len(one) == len(cases) and one.ndim == cases.ndim for one in whole.maps)
    assert whole.values[0].std(dim=0).max() > 0, "all cases have the same features"
    return whole


def check_cases_apart(encoder: nn.Module, cases: Tensor, whole: Pyramid) -> None:
    """A case is encoded by itself: alone as in company, in any order, in chunks as at once."""
    assert len(cases) >= 5
    for k in range(3):
        assert_close(evaluated(encoder, cases[k : k + 1]), pick(whole, [k]), "alone")
    order = torch.randperm(len(cases), generator=torch.Generator().manual_seed(0)).tolist()
    assert_close(evaluated(encoder, cases[order]), pick(whole, order), "permuted")
    parts = [evaluated(encoder, chunk).values for chunk in torch.split(cases, 2)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole.values, rtol=2e-4, atol=2e-5, msg="chunked")


def check_saving(encoder: nn.Module, other: nn.Module, cases: Tensor, whole: Pyramid, folder: Path) -> None:
    """Weights that come back through safetensors give the same bytes."""
    assert not torch.equal(evaluated(other, cases).values, whole.values)
    path = folder / "weights.safetensors"
    save_file({name: value.contiguous() for name, value in encoder.state_dict().items()}, path)
    other.load_state_dict(load_file(path))
    assert torch.equal(evaluated(other, cases).values, whole.values), "saved and loaded differ"


def check_seed(build: Callable[[], nn.Module]) -> None:
    """The same seed draws the same bytes, another one others."""
    assert digest(built(build, seed=3)) == digest(built(build, seed=3))
    assert digest(built(build, seed=3)) != digest(built(build, seed=4))


def check_memory_format(encoder: Any, cases: Tensor, whole: Pyramid) -> None:
    """Channels may lie last in memory; only rounding may differ."""
    last = CHANNELS_LAST[cases.ndim]
    turned = copy.deepcopy(encoder).to(memory_format=last)
    assert_close(evaluated(turned, cases.contiguous(memory_format=last)), whole, "channels last")


def check_gradients(build: Callable[[], nn.Module], cases: Tensor) -> None:
    """Every weight, and every map on the way, has a say in the summary; training gives the same bytes again."""
    gradients = [trained(built(build, seed=5), cases) for _ in range(2)]
    for name, gradient in gradients[0].items():
        assert gradient is not None, f"no gradient reaches {name}"
        assert gradient.isfinite().all(), f"the gradient of {name} is not finite"
        assert gradient.abs().max() > 0, f"the gradient of {name} is zero"
        assert torch.equal(gradient, gradients[1][name]), f"the gradient of {name} differs from run to run"


def check_constant(encoder: nn.Module, cases: Tensor) -> None:
    """Images without content give numbers, in training as well."""
    for value in (0.0, 1.0, -30.0):
        flat = torch.full_like(cases, value)
        assert evaluated(encoder, flat).values.isfinite().all()
        features = copy.deepcopy(encoder).train()(flat)
        features.values.sum().backward()
        assert features.values.isfinite().all()


def check_smallest(architecture: Architecture, dimensions: int) -> None:
    """The smallest size works, trained and in evaluation; one pixel less is refused, by name, size and remedy."""
    side = architecture.smallest(dimensions)
    encoder = built(lambda: architecture.build(1, (side,) * dimensions), seed=1)
    features = settled(encoder, torch.randn(4, 1, *(side,) * dimensions, generator=torch.Generator().manual_seed(0)))
    told = evaluated(features, torch.ones(2, 1, *(side,) * dimensions))
    assert told.values.isfinite().all()
    assert all(min(one.shape) > 0 for one in told.maps)
    longer = (side, *(side + 3,) * (dimensions - 1))
    assert evaluated(architecture.build(1, longer), torch.ones(2, 1, *longer)).values.isfinite().all()
    less, least = (" x ".join([str(one)] * dimensions) for one in (side - 1, side))
    with pytest.raises(StudyError, match=rf"too deep for images of {less} pixels.*{least} pixels\. Prepare larger"):
        architecture.build(1, (side - 1,) * dimensions)
    with pytest.raises(StudyError, match="too deep"):
        architecture.require((side - 1, *(90,) * (dimensions - 1)))


def built(build: Callable[[], nn.Module], *, seed: int) -> Any:
    """A new encoder from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def settled(encoder: Any, cases: Tensor) -> Any:
    """The encoder off its starting point: some weights start at zero, and batch statistics at none."""
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
        encoder.train()
        with torch.random.fork_rng(devices=[]):
            for _ in range(3):
                encoder(cases)
    return encoder.eval()


def evaluated(encoder: Any, cases: Tensor) -> Pyramid:
    """Features in evaluation mode."""
    encoder.eval()
    with torch.inference_mode():
        features: Pyramid = encoder(cases)
    return features


def trained(encoder: Any, cases: Tensor) -> dict[str, Tensor]:
    """Gradients by the names of weights and places of maps, under torch's deterministic algorithms."""
    settled(encoder, cases).train()
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(mode=True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            features = encoder(cases)
        for one in features.maps:
            one.retain_grad()
        weighted = features.values.flatten() * torch.linspace(-1, 2, features.values.numel())
        weighted.sum().backward()
    finally:
        torch.use_deterministic_algorithms(before)
    weights = {name: parameter.grad for name, parameter in encoder.named_parameters()}
    return {**weights, **{f"map {place}": one.grad for place, one in enumerate(features.maps)}}


def pick(features: Pyramid, positions: list[int]) -> Pyramid:
    """The features of some cases."""
    return Pyramid(features.values[:, positions], tuple(one[positions] for one in features.maps))


def assert_close(told: Pyramid, expected: Pyramid, how: str) -> None:
    """Equal but for the rounding of single-precision sums in another order."""
    for place, (one, two) in enumerate(zip((told.values, *told.maps), (expected.values, *expected.maps), strict=True)):
        limit = 2e-5 * max(1.0, float(two.abs().max()))
        assert (one - two).abs().max() <= limit, f"{how}: part {place} differs by {float((one - two).abs().max())}"


def digest(encoder: nn.Module) -> str:
    """SHA-256 of all weights."""
    content = b"".join(value.numpy().tobytes() for value in encoder.state_dict().values())
    return hashlib.sha256(content).hexdigest()

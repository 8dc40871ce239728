"""Layers of convolutional networks against torch's own, and what the spatial transformer starts from."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bedside.networks.convolutional.architecture import Reduction
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.layers import MaxPool, MeanPool, normalisation
from bedside.networks.convolutional.residual import ResidualBlock
from bedside.networks.convolutional.spatial_transformer import Moving, SpatialTransformer, sample


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=40)
@given(st.tuples(*[st.integers(3, 9)] * 3), st.sampled_from([(2, 2, 0), (3, 2, 0), (3, 2, 1)]))
def test_volumes_are_pooled_as_torch_does(size: tuple[int, int, int], window: tuple[int, int, int]) -> None:
    maps = drawn(2, 3, *size)
    torch.testing.assert_close(MaxPool(*window)(maps), functional.max_pool3d(maps, *window))


@settings(deadline=None, max_examples=40)
@given(st.tuples(*[st.integers(2, 9)] * 3), st.tuples(*[st.integers(1, 2)] * 3), st.booleans())
def test_means_of_volumes_are_torch_s(
    size: tuple[int, int, int], strides: tuple[int, int, int], round_up: bool
) -> None:
    maps = drawn(2, 3, *size)
    expected = functional.avg_pool3d(maps, strides, ceil_mode=round_up)
    torch.testing.assert_close(MeanPool(strides, round_up=round_up)(maps), expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 600))
def test_groups_divide_the_channels(channels: int) -> None:
    layer = normalisation("group", 2, channels)
    assert channels % layer.num_groups == 0  # type: ignore[operator]
    assert layer.num_groups == 1 or channels // layer.num_groups >= 4  # type: ignore[operator]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 3), st.integers(0, 3))
def test_reductions_are_torch_s_lengths(length: int, kernel: int, stride: int, padding: int) -> None:
    told = Reduction(kernel, stride, padding).after(length)
    if length + 2 * padding < kernel or (stride > 1 and length < 2):
        assert told == 0
    else:
        layer = torch.nn.Conv1d(1, 1, kernel, stride, padding)
        assert told == layer(torch.zeros(1, 1, length)).shape[-1]


def test_a_residual_block_that_adds_nothing_is_the_mean_where_it_halves() -> None:
    block = ResidualBlock("batch", 2, 8, 8, strides=(2, 1)).eval()
    torch.nn.init.zeros_(block.added[-1].weight)  # type: ignore[arg-type]
    maps = drawn(3, 8, 5, 4)
    expected = functional.avg_pool2d(maps, (2, 1), ceil_mode=True)
    torch.testing.assert_close(block(maps), expected.relu())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.sampled_from([(7, 9), (4, 5, 6)]))
def test_sampling_is_torch_s_and_so_are_its_gradients(seed: int, size: tuple[int, ...]) -> None:
    dimensions = len(size)
    images = drawn(2, 3, *size, seed=seed).double().requires_grad_()
    movement = torch.eye(dimensions, dimensions + 1) + 0.3 * drawn(2, dimensions, dimensions + 1, seed=seed + 1)
    movement = movement.double().requires_grad_()
    layer = Moving(3, size, 4).double()
    told = sample(images, layer.places @ movement.transpose(1, 2)).reshape(images.shape)
    # Torch names the axes of a place from the last to the first.
    turned = torch.cat([movement[..., :dimensions].flip(1, 2), movement[..., dimensions:].flip(1)], dim=2)
    grid = functional.affine_grid(turned, list(images.shape), align_corners=False)
    expected = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    torch.testing.assert_close(told, expected, rtol=1e-5, atol=1e-5)
    weights = drawn(*images.shape, seed=seed + 2).double()
    ours = torch.autograd.grad((told * weights).sum(), [images, movement])
    theirs = torch.autograd.grad((expected * weights).sum(), [images, movement])
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(28, 28), (9, 12, 10)])
def test_the_spatial_transformer_starts_by_moving_nothing(size: tuple[int, ...]) -> None:
    images = drawn(3, 2, *size)
    torch.testing.assert_close(SpatialTransformer().layer(2, size)(images), images)


def test_the_spatial_transformer_learns_to_move() -> None:
    torch.manual_seed(0)
    layer = SpatialTransformer().layer(1, (16, 16))
    spots = torch.zeros(1, 1, 16, 16)
    spots[..., 4:9, 4:9] = 1
    spots = functional.avg_pool2d(spots, 5, 1, 2)
    wanted = spots.roll((3, 3), (2, 3))
    optimizer = torch.optim.Adam(layer.parameters(), lr=3e-3)
    before = loss = functional.mse_loss(spots, wanted)
    for _ in range(120):
        optimizer.zero_grad()
        loss = functional.mse_loss(layer(spots), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert loss < 0.1 * before


def test_a_spatial_transformer_stands_in_front_of_the_first_stage_only() -> None:
    plain, moved = Compact(), Compact(transformer=SpatialTransformer())
    names = [[name for name, _ in one.build(1, (28, 28)).named_parameters()] for one in (plain, moved)]
    assert len(names[1]) > len(names[0])
    assert {name for name in names[1] if not name.startswith("stages.0.")} == {
        name for name in names[0] if not name.startswith("stages.0.")
    }

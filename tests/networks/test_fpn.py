"""A feature pyramid is an architecture like any other, and every map tells what coarser ones know."""

import json

import pytest
import torch

from bedside.errors import StudyError
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.fpn import FeaturePyramid
from bedside.networks.convolutional.resnet import ResNet
from bedside.networks.convolutional.spatial_transformer import SpatialTransformer


@pytest.mark.parametrize("size", [(64, 80), (33, 57), (28, 28, 30)])
@pytest.mark.parametrize("merged", [None, 2])
def test_maps_of_one_width_and_their_summary(size: tuple[int, ...], merged: "int | None") -> None:
    torch.manual_seed(0)
    plain = Compact(width=0.25)
    network = FeaturePyramid(backbone=plain, width=0.25, merged=merged).build(2, size).eval()
    images = torch.randn(2, 2, *size)
    found, own = network(images), plain.build(2, size).eval()(images)
    assert len(found.maps) == (merged or len(own.maps))
    assert {one.shape[1] for one in found.maps} == {12} == {network.width}
    assert [one.shape[2:] for one in found.maps] == [one.shape[2:] for one in own.maps[-len(found.maps) :]]
    torch.testing.assert_close(found.values[0], found.maps[0].flatten(2).mean(-1))


def test_the_finest_map_hears_of_what_is_far_away() -> None:
    torch.manual_seed(0)
    plain = ResNet(blocks=(1, 1, 1), width=0.125, stem="small")
    network = FeaturePyramid(backbone=plain, width=0.25).build(1, (48, 48)).eval()
    images = torch.randn(1, 1, 48, 48)
    other = images.clone()
    other[..., -4:, -4:] += 3.0
    near = [network.stages[0](one)[..., 30, 30] for one in (images, other)]
    assert torch.equal(*near), "too far away for the stage itself"
    assert not torch.equal(*(network(one).maps[0][..., 30, 30] for one in (images, other)))


def test_declarations() -> None:
    pyramid = FeaturePyramid(backbone=Compact(width=0.5), merged=3)
    assert json.loads(json.dumps(pyramid.state())) == pyramid.state()
    assert pyramid.widened(2.0).backbone.width == 1.0
    assert pyramid.widened(2.0).width == 2.0
    assert "last 3 stages" in pyramid.description
    with pytest.raises(StudyError, match="merged"):
        FeaturePyramid(merged=0)
    for declared in ({"transformer": SpatialTransformer()}, {"backbone": Compact(transformer=SpatialTransformer())}):
        with pytest.raises(StudyError, match="transformer"):
            FeaturePyramid(**declared)

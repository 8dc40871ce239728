"""Fits small networks with every annotated shape checked at run time; started by test_shapes.py.

The checks are installed by an import hook and must be there before the package is imported, hence a process of its own.
"""

import sys
from typing import cast

from jaxtyping import TypeCheckError, install_import_hook

SHAPED = (
    "bedside.networks.blocks",
    "bedside.networks.embeddings",
    "bedside.networks.convolutional.attention",
    "bedside.networks.convolutional.layers",
    "bedside.networks.convolutional.residual",
    "bedside.networks.convolutional.spatial_transformer",
    "bedside.networks.convolutional.staged",
    "bedside.networks.features",
    "bedside.networks.head",
    "bedside.networks.losses",
    "bedside.modalities.imaging.augment",
    "bedside.modalities.imaging.batches",
    "bedside.modalities.imaging.trunk",
    "bedside.modalities.tabular.encoder",
    "bedside.endpoints.binary.head",
    "bedside.endpoints.multiclass.head",
    "bedside.endpoints.continuous.head",
)

with install_import_hook(SHAPED, "beartype.beartype"):
    import torch
    from tests.training.cohorts import KINDS, cohort
    from tests.training.small_images import PLAN, fit, radiographs
    from tests.training.small_images import network as image_network
    from tests.training.test_conformance import network

    from bedside.modalities.imaging.augment.mixing import MixUp
    from bedside.modalities.imaging.augment.standard import standard
    from bedside.modalities.imaging.batches import ImageTensors
    from bedside.modalities.imaging.trunk import ImageTrunk
    from bedside.networks.blocks import MemberLinear
    from bedside.networks.convolutional.attention import CBAM, SqueezeExcite
    from bedside.networks.convolutional.compact import Compact
    from bedside.networks.convolutional.resnet import ResNet
    from bedside.networks.convolutional.spatial_transformer import SpatialTransformer
    from bedside.networks.convolutional.vgg import VGG


PICTURED = (
    ResNet(blocks=(1, 1), width=0.125, attention=CBAM(reduction=2)),
    Compact(width=0.25, transformer=SpatialTransformer(), attention=SqueezeExcite(reduction=2)),
    VGG(convolutions=(1, 1), width=0.125),
)


def main() -> int:
    for kind in KINDS:
        simulated = cohort(kind, 60)
        recipe = network(simulated.endpoint)
        fitted, _ = recipe.fit(recipe.defaults, simulated.samples[:40], simulated.samples[40:], seed=1)
        assert len(fitted.predict([sample.predictors for sample in simulated.samples])) == 60
    for architecture in PICTURED:
        trunk = ImageTrunk(PLAN, architecture)
        pictured, _ = fit(image_network(trunk=trunk, augment=standard(PLAN), mixing=MixUp()))
        assert len(pictured.predict([sample.predictors for sample in radiographs(5, first=900)])) == 5
    for wrong in (
        lambda: MemberLinear(2, 3, 1)(torch.zeros(5, 3)),
        lambda: Compact().build(1, (20, 20))(torch.zeros(20)),
        lambda: standard(PLAN)(ImageTensors(torch.zeros(2, 1, 20, 20)), cast("torch.Tensor", 3)),
    ):
        try:
            wrong()
        except TypeCheckError:
            continue
        print("a value of the wrong shape was accepted: the checks are not installed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

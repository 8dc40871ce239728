"""A detector on whole images: outcomes are placed, predictions come back, and what is saved predicts the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bedside.data.sample import Sample
from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.head import BoxHead
from bedside.endpoints.boxes.kind import boxes
from bedside.errors import ModelError
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.boxes import Enclosing
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.mixing import CutMix, MixUp
from bedside.modalities.imaging.augment.views import Mirrored
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.placing import placement
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageEncoder, ImageTrunk
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.fpn import FeaturePyramid
from bedside.training.framed import Framed
from bedside.training.loop import Loop
from bedside.training.model import Model
from bedside.training.network import Network
from bedside.training.way import Whole
from bedside.types import PatientId, SampleId

CELLS = boxes(("cell",))
PLAN = ImagePlan((32, 32), clip=None)


def image(seed: int) -> tuple[Image, Boxes]:
    """A flat image of 40 by 64 pixels with one to three bright squares."""
    stream = np.random.default_rng(seed)
    pixels = stream.normal(0.0, 0.1, (1, 40, 64)).astype(np.float32)
    corners = []
    for column in range(int(stream.integers(1, 4))):
        row, start = int(stream.integers(2, 22)), 20 * column + int(stream.integers(2, 6))
        pixels[0, row : row + 14, start : start + 14] += 2.0
        corners.append([row - 0.5, start - 0.5, row + 13.5, start + 13.5])
    return Image(pixels), Boxes(np.array(corners), np.zeros(len(corners), dtype=np.int64), (40, 64))


def samples(count: int, first: int = 0) -> list[Sample[Readable, Boxes]]:
    found = [(str(seed), *image(seed)) for seed in range(first, first + count)]
    return [Sample(SampleId(name), PatientId(name), pixels, truth) for name, pixels, truth in found]


def network(epochs: int, **options: object) -> Network[Readable, Found]:
    trunk = ImageTrunk(PLAN, FeaturePyramid(backbone=Compact(width=0.5), width=0.5))
    loop = Loop(epochs=epochs, batch=8, warm_up=5, schedule="cosine")
    augment = Geometric(flips=(0, 1), follow=Enclosing(PLAN.size))
    return Network(
        endpoint=CELLS,
        trunk=trunk,
        head=BoxHead,
        loop=loop,
        members=1,
        chunk=3,
        augment=augment,
        **{"way": Framed(), **options},  # type: ignore[arg-type]
    )


def test_it_learns_in_the_pixels_of_the_images_and_is_read_back(tmp_path: Path) -> None:
    recipe, development, selection = network(8), samples(24), samples(8, first=100)
    settings = {**recipe.defaults, "learning_rate": 5e-3, "dropout": 0.0}
    fitted, record = recipe.fit(settings, development, selection, seed=1)
    told = fitted.predict([sample.predictors for sample in selection])
    truth = [sample.outcome for sample in selection]
    assert CELLS.loss(truth, told) == pytest.approx(float(str(record["selection_loss"])), abs=1e-6)
    assert CELLS.loss(truth, told) < 0.5
    assert fitted.predict([selection[3].predictors])[0].kinds.tolist() == told[3].kinds.tolist()
    fitted.save(tmp_path)
    assert recipe.load(tmp_path).predict([sample.predictors for sample in selection]) == told


def test_outcomes_are_placed_where_the_plan_puts_their_pixels() -> None:
    pixels, truth = image(0)
    placed = truth.placed(placement(pixels, PLAN))
    assert placed.size == (32, 32)
    np.testing.assert_allclose(placed.corners[:, 2:] - placed.corners[:, :2], 7.0, atol=1e-4)
    assert (placed.corners[:, 0] > 5.0).all(), "below the padding"


def test_several_looks_and_unplaced_outcomes_are_refused() -> None:
    recipe = network(1)
    prepared = recipe.trunk.prepare([image(seed)[0] for seed in range(3)])
    encoder = prepared.encoder({"width": 1.0, "dropout": 0.0})
    assert isinstance(encoder, ImageEncoder)
    model: Model[ImageTensors] = Model(encoder, BoxHead(CELLS, encoder.width, 1))
    with pytest.raises(ModelError, match="looks"):
        Framed().asked(model, prepared, [image(0)[0]], chunk=1, views=Mirrored((1,)))
    with pytest.raises(ModelError, match="follow=Enclosing"):
        Framed().feed(model, prepared, samples(2), Augmentations((Geometric(flips=(0,)),)), None)
    for mixing in (MixUp(), CutMix()):
        with pytest.raises(ModelError, match=r"outcomes cannot follow .*leave mixing out"):
            Framed().feed(model, prepared, samples(2), None, mixing)
    with pytest.raises(ModelError, match="Framed"):
        replace(recipe, way=Whole()).fit(recipe.defaults, samples(4), samples(2, first=100), seed=1)

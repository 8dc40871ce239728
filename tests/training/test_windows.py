"""Learning from random windows and answering window by window, with real networks on balls in noise."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.data.placement import Placement
from bedside.data.sample import Sample
from bedside.endpoints.mask.head import MaskHead
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import ModelError, OutcomeProblem
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.augment.mixing import CutMix, MixUp
from bedside.modalities.imaging.augment.views import Mirrored
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.modalities.imaging.windows.derived import Derived
from bedside.modalities.imaging.windows.follow import outlined
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.modalities.imaging.windows.trunk import WindowTrunk
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.unet import UNet
from bedside.networks.features import Pyramid
from bedside.networks.map_losses import IGNORED
from bedside.training.determinism import deterministic
from bedside.training.loop import Loop
from bedside.training.model import Model
from bedside.training.network import FittedNetwork, Network
from bedside.training.windows import Axis, Windows, WindowSupply
from bedside.types import PatientId, SampleId

CPU = torch.device("cpu")
BALL, TWO = mask(("ball",), tolerance_mm=1.0), mask(("ball", "cube"), tolerance_pixels=1.0)
SMALL = Decoded(UNet(width=0.5), levels=2)
FLAT = WindowTrunk(WindowPlan(ImagePlan(size=(16, 16), scale="image")), SMALL)


def ball(seed: int, side: int = 24) -> Sample[Image, Mask]:
    """A bright ball somewhere in noise."""
    generator = np.random.default_rng(seed)
    centre, radius = generator.uniform(8, side - 8, 3), generator.uniform(4, 6)
    away = np.indices((side,) * 3) - centre[:, None, None, None]
    inside = (away**2).sum(axis=0) < radius**2
    pixels = (generator.normal(size=(1, *inside.shape)) + 2 * inside).astype(np.float32)
    geometry = Geometry((1.0, 1.0, 1.0))
    return sampled(seed, Image(pixels, geometry), Mask(inside.astype(np.uint8), geometry.spacing))


def flat(seed: int, size: tuple[int, int] = (24, 30)) -> Sample[Image, Mask]:
    """An image whose second structure is much smaller than its first."""
    generator = np.random.default_rng(seed)
    labels = np.zeros(size, dtype=np.uint8)
    labels[3:13, 4:14] = 1
    labels[-4:-2, -5:-3] = 2
    return sampled(seed, Image((generator.normal(size=(1, *size)) + labels).astype(np.float32)), Mask(labels))


def sampled(seed: int, image: Image, drawn: Mask) -> Sample[Image, Mask]:
    return Sample(SampleId(str(seed)), PatientId(str(seed)), image, drawn)


def recipe(trunk: WindowTrunk, endpoint: Any, **options: Any) -> Network[Any, Segmentation]:
    given: dict[str, Any] = {"loop": Loop(epochs=1, batch=2, warm_up=2), "way": Windows(), "chunk": 4, **options}
    return Network(endpoint=endpoint, trunk=trunk, head=MaskHead, **given)


def fitted(network: Network[Any, Segmentation], samples: list[Sample[Image, Mask]], seed: int = 1) -> Any:
    return network.fit(network.defaults, samples[:-1], samples[-1:], seed=seed)[0]


def dice(drawn: Mask, told: Segmentation) -> float:
    common = ((drawn.labels == 1) & (told.labels == 1)).sum()
    return float(2 * common / ((drawn.labels == 1).sum() + (told.labels == 1).sum()))


@pytest.fixture(scope="module")
def told_flat() -> FittedNetwork[Any, Segmentation]:
    """A network that has seen a little of flat images."""
    found: FittedNetwork[Any, Segmentation] = fitted(recipe(FLAT, TWO), [flat(k) for k in range(5)])
    return found


def test_a_ball_in_noise_is_found_within_seconds() -> None:
    network = recipe(WindowTrunk(architecture=SMALL), BALL, loop=Loop(epochs=6, batch=2, warm_up=5))
    found = fitted(network, [ball(k) for k in range(9)])
    unseen = [ball(200 + k) for k in range(3)]
    told = found.predict([one.predictors for one in unseen])
    assert np.mean([dice(one.outcome, each) for one, each in zip(unseen, told, strict=True)]) > 0.9
    assert "random windows" in network.description


def test_the_same_alone_as_in_company_and_however_many_windows_at_a_time(
    told_flat: FittedNetwork[Any, Segmentation],
) -> None:
    images = [flat(50, (24, 30)).predictors, flat(51, (9, 40)).predictors, flat(52, (17, 16)).predictors]
    together = told_flat.predict(images)
    assert [one.size for one in together] == [one.size for one in images]
    assert together == [told_flat.predict([one])[0] for one in images]
    assert together[::-1] == told_flat.predict(images[::-1])
    for chunk in (1, 3, 100):
        other = replace(told_flat, chunk=chunk).predict(images)
        off = [np.abs(a.shares.astype(int) - b.shares.astype(int)).max() for a, b in zip(together, other, strict=True)]
        assert max(off) <= 1  # of 255: sums in another order


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    network = recipe(FLAT, TWO, augment=Augmentations((Geometric(rotate=20.0, follow=outlined), Intensity(noise=0.1))))
    samples = [flat(k) for k in range(4)]
    folders = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        (tmp_path / name).mkdir()
        fitted(network, samples, seed).save(tmp_path / name)
        folders.append((tmp_path / name / "weights.safetensors").read_bytes())
    assert folders[0] == folders[1] != folders[2]
    again = network.load(tmp_path / "one")
    images = [one.predictors for one in samples]
    assert again.predict(images) == fitted(network, samples, 1).predict(images)


def test_windows_lie_about_structures_as_often_as_declared_and_each_structure_alike() -> None:
    cases = FLAT.prepare([flat(0, (60, 70)).predictors]).batches([flat(0, (60, 70)).predictors])
    labels = flat(0, (60, 70)).outcome.labels
    for share in (0.0, 1.0):
        supply = WindowSupply(cases, [labels], Windows(per_case=200, foreground=share))
        with deterministic(3):
            targets = supply.take(torch.arange(200), CPU).targets
        seen = [float((targets == label).flatten(1).any(1).float().mean()) for label in (1, 2)]
        if share:
            assert sum(seen) >= 1.0
            assert min(seen) > 0.35
        else:
            assert max(seen) < 0.45


@settings(deadline=None, max_examples=25)
@given(
    size=st.tuples(st.integers(4, 30), st.integers(4, 30)),
    seed=st.integers(0, 99),
    moved=st.booleans(),
    foreground=st.floats(0.0, 1.0),
)
def test_labels_lie_where_their_image_lies(size: tuple[int, int], seed: int, moved: bool, foreground: float) -> None:
    """An image that shows its labels: wherever a label is known, window and labels agree, augmented or not."""
    labels = np.random.default_rng(seed).integers(0, 2, size).astype(np.uint8)
    labels[0, 0], labels[-1, -1] = 0, 1
    cases = FLAT.prepare([Image(labels[None] * np.float32(3.0))]).batches([Image(labels[None] * np.float32(3.0))])
    flips = Geometric(flips=(0, 1), follow=outlined)
    supply = WindowSupply(cases, [labels], Windows(per_case=8, foreground=foreground), flips if moved else None)
    with deterministic(seed):
        fed = supply.take(torch.arange(8), CPU)
    known = fed.targets != IGNORED
    assert torch.equal((fed.batch.pixels > 0)[known], (fed.targets == 1)[known])
    assert not (fed.batch.pixels > 0)[~known].any(), "what is padded is as dark as the darkest pixel"
    assert int(known.sum()) == 8 * min(size[0], 16) * min(size[1], 16)


@pytest.mark.parametrize("size", [(20, 20), (12, 12, 12)])
def test_turned_images_and_labels_stay_together(size: tuple[int, ...]) -> None:
    """Away from edges both move alike; what comes from beyond the window is not known."""
    place = np.indices(size).sum(axis=0)
    labels = torch.from_numpy((place > place.mean()).astype(np.uint8))[None, None].repeat(
        6, *(1 for _ in range(len(size) + 1))
    )
    pixels = labels.float()
    change = Geometric(rotate=40.0, scale=0.3, shift=0.2, follow=outlined)
    with deterministic(0):
        batch, targets = change(ImageTensors(pixels), labels)
    known = targets != IGNORED
    assert 0.3 < float(known.float().mean()) < 1.0
    # Where nearly all that is interpolated is of one label, so is the nearest pixel.
    sure = known & ((batch.pixels < 0.1) | (batch.pixels > 0.9))
    assert float(sure[known].float().mean()) > 0.7
    assert torch.equal((batch.pixels > 0.5)[sure], (targets == 1)[sure])
    assert set(targets.flatten().tolist()) == {0, 1, IGNORED}


def test_what_is_turned_keeps_its_form_where_pixels_are_long_along_one_axis() -> None:
    """A rod of 12 mm stays one: turned in pixels of 1 by 4 mm it would be up to four times as long."""
    plan = WindowPlan(ImagePlan(size=(32, 8), spacing=(1.0, 4.0), scale="image"))
    labels = np.zeros((32, 8), dtype=np.uint8)
    labels[10:23, 4] = 1
    image = Image(flat(0, (32, 8)).predictors.pixels, Geometry((1.0, 4.0)))
    sample = sampled(0, image, Mask(labels))
    network = recipe(WindowTrunk(plan, SMALL), BALL)
    prepared = network.trunk.prepare([image])
    encoder = prepared.encoder({"width": 1.0})
    model: Any = Model(encoder, MaskHead(BALL, encoder.width, 1))
    turn = Geometric(rotate=90.0, follow=outlined)
    supply = Windows(per_case=40, foreground=0.0).feed(model, prepared, [sample], Augmentations((turn,)), None)
    assert supply.augment is not None
    assert "in millimetres (1 x 4 mm a pixel)" in supply.augment.description
    torch.manual_seed(0)
    for found in supply.take(torch.arange(40), CPU).targets[:, 0].numpy():
        where = np.argwhere(found == 1) * (1.0, 4.0)
        if len(where):
            assert np.linalg.norm(np.ptp(where, axis=0)) < 18.0
    even = replace(plan, image=replace(plan.image, spacing=(1.0, 1.0)))
    square = WindowTrunk(even, SMALL).prepare([replace(image, geometry=Geometry((1.0, 1.0)))])
    still = Windows().feed(model, square, [sample], turn, None)
    assert still.augment is turn


@settings(deadline=None, max_examples=100)
@given(length=st.integers(1, 200), side=st.integers(2, 40), overlap=st.floats(0.0, 0.9))
def test_windows_cover_every_pixel(length: int, side: int, overlap: float) -> None:
    axis = Axis.of(length, side, overlap)
    covered = np.zeros(axis.whole)
    for start in axis.starts:
        assert 0 <= start + axis.before <= axis.whole - side
        covered[start + axis.before : start + axis.before + side] += 1
    assert covered.min() >= 1
    assert float(axis.weight.min()) > 0
    steps = np.diff(axis.starts)
    assert len(steps) == 0 or steps.max() <= np.ceil(max(1.0, side * (1 - overlap)))


class Constant(MaskHead):
    """Tells what the first map shows: the network is left out, and blending alone is judged."""

    def forward(self, features: Any) -> torch.Tensor:
        """Log odds of twice the first channel."""
        shown = 2.0 * features.maps[0][:, :1]
        return torch.cat([-shown, shown], dim=1).unsqueeze(1)


class Seen(torch.nn.Module):
    """An encoder that gives the pixels themselves."""

    width = members = 1

    def forward(self, batch: ImageTensors) -> Any:
        """One map."""
        return Pyramid(torch.zeros(1, len(batch.pixels), 1), (batch.pixels,))


@pytest.mark.parametrize("views", [None, Mirrored((0, 1))])
@pytest.mark.parametrize("size", [(40, 37), (7, 50), (10, 9)])
def test_blended_windows_are_the_whole(size: tuple[int, int], views: "Mirrored | None") -> None:
    """A network that looks at one pixel answers the same in windows, mirrored or not, as on the whole image."""
    image = Image(np.random.default_rng(0).normal(size=(1, *size)).astype(np.float32))
    prepared = FLAT.prepare([image])
    model: Any = Model(Seen(), Constant(BALL, 1, 1))  # type: ignore[arg-type]
    told = Windows(overlap=0.4).asked(model, prepared, [image], chunk=3, views=views)()
    assert told is not None
    low, high, centre, factor = prepared.preparation.moments(prepared.batches([image])._image(0)).ravel()
    values = (np.clip(image.pixels[0], low, high) - centre) * factor
    expected = 255 / (1 + np.exp(-4.0 * values))
    assert np.abs(told[0][0].shares[0].astype(float) - expected).max() < 0.51


def test_answers_come_back_to_the_grid_of_the_image() -> None:
    """Turned and resampled, a structure is told where it lies in the image as it was read."""
    i, j, k = np.indices((30, 20, 16))
    labels = (2 * i / 29 + j / 19 + k / 30 < 1.75).astype(np.uint8)  # half of the volume, unlike any turn of it
    affine = np.array([[0, 0, -2.0, 0], [1.0, 0, 0, 0], [0, 1.5, 0, 0], [0, 0, 0, 1]])
    image = Image(labels[None] * np.float32(6.0) - 3.0, Geometry((1.0, 1.5, 2.0), affine))
    plan = ImagePlan(size=(16, 16, 16), spacing=(1.5, 1.5, 1.5), orientation="RAS", scale="image", clip=None)
    prepared = WindowTrunk(WindowPlan(plan), SMALL).prepare([image])
    model: Any = Model(Seen(), Constant(BALL, 1, 1))  # type: ignore[arg-type]
    told = Windows().asked(model, prepared, [image], chunk=4)()
    assert told is not None
    assert told[0][0].size == labels.shape
    assert dice(Mask(labels), told[0][0]) > 0.97


def test_what_lies_outside_what_was_prepared_is_not_learned() -> None:
    image = Image(np.random.default_rng(0).normal(size=(1, 10, 11)), Geometry((1.0, 1.0)))
    plan = WindowPlan(ImagePlan(size=(8, 8), spacing=(0.31, 3.7), enlarge=9.0, scale="image"))
    prepared = WindowTrunk(plan, SMALL).prepare([image])
    model: Any = Model(prepared.encoder({"width": 0.5}), MaskHead(BALL, 12, 1))
    judged = np.ones((10, 11), dtype=np.bool_)
    judged[:5] = False
    drawn = Mask(np.ones((10, 11), dtype=np.uint8), (1.0, 1.0), judged)
    supply = Windows().feed(model, prepared, [sampled(0, image, drawn)], None, None)
    assert supply.outlines[0].shape == supply.cases.size(0)
    half = len(supply.outlines[0]) // 2
    assert (supply.outlines[0][: half - 1] == IGNORED).all()
    assert (supply.outlines[0][half + 1 :] == 1).all()


def test_a_supply_tells_what_it_is_and_what_it_has_room_for() -> None:
    samples = [flat(k) for k in range(3)]
    prepared = FLAT.prepare([one.predictors for one in samples])
    model: Any = Model(prepared.encoder({"width": 1.0}), MaskHead(TWO, 12, 1))
    supply = Windows(per_case=4).feed(model, prepared, samples, None, MixUp())
    assert len(supply) == 12
    assert supply.batch == 2
    with deterministic(0):
        fed = supply.take(torch.tensor([0, 5, 11]), CPU)
        assert fed.partner is not None
        assert torch.isfinite(model.train()(*fed))
    other = Windows(per_case=3).feed(model, prepared, samples, None, None)
    assert list(supply.identity()) == list(supply.identity()) != list(other.identity())


def test_numbers_that_are_not_finite_are_told_from_an_answer(told_flat: FittedNetwork[Any, Segmentation]) -> None:
    prepared, image = told_flat.prepared, flat(1).predictors
    model: Any = Model(prepared.encoder(told_flat.settings), MaskHead(TWO, 12, 1))
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    assert Windows().asked(model, prepared, [image], chunk=2)() is None


def test_what_does_not_fit_together_is_refused(told_flat: FittedNetwork[Any, Segmentation]) -> None:
    class Shuffled:
        description = "shuffled"

        def __call__(self, batch: ImageTensors) -> list[ImageTensors]:
            return [batch]

    model, prepared = told_flat.model, told_flat.prepared
    with pytest.raises(ModelError, match=r"these views \(shuffled\).*declare Mirrored"):
        Windows().asked(model, prepared, [], chunk=1, views=Shuffled())
    whole = ImageTrunk(ImagePlan(size=(16, 16))).prepare([flat(0).predictors])
    with pytest.raises(ModelError, match="ImageBatches, which are taken whole"):
        Windows().asked(model, whole, [flat(0).predictors], chunk=1)
    wrong = sampled(0, flat(0).predictors, Mask(np.zeros((24, 24), dtype=np.uint8)))
    with pytest.raises(OutcomeProblem, match="24 x 24 pixels and its image 24 x 30"):
        Windows().feed(model, prepared, [wrong], None, None)
    with pytest.raises(ModelError, match=r"moves images without them.*follow=outlined"):
        Windows().feed(model, prepared, [flat(0)], Augmentations((Geometric(flips=(0,)),)), None)
    with pytest.raises(ModelError, match=r"outcomes cannot follow \(patched in pairs .*MixUp, which blends"):
        Windows().feed(model, prepared, [flat(0)], None, CutMix())
    for name, value in (("per_case", 0), ("foreground", 1.5), ("overlap", 0.95)):
        with pytest.raises(ModelError, match=f"{name}="):
            Windows(**{name: value})  # type: ignore[arg-type]


def test_a_plan_chosen_from_development_is_saved_with_the_network(tmp_path: Path) -> None:
    network = recipe(WindowTrunk(Derived(pixels=512), SMALL), TWO)
    found = fitted(network, [flat(k) for k in range(3)])
    found.save(tmp_path)
    saved = json.loads((tmp_path / "network.json").read_text())
    assert "windows of" in " ".join(saved["preparation"]["preparation"]["plan"]["chosen"])
    image = flat(9).predictors
    assert network.load(tmp_path).predict([image]) == found.predict([image])
    assert found.prepared.batches([image]).placement(0) == Placement.still((24, 30))

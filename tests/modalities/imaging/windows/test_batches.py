"""Windows of images of any size: what they show, what they are padded with, and how they are standardised."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.data.placement import Placement
from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows import preparation
from bedside.modalities.imaging.windows.batches import WindowBatches
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.modalities.imaging.windows.preparation import SHELF, Standings, WindowPreparation
from bedside.modalities.imaging.windows.trunk import PreparedWindows, WindowTrunk
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.unet import UNet

CPU = torch.device("cpu")


def image(size: tuple[int, ...], *, channels: int = 1, seed: int = 0, factor: float = 1.0) -> Image:
    pixels = factor * np.random.default_rng(seed).random((channels, *size))
    return Image(pixels.astype(np.float32), Geometry((1.0,) * len(size)))


def batches(images: list[Image], **options: object) -> WindowBatches:
    plan = WindowPlan(ImagePlan(size=(6, 8), scale="image", clip=None, **options))  # type: ignore[arg-type]
    return WindowBatches(WindowPreparation.fit(plan, images), images)


@law
@given(
    size=st.tuples(st.integers(2, 20), st.integers(2, 20)),
    start=st.tuples(st.integers(-5, 18), st.integers(-7, 18)),
)
def test_a_window_shows_its_place_and_beyond_the_image_the_darkest(
    size: tuple[int, int], start: tuple[int, int]
) -> None:
    given_image = image(size)
    cases = batches([given_image])
    start = tuple(min(first, n - 1) for first, n in zip(start, size, strict=True))  # type: ignore[assignment]
    told = cases.windows([0], [start], CPU).pixels.numpy()[0, 0]
    pixels = given_image.pixels[0].astype(np.float64)
    expected = np.full((6, 8), pixels.min())
    for place in np.ndindex(6, 8):
        where = tuple(a + b for a, b in zip(start, place, strict=True))
        if all(0 <= a < n for a, n in zip(where, size, strict=True)):
            expected[place] = pixels[where]
    np.testing.assert_allclose(told, (expected - pixels.mean()) / pixels.std(), atol=1e-4)


def test_windows_do_not_write_into_images() -> None:
    cases = batches([image((9, 9))])
    first = cases.windows([0], [(0, 0)], CPU).pixels
    assert torch.equal(cases.windows([0], [(0, 0)], CPU).pixels, first)
    assert len(cases) == 1
    assert cases.size(0) == (9, 9)
    assert cases.placement(0) == Placement.still((9, 9))
    assert torch.equal(cases.take(torch.tensor([0]), CPU).pixels, cases.windows([0], [(1, 0)], CPU).pixels)


def test_units_do_not_matter_where_each_image_is_scaled_by_itself() -> None:
    small, large = image((9, 9)), image((9, 9), factor=1e6)
    cases = batches([small, large])
    torch.testing.assert_close(*(cases.windows([k], [(0, 0)], CPU).pixels for k in (0, 1)), rtol=1e-4, atol=1e-4)


def test_the_scale_of_development_is_that_of_its_pixels() -> None:
    images = [image((n, 30), channels=2, seed=n, factor=n / 10) for n in (20, 31, 45)]
    plan = WindowPlan(ImagePlan(size=(8, 8), channels=2, clip=(1.0, 99.0)))
    prepared = WindowPreparation.fit(plan, images)
    assert prepared.scale is not None
    assert prepared.scale == WindowPreparation.fit(plan, images[::-1]).scale
    means = np.mean([one.pixels.mean(axis=(1, 2)) for one in images], axis=0)
    np.testing.assert_allclose(prepared.scale.centre, means, rtol=0.05)
    assert WindowPreparation.from_state(json.loads(json.dumps(prepared.state()))) == prepared
    told = WindowBatches(prepared, images).windows([0, 1, 2], [(0, 0)] * 3, CPU).pixels
    assert abs(float(told.mean())) < 0.6
    eight = [Image((255 * one.pixels / one.pixels.max()).astype(np.uint8)) for one in images]
    assert WindowBatches(WindowPreparation.fit(plan, eight), eight).windows([0], [(0, 0)], CPU).pixels.isfinite().all()


def test_an_image_is_decoded_once(tmp_path: Path) -> None:
    reads = []

    class Counted:
        def __init__(self, path: Path) -> None:
            self.path = path

        def read(self) -> Image:
            reads.append(1)
            return image((9, 9))

    SHELF.clear()
    plan = WindowPlan(ImagePlan(size=(4, 4), scale="image"))
    given_image = Counted(tmp_path)
    one = WindowBatches(WindowPreparation(plan, None), [given_image])
    for _ in range(3):
        one.windows([0, 0], [(0, 0), (1, 1)], CPU)
    assert len(reads) <= 2  # once to be told apart, once to be prepared


def test_large_images_are_mapped_from_files_without_a_name_and_seen_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    images = [image((40, 30), seed=k) for k in range(3)]
    plan = WindowPlan(ImagePlan(size=(8, 8), scale="image"))

    def seen(large: int) -> tuple[torch.Tensor, int]:
        shelf = Standings(memory=1 << 20, disk=1 << 20, large=large)
        monkeypatch.setattr(preparation, "SHELF", shelf)
        batches = WindowBatches(WindowPreparation(plan, None), images)
        return batches.windows([0, 1, 2, 0], [(0, 0), (3, 4), (-2, 5), (32, 22)], CPU).pixels, shelf.held

    (small, held), (large, none) = seen(1 << 20), seen(1)
    torch.testing.assert_close(large, small, rtol=0.0, atol=0.0)
    assert held > 0
    assert none == 0, "no pixel is held in memory"
    assert not list(tmp_path.iterdir()), "and none in a file that another one could open"


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    plan = WindowPlan(ImagePlan(size=(4, 4)))
    with pytest.raises(FileProblem, match=r"broken\.png"):
        WindowPreparation.fit(plan, [ImageFile(broken)])
    with pytest.raises(FileProblem, match=r"image 2 of 2: .*declare a size of 3 numbers"):
        WindowPreparation.fit(plan, [image((9, 9)), image((9, 9, 9))])
    with pytest.raises(ModelError, match="no development images"):
        WindowPreparation.fit(plan, [])


def test_a_trunk_is_restored_with_what_it_chose() -> None:
    trunk = WindowTrunk(architecture=Decoded(UNet(width=0.25)))
    images = [image((20, 30), seed=k) for k in range(3)]
    prepared = trunk.prepare(images)
    state = json.loads(json.dumps(prepared.state(), allow_nan=False))
    again = trunk.restore(state)
    assert isinstance(again, PreparedWindows)
    assert again.preparation == prepared.preparation
    assert again.notes == prepared.notes
    assert "halvings of the maps" in str(prepared.notes["plan"])
    encoder = prepared.encoder({"width": 1.0})
    features = encoder(prepared.batches(images).take(torch.tensor([0, 2]), CPU))
    assert features.maps[0].shape == (2, encoder.width, *prepared.preparation.plan.patch)
    with pytest.raises(ModelError, match="declare the saved one"):
        WindowTrunk(architecture=Decoded(Compact())).restore(state)
    assert "nnU-Net" in trunk.description
    assert "4 x 4 pixels" in WindowTrunk(WindowPlan(ImagePlan(size=(4, 4)))).description

"""Boxes go where their things go."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.augment.boxes import NONE, Enclosing
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.batches import ImageTensors

SIZE = {2: (36, 48), 3: (24, 30, 28)}


def filled(targets: Tensor, size: tuple[int, ...]) -> Tensor:
    """Images in which the first box of every case is bright."""
    pixels = torch.zeros(len(targets), 1, *size)
    half = len(size)
    for case, row in enumerate(targets[:, 0]):
        inside = tuple(slice(int(row[a] + 0.5), int(row[a + half] + 0.5)) for a in range(half))
        pixels[case, 0][inside] = 1.0
    return pixels


def cases(seed: int, size: tuple[int, ...], count: int = 3) -> Tensor:
    """One box of whole pixels a case near the centre, and a row without one."""
    stream = np.random.default_rng(seed)
    extent = np.array(size)
    starts = stream.integers(extent // 3, extent // 2, (count, len(size))) - 0.5
    rows = np.concatenate([starts, starts + stream.integers(5, 9, starts.shape)], axis=1)
    targets = torch.zeros(count, 2, 2 * len(size) + 1)
    targets[:, 0, :-1] = torch.from_numpy(rows)
    targets[:, 0, -1], targets[:, 1, -1] = 1.0, NONE
    return targets


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 3]),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.15),
    st.sampled_from([0.0, 10.0]),
    st.booleans(),
)
def test_a_box_encloses_its_thing_after_every_change(
    seed: int, dimensions: int, scale: float, shift: float, turn: float, flip: bool
) -> None:
    size = SIZE[dimensions]
    targets = cases(seed, size)
    flips = tuple(range(dimensions)) if flip else ()
    change = Geometric(flips=flips, rotate=turn, scale=scale, shift=shift, follow=Enclosing(size))
    torch.manual_seed(seed)
    images, moved = change(ImageTensors(filled(targets, size)), targets)
    for case in range(len(targets)):
        assert moved[case, 1, -1] == NONE
        assert moved[case, 0, -1] == 1.0
        there = torch.nonzero(images.pixels[case, 0] > 0.5).float()
        low, high = there.amin(0) - 0.5, there.amax(0) + 0.5
        told = moved[case, 0, :-1]
        # Half bright pixels at the border may lie up to a pixel on either side; a turned box leaves its corners empty.
        slack = 1.01 if not turn else 4.0
        assert (told[:dimensions] <= low + 1.01).all()
        assert (told[dimensions:] >= high - 1.01).all()
        assert (told[:dimensions] >= low - slack).all()
        assert (told[dimensions:] <= high + slack).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_flips_are_exact(seed: int) -> None:
    targets = cases(seed, SIZE[2])
    change = Geometric(flips=(0, 1), follow=Enclosing(SIZE[2]))
    torch.manual_seed(seed)
    images, moved = change(ImageTensors(filled(targets, SIZE[2])), targets)
    torch.testing.assert_close(filled(moved, SIZE[2]), images.pixels)


def test_a_round_thing_stays_as_large_when_it_is_turned() -> None:
    targets = cases(0, SIZE[2], count=1)
    targets[0, 0, :4] = torch.tensor([10.0, 18.0, 24.0, 32.0])
    torch.manual_seed(3)
    warp = Geometric(rotate=40.0).draw(torch.zeros(1, 1, *SIZE[2]))
    box, ellipse = (Enclosing(SIZE[2], shape)(targets, warp)[0, 0] for shape in ("box", "ellipse"))
    torch.testing.assert_close(ellipse[2:4] - ellipse[:2], torch.tensor([14.0, 14.0]), atol=1e-3, rtol=0.0)
    assert ((box[2:4] - box[:2]) > 15.0).all()


def test_what_is_mostly_outside_is_left_out_and_the_rest_cut() -> None:
    targets = torch.tensor([[[10.0, 0.0, 20.0, 10.0, 0.0], [10.0, 20.0, 20.0, 30.0, 0.0]]]).repeat(40, 1, 1)
    torch.manual_seed(0)
    moved = Geometric(shift=0.3, follow=Enclosing(SIZE[2]))(ImageTensors(torch.zeros(40, 1, *SIZE[2])), targets)[1]
    there = moved[..., -1] >= 0
    assert 0 < int((~there[:, 0]).sum()) < 40
    kept = moved[there]
    assert (kept[:, :2] >= -0.5).all()
    assert (kept[:, 2:4] <= torch.tensor(SIZE[2]) - 0.5 + 1e-4).all()
    areas = (kept[:, 2] - kept[:, 0]) * (kept[:, 3] - kept[:, 1])
    assert (areas >= 50.0 - 1e-3).all()
    assert (areas < 99.0).any()
    assert (moved[~there][:, :-1] == 0).all()


def test_grey_values_leave_boxes_alone() -> None:
    targets = cases(0, SIZE[2])
    batch = ImageTensors(filled(targets, SIZE[2]))
    assert Intensity(brightness=1.0, contrast=0.5, noise=0.5)(batch, targets)[1] is targets


def test_bent_images_and_other_sizes_are_refused() -> None:
    targets = cases(0, SIZE[2])
    images = ImageTensors(torch.zeros(3, 1, *SIZE[2]))
    with pytest.raises(ModelError, match="elastic=0"):
        Geometric(elastic=0.2, follow=Enclosing(SIZE[2]))(images, targets)
    with pytest.raises(ModelError, match="plan's size"):
        Geometric(rotate=5.0, follow=Enclosing((20, 20)))(images, targets)
    with pytest.raises(StudyError, match="allowed"):
        Enclosing(SIZE[2], "circle")  # type: ignore[arg-type]


def test_boxes_set_aside_move_and_stay_while_anything_of_them_is_inside() -> None:
    size = SIZE[2]
    targets = cases(0, size)
    targets[:, 1] = torch.tensor([4.0, 5.0, 12.0, 20.0, -3.0])
    change = Geometric(flips=(1,), shift=0.4, follow=Enclosing(size))
    images = torch.zeros(3, 1, *size)
    kept = gone = 0
    torch.manual_seed(0)
    for _ in range(30):
        moved = change(ImageTensors(images), targets)[1][:, 1]
        for row in moved.tolist():
            assert row[-1] in (-3.0, NONE)
            kept += row[-1] == -3.0
            gone += row[-1] == NONE
            if row[-1] == -3.0:
                assert row[2] > row[0]
                assert row[3] > row[1]
    assert kept > gone
    still = Geometric(flips=(0, 1), follow=Enclosing(size))
    for _ in range(5):
        starts = still(ImageTensors(images), targets)[1][:, 1, :2].tolist()
        assert all(row[0] in (4.0, size[0] - 13.0) and row[1] in (5.0, size[1] - 21.0) for row in starts)

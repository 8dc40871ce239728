from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law
from torch import Tensor
from torch.nn import functional

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.augment.augmentations import Augmentation, Augmentations
from bedside.modalities.imaging.augment.colour import ColourJitter
from bedside.modalities.imaging.augment.erasing import Erasing
from bedside.modalities.imaging.augment.geometric import Geometric, nearest
from bedside.modalities.imaging.augment.intensity import Intensity, neighbourly
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.augment.views import Mirrored
from bedside.modalities.imaging.augment.warp import Warp
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.plan import ImagePlan

SHAPES = st.sampled_from([(5, 1, 28, 28), (3, 3, 16, 20), (2, 1, 8, 12, 10), (1, 3, 4, 4, 6)])
FULL = Geometric(flips=(0, 1), rotate=30.0, scale=0.2, shift=0.1, shear=10.0, elastic=0.2)
ALL: list[Augmentation] = [
    FULL,
    Geometric(flips=(1,)),
    Geometric(elastic=0.1),
    Intensity(brightness=0.2, contrast=0.3, gamma=0.4, noise=0.1, blur=0.5),
    ColourJitter(hue=20.0, saturation=0.3, cast=0.1),
    Erasing(probability=1.0),
    standard(ImagePlan((16, 20), 3), flips=(1,)),
    Augmentations((FULL, Intensity(noise=0.1), Erasing())),
]


def batch(*shape: int, seed: int = 0) -> ImageTensors:
    return ImageTensors(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))


def changed(augment: Augmentation, given: ImageTensors, seed: int = 1) -> Tensor:
    torch.manual_seed(seed)
    return augment(given, torch.zeros(len(given.pixels)))[0].pixels


@pytest.mark.parametrize("augment", ALL, ids=map(str, range(len(ALL))))
def test_the_same_seed_gives_the_same_bytes_another_seed_others_and_what_was_given_is_left(
    augment: Augmentation,
) -> None:
    given, targets = batch(6, 3, 16, 20), torch.arange(6)
    before = given.pixels.clone()
    first = changed(augment, given)
    assert torch.equal(changed(augment, given), first)
    assert not torch.equal(changed(augment, given, seed=2), first)
    assert torch.equal(given.pixels, before)
    assert first.shape == before.shape
    assert first.dtype == torch.float32
    assert torch.isfinite(first).all()
    assert augment(given, targets)[1] is targets
    assert augment.description


@law
@given(SHAPES, st.integers(0, 99))
def test_zero_strength_is_identity(shape: tuple[int, ...], seed: int) -> None:
    given = batch(*shape, seed=seed)
    none: list[Augmentation] = [Geometric(), Intensity(), Erasing(probability=0.0), Augmentations(())]
    for augment in [*none, ColourJitter()] if shape[1] == 3 else none:
        assert changed(augment, given) is given.pixels


@law
@given(SHAPES, st.integers(0, 99))
def test_moving_and_bending_invent_no_values(shape: tuple[int, ...], seed: int) -> None:
    given = batch(*shape, seed=seed)
    for augment in (FULL, Intensity(gamma=1.0), Intensity(blur=1.0)):
        moved = changed(augment, given, seed)
        for case, old in zip(moved, given.pixels, strict=True):
            assert old.min() - 1e-4 <= case.min() <= case.max() <= old.max() + 1e-4


@law
@given(SHAPES, st.integers(0, 99))
def test_mirrored_twice_is_as_before_and_about_half_are_mirrored(shape: tuple[int, ...], seed: int) -> None:
    given = batch(*shape, seed=seed)
    torch.manual_seed(seed)
    warp = Geometric(flips=(0, 1)).draw(given.pixels)
    assert torch.equal(warp(warp(given.pixels)), given.pixels)
    mirrored = (changed(Geometric(flips=(1,)), batch(400, 1, 2, 3)) != batch(400, 1, 2, 3).pixels).flatten(1).any(1)
    assert 150 < int(mirrored.sum()) < 250


def test_axes_that_may_not_be_mirrored_are_not() -> None:
    ramp = ImageTensors(torch.arange(12.0).reshape(1, 1, 3, 4).repeat(50, 1, 1, 1))
    moved = changed(Geometric(flips=(1,)), ramp)
    assert (moved[:, :, 1:] > moved[:, :, :-1]).all()  # rows still go down
    assert set((moved[:, 0, 0, 0] < moved[:, 0, 0, 1]).tolist()) == {True, False}


@pytest.mark.parametrize(("size", "spacing"), [((41, 41), None), ((41, 21), (1.0, 2.0)), ((21, 41), None)])
def test_a_turn_by_a_known_angle_moves_a_point_where_it_must(
    size: tuple[int, int], spacing: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bedside.modalities.imaging.augment import geometric

    monkeypatch.setattr(geometric, "_signed", lambda shape, where: torch.ones(shape, device=where))
    point = torch.zeros(1, 1, *size)
    middle = [length // 2 for length in size]
    point[0, 0, middle[0] - 8, middle[1]] = 1.0  # 8 mm above the centre
    moved = changed(Geometric(rotate=90.0, spacing=spacing), ImageTensors(point))[0, 0]
    row, column = divmod(int(moved.argmax()), size[1])
    millimetres = (spacing or (1.0, 1.0))[1]
    assert (row, abs(column - middle[1]) * millimetres) == (middle[0], 8.0)


def test_every_declared_strength_moves_something_and_no_further_than_declared() -> None:
    ramp = ImageTensors(torch.linspace(0.0, 1.0, 101).reshape(1, 1, 1, 101).expand(200, 1, 5, 101).contiguous())
    moved = changed(Geometric(shift=0.1), ramp)[:, 0, 2, 50]
    assert 0.08 < float((moved - 0.5).abs().max()) <= 0.101 + 1e-4  # of 101 pixels that lie 0.01 apart
    larger = changed(Geometric(scale=0.25), ramp)[:, 0, 2]
    slopes = (larger[:, 60] - larger[:, 40]) * 5
    assert 1 / 1.25 - 1e-3 <= float(slopes.min()) < 0.85
    assert 1.15 < float(slopes.max()) <= 1.25 + 1e-3
    for augment in (Geometric(rotate=5.0), Geometric(shear=5.0)):
        assert not torch.equal(changed(augment, batch(4, 1, 9, 9)), batch(4, 1, 9, 9).pixels)


@law
@given(st.integers(0, 99), st.sampled_from([(16, 20), (8, 10, 12)]))
def test_maps_of_labels_follow_their_images_and_no_label_is_invented(seed: int, size: tuple[int, ...]) -> None:
    coarse = torch.randint(0, 4, (3, 1, *(2 for _ in size)), generator=torch.Generator().manual_seed(seed))
    labels = functional.interpolate(coarse.float(), size).long()  # four or eight blocks
    given = ImageTensors(labels.float())
    both = Geometric(flips=(0,), rotate=30.0, scale=0.2, shift=0.1, elastic=0.1, follow=nearest)
    torch.manual_seed(seed)
    moved, followed = both(given, labels)
    assert followed.dtype == labels.dtype
    assert set(followed.flatten().tolist()) <= set(labels.flatten().tolist())
    close = (moved.pixels - followed).abs() < 0.51
    assert close.float().mean() > 0.8  # all but the borders between blocks
    torch.manual_seed(seed)
    warp = both.draw(given.pixels)
    assert isinstance(warp, Warp)
    assert torch.equal(warp(given.pixels), moved.pixels)
    assert torch.equal(warp(labels, mode="nearest"), followed)


def test_elastic_bending_does_not_fold_at_moderate_strength() -> None:
    torch.manual_seed(0)
    grid = Geometric(elastic=0.1).draw(batch(50, 1, 32, 32).pixels).grid
    assert grid is not None
    assert (grid[:, :, 1:, 0] > grid[:, :, :-1, 0]).all()
    assert (grid[:, 1:, :, 1] > grid[:, :-1, :, 1]).all()


def test_blur_smooths_noise_and_keeps_its_mean() -> None:
    noise = batch(4, 1, 32, 32).pixels
    smooth = neighbourly(noise)
    assert smooth.std() < 0.5 * noise.std()
    assert smooth.mean() == pytest.approx(float(noise.mean()), abs=0.02)
    flat = torch.full((1, 1, 6, 7, 8), 2.5)
    torch.testing.assert_close(neighbourly(flat), flat)


def test_intensities_change_by_no_more_than_declared() -> None:
    given = batch(300, 1, 8, 8)
    shift = (changed(Intensity(brightness=0.4), given) - given.pixels).flatten(1)
    assert shift.std(dim=1).max() < 1e-5
    assert 0.35 < shift.mean(dim=1).abs().max() <= 0.4 + 1e-5
    steeper = changed(Intensity(contrast=0.5), given)
    ratio = steeper.flatten(1).std(dim=1) / given.pixels.flatten(1).std(dim=1)
    assert 1 / 1.5 - 1e-4 <= ratio.min() < 0.72
    assert 1.4 < ratio.max() <= 1.5 + 1e-4
    torch.testing.assert_close(steeper.mean(dim=(1, 2, 3)), given.pixels.mean(dim=(1, 2, 3)), atol=1e-5, rtol=0)
    noise = (changed(Intensity(noise=0.5), given) - given.pixels).flatten(1).std(dim=1)
    assert noise.max() < 0.7
    order = given.pixels.flatten(1).argsort(dim=1)
    bent = changed(Intensity(gamma=1.0), given).flatten(1).gather(1, order)
    assert (bent.diff(dim=1) >= -1e-5).all()  # gamma keeps the order of grey values
    constant = ImageTensors(torch.ones(2, 1, 4, 4))
    torch.testing.assert_close(changed(Intensity(gamma=1.0), constant), constant.pixels)


def test_turning_the_hue_leaves_grey_grey_and_keeps_how_colourful_a_pixel_is() -> None:
    grey = ImageTensors(batch(4, 1, 8, 8).pixels.expand(4, 3, 8, 8))
    torch.testing.assert_close(changed(ColourJitter(hue=180.0, saturation=0.5), grey), grey.pixels, atol=1e-5, rtol=0)
    given = batch(4, 3, 8, 8)
    turned = changed(ColourJitter(hue=60.0), given)
    torch.testing.assert_close(turned.mean(dim=1), given.pixels.mean(dim=1), atol=1e-5, rtol=0)
    torch.testing.assert_close(turned.norm(dim=1), given.pixels.norm(dim=1), atol=1e-5, rtol=1e-5)
    with pytest.raises(ModelError, match="1 channels; colour has 3"):
        changed(ColourJitter(hue=5.0), batch(2, 1, 8, 8))


@law
@given(st.sampled_from([(20, 30), (10, 12, 14)]), st.floats(0.05, 0.5), st.integers(0, 99))
def test_a_blotted_box_has_the_declared_share_and_lies_anywhere(size: tuple[int, ...], share: float, seed: int) -> None:
    ones = ImageTensors(torch.ones(20, 1, *size))
    erased = changed(Erasing(probability=1.0, share=(share, share)), ones, seed) == 0
    found = erased.float().flatten(1).mean(dim=1)
    assert (found > 0.5 * share - 0.02).all()
    assert (found < 1.5 * share + 0.02).all()
    some = changed(Erasing(probability=0.5), ImageTensors(torch.ones(400, 1, 8, 8)), seed).flatten(1).amin(dim=1) == 0
    assert 130 < int(some.sum()) < 270


def test_a_description_tells_all_that_decides_what_is_made() -> None:
    plain = Geometric(rotate=10.0)
    far, followed = replace(plain, spacing=(1.0, 2.5)), replace(plain, follow=nearest)
    assert len({one.description for one in (plain, far, followed)}) == 3
    assert "in millimetres (1 x 2.5 mm a pixel)" in far.description
    assert followed.description.endswith("targets with their images (nearest)")


def test_views_are_the_image_and_its_mirror_images() -> None:
    given = batch(2, 1, 4, 5)
    first, second, third = Mirrored((0, 1))(given)
    assert first is given
    assert torch.equal(second.pixels, given.pixels.flip(2))
    assert torch.equal(third.pixels, given.pixels.flip(3))
    assert "axis 1 and along axis 2" in Mirrored((0, 1)).description
    with pytest.raises(ModelError, match=r"axes=\(2,\) were given images of 2 axes"):
        Mirrored((2,))(given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Geometric(rotate=-1.0), r"rotate=-1.0; allowed is 0 to 180"),
        (lambda: Geometric(elastic=0.5), r"elastic=0.5; allowed is 0 to 0.3"),
        (lambda: Geometric(flips=(3,)), r"flips=\(3,\)"),
        (lambda: Geometric(flips=(1, 1)), r"flips=\(1, 1\)"),
        (lambda: Geometric(knots=1), r"knots=1; at least 2"),
        (lambda: Intensity(noise=float("nan")), r"noise=nan"),
        (lambda: ColourJitter(saturation=2.0), r"saturation=2.0"),
        (lambda: Erasing(probability=1.5), r"probability=1.5"),
        (lambda: Erasing(share=(0.5, 0.1)), r"share=\(0.5, 0.1\)"),
        (lambda: Mirrored(()), r"axes=\(\)"),
    ],
)
def test_strengths_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        make()


@pytest.mark.parametrize("augment", [Geometric(flips=(2,)), Geometric(rotate=5.0, spacing=(1.0, 1.0, 2.0))])
def test_images_of_other_dimensions_than_declared_are_refused(augment: Geometric) -> None:
    with pytest.raises(ModelError, match=r"size \(8, 8\); declare axes and distances"):
        changed(augment, batch(2, 1, 8, 8))


def test_what_is_standard_flips_only_where_it_may_and_colours_only_colour() -> None:
    assert "mirrored" not in standard(ImagePlan((28, 28))).description
    assert "coloured" not in standard(ImagePlan((28, 28))).description
    colour = standard(ImagePlan((28, 28), 3), flips=(0, 1))
    assert "mirrored along axis 2" in colour.description
    assert "coloured" in colour.description
    assert changed(standard(ImagePlan((8, 8, 8), spacing=(1.0, 1.0, 3.0))), batch(2, 1, 8, 8, 8)).shape[0] == 2

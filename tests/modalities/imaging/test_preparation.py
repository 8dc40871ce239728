import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation


def images(count: int = 12, *size: int, channels: int = 1, seed: int = 0, kind: Any = np.uint8) -> list[Image]:
    drawn = np.random.default_rng(seed).integers(0, 256, (count, channels, *(size or (16, 16))))
    return [Image(each.astype(kind)) for each in drawn]


def one(*shape: int, kind: Any = np.float32) -> Image:
    return Image(np.random.default_rng(3).normal(100.0, 20.0, shape).astype(kind))


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int16])
@pytest.mark.parametrize("channels", [1, 3])
def test_development_gets_mean_0_and_spread_1_in_each_channel(kind: Any, channels: int) -> None:
    cohort = images(channels=channels, kind=kind)
    preparation = Preparation.fit(ImagePlan((16, 16), channels), cohort)
    ready = preparation.transform(cohort)
    assert ready.dtype == np.float32
    np.testing.assert_allclose(ready.mean(axis=(0, 2, 3)), 0.0, atol=1e-5)
    np.testing.assert_allclose(ready.std(axis=(0, 2, 3)), 1.0, atol=1e-5)


def test_new_images_do_not_change_how_they_are_scaled() -> None:
    cohort = images()
    preparation = Preparation.fit(ImagePlan((16, 16), clip=None), cohort)
    bright = Image(np.full((1, 16, 16), 200, dtype=np.uint8))
    bright.pixels[0, 0, 0] = 0
    values = np.concatenate([each.pixels for each in cohort]).astype(float)
    assert preparation.transform([bright])[0, 0, 1, 1] == pytest.approx((200 - values.mean()) / values.std(), rel=1e-5)
    np.testing.assert_array_equal(preparation.transform([*cohort, bright])[:-1], preparation.transform(cohort))


@law
@given(st.permutations(range(12)))
def test_the_order_of_development_does_not_matter(order: list[int]) -> None:
    cohort = images()
    plan = ImagePlan((16, 16))
    assert Preparation.fit(plan, [cohort[k] for k in order]) == Preparation.fit(plan, cohort)


@pytest.mark.parametrize("scale", ["development", "image"])
@pytest.mark.parametrize("clip", [None, (1.0, 99.0)])
def test_saved_is_restored(scale: Any, clip: Any) -> None:
    cohort = images(channels=3)
    preparation = Preparation.fit(ImagePlan((12, 12), 3, scale=scale, clip=clip), cohort)
    again = Preparation.from_state(json.loads(json.dumps(preparation.state())))
    assert again == preparation
    np.testing.assert_array_equal(again.transform(cohort), preparation.transform(cohort))


@law
@given(st.floats(1e-3, 1e7), st.floats(-1e3, 1e3))
def test_scaled_by_itself_an_image_does_not_depend_on_the_unit_of_its_scanner(slope: float, offset: float) -> None:
    base = np.random.default_rng(0).normal(0.0, 1.0, (1, 16, 16))
    preparation = Preparation.fit(ImagePlan((16, 16), scale="image"), [Image(base)])
    changed = preparation.transform([Image(base * slope + offset * slope)])
    np.testing.assert_allclose(changed, preparation.transform([Image(base)]), atol=0.02)


def test_one_absurd_pixel_is_cut_by_percentiles() -> None:
    spoiled = one(1, 32, 32)
    spoiled.pixels[0, 4, 4] = 1e9
    for scale in ("image", "development"):
        plan = ImagePlan((32, 32), scale=scale)
        assert np.abs(Preparation.fit(plan, [spoiled]).transform([spoiled])).max() < 4.0


def test_percentiles_of_whole_numbers_are_those_that_numpy_finds() -> None:
    cohort = images(5, 31, 31)
    scale = Preparation.fit(ImagePlan((31, 31), clip=(2.0, 97.0)), cohort).scale
    assert scale is not None
    values = np.concatenate([each.pixels.ravel() for each in cohort])
    assert (scale.low, scale.high) == tuple((float(v),) for v in np.percentile(values, [2, 97], method="inverted_cdf"))


def test_a_window_tells_apart_what_lies_inside_only() -> None:
    ct = Image(np.array([[[-1000.0, -200.0], [40.0, 3000.0]]]))
    ready = Preparation.fit(ImagePlan((2, 2), window=(40.0, 400.0), clip=None), [ct]).transform([ct])[0, 0]
    assert ready[0, 0] == ready[0, 1] < ready[1, 0] < ready[1, 1]
    assert ready[1, 1] - ready[1, 0] == pytest.approx(200 / 240 * (ready[1, 0] - ready[0, 0]) * 240 / 200, rel=1e-4)


def test_8_bits_are_kept_after_interpolation_and_finer_values_are_not_rounded() -> None:
    from bedside.modalities.imaging.cache import records

    assert records(ImagePlan((8, 8)), images()).dtype == np.uint8
    assert records(ImagePlan((8, 8)), images(kind=np.uint16)).dtype == np.float32
    mixed = records(ImagePlan((8, 8)), [*images(2), one(1, 16, 16)])
    assert mixed.dtype == np.float32
    np.testing.assert_array_equal(
        mixed.take(np.array([0, 1])), records(ImagePlan((8, 8)), images(2)).take(np.array([0, 1]))
    )


@pytest.mark.parametrize(
    ("bad", "plan", "message"),
    [
        (one(3, 16, 16), ImagePlan((16, 16)), r"colour \(3 unequal channels\).*grey.*channels=3, or convert=True"),
        (one(1, 16, 16), ImagePlan((16, 16), 3), r"grey \(1 channel\).*colour.*channels=1, or convert=True"),
        (one(2, 16, 16), ImagePlan((16, 16)), "2 channels.*is for 1.*channels=2"),
        (one(1, 16, 16, 16), ImagePlan((16, 16)), "volume of three dimensions.*two dimensions.*size of 3 numbers"),
        (one(1, 1, 1), ImagePlan((16, 16)), "1 x 1 pixels.*at least 2 pixels along each axis"),
        (Image(np.full((1, 16, 16), 7.0)), ImagePlan((16, 16)), "all pixels have the value 7"),
        (Image(np.where(np.eye(16)[None] > 0, np.nan, 1.0)), ImagePlan((16, 16)), "16 of 256 pixels are not finite"),
        (Image(np.where(np.eye(16)[None] > 0, 1e300, 1.0)), ImagePlan((16, 16)), "16 of 256 pixels.*beyond"),
        (Image(np.eye(16)[None].astype(complex)), ImagePlan((16, 16)), "type complex128.*whole or decimal"),
        (one(1, 16, 16), ImagePlan((16, 16), window=(5000.0, 10.0)), "no pixel lies between 4995 and 5005.*unit"),
        (one(1, 16, 16), ImagePlan((16, 16), spacing=(1.0, 1.0)), "distance between its pixels"),
        (
            Image(np.eye(64)[None] * (np.arange(64) < 2)),
            ImagePlan((64, 64), scale="image"),
            "single value 0.*clip=None",
        ),
        (one(1, 16, 16), ImagePlan((256, 256)), "enlarged 16 times.*raise `enlarge`"),
    ],
)
def test_an_image_that_cannot_be_used_is_named_with_what_is_allowed(bad: Image, plan: ImagePlan, message: str) -> None:
    with pytest.raises(FileProblem, match=message) as refused:
        Preparation(plan, None).transform([bad])
    assert str(refused.value).startswith("image 1 of 1: ")


def test_three_equal_channels_are_grey_and_conversion_happens_where_it_is_declared() -> None:
    grey = images(1)[0]
    tripled = Image(np.repeat(grey.pixels, 3, axis=0))
    plain = Preparation.fit(ImagePlan((16, 16)), [grey])
    np.testing.assert_array_equal(plain.transform([tripled]), plain.transform([grey]))
    allowed = Preparation.fit(ImagePlan((16, 16), 3, convert=True), [grey])
    assert allowed.transform([grey]).shape == (1, 3, 16, 16)
    red = np.zeros((3, 16, 16), dtype=np.uint8)
    red[0, 8:] = 200
    converted = Preparation.fit(ImagePlan((16, 16), convert=True, clip=None), [Image(red)])
    assert converted.scale is not None
    assert converted.scale.centre[0] == pytest.approx(30.0)  # half of round(.299 * 200) = 60


def test_nothing_and_a_dead_channel_are_refused() -> None:
    with pytest.raises(ModelError, match="no development images"):
        Preparation.fit(ImagePlan((16, 16)), [])
    dead = images(3, channels=3)
    for image in dead:
        image.pixels[2] = 9
    with pytest.raises(ModelError, match="channel 3 of 3 has a single value"):
        Preparation.fit(ImagePlan((16, 16), 3), dead)
    assert Preparation.fit(ImagePlan((16, 16)), images()).transform([]).shape == (0, 1, 16, 16)


def test_volumes_of_different_scanners_become_one_grid_and_scale() -> None:
    ras = np.diag([1.0, 1.0, 1.0, 1.0])
    lps = np.diag([-2.0, -2.0, 2.0, 1.0])
    lps[:3, 3] = (29.0, 29.0, 0.0)
    grid = np.stack(np.meshgrid(*(np.arange(30.0),) * 3, indexing="ij"))
    body = np.exp(-((grid[0] - 9) ** 2 + (grid[1] - 15) ** 2 + (grid[2] - 20) ** 2) / 60)
    fine = Image(body[None] * 1e6, Geometry((1.0, 1.0, 1.0), ras))
    halved = body.reshape(15, 2, 15, 2, 15, 2).mean(axis=(1, 3, 5))[::-1, ::-1]
    coarse = Image(halved[None], Geometry((2.0, 2.0, 2.0), lps))
    plan = ImagePlan((14, 14, 14), spacing=(2.0, 2.0, 2.0), orientation="RAS", scale="image")
    first, second = Preparation.fit(plan, [fine]).transform([fine, coarse])
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("scale", ["image", "development"])
def test_hippocampus_with_its_two_ranges_of_intensity(public_data: Path, scale: Any) -> None:
    import nibabel

    folder = public_data / "hippocampus"
    files = sorted(path for path in folder.rglob("*.nii.gz") if "label" not in str(path).lower())[:60]
    if not files:
        pytest.skip(f"no volumes lie in {folder}")
    volumes = []
    for path in files:
        found: Any = nibabel.load(path)
        spacing = tuple(float(each) for each in found.header.get_zooms()[:3])
        volumes.append(Image(np.asarray(found.dataobj)[None], Geometry(spacing, found.affine.astype(np.float64))))
    assert max(volume.pixels.max() for volume in volumes) > 1e5
    plan = ImagePlan((32, 48, 32), spacing=(1.0, 1.0, 1.0), orientation="RAS", scale=scale)
    ready = Preparation.fit(plan, volumes).transform(volumes)
    assert np.isfinite(ready).all()
    spreads = ready.std(axis=(1, 2, 3, 4))
    # By itself each volume can be seen; by development those with ordinary units vanish beside the others.
    assert (spreads.min() > 0.3) == (scale == "image")

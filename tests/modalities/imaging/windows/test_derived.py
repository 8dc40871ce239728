"""What is chosen from development images, and that each choice says why."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows.derived import PIXELS, Derived
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.networks.convolutional.unet import steps


def volumes(
    sizes: Sequence[tuple[int, ...]], spacing: tuple[float, ...] | None = (1.0, 1.0, 1.0), *, wide: float = 1.0
) -> list[Image]:
    """Volumes of noise, the last ones with values so many times as wide."""
    generator, geometry = np.random.default_rng(0), None if spacing is None else Geometry(spacing)
    factors = np.geomspace(1.0, wide, len(sizes))
    return [
        Image((factor * generator.normal(size=(1, *size))).astype(np.float32), geometry)
        for size, factor in zip(sizes, factors, strict=True)
    ]


def test_windows_show_the_whole_of_small_images() -> None:
    plan = Derived().plan(volumes([(35, 50, 36), (33, 52, 37), (36, 49, 35)]))
    assert plan.patch == (40, 56, 40)
    assert plan.image.spacing == (1.0, 1.0, 1.0)
    assert plan.image.scale == "image"
    assert plan.batch == 5
    told = " ".join(plan.chosen)
    assert "the whole of the median image" in told
    assert "3 of 3 images are thinner than a window" in told
    assert "3 halvings" in told


def test_large_images_are_seen_in_windows_of_equal_sides_in_millimetres() -> None:
    plan = Derived().plan(volumes([(24, 120, 120)] * 3, (3.0, 1.0, 1.0)))
    assert np.prod(plan.patch) <= PIXELS[3]
    assert plan.patch[1] == plan.patch[2]
    sides = np.array(plan.patch) * np.array([3.0, 1.0, 1.0])
    assert sides.max() / sides.min() < 1.5
    assert "as much of the median image (24 x 120 x 120 pixels) as 131,072 pixels hold" in " ".join(plan.chosen)


def test_thick_slices_keep_more_of_them() -> None:
    images = [volumes([(10, 40, 40)], (distance, 1.0, 1.0))[0] for distance in (4.0, 5.0, 6.0, 7.0)]
    plan = Derived().plan(images)
    assert plan.image.spacing == pytest.approx((4.3, 1.0, 1.0))
    assert "along axis 1 of thick slices its 10th percentile" in " ".join(plan.chosen)


def test_volumes_that_lie_differently_are_turned() -> None:
    lying = np.diag([1.0, 1.0, 2.0, 1.0])
    standing = lying[[2, 0, 1, 3]]  # its third axis points to the right
    sizes = {"lying": (12, 13, 9), "standing": (13, 9, 12)}
    images = [
        Image(np.random.default_rng(0).normal(size=(1, *sizes["lying"])), Geometry((1.0, 1.0, 2.0), lying)),
        Image(np.random.default_rng(1).normal(size=(1, *sizes["standing"])), Geometry((1.0, 1.0, 2.0), standing)),
    ]
    plan = Derived().plan(images)
    assert plan.image.orientation == "RAS"
    assert "2 different ways" in plan.chosen[0]
    # Volumes that all lie alike stay as they are, and a new one that lies differently is turned to them.
    assert Derived().plan(images[1:]).image.orientation == "ASR"


def test_values_are_made_comparable_as_their_units_allow() -> None:
    sizes = [(12, 12, 12)] * 6
    assert Derived().plan(volumes(sizes, wide=100.0)).image.scale == "image"
    scans = [Image(one.pixels * 300 - 700, one.geometry) for one in volumes(sizes)]
    plan = Derived().plan(scans)
    assert plan.image.scale == "development"
    assert "Hounsfield" in " ".join(plan.chosen)
    photographs = [Image(np.random.default_rng(0).integers(0, 256, (3, 20, 30)).astype(np.uint8))]
    plan = Derived().plan(photographs)
    assert (plan.image.scale, plan.image.channels, plan.image.spacing) == ("development", 3, None)
    assert "1 of 1 images tell no distances" in " ".join(plan.chosen)


@law
@given(
    sizes=st.lists(st.tuples(*(st.integers(3, 40) for _ in range(3))), min_size=1, max_size=4),
    spacing=st.none() | st.tuples(*(st.floats(0.5, 5.0) for _ in range(3))),
    pixels=st.integers(512, 1 << 14),
)
def test_every_plan_can_be_halved_evenly_and_keeps_to_its_means(
    sizes: list[tuple[int, ...]], spacing: "tuple[float, ...] | None", pixels: int
) -> None:
    images = volumes(sizes, spacing)
    plan = Derived(pixels=pixels).plan(images)
    assert plan == Derived(pixels=pixels).plan(images[::-1]), "the order of the images mattered"
    halved = np.prod([step.strides for step in steps(plan.patch, plan.image.spacing)], axis=0)
    assert (np.array(plan.patch) % halved == 0).all()
    # What is shown whole is rounded up to what can be halved: at most to twice its length along an axis.
    assert np.prod(plan.patch) <= 8 * pixels
    assert WindowPlan.from_state(json.loads(json.dumps(plan.state(), allow_nan=False))) == plan
    assert "windows of" in plan.description


def test_what_is_declared_stays() -> None:
    declared = Derived(
        patch=(16, 16, 8), spacing=(2.0, 2.0, 3.0), scale="development", clip=None, window=(0.0, 8.0), channels=1
    )
    plan = declared.plan(volumes([(35, 50, 36)]))
    assert (plan.patch, plan.image.spacing, plan.image.scale, plan.image.clip, plan.image.window) == (
        (16, 16, 8), (2.0, 2.0, 3.0), "development", None, (0.0, 8.0),
    )  # fmt: skip
    assert Derived(resample=False).plan(volumes([(35, 50, 36)])).image.spacing is None
    assert json.loads(json.dumps(declared.state())) == declared.state()


def test_what_cannot_be_one_plan_is_refused() -> None:
    with pytest.raises(ModelError, match="no development images"):
        Derived().plan([])
    with pytest.raises(ModelError, match="some have 2 axes and some 3"):
        Derived().plan([*volumes([(5, 6, 7)]), Image(np.zeros((1, 5, 6)))])
    mixed = [Image(np.random.default_rng(0).random((channels, 9, 9))) for channels in (1, 3)]
    with pytest.raises(ModelError, match="1 or 3 channels; declare `channels`"):
        Derived().plan(mixed)
    with pytest.raises(StudyError, match="pixels=10"):
        Derived(pixels=10)
    with pytest.raises(StudyError, match="batch=0"):
        WindowPlan(ImagePlan(size=(8, 8)), batch=0)
    with pytest.raises(StudyError, match="remove_hair"):
        WindowPlan(ImagePlan(size=(8, 8), channels=3, remove_hair=True))

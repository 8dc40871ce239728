"""Texture and shape are what they say: known values, and no change under what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import kurtosis, skew

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.texture import LEVELS, feature_names, texture


def grey(values: object) -> Image:
    return Image(np.asarray(values)[None])


def test_first_order_statistics_agree_with_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, 30.0, size=(20, 24))
    found = texture(grey(values))
    assert found["grey_mean"] == pytest.approx(values.mean())
    assert found["grey_skewness"] == pytest.approx(float(skew(values, axis=None)))
    assert found["grey_kurtosis"] == pytest.approx(float(kurtosis(values, axis=None)))
    assert found["grey_interquartile"] == pytest.approx(np.subtract(*np.quantile(values, [0.75, 0.25])))


def test_co_occurrence_agrees_with_scikit_image() -> None:
    from skimage.feature import graycomatrix, graycoprops

    levels = np.random.default_rng(1).integers(0, LEVELS, size=(40, 40))
    # Values in the middle of equally wide bins, the outer percentiles at their edges, come out as the levels they are.
    values = levels + 0.5
    values[0, :20], values[-1, :20] = 0.0, LEVELS
    levels[0, :20], levels[-1, :20] = 0, LEVELS - 1
    table = graycomatrix(levels.astype(np.uint8), [2], [0, np.pi / 2], levels=LEVELS, symmetric=True, normed=True)  # type: ignore[no-untyped-call]
    found = texture(grey(values))
    for name, property_ in (("contrast", "contrast"), ("homogeneity", "homogeneity"), ("correlation", "correlation")):
        two = graycoprops(table, property_)[0]  # type: ignore[no-untyped-call]
        low, high = found[f"{name}_2"] - found[f"{name}_range_2"], found[f"{name}_2"] + found[f"{name}_range_2"]
        assert low - 0.02 * abs(low) <= two.min() <= two.max() <= high + 0.02 * abs(high)


def test_a_checkerboard_has_the_contrast_it_must_have() -> None:
    board = np.indices((16, 16)).sum(axis=0) % 2
    found = texture(grey(board * 100.0))
    # Neighbours along the axes differ by all levels, diagonal ones and those two apart not at all.
    assert found["contrast_1"] == pytest.approx((LEVELS - 1) ** 2 / 2)
    assert found["contrast_range_1"] == pytest.approx((LEVELS - 1) ** 2)
    assert found["contrast_2"] == found["contrast_4"] == 0.0


def test_the_shape_of_what_stands_out() -> None:
    y, x = np.indices((40, 40)) - 19.5
    disc = texture(grey((np.hypot(y, x) < 10) * 80 + 40))
    ellipse = texture(grey((np.hypot(y / 2, x) < 6) * 80 + 40))
    assert disc["part_share"] == pytest.approx(np.pi * 100 / 1600, rel=0.03)
    assert disc["part_elongation"] == pytest.approx(1.0, abs=0.01)
    assert ellipse["part_elongation"] == pytest.approx(0.5, abs=0.03)
    assert disc["part_asymmetry"] == ellipse["part_asymmetry"] == 0.0
    assert disc["part_compactness"] > ellipse["part_compactness"]
    half = texture(grey(((np.hypot(y, x) < 10) & (y + x > 0)) * 80 + 40))
    assert half["part_asymmetry"] > 0.2


def test_a_constant_image_has_no_texture_and_says_so() -> None:
    found = texture(grey(np.full((9, 9), 7)))
    assert np.isnan(found["correlation_1"])
    assert np.isnan(found["part_share"])
    assert found["grey_sd"] == 0.0


@settings(max_examples=25)
@given(
    values=arrays.arrays(np.float64, (9, 11), elements=st.floats(0, 255, width=16)),
    scale=st.floats(0.5, 20),
    shift=st.floats(-100, 100),
)
def test_co_occurrence_does_not_depend_on_units(values: np.ndarray, scale: float, shift: float) -> None:
    rounded = np.round(values / 16)
    if np.ptp(rounded) == 0:
        return
    one, other = texture(grey(rounded)), texture(grey(np.round(scale, 2) * rounded + np.round(shift)))
    for name in ("energy_1", "part_elongation", "part_share"):
        np.testing.assert_allclose(other[name], one[name], atol=0.15, err_msg=name)


@pytest.mark.parametrize(("dimensions", "channels"), [(2, 1), (2, 3), (3, 1)])
def test_every_image_of_a_kind_has_the_same_features(dimensions: int, channels: int) -> None:
    rng = np.random.default_rng(2)
    names = feature_names(dimensions, channels)
    for size in (1, 2, 7):
        image = Image(rng.normal(size=(channels,) + (size,) * dimensions))
        assert tuple(texture(image)) == names


def test_turning_a_volume_changes_no_texture_mean() -> None:
    values = np.random.default_rng(3).normal(size=(8, 9, 10))
    one, other = texture(grey(values)), texture(grey(np.rot90(values, axes=(0, 2)).copy()))
    for name in ("contrast_1", "energy_2", "co_entropy_1", "part_elongation", "gradient_mean"):
        assert other[name] == pytest.approx(one[name], rel=1e-9)

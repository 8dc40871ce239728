import numpy as np
import pytest

from bedside.errors import FileProblem
from bedside.modalities.imaging.bias_field import without_bias_field
from bedside.modalities.imaging.image import Pixels
from bedside.types import Floats


def phantom(*size: int) -> Floats:
    """Two tissues in blocks on a black ground, with noise."""
    rng = np.random.default_rng(0)
    blocks = np.indices(size) // 6
    tissue = np.where(blocks.sum(axis=0) % 2, 100.0, 70.0)
    radius = sum((2 * axis / (length - 1) - 1) ** 2 for axis, length in zip(np.indices(size), size, strict=True))
    return np.where(radius < 0.8, tissue, 0.0) * rng.normal(1.0, 0.02, size)


def shading(*size: int) -> Floats:
    axes = np.meshgrid(*(np.linspace(-1, 1, length) for length in size), indexing="ij")
    return np.asarray(np.exp(0.5 * axes[0] - 0.4 * axes[1] ** 2))


def unevenness(pixels: Pixels, truth: Floats) -> float:
    """Coefficient of variation of the image within what is one tissue."""
    inside = pixels[0][truth > 85]
    return float(inside.std() / inside.mean())


@pytest.mark.parametrize("size", [(60, 72), (30, 36, 24)])
def test_shading_is_divided_out(size: tuple[int, ...]) -> None:
    truth = phantom(*size)
    shaded = (truth * shading(*size))[None]
    before, after = unevenness(shaded, truth), unevenness(without_bias_field(shaded), truth)
    assert before > 0.2
    assert after < before / 4


def test_what_is_not_shaded_is_nearly_left_and_the_unit_does_not_matter() -> None:
    truth = phantom(60, 72)
    corrected = without_bias_field(truth[None])
    assert unevenness(corrected, truth) < 0.06
    assert (corrected[0] == 0).sum() == (truth == 0).sum()
    np.testing.assert_allclose(without_bias_field(truth[None] * 3e5), corrected * 3e5, rtol=1e-4)


def test_negative_values_are_no_intensities() -> None:
    with pytest.raises(FileProblem, match=r"not negative.*down to -1.*bias_field=False"):
        without_bias_field(np.linspace(-1, 1, 64).reshape(1, 8, 8))


def test_too_little_tissue_for_a_polynomial_is_left_as_it_is() -> None:
    dots = np.zeros((1, 20, 20))
    dots[0, ::9, ::9] = 5.0
    np.testing.assert_array_equal(without_bias_field(dots), dots)

"""Values that stand for all of an image come from all of it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.modalities.imaging import intensity
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.look import look_at
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.modalities.imaging.sampling import step


@law
@given(st.lists(st.sampled_from([1, 7, 8, 12, 16, 24]), min_size=2, max_size=3), st.integers(60, 10_000))
def test_no_row_or_column_is_passed_over(size: list[int], most: int) -> None:
    whole, apart = int(np.prod(size)), step(size, most)
    taken = np.arange(0, whole, apart)
    assert len(taken) <= max(most, 1)
    if len(taken) >= size[-1]:
        assert set(taken % size[-1]) == set(range(size[-1])), "every column"


def bright_inside(side: int, kind: Any) -> Image:
    """Air around a body, as in most volumes: what stands for all must not be the border."""
    values = np.zeros((1, side, side, side), dtype=kind)
    part = slice(side // 4, 3 * side // 4)
    values[0, part, part, part] = 200
    values[0, side // 2, part, part] = 100
    return Image(values)


def test_percentiles_of_many_volumes_are_not_those_of_their_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intensity, "_SAMPLED", 8 * 32**2)  # the same as 1,024 volumes of 64 voxels along each axis
    cohort = [bright_inside(32, np.float32)] * 8
    scale = Preparation.fit(ImagePlan((32, 32, 32)), cohort).scale
    assert scale is not None
    assert (scale.low, scale.high) == ((0.0,), (200.0,))


def test_the_profile_of_a_large_volume_is_not_that_of_its_border() -> None:
    look = look_at(bright_inside(256, np.uint8))
    assert (look.low, look.high) == (0.0, 200.0)

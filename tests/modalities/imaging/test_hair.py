from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import draw

from bedside.modalities.imaging.hair import hair, without_hair
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.types import Booleans

SIZE = (120, 160)
drawing: Any = draw  # publishes no types


Bytes: TypeAlias = NDArray[np.uint8]


def skin() -> Bytes:
    """A brown naevus on skin, softly edged."""
    rows, columns = np.indices(SIZE)
    inside = 1 / (1 + np.exp((np.hypot(rows - 60, columns - 80) - 30) / 4))
    light, brown = np.array([220.0, 170.0, 140.0]), np.array([110.0, 70.0, 50.0])
    mixed = light[:, None, None] * (1 - inside) + brown[:, None, None] * inside
    return np.clip(mixed + np.random.default_rng(0).normal(0, 2, mixed.shape), 0, 255).astype(np.uint8)


def with_hairs(clean: Bytes) -> tuple[Bytes, Booleans]:
    where = np.zeros(SIZE, dtype=bool)
    for start, end in [((5, 10), (110, 60)), ((10, 150), (100, 100)), ((60, 5), (50, 150)), ((100, 20), (112, 140))]:
        rows, columns = drawing.line(*start, *end)
        where[rows, columns] = where[rows + 1, columns] = True
    return np.where(where, np.uint8(35), clean), where


def test_hair_is_found_and_painted_over() -> None:
    clean = skin()
    hairy, where = with_hairs(clean)
    found = hair(hairy)
    assert found[where].mean() > 0.9
    assert found[~where].mean() < 0.12
    before = np.abs(hairy.astype(float) - clean)[:, where].mean()
    after = np.abs(without_hair(hairy).astype(float) - clean)[:, where].mean()
    assert before > 80
    assert after < before / 8
    assert without_hair(hairy).dtype == np.uint8
    np.testing.assert_allclose(without_hair(hairy / 255.0) * 255, without_hair(hairy), atol=8)


def test_skin_without_hair_is_left_byte_for_byte() -> None:
    np.testing.assert_array_equal(without_hair(skin()), skin())


def test_round_spots_are_no_hair() -> None:
    spotted = skin()
    for row, column in [(20, 30), (90, 130), (60, 80), (30, 120)]:
        spotted[:, row : row + 4, column : column + 4] = 30
    assert not hair(spotted).any()


def test_a_plan_with_hair_removal_brings_hairy_and_clean_skin_together() -> None:
    clean = skin()
    hairy = Image(with_hairs(clean)[0])
    distances = []
    for remove in (False, True):
        preparation = Preparation.fit(ImagePlan((60, 80), 3, remove_hair=remove), [Image(clean)])
        first, second = preparation.transform([Image(clean), hairy])
        distances.append(float(np.abs(first - second).mean()))
    assert distances[1] < distances[0] / 4


def test_photographs_of_skin_are_mostly_left(public_data: Path) -> None:
    from PIL import Image as Picture

    files = sorted((public_data / "ph2").rglob("*.jpg"))[::40]
    if not files:
        pytest.skip("ph2 is not in BEDSIDE_DATA")
    for path in files:
        pixels = np.moveaxis(np.asarray(Picture.open(path).convert("RGB").resize((256, 192))), -1, 0)
        assert hair(pixels).mean() < 0.2

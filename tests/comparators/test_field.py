"""The field of view that an image shows, and what a rule's outline may be trusted."""

import numpy as np
from tests.comparators.outlined import FLAT_PLAN, eyes

from bedside.comparators.confidence import Confidence, dice
from bedside.comparators.field import Field
from bedside.comparators.sight import Grey, Sight
from bedside.endpoints.mask.mask import Mask


def seen(count: int, *, start: int = 0, judged: bool = True) -> list[tuple[Grey, Mask]]:
    sight = Sight.fit(FLAT_PLAN, eyes(4))
    return [(image.pixels, mask) for image, mask in sight.outlined(eyes(count, start=start, judged=judged))]


def test_a_field_that_images_show_is_found_in_new_ones() -> None:
    field = Field.fit(seen(4))
    assert field.cut is not None
    for pixels, mask in seen(3, start=50):
        assert mask.judged is not None
        assert dice(field.of(pixels), Mask(mask.judged.astype(np.uint8))) > 0.9
    assert Field.from_state(field.state()) == field


def test_without_judged_regions_all_is_looked_at() -> None:
    field = Field.fit(seen(4, judged=False))
    assert field == Field(None)
    assert field.of(seen(1)[0][0]).all()


def test_a_region_that_no_image_shows_is_not_made_up() -> None:
    chance = np.random.default_rng(0)
    judged = np.zeros((20, 20), dtype=np.bool_)
    judged[:, :10] = True
    mask = Mask(np.zeros((20, 20), dtype=np.uint8), None, judged)
    noise = [(chance.normal(size=(1, 20, 20)).astype(np.float32), mask) for _ in range(4)]
    assert Field.fit(noise) == Field(None)


def test_the_rim_of_a_field_is_no_edge() -> None:
    field = np.zeros((20, 20), dtype=np.bool_)
    field[4:16, 4:16] = True
    image = np.where(field, np.float32(3.0), np.float32(-5.0))
    np.testing.assert_array_equal(Field(0.0).filled(image, field), np.full((20, 20), 3.0))


def test_confidence_is_the_share_that_was_right() -> None:
    labels = np.zeros((10, 10), dtype=np.uint8)
    labels[:8, :5] = 1
    outline = np.zeros((10, 10), dtype=np.bool_)
    outline[:, :5] = True
    found = Confidence.of([(outline, Mask(labels))])
    assert found == Confidence(41 / 52, 1 / 52)
    told = found.segmentation(outline)
    np.testing.assert_array_equal(told.labels, outline)
    assert told.shares.max() == round(255 * 41 / 52)


def test_an_outline_that_is_mostly_wrong_stays_as_it_was_drawn() -> None:
    outline = np.ones((10, 10), dtype=np.bool_)
    labels = np.zeros((10, 10), dtype=np.uint8)
    found = Confidence.of([(outline, Mask(labels))])
    np.testing.assert_array_equal(found.segmentation(outline).labels, outline)
    assert not found.segmentation(~outline).labels.any()


def test_only_what_is_judged_counts() -> None:
    judged = np.zeros((4, 4), dtype=np.bool_)
    judged[0] = True
    labels = np.zeros((4, 4), dtype=np.uint8)
    labels[:2] = 1
    outline = np.zeros((4, 4), dtype=np.bool_)
    outline[0, :2] = outline[3] = True
    assert dice(outline, Mask(labels, None, judged)) == 2 * 2 / (4 + 2)
    assert dice(outline & ~judged, Mask(labels * ~judged, None, judged)) == 1.0

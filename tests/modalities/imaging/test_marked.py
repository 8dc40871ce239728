"""Marks on pictures: lines where things end, fills where they are, in the plane that is shown."""

import io

import numpy as np
from PIL import Image as Pillow

from bedside.data.marks import Mark
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.marked import FILLED, PREDICTED, cut, marked, middle
from bedside.modalities.imaging.picture import MARKED, picture


def square(size: tuple[int, ...], low: int, high: int) -> np.ndarray:
    inside = np.zeros(size, dtype=np.bool_)
    inside[(slice(low, high),) * len(size)] = True
    return inside


def test_an_outline_runs_along_the_border_and_leaves_the_inside() -> None:
    plane = np.full((40, 40), 90, dtype=np.uint8)
    drawn = marked(plane, [Mark("predicted", 1, inside=square((20, 20), 5, 15))], (20, 20))
    assert tuple(drawn[10, 20]) == PREDICTED[1]
    assert tuple(drawn[20, 20]) == (90, 90, 90)
    assert tuple(drawn[2, 2]) == (90, 90, 90)
    assert plane.max() == 90


def test_a_prediction_covers_the_reference_where_they_agree() -> None:
    plane, where = np.zeros((40, 40), dtype=np.uint8), square((40, 40), 10, 30)
    both = marked(plane, [Mark("reference", inside=where), Mark("predicted", inside=where)], (40, 40))
    assert not (both == 255).all(axis=2).any()
    apart = marked(
        plane, [Mark("reference", inside=where), Mark("predicted", inside=square((40, 40), 12, 30))], (40, 40)
    )
    assert (apart == 255).all(axis=2).any()


def test_what_is_missed_is_filled_and_stays_seen_through() -> None:
    plane = np.full((10, 10, 3), 100, dtype=np.uint8)
    drawn = marked(plane, [Mark("missed", inside=square((10, 10), 2, 8))], (10, 10))
    expected = 0.45 * 100 + 0.55 * np.array(FILLED["missed"])
    np.testing.assert_allclose(drawn[5, 5], expected, atol=1)
    assert tuple(drawn[0, 0]) == (100, 100, 100)


def test_boxes_are_framed_at_their_borders() -> None:
    plane = np.zeros((100, 50), dtype=np.uint8)
    # From the border before row 10 to that behind row 19, in an image of 50 x 50 shown twice as tall.
    box = np.array([[9.5, 9.5, 19.5, 29.5]])
    drawn = marked(plane, [Mark("predicted", corners=box)], (50, 50))
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 39, 10, 29)
    assert not drawn[25, 15].any()


def test_boxes_beyond_the_image_are_cut_and_never_lost() -> None:
    drawn = marked(
        np.zeros((20, 20), dtype=np.uint8), [Mark("reference", corners=np.array([[-50.0, 5, 90, 5.2]]))], (20, 20)
    )
    assert (drawn == 255).all(axis=2).sum() == 20


def test_a_volume_is_cut_where_most_is_marked() -> None:
    inside = np.zeros((10, 12, 8), dtype=np.bool_)
    inside[7, 2:6, 3:6] = True
    mark = Mark("predicted", inside=inside)
    shares = middle([mark], inside.shape)
    assert int(shares[0] * 10) == 7
    assert cut([mark], 0, 7)[0].inside is not None
    assert cut([mark], 0, 7)[0].inside.sum() == 12  # type: ignore[union-attr]
    box = Mark("predicted", corners=np.array([[6.5, 1.5, 2.5, 7.5, 5.5, 5.5]]))
    np.testing.assert_array_equal(cut([box], 0, 7)[0].corners, [[1.5, 2.5, 5.5, 5.5]])
    assert not len(cut([box], 0, 2)[0].corners)  # type: ignore[arg-type]
    assert middle([], (4, 4)) == [0.5, 0.5]


def test_a_marked_picture_is_larger_and_marks_show_in_every_plane() -> None:
    flat = Image(np.zeros((1, 30, 60), dtype=np.uint8))
    plain, drawn = (picture(flat, marks=some) for some in ((), [Mark("reference", inside=square((30, 60), 5, 20))]))
    assert max(Pillow.open(io.BytesIO(drawn)).size) == MARKED > max(Pillow.open(io.BytesIO(plain)).size)
    volume = Image(np.zeros((1, 16, 20, 12), dtype=np.float32), Geometry((2.0, 1.0, 1.0)))
    png = np.asarray(
        Pillow.open(io.BytesIO(picture(volume, marks=[Mark("predicted", inside=square((16, 20, 12), 3, 9))])))
    )
    coloured = (png == np.array(PREDICTED[0])).all(axis=2).any(axis=0)
    assert [part.any() for part in np.array_split(coloured, 3)] == [True, True, True]

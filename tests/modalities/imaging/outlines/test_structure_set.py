"""Structure sets: contours filled on the slices of their image, however that lies in the patient."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.modalities.imaging.outlines.written import SPACING, positions, series, structure_set, turned

from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.outlines.reading import read_label_map, structure_names
from bedside.types import Floats

SIZE = (4, 9, 11)
CLOSED = "CLOSED_PLANAR"
OBLIQUE = turned((0.3, -0.5, 0.2))
SQUARE = [(1.5, 1.5), (1.5, 8.5), (7.5, 8.5), (7.5, 1.5)]
HOLE = [(3.5, 3.5), (3.5, 5.5), (5.5, 5.5), (5.5, 3.5)]


def drawn(corners: Sequence[tuple[float, float]], slice_: float, axes: Floats = OBLIQUE) -> Floats:
    """Places in a slice, (row, column), in millimetres in the patient (left, posterior, superior)."""
    start = positions(1, axes)[0] + slice_ * SPACING[0] * axes[:, 2]
    places = np.array(corners, dtype=float)
    made: Floats = start + places[:, :1] * SPACING[1] * axes[:, 1] + places[:, 1:] * SPACING[2] * axes[:, 0]
    return made


def square() -> NDArray[np.uint8]:
    made = np.zeros(SIZE[1:], dtype=np.uint8)
    made[2:8, 2:9] = 1
    return made


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (np.pi / 2, 0.0, 0.0), (0.3, -0.5, 0.2), (-0.7, 0.2, 1.1)])
@pytest.mark.parametrize("kind", [CLOSED, "CLOSEDPLANAR_XOR"])
def test_contours_are_filled_where_they_lie_and_inner_ones_are_holes(
    tmp_path: Path, angles: tuple[float, float, float], mirrored: bool, kind: str
) -> None:
    axes = turned(angles, mirrored)
    folder = series(tmp_path / "series", SIZE, axes)
    contours = [(kind, drawn(SQUARE, k, axes)) for k in (1, 2)] + [(kind, drawn(HOLE, 2, axes))]
    path = structure_set(tmp_path / "rt.dcm", [(" organ ", contours)])
    found = read_label_map(path, ImageFile(folder))
    told = np.zeros(SIZE, dtype=np.uint8)
    told[1:3] = square()
    told[2, 4:6, 4:6] = 0
    np.testing.assert_array_equal(found.labels, told[:: -1 if mirrored else 1])
    assert found.names == {1: "organ"}
    assert found.geometry is not None
    assert structure_names(path) == ("organ",)


def test_a_contour_is_drawn_on_the_nearest_slice(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, OBLIQUE)
    for depth, slice_ in ((0.6, 1), (1.4, 1), (-0.4, 0), (3.4, 3)):
        path = structure_set(tmp_path / "rt.dcm", [("organ", [(CLOSED, drawn(SQUARE, depth))])])
        found = read_label_map(path, ImageFile(folder)).labels
        np.testing.assert_array_equal(found[slice_], square())
        assert found.sum() == square().sum()


def test_the_structures_that_are_wanted_are_read_under_their_numbers(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, OBLIQUE)
    point = [("POINT", drawn([(3, 3)], 1))]
    structures = [
        ("isocentre", point),
        ("body", [(CLOSED, drawn(SQUARE, 1))]),
        ("tumour", [(CLOSED, drawn(HOLE, 1))]),
        ("node", []),
    ]
    path = structure_set(tmp_path / "rt.dcm", structures, first=0)
    image = ImageFile(folder)
    with pytest.raises(FileProblem, match="overlap in 4 pixels"):
        read_label_map(path, image)
    whole = read_label_map(path, image, first_wins=True)
    assert whole.names == {1: "body", 2: "tumour", 3: "node"}
    assert whole.present.tolist() == [1]
    found = read_label_map(path, image, names={5: "tumour", 6: "node"})
    assert found.present.tolist() == [5]
    assert np.argwhere(found.labels).tolist() == [[1, 4, 4], [1, 4, 5], [1, 5, 4], [1, 5, 5]]
    with pytest.raises(FileProblem, match=r"structure 1 of .* points or open lines"):
        read_label_map(path, image, names={1: "isocentre"})
    with pytest.raises(FileProblem, match="no structure of the name 'liver' among its 4"):
        read_label_map(path, image, names={1: "liver"})


@pytest.mark.parametrize(
    ("contours", "found"),
    [
        ([drawn(SQUARE, 4.6)], "contour 1.6 slices beyond the image's 4"),
        ([drawn(SQUARE, -0.7)], "beyond the image"),
        ([drawn(SQUARE, 1, turned((0.3, -0.2, 0.2))), drawn(HOLE, 1)], "leaves its slice by"),
        ([drawn(SQUARE, 0.8), drawn(HOLE, 1.2)], "two planes that are nearest to one slice"),
        ([drawn([(3.1, 3.1), (3.1, 3.4), (3.4, 3.4)], 1)], "1 contours and holds no pixel"),
        ([drawn(SQUARE, 1).ravel()[:-1][None]], "a contour of 11 numbers"),
    ],
)
def test_contours_that_do_not_fit_are_refused(tmp_path: Path, contours: list[Floats], found: str) -> None:
    folder = series(tmp_path / "series", SIZE, OBLIQUE)
    path = structure_set(tmp_path / "rt.dcm", [("Secret^Name", [(CLOSED, one) for one in contours])])
    with pytest.raises(FileProblem, match=found) as caught:
        read_label_map(path, ImageFile(folder))
    assert "rt.dcm" in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_another_frame_of_reference_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path / "series", SIZE, OBLIQUE)
    path = structure_set(tmp_path / "rt.dcm", [("organ", [(CLOSED, drawn(SQUARE, 1))])], frame="1.2.3")
    with pytest.raises(FileProblem, match="different frames of reference"):
        read_label_map(path, ImageFile(folder))
    np.testing.assert_array_equal(read_label_map(path, ImageFile(folder).read()).labels[1], square())
    slice_ = next(folder.iterdir())
    with pytest.raises(FileProblem, match="no volume"):
        read_label_map(path, ImageFile(slice_).read())

"""Stored values as numbers of structures: what is no label map is refused, never rounded."""

from collections.abc import Mapping

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Pixels
from bedside.modalities.imaging.outlines.label_map import MOST_STRUCTURES, LabelMap, listed, numbers_in, stored

ONE = "structure"
"""The name of the one structure of a mask that names nothing."""

MOST_UNNAMED = 64
"""Structures that a picture may hold without names: one with more different values is taken for a photograph."""

_DRAWN = (255, 65_535)
"""What drawing programs store for "inside"."""


def labelled(
    values: Pixels, geometry: Geometry | None, names: Mapping[int, str] | None, where: str, *, drawn: bool
) -> LabelMap:
    """A label map of stored values.

    A mask that holds nothing but 0 and 255 (or 0 and 65,535) is one structure, the number 1, unless `names` names
    255 itself.

    Args:
        values: Shape (*size), of any type of numbers.
        geometry: As the file tells it.
        names: What the numbers stand for; None names them after themselves.
        where: The file, for messages.
        drawn: The file is a picture, in which smoothed borders and photographs are looked for.

    Raises:
        FileProblem: Values are not whole, negative or too large, are a picture's, or have no name in `names`.
    """
    found = _whole(values, where)
    numbers = found[found > 0].tolist()
    most = numbers[-1] if numbers else 0
    one = len(numbers) == 1 and most in _DRAWN and (names is None or (most not in names and 1 in names))
    if one:
        labels, numbers = stored(values > 0, 1), [1]
    else:
        if drawn and names is None:
            _refuse_drawing(numbers, where)
        labels = stored(values, most)
    if names is not None:
        unknown = [number for number in numbers if number not in names]
        if unknown:
            msg = (
                f"{where} holds the numbers {listed(unknown)}, which have no name; 0 (background) and "
                f"{listed(sorted(names))} are allowed: name them too, or correct the file"
            )
            raise FileProblem(msg)
        return LabelMap(labels, geometry, dict(names))
    named = {1: ONE} if numbers in ([], [1]) else {number: f"{ONE} {number}" for number in numbers}
    return LabelMap(labels, geometry, named)


def _whole(values: Pixels, where: str) -> Pixels:
    """The different values, ascending, checked to be numbers of structures."""
    if values.dtype == np.bool_:
        values = values.astype(np.uint8)
    if values.dtype in (np.uint8, np.uint16):
        numbers = numbers_in(values)
        return numbers if (values > 0).all() else np.concatenate([[0], numbers])
    found = np.unique(values)
    if found.dtype.kind == "f" and not (np.isfinite(found).all() and (found == np.round(found)).all()):
        strange = found[~np.isfinite(found) | (found != np.round(found))]
        msg = (
            f"{where} is no label map: {strange.size} of its {found.size} different values are not whole, the first "
            f"{strange[0]:g}; it is an image, a map of probabilities, or was resampled by interpolation: save the "
            "labels themselves, resampled by the nearest label"
        )
        raise FileProblem(msg)
    if found[0] < 0 or found[-1] > MOST_STRUCTURES:
        msg = (
            f"{where} is no label map: its values go from {found[0]:g} to {found[-1]:g}; whole numbers from 0 "
            f"(background) to {MOST_STRUCTURES} are allowed"
        )
        raise FileProblem(msg)
    return found.astype(np.int64)


def _refuse_drawing(numbers: list[int], where: str) -> None:
    """Raise where numbers look like the greys of a smoothed mask or of a photograph rather than like structures."""
    remedy = "save the mask without smoothing as PNG, TIFF or NIfTI"
    if len(numbers) > MOST_UNNAMED:
        msg = (
            f"{where} holds {len(numbers)} different values above 0, as pictures and masks with smoothed borders do; "
            f"{MOST_UNNAMED} structures are allowed without names: {remedy}, or name its numbers"
        )
        raise FileProblem(msg)
    if len(numbers) > 1 and numbers[-1] in _DRAWN:
        msg = (
            f"{where} holds {numbers[-1]} beside {len(numbers) - 1} other values above 0 ({listed(numbers[:-1])}): its "
            f"borders were smoothed, or {numbers[-1]} has a meaning of its own; {remedy}, or name its numbers"
        )
        raise FileProblem(msg)

"""Images that show nearly the same: another frame of one examination, another crop or compression of one picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.look import looks
from bedside.modalities.modality import NearCopies
from bedside.types import Integers

ALIKE = 0.98
"""Correlation of two thumbnails, freed of what all images share, from which two images are near copies.

Between different people the largest correlation was .934 among 624 x 4,708 chest radiographs and .971 among 400 x
1,080 fundus photographs (MedMNIST); among breast ultrasound images (BreastMNIST), which hold several frames of one
lesion, it finds all 25 test images whose pixels correlate above .995 with a training image.
"""

_COMMON_FROM = 20
"""Images needed for a mean image; with fewer, a mean would be the images themselves."""

_CHUNK = 1024


def near_copies(predictors: Sequence[Readable]) -> NearCopies:
    """Decode every image once, and answer for each split which judged images nearly equal one that was learned from.

    Thumbnails of 16 x 16 (volumes 8 x 8 x 8) are compared by their correlation after the mean image has been removed,
    so brightness, contrast, size and format do not matter; mirrored and turned copies are not found. An image that is
    identical to one that was learned from is a copy, which is counted elsewhere, and not a near copy.
    """
    seen = looks(predictors)
    digests = np.array([look.digest for look in seen], dtype="S16")
    widths = np.array([look.thumbnail.size for look in seen])
    thumbnails = {int(width): _rows([look.thumbnail for look in seen], widths == width) for width in set(widths)}

    def found(learned: Integers, judged: Integers) -> Integers:
        near = [np.empty(0, dtype=np.int64)]
        for width, rows in thumbnails.items():
            a, b = learned[widths[learned] == width], judged[widths[judged] == width]
            near.append(b[_alike(rows[a], rows[b])])
        positions = np.sort(np.concatenate(near))
        return positions[~np.isin(digests[positions], digests[learned])].astype(np.int64)

    return found


def _rows(thumbnails: Sequence[NDArray[np.float32]], chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Thumbnails of one width by position; rows of other images stay zero and are never asked for."""
    width = next(one.size for one, take in zip(thumbnails, chosen.tolist(), strict=True) if take)
    rows = np.zeros((len(thumbnails), width), dtype=np.float32)
    for place in np.flatnonzero(chosen).tolist():
        rows[place] = thumbnails[place]
    return rows


def _alike(learned: NDArray[np.float32], judged: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which judged thumbnails correlate above `ALIKE` with any learned one."""
    if not len(learned) or not len(judged):
        return np.zeros(len(judged), dtype=np.bool_)
    common = learned.mean(axis=0) if len(learned) >= _COMMON_FROM else np.zeros(learned.shape[1], dtype=np.float32)
    a, b = _freed(learned, common), _freed(judged, common)
    best = [(b[start : start + _CHUNK] @ a.T).max(axis=1) for start in range(0, len(b), _CHUNK)]
    near: NDArray[np.bool_] = np.concatenate(best) > ALIKE
    return near


def _freed(rows: NDArray[np.float32], common: NDArray[np.float32]) -> NDArray[np.float32]:
    left = rows - common
    left[~rows.any(axis=1)] = 0.0  # a constant image is like no other
    length = np.linalg.norm(left, axis=1, keepdims=True)
    freed: NDArray[np.float32] = np.divide(left, length, out=np.zeros_like(left), where=length > 1e-6)
    return freed

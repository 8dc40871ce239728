"""Small outlines and predictions for tests."""

import numpy as np
from scipy import ndimage

from bedside.endpoints.mask.mask import Mask, Pixels
from bedside.endpoints.mask.segmentation import Segmentation


def blobs(stream: np.random.Generator, size: tuple[int, ...], structures: int = 1, level: float = 0.2) -> Pixels:
    """Smooth random shapes of several structures; some may be absent."""
    fields = np.stack([ndimage.gaussian_filter(stream.normal(size=size), 1.5) for _ in range(structures)])
    fields /= fields.std()
    return np.where(fields.max(axis=0) > level, fields.argmax(axis=0) + 1, 0).astype(np.uint8)


def guess(stream: np.random.Generator, labels: Pixels, structures: int, noise: float = 1.0) -> Segmentation:
    """Probabilities that lean towards the labels."""
    scores = stream.normal(scale=noise, size=(1 + structures, *labels.shape))
    scores = np.stack([ndimage.gaussian_filter(one, 1.0) for one in scores]) * 4.0
    scores += 1.5 * (labels == np.arange(1 + structures).reshape(-1, *(1 for _ in labels.shape)))
    shares = np.exp(scores - scores.max(axis=0))
    return Segmentation.of((shares / shares.sum(axis=0)).astype(np.float32))


def cases(
    seed: int, count: int, size: tuple[int, ...], structures: int, spacing: tuple[float, ...] | None
) -> tuple[list[Mask], list[Segmentation]]:
    """Outlines, some of them without a structure, and predictions."""
    stream = np.random.default_rng(seed)
    masks, told = [], []
    for k in range(count):
        labels = blobs(stream, size, structures, level=0.4)
        if k % 10 == 3:
            labels[labels == structures] = 0
        masks.append(Mask(labels, spacing))
        told.append(guess(stream, labels, structures, noise=0.3 + 0.4 * stream.random()))
    return masks, told

"""How an outline and its prediction are shown: lines around both, where they differ, and where the model doubts."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bedside.data.marks import Drawing, Layer, Mark
from bedside.endpoints.mask.mask import Delineated, Pixels
from bedside.endpoints.mask.overlap import Overlap, overlap
from bedside.endpoints.mask.segmentation import WHOLE, Segmentation
from bedside.endpoints.mask.structure import Structure


def mask_drawing(structures: Sequence[Structure]) -> Callable[[Delineated, Segmentation], Drawing]:
    """Drawings of outlines of these structures; what lies outside the judged region is not drawn."""

    def drawn(outcome: Delineated, prediction: Segmentation) -> Drawing:
        mask = outcome.read()
        found = overlap(mask, prediction)
        inside = np.ones(mask.size, dtype=np.bool_) if mask.judged is None else mask.judged
        truth, said = np.where(inside, mask.labels, 0), np.where(inside, prediction.labels, 0)
        numbers = range(1, len(structures) + 1)
        lines = [Mark("reference", k - 1, inside=truth == k) for k in numbers]
        lines += [Mark("predicted", k - 1, inside=said == k) for k in numbers]
        wrong = truth != said
        errors = (Mark("missed", inside=wrong & (truth > 0)), Mark("added", inside=wrong & (truth == 0)))
        layers = [Layer("outlines", tuple(lines)), Layer("errors", errors)]
        doubt = np.where(inside, uncertainty(prediction), np.float32(0.0))
        if doubt.any():
            layers.append(Layer("doubt", tuple(lines), doubt))
        return Drawing(_caption(structures, found), tuple(layers))

    return drawn


def uncertainty(prediction: Segmentation) -> NDArray[np.float32]:
    """Entropy of each pixel's classes as a share of the largest possible, shape (*size)."""
    # Row by row, or plane by plane: a volume needs many times its own room in double precision.
    planes = [_entropy(prediction.shares[:, place]) for place in range(prediction.size[0])]
    return np.stack(planes)


def _entropy(part: Pixels) -> NDArray[np.float32]:
    shares = part.astype(np.float64) / WHOLE
    every = np.concatenate([np.clip(1.0 - shares.sum(axis=0, keepdims=True), 0.0, 1.0), shares])
    terms = np.where(every > 0.0, every * np.log(np.maximum(every, 1e-12)), 0.0)
    return np.asarray(np.maximum(0.0, -terms.sum(axis=0)) / np.log(len(every)), dtype=np.float32)


def _caption(structures: Sequence[Structure], found: Overlap) -> str:
    parts = [
        f"{one.name} {value:.3f}" if np.isfinite(value) else f"{one.name} neither drawn nor predicted"
        for one, value in zip(structures, found.dice.tolist(), strict=True)
    ]
    told = "that nothing is there" if found.silent else f"{found.predicted_quality:.3f}"
    return f"Dice: {', '.join(parts)}. Expected by the model: {told}."

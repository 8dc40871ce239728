"""Texture and shape of an image as numbers, in the way of radiomics: what conventional models of images look at.

First-order statistics, grey-level co-occurrence (Haralick, Shanmugam and Dinstein, IEEE Trans Syst Man Cybern 1973),
gradients, and the shape of what Otsu's threshold separates; the definitions follow the Image Biomarker
Standardisation Initiative (Zwanenburg et al., Radiology 2020) where it defines them. In two and three dimensions.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.imaging.image import Image
from bedside.types import Floats, Integers

LEVELS = 16
"""Grey levels, equally wide between the 1st and 99th percentile, of co-occurrence."""

DISTANCES = (1, 2, 4)
"""Pixels between the two that are counted together."""

_QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_COLOURS = ("red", "green", "blue")


def texture(image: Image) -> dict[str, float]:
    """All features of an image by name; NaN where one is not defined (a constant image has no texture).

    Args:
        image: Of 1 or 3 channels, in 2 or 3 dimensions.
    """
    pixels = np.asarray(image.pixels, dtype=np.float64)
    grey = pixels.mean(axis=0)
    found = _first_order("grey", grey)
    if image.channels == 3:
        for name, channel in zip(_COLOURS, pixels, strict=True):
            found |= {f"{name}_{part}": value for part, value in _first_order("", channel).items() if part in _MOMENTS}
        found |= _colour(pixels)
    found |= _gradients(grey)
    levels = _levels(grey)
    for distance in DISTANCES:
        found |= _co_occurrence(levels, distance)
    found |= _shape(grey)
    return found


_MOMENTS = frozenset({"mean", "sd", "skewness", "median"})


def _first_order(prefix: str, values: Floats) -> dict[str, float]:
    flat = values.ravel()
    mean, sd = float(flat.mean()), float(flat.std())
    scaled = (flat - mean) / sd if sd > 0 else np.full_like(flat, np.nan)
    counts = np.bincount(_levels(values).ravel(), minlength=LEVELS) / flat.size
    quantiles = np.quantile(flat, _QUANTILES)
    found = {
        "mean": mean,
        "sd": sd,
        "skewness": float((scaled**3).mean()),
        "kurtosis": float((scaled**4).mean() - 3),
        "entropy": _entropy(counts),
        "uniformity": float((counts**2).sum()),
        "median": float(quantiles[_QUANTILES.index(0.5)]),
        "interquartile": float(quantiles[4] - quantiles[2]),
        "robust_range": float(quantiles[-2] - quantiles[1]),
    }
    return {f"{prefix}_{name}" if prefix else name: value for name, value in found.items()}


def _colour(pixels: Floats) -> dict[str, float]:
    top, low = pixels.max(axis=0), pixels.min(axis=0)
    saturation = np.where(top > 0, (top - low) / np.where(top > 0, top, 1), 0.0)
    total = pixels.sum(axis=0)
    share = np.where(total > 0, pixels / np.where(total > 0, total, 1), 1 / 3)
    return {
        "saturation_mean": float(saturation.mean()),
        "saturation_sd": float(saturation.std()),
        **{f"{name}_share_mean": float(one.mean()) for name, one in zip(_COLOURS, share, strict=True)},
        **{f"{name}_share_sd": float(one.std()) for name, one in zip(_COLOURS, share, strict=True)},
    }


def _gradients(grey: Floats) -> dict[str, float]:
    if min(grey.shape) < 2:
        return {"gradient_mean": np.nan, "gradient_sd": np.nan, "edge_share": np.nan, "centre_ratio": np.nan}
    size = np.sqrt(sum(np.square(one) for one in np.gradient(grey)))
    spread = float(grey.std())
    middle = tuple(slice(n // 4, max(n // 4 + 1, n - n // 4)) for n in grey.shape)
    return {
        "gradient_mean": float(size.mean()) / spread if spread > 0 else np.nan,
        "gradient_sd": float(size.std()) / spread if spread > 0 else np.nan,
        "edge_share": float((size > size.mean() + 2 * size.std()).mean()),
        "centre_ratio": float(grey[middle].mean() - grey.mean()) / spread if spread > 0 else np.nan,
    }


def _levels(values: Floats) -> Integers:
    low, high = np.quantile(values, [0.01, 0.99])
    if high <= low:
        return np.zeros(values.shape, dtype=np.int64)
    scaled: Floats = np.clip((values - low) / (high - low) * LEVELS, 0, LEVELS - 1)
    return scaled.astype(np.int64)


def _co_occurrence(levels: Integers, distance: int) -> dict[str, float]:
    """Means and ranges over directions: the mean does not change when an image is turned, the range tells streaks."""
    names = ("contrast", "homogeneity", "energy", "correlation", "co_entropy")
    rows = [_of_pairs(counts) for counts in _pairs(levels, distance)]
    table = np.array(rows) if rows else np.full((1, len(names)), np.nan)
    found = {}
    for name, column in zip(names, table.T, strict=True):
        known = column[np.isfinite(column)]
        found[f"{name}_{distance}"] = float(known.mean()) if known.size else np.nan
        found[f"{name}_range_{distance}"] = float(np.ptp(known)) if known.size else np.nan
    return found


def _pairs(levels: Integers, distance: int) -> Iterator[Floats]:
    """One symmetric table of pairs of levels, shape (LEVELS, LEVELS), adding up to 1, for each direction."""
    directions = [step for step in product((0, 1, -1), repeat=levels.ndim) if step > (0,) * levels.ndim]
    for step in directions:
        moves = [distance * one for one in step]
        if any(abs(move) >= n for move, n in zip(moves, levels.shape, strict=True)):
            continue
        here = levels[tuple(slice(max(0, -m), n - max(0, m)) for m, n in zip(moves, levels.shape, strict=True))]
        there = levels[tuple(slice(max(0, m), n - max(0, -m)) for m, n in zip(moves, levels.shape, strict=True))]
        counts = np.bincount((here * LEVELS + there).ravel(), minlength=LEVELS**2).reshape(LEVELS, LEVELS)
        table = (counts + counts.T).astype(np.float64)
        yield table / table.sum()


_ROW, _COLUMN = np.indices((LEVELS, LEVELS)).astype(np.float64)


def _of_pairs(table: Floats) -> tuple[float, float, float, float, float]:
    mean = float((table * _ROW).sum())
    variance = float((table * (_ROW - mean) ** 2).sum())
    covariance = float((table * (_ROW - mean) * (_COLUMN - mean)).sum())
    return (
        float((table * (_ROW - _COLUMN) ** 2).sum()),
        float((table / (1 + (_ROW - _COLUMN) ** 2)).sum()),
        float((table**2).sum()),
        covariance / variance if variance > 0 else np.nan,
        _entropy(table.ravel()),
    )


def _shape(grey: Floats) -> dict[str, float]:
    """Of the largest part on the rarer side of Otsu's threshold: a lesion darker or brighter than what surrounds it."""
    from scipy.ndimage import label  # noqa: PLC0415 - beside its only use, as skimage below
    from skimage.filters import threshold_otsu  # noqa: PLC0415 - half a second that only texture needs

    names = ("part_share", "part_contrast", "part_elongation", "part_compactness", "part_extent", "part_asymmetry")
    if np.ptp(grey) == 0:
        return dict.fromkeys(names, np.nan)
    above = grey > threshold_otsu(grey)  # type: ignore[no-untyped-call]
    rarer = above if above.mean() <= 0.5 else ~above
    parts, count = label(rarer)
    if count == 0:
        return dict.fromkeys(names, np.nan)
    part = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    places = np.argwhere(part).astype(np.float64)
    centred = places - places.mean(axis=0)
    spread = np.linalg.eigvalsh(centred.T @ centred / len(places) + np.eye(grey.ndim) / 12)
    box = np.ptp(places, axis=0) + 1
    outside = grey[~part]
    return {
        "part_share": float(part.mean()),
        "part_contrast": float(grey[part].mean() - outside.mean()) / float(grey.std()) if outside.size else np.nan,
        "part_elongation": float(np.sqrt(spread[0] / spread[-1])),
        "part_compactness": len(places) / _surface(part),
        "part_extent": len(places) / float(box.prod()),
        "part_asymmetry": _asymmetry(part),
    }


def _surface(part: NDArray[np.bool_]) -> float:
    """Faces between the part and what is outside it, scaled as a ball's to the power that makes it a pure number."""
    padded = np.pad(part, 1)
    faces = sum(int(np.diff(padded.astype(np.int8), axis=axis).astype(bool).sum()) for axis in range(part.ndim))
    return float(faces) ** (part.ndim / (part.ndim - 1)) if faces else np.nan


def _asymmetry(part: NDArray[np.bool_]) -> float:
    """Share of the part that is not covered by its mirror images through its own centre, the mean over axes."""
    places = np.argwhere(part)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    box = part[tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))]
    missed = [float((box & ~np.flip(box, axis=axis)).sum()) / float(box.sum()) for axis in range(box.ndim)]
    return float(np.mean(missed))


def _entropy(shares: Floats) -> float:
    known = shares[shares > 0]
    return float(-(known * np.log2(known)).sum())


def feature_names(dimensions: int, channels: int) -> tuple[str, ...]:
    """Names of all features of such images, in order."""
    example = np.arange(channels * 5**dimensions, dtype=np.float64) % 7
    return tuple(texture(Image(example.reshape((channels,) + (5,) * dimensions))))

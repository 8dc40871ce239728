"""Slow shading of an image, as coils and ultrasound probes cause it, estimated and divided out.

The logarithm of the field is a polynomial of low order, fitted by least squares to the logarithm of the image where
there is tissue, what departs strongly from it left out (Dawant, Zijdenbos and Margolin, IEEE Trans Med Imaging 1993,
12:770; Vovk, Pernus and Likar's review, ibid. 2007, 26:405). A true, slow gradient of tissue is taken for shading.
"""

from itertools import product

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Pixels
from bedside.types import Floats

ORDER = 3
"""Highest total power of the polynomial."""

_ROUNDS = 4
_SAMPLED = 1 << 16
_TISSUE = 0.1
"""Tissue is brighter than this share of the 99th percentile."""
_STRONGEST = 4.0
"""The field changes no value more than this many times."""


def without_bias_field(pixels: Pixels) -> Pixels:
    """Each channel divided by its estimated shading, whose geometric mean over tissue is 1; float32.

    Args:
        pixels: Shape (channels, *spatial), not negative.

    Raises:
        FileProblem: There are negative values, which no shading multiplies.
    """
    if pixels.min() < 0:
        msg = (
            f"shading multiplies intensities that are not negative, and the image has values down to {pixels.min():g}; "
            "declare bias_field=False (a CT has no such shading)"
        )
        raise FileProblem(msg)
    return np.stack([channel / _field(channel.astype(np.float64)) for channel in pixels]).astype(np.float32)


def _field(channel: Floats) -> Floats:
    tissue = channel > _TISSUE * np.percentile(channel, 99)
    tissue &= channel > 0
    places = np.flatnonzero(tissue)
    terms = _terms(channel.shape)
    places = places[:: max(1, len(places) // _SAMPLED)]
    if len(places) < 4 * len(terms):
        return np.ones_like(channel)
    design = np.stack([np.broadcast_to(term, channel.shape).ravel()[places] for term in terms], axis=1)
    wanted = np.log(channel.ravel()[places])
    weights = np.linalg.lstsq(design, wanted, rcond=None)[0]
    for _ in range(_ROUNDS):
        off = np.abs(wanted - design @ weights)
        # A third of the tissue at most is called unlike the rest.
        kept = off <= max(2.0 * float(np.median(off)), float(np.quantile(off, 2 / 3)))
        weights = np.linalg.lstsq(design[kept], wanted[kept], rcond=None)[0]
    weights[0] -= float((design @ weights).mean())
    log_field: Floats = sum((w * term for w, term in zip(weights, terms, strict=True)), np.zeros(channel.shape))
    return np.exp(np.clip(log_field, -np.log(_STRONGEST), np.log(_STRONGEST)))


def _terms(shape: tuple[int, ...]) -> list[Floats]:
    """Products of Legendre polynomials of the coordinates, the constant first, ready to be broadcast."""
    axes = [np.linspace(-1.0, 1.0, length) for length in shape]
    found: list[Floats] = []
    for powers in product(range(ORDER + 1), repeat=len(shape)):
        if sum(powers) <= ORDER:
            parts = [
                np.polynomial.legendre.legval(axis, np.eye(ORDER + 1)[power])
                for axis, power in zip(axes, powers, strict=True)
            ]
            term: Floats = np.ones((1,) * len(shape))
            for place, part in enumerate(parts):
                term = term * part.reshape([-1 if place == axis else 1 for axis in range(len(shape))])
            found.append(term)
    return found

"""Grey values and colours made comparable: channels, windows, percentiles, mean and spread."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.image import Pixels
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.sampling import step
from bedside.types import Floats, Json

Moments: TypeAlias = NDArray[np.float32]
"""Four numbers an image: low and high limit, centre, and what the centred values are multiplied by."""

_LUMINANCE = (0.299, 0.587, 0.114)
"""Shares of red, green and blue: ITU-R BT.601."""

_SAMPLED = 1 << 22
"""Values of a channel from which percentiles of development are taken; 8-bit values are all counted."""

_LARGEST = float(np.finfo(np.float32).max)


def with_channels(pixels: Pixels, plan: ImagePlan) -> Pixels:
    """The image with as many channels as the plan has.

    Raises:
        FileProblem: It has another number, and the plan does not allow to convert it.
    """
    found = len(pixels)
    if found == plan.channels:
        return pixels
    if found == 3 and plan.channels == 1:
        if np.array_equal(pixels[0], pixels[1]) and np.array_equal(pixels[0], pixels[2]):
            return pixels[:1]
        if plan.convert:
            grey = np.tensordot(np.array(_LUMINANCE, dtype=np.float32), pixels.astype(np.float32), axes=1)[None]
            return np.rint(grey).astype(np.uint8) if pixels.dtype == np.uint8 else grey
        msg = (
            "the image is in colour (3 unequal channels) and the plan is for grey (1 channel); declare channels=3, or "
            "convert=True to reduce colours to luminance"
        )
        raise FileProblem(msg)
    if found == 1 and plan.channels == 3:
        if plan.convert:
            return np.repeat(pixels, 3, axis=0)
        msg = (
            "the image is grey (1 channel) and the plan is for colour (3 channels); declare channels=1, or "
            "convert=True to repeat grey three times"
        )
        raise FileProblem(msg)
    msg = f"the image has {found} channels and the plan is for {plan.channels}; declare channels={found}"
    raise FileProblem(msg)


def usable(pixels: Pixels) -> Pixels:
    """The values as 8-bit numbers if they are such, else as float32.

    Raises:
        FileProblem: They are not numbers, not finite, too large, or all the same.
    """
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if not (np.issubdtype(pixels.dtype, np.integer) or np.issubdtype(pixels.dtype, np.floating)):
        msg = f"pixels are of the type {pixels.dtype}; whole or decimal numbers are allowed: convert the file"
        raise FileProblem(msg)
    low, high = float(pixels.min()), float(pixels.max())
    if not (np.isfinite(low) and np.isfinite(high) and max(-low, high) < _LARGEST):
        with np.errstate(invalid="ignore"):
            count = int((~(np.abs(pixels) < _LARGEST)).sum())
        msg = (
            f"{count} of {pixels.size} pixels are not finite or beyond {_LARGEST:.3g}; finite values are needed: "
            "repair the file, or leave the image out"
        )
        raise FileProblem(msg)
    if low == high:
        msg = f"all pixels have the value {low:g}; an image that shows something is needed: leave it out"
        raise FileProblem(msg)
    return pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32, copy=False)


def windowed(pixels: Pixels, window: tuple[float, float]) -> NDArray[np.float32]:
    """Values cut to a window given by centre and width.

    Raises:
        FileProblem: The image has no value inside the window.
    """
    low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
    cut = np.clip(pixels.astype(np.float32), low, high)
    if cut.min() == cut.max():
        msg = (
            f"no pixel lies between {low:g} and {high:g}, the plan's window; found are values from {pixels.min():g} to "
            f"{pixels.max():g}: check the unit (Hounsfield units after the rescale slope), or declare another window"
        )
        raise FileProblem(msg)
    return cut


def moments(pixels: Pixels, clip: tuple[float, float] | None) -> Moments:
    """Limits, mean and inverse spread of one image, over all its channels, so that colours keep their hue.

    Raises:
        FileProblem: Between the percentiles all values are the same.
    """
    values = pixels.astype(np.float64).ravel()
    low, high = np.percentile(values, clip) if clip else (values.min(), values.max())
    cut = np.clip(values, low, high)
    spread = float(cut.std())
    if not spread > 0.0:
        msg = (
            f"between its percentiles {clip} the image has the single value {low:g}, so that it cannot be standardised "
            "by itself; declare wider percentiles, clip=None or scale='development', or leave the image out"
        )
        raise FileProblem(msg)
    return np.array([low, high, cut.mean(), 1.0 / spread], dtype=np.float32)


class Chunks(Protocol):
    """Images of one type and shape, read a few at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(cases, channels, *spatial)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or float32."""
        ...

    def __iter__(self) -> Iterator[Pixels]:
        """Chunks of shape (some cases, channels, *spatial), in order."""
        ...


@dataclass(frozen=True)
class ChannelScale:
    """Limits, mean and spread of each channel in development.

    Attributes:
        low: Values below are raised to it; None cuts none.
        high: Values above are lowered to it.
        centre: Becomes 0.
        spread: Becomes 1.
    """

    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    centre: tuple[float, ...]
    spread: tuple[float, ...]

    @cached_property
    def moments(self) -> NDArray[np.float32]:
        """Shape (4, 1, channels): low, high, centre and factor, as `standardised` takes them."""
        low = self.low or (-np.inf,) * len(self.centre)
        high = self.high or (np.inf,) * len(self.centre)
        factor = 1.0 / np.array(self.spread)
        return np.array([low, high, self.centre, factor], dtype=np.float32)[:, None]

    def state(self) -> Json:
        """As JSON."""
        names = ("low", "high", "centre", "spread")
        return {name: None if getattr(self, name) is None else list(getattr(self, name)) for name in names}

    @classmethod
    def from_state(cls, state: Json) -> "ChannelScale":
        """The inverse of `state`."""
        given = cast("dict[str, list[float] | None]", state)
        low, high = (None if given[name] is None else tuple(given[name] or ()) for name in ("low", "high"))
        return cls(low, high, tuple(given["centre"] or ()), tuple(given["spread"] or ()))


def standardised(pixels: Pixels, scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values cut, centred and divided, float32.

    Args:
        pixels: Shape (cases, channels, *spatial).
        scale: Shape (4, cases or 1, channels or 1).
    """
    low, high, centre, factor = scale.reshape(*scale.shape, *(1 for _ in pixels.shape[2:]))
    cut = np.clip(pixels.astype(np.float32), low, high)
    cut -= centre
    cut *= factor
    return cut


def development_scale(chunks: Chunks, clip: tuple[float, float] | None) -> ChannelScale:
    """Limits, mean and spread of each channel, read in chunks; the order of the images does not matter.

    Raises:
        ModelError: A channel has a single value between the percentiles.
    """
    counted = chunks.dtype == np.uint8
    limits = (_counted_limits if counted else _sampled_limits)(chunks, clip) if clip else None
    channels = chunks.shape[1]
    sums: list[list[Floats]] = []
    for chunk in chunks:
        values = chunk.reshape(len(chunk), channels, -1).astype(np.float64)
        if limits is not None:
            values = np.clip(values, limits[0][:, None], limits[1][:, None])
        centred = values - values.mean(axis=2, keepdims=True)
        sums.append([values.mean(axis=2), (centred**2).mean(axis=2)])
    means, variances = (np.concatenate([each[k] for each in sums]) for k in (0, 1))
    # Sorted before they are summed, so that the order of the images leaves no trace in the last digit.
    centre = np.sort(means, axis=0).mean(axis=0)
    spread = np.sqrt(np.sort(variances + (means - centre) ** 2, axis=0).mean(axis=0))
    if not (spread > 0.0).all():
        place = int(np.flatnonzero(~(spread > 0.0))[0])
        msg = (
            f"channel {place + 1} of {channels} has a single value over all development images between the percentiles "
            f"{clip}; declare clip=None or scale='image', or leave the channel out"
        )
        raise ModelError(msg)
    low, high = (tuple(each.tolist()) for each in limits) if limits is not None else (None, None)
    return ChannelScale(low, high, tuple(centre.tolist()), tuple(spread.tolist()))


def _counted_limits(chunks: Chunks, clip: tuple[float, float]) -> tuple[Floats, Floats]:
    """Percentiles of 8-bit values, from their exact counts."""
    channels = chunks.shape[1]
    counts = np.zeros((channels, 256), dtype=np.int64)
    for chunk in chunks:
        for channel in range(channels):
            counts[channel] += np.bincount(chunk[:, channel].ravel(), minlength=256)
    shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    low, high = (
        np.array([np.searchsorted(each, share / 100.0) for each in shares], dtype=np.float64) for share in clip
    )
    return low, np.minimum(high, 255.0)


def _sampled_limits(chunks: Chunks, clip: tuple[float, float]) -> tuple[Floats, Floats]:
    """Percentiles of decimal values, from evenly spaced pixels of every image."""
    cases, channels, *spatial = chunks.shape
    apart = step(spatial, max(1, _SAMPLED // max(1, cases)))
    kept = [chunk.reshape(len(chunk), channels, -1)[:, :, ::apart] for chunk in chunks]
    values = np.concatenate([each.swapaxes(0, 1).reshape(channels, -1) for each in kept], axis=1).astype(np.float64)
    low, high = np.percentile(values, clip, axis=1)
    return low, high

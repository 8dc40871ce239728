"""Stored numbers to the values they stand for: Hounsfield units, activity, dose."""

import numpy as np

from bedside.modalities.imaging.image import Pixels


def rescaled(stored: Pixels, slope: float, intercept: float, *, bits: tuple[int, int] | None = None) -> Pixels:
    """Stored numbers times slope plus intercept, without loss where slope and intercept are whole.

    Whole numbers stay whole: in the stored type when nothing changes, else in int16 or int32, whichever is the first
    that holds every value the file could store. Otherwise computed in float64 and given as float32.

    Args:
        stored: Any shape, integers or floats.
        slope: Of the file's rescale or scaling rule.
        intercept: Likewise.
        bits: Lowest and highest number the file can store; None takes them from the type.
    """
    if slope == 1.0 and intercept == 0.0:
        return stored
    whole = np.issubdtype(stored.dtype, np.integer) and float(slope).is_integer() and float(intercept).is_integer()
    if whole:
        low, high = bits if bits is not None else (int(np.iinfo(stored.dtype).min), int(np.iinfo(stored.dtype).max))
        ends = [end * int(slope) + int(intercept) for end in (low, high, int(stored.min()), int(stored.max()))]
        for kind in (np.int16, np.int32):
            if np.iinfo(kind).min <= min(ends) and max(ends) <= np.iinfo(kind).max:
                return (stored.astype(np.int64) * int(slope) + int(intercept)).astype(kind)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)

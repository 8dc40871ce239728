"""What every statistic asks of its input, said in one place and in the same words."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bedside.errors import StatisticsError
from bedside.types import Booleans, Floats, Integers


def vector(values: ArrayLike, name: str, size: int | None = None) -> Floats:
    """Numbers as a float vector without NaN.

    Raises:
        StatisticsError: Not one-dimensional, empty, of another length than `size`, or holding NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        message = f"{name} has shape {array.shape}; give one number a case, shape (n,)."
        raise StatisticsError(message)
    if array.size == 0:
        message = f"{name} is empty; give at least one case."
        raise StatisticsError(message)
    if size is not None and array.size != size:
        message = f"{name} has {array.size} values where {size} are needed; give one a case, in the same order."
        raise StatisticsError(message)
    if np.isnan(array).any():
        count = int(np.isnan(array).sum())
        message = f"{name} holds {count} NaN among {array.size} values; exclude or impute those cases first."
        raise StatisticsError(message)
    return array


def finite(values: ArrayLike, name: str, size: int | None = None) -> Floats:
    """Numbers as a float vector without NaN or infinity.

    Raises:
        StatisticsError: As `vector`, and for an infinite value.
    """
    array = vector(values, name, size)
    if not np.isfinite(array).all():
        message = f"{name} holds {int((~np.isfinite(array)).sum())} infinite values; only finite numbers are allowed."
        raise StatisticsError(message)
    return array


def probabilities(values: ArrayLike, name: str = "probability", size: int | None = None) -> Floats:
    """Numbers in [0, 1].

    Raises:
        StatisticsError: As `finite`, and for a value outside [0, 1].
    """
    array = finite(values, name, size)
    if array.min() < 0.0 or array.max() > 1.0:
        message = f"{name} runs from {array.min():g} to {array.max():g}; probabilities lie in [0, 1]."
        raise StatisticsError(message)
    return array


def labels(values: ArrayLike, size: int | None = None) -> Booleans:
    """Binary outcomes as booleans: True is the positive class.

    Raises:
        StatisticsError: Not one-dimensional, empty, wrong length, or values other than 0 and 1.
    """
    array = np.asarray(values)
    if array.dtype != np.bool_:
        numbers = vector(array, "label", size)
        if not np.isin(numbers, (0.0, 1.0)).all():
            message = "label holds values other than 0 and 1; code the positive class True and the other False."
            raise StatisticsError(message)
        return np.asarray(numbers == 1.0, dtype=np.bool_)
    vector(array, "label", size)
    return np.asarray(array, dtype=np.bool_)


def two_classes(label: Booleans, least: int = 1) -> tuple[int, int]:
    """Numbers of positive and negative cases.

    Raises:
        StatisticsError: Fewer than `least` of either.
    """
    positive = int(label.sum())
    negative = int(label.size - positive)
    if min(positive, negative) < least:
        message = (
            f"{positive} positive and {negative} negative cases; at least {least} of each outcome class are needed."
        )
        raise StatisticsError(message)
    return positive, negative


def codes(values: NDArray[np.generic] | ArrayLike, name: str, size: int | None = None) -> Integers:
    """Any identifiers to integers 0 ... k - 1.

    Raises:
        StatisticsError: Not one-dimensional, empty, or of another length than `size`.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0 or (size is not None and array.size != size):
        message = f"{name} has shape {array.shape} where ({size or 'n'},) is needed; give one code a case."
        raise StatisticsError(message)
    return np.unique(array, return_inverse=True)[1].astype(np.int64).reshape(-1)


def weight_matrix(weights: Floats, m: int) -> Floats:
    """Weights (b, m), non-negative and finite.

    Raises:
        StatisticsError: Another shape, a negative weight, or NaN.
    """
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != m:
        message = f"weights have shape {array.shape}; (b, {m}) is needed, one column a row of the sample."
        raise StatisticsError(message)
    if array.size and not float(array.min()) >= 0.0:
        message = "weights hold a negative number or NaN; weights are multiplicities of cases and at least 0."
        raise StatisticsError(message)
    return array

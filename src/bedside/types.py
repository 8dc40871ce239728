"""Identifiers and array types shared by every floor."""

from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

SampleId = NewType("SampleId", str)
PatientId = NewType("PatientId", str)

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

Weights: TypeAlias = NDArray[np.float64]
"""Resampling weights, shape (b, m): b replicates of m rows; a row of ones is the sample itself."""

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

"""Which declared predictor each column of a conventional model's matrix belongs to."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.types import Integers


@runtime_checkable
class Design(Protocol):
    """A sparse matrix of numbers and 0/1 columns of category words.

    Attributes:
        features: Numbers and category codes; a column each.
        kept: For each code column, the codes that have a column of their own. They follow the numbers.
    """

    features: Features
    kept: tuple[Integers, ...]

    def matrix(self, rows: Sequence[Record]) -> Any:  # noqa: ANN401 - a scipy sparse array
        """Rows to a matrix."""
        ...


def owners_of_design(design: Design) -> Integers:
    """Position in the schema of the predictor that each column of a design comes from."""
    owner, coded = design.features.owners, design.features.categorical
    sizes = [len(codes) for codes in design.kept]
    return np.concatenate([owner[~coded], np.repeat(owner[coded], sizes)]).astype(np.int64)

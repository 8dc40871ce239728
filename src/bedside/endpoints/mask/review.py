"""Which cases a person should look at: those whose expected Dice is low, by a threshold chosen on tuning data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.facts import Examiner
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import StudyError


@dataclass(frozen=True)
class Review:
    """When a case is flagged for review.

    Attributes:
        below: A mean Dice below this is a failure that should be found.
        sensitivity: Share of failures on tuning data that the threshold must find.
    """

    below: float
    sensitivity: float = 0.9

    def __post_init__(self) -> None:
        if not (0.0 < self.below < 1.0 and 0.0 < self.sensitivity <= 1.0):
            msg = (
                f"cases with Dice below {self.below!r} are to be found with sensitivity {self.sensitivity!r}; give a "
                "Dice strictly between 0 and 1 and a sensitivity above 0, at most 1"
            )
            raise StudyError(msg)

    @property
    def words(self) -> str:
        """How the threshold is chosen."""
        return (
            f"the smallest expected Dice below which {self.sensitivity:.0%} of the tuning cases with a Dice below "
            f"{self.below:g} lie; where there is none, the smallest expected Dice of the tuning cases"
        )

    def threshold(
        self, examiner: Examiner, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]
    ) -> float:
        """A case is flagged where its expected Dice is below this; 0 of no cases, which flags nobody."""
        table = examiner.table(outcomes, predictions)
        expected, real = table.predicted_quality, table.quality
        if not expected.size:
            return 0.0
        failed = np.sort(expected[np.isfinite(real) & (real < self.below)])
        if not failed.size:
            return float(expected.min())
        last = failed[math.ceil(self.sensitivity * failed.size - 1e-9) - 1]
        return float(np.nextafter(last, 2.0))

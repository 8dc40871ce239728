"""Which cases a person should look at: those whose expected Dice is low, by a threshold chosen on tuning data.

A prediction that says that nothing is there expects a Dice of 0. Where something always is, that is a failure to be
looked at; where tuning data hold cases with nothing in them it is an answer, and no reason to look.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.facts import Examiner, Table
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import StudyError
from bedside.types import Booleans


@dataclass(frozen=True)
class Flag:
    """Which cases are flagged.

    Attributes:
        threshold: Below which an expected Dice is.
        silent: Whether a case is flagged, too, in which nothing is predicted or expected.
    """

    threshold: float
    silent: bool = True

    def of(self, table: Table) -> Booleans:
        """Shape (n,)."""
        found: Booleans = table.predicted_quality < self.threshold
        return found if self.silent else found & (table.silent == 0)


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
            f"{self.below:g} lie; where there is none, the smallest expected Dice of the tuning cases; where tuning "
            "data hold cases with nothing to outline, those in which nothing is outlined or expected are not flagged"
        )

    def flag(self, examiner: Examiner, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> Flag:
        """Chosen on tuning cases; of none one that flags nobody."""
        table = examiner.table(outcomes, predictions)
        if not table.quality.size:
            return Flag(0.0)
        silent = bool((table.drawn.sum(axis=1) > 0).all())
        asked = np.ones(len(table.silent), dtype=np.bool_) if silent else table.silent == 0
        expected, real = table.predicted_quality[asked], table.quality[asked]
        failed = np.sort(expected[np.isfinite(real) & (real < self.below)])
        if not failed.size:
            return Flag(float(expected.min(initial=1.0)), silent)
        last = failed[math.ceil(self.sensitivity * failed.size - 1e-9) - 1]
        return Flag(float(np.nextafter(last, 2.0)), silent)

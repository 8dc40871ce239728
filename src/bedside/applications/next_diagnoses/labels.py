"""Which diagnoses are predicted, from whom that was learned, and how often a patient had them before."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np

from bedside.modalities.records.history import History

LABELS: Final = {
    "acute viral pharyngitis": "SNOMED//195662009",
    "viral sinusitis": "SNOMED//444814009",
}
"""Codes by their words, the rarest first: what `most_frequent` finds among the patients of development."""

DEVELOPMENT, TEST = "development", "test"


def partition(patient: str) -> str:
    """Where a patient belongs, for every patient of any source the same: a third is judged.

    Which third, and that two labels are predicted, was chosen by how many of the 19 patients have each diagnosis, so
    that both occur on either side: right for a smoke test, and for nothing else.
    """
    return TEST if blake2b(patient.encode(), digest_size=8).digest()[0] % 3 == 0 else DEVELOPMENT


@dataclass(frozen=True)
class TimesBefore:
    """Rule for `PointsScore`: at how many events a code stands in a history, as its logarithm.

    Attributes:
        code: With its system.
    """

    code: str

    def __call__(self, history: History) -> float:
        """Log of one more than the count."""
        place = history.events.places.get(self.code, -1)
        return float(np.log1p(np.count_nonzero(history.events.codes[history.positions()] == place)))

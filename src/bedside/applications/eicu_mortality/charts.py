"""Scores at the bedside from what the excerpt holds of an examination: vital signs, and the parts of the coma scale."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bedside.comparators.scores.vital_signs import Codes, VitalSigns, vital_signs
from bedside.modalities.records.history import History

_VITAL = "EICU//EXAM//Constitutional/Vital Sign and Physiological Data"
_COMA = "EICU//EXAM//Neurologic/GCS"

CODES = Codes(
    respiration=(f"{_VITAL}/Resp Rate/Resp Current",),
    saturation=(f"{_VITAL}/O2 Sat%/O2 Sat% Current",),
    inspired=(f"{_VITAL}/FiO2%/FiO2%",),
    systolic=(f"{_VITAL}/BP (systolic)/BP (systolic) Current",),
    pulse=(f"{_VITAL}/HR/HR Current",),
    temperature=(),
    coma_scale=(),
)
"""Where examinations write them; they write no temperature as a number."""

PARTS = tuple(f"{_COMA}/{part} Score" for part in ("Eyes", "Verbal", "Motor"))
"""The coma scale is their sum."""


@dataclass(frozen=True)
class OfExamination:
    """A score of the latest vital signs of a history; no answer where none was examined.

    Attributes:
        score: Of vital signs.
    """

    score: Callable[[VitalSigns], int]

    def __call__(self, history: History) -> float | None:
        """Points."""
        signs = examined(history)
        return float(self.score(signs)) if signs.known else None


def examined(history: History) -> VitalSigns:
    """The latest of each, the coma scale as the sum of its parts where all three are known."""
    parts = [vital_signs(history, replace(CODES, coma_scale=(part,))).coma_scale for part in PARTS]
    known = [part for part in parts if part is not None]
    return replace(vital_signs(history, CODES), coma_scale=sum(known) if len(known) == len(parts) else None)

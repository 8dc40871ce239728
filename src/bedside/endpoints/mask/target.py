"""What an outline answers: no question by classes, and no quantity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.facts import Examiner
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.target import Quantity, Question
from bedside.types import Floats, Integers


@dataclass(frozen=True)
class Outlined:
    """The target of an outline.

    Attributes:
        structures: Their words, in the order of labels 1, 2 ...
        examiner: Finds what outcome and prediction have in common.
    """

    structures: tuple[str, ...]
    examiner: Examiner

    @property
    def questions(self) -> tuple[Question[Delineated, Segmentation], ...]:
        """None."""
        return ()

    @property
    def quantities(self) -> tuple[Quantity[Delineated, Segmentation], ...]:
        """None."""
        return ()

    def uninformed(self, outcomes: Sequence[Delineated]) -> list[Segmentation]:
        """Nothing outlined in any image."""
        count = self.examiner.structures
        return [Segmentation(np.zeros((count, *outcome.read().size), dtype=np.uint8)) for outcome in outcomes]

    def replaced(
        self, predictions: Sequence[Segmentation], answers: Sequence[Floats], numbers: Sequence[Floats]
    ) -> list[Segmentation]:
        """The predictions as they are: there are no answers to replace."""
        del answers, numbers
        return list(predictions)

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Delineated]:
        """Nothing: no answers make an outline."""
        del answers, numbers
        return []

    def losses(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> Floats:
        """1 minus the mean of Dice and soft Dice, mean over structures, shape (n,); see `Overlap.losses`."""
        found = self.examiner.overlaps(outcomes, predictions)
        return np.array([one.losses.mean() for one in found], dtype=np.float64)

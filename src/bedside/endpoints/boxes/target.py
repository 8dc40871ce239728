"""What boxes answer to the spine: no question by classes, and no quantity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kinds import Kind
from bedside.endpoints.boxes.matching import WRONG, judged, rows
from bedside.endpoints.boxes.ranked import average_precision
from bedside.endpoints.target import Quantity, Question
from bedside.types import Floats, Integers


@dataclass(frozen=True)
class BoxTarget:
    """The target of an endpoint of boxes.

    Attributes:
        kinds: Of things that boxes are drawn around.
        dimensions: 2 for images, 3 for volumes.
        overlap: Intersection over union from which a box counts as found.
    """

    kinds: tuple[Kind, ...]
    dimensions: int
    overlap: float

    @property
    def questions(self) -> tuple[Question[Boxes, Found], ...]:
        """None."""
        return ()

    @property
    def quantities(self) -> tuple[Quantity[Boxes, Found], ...]:
        """None."""
        return ()

    def uninformed(self, outcomes: Sequence[Boxes]) -> list[Found]:
        """Nothing is found anywhere."""
        return [Found.nothing(self.dimensions) for _ in outcomes]

    def replaced(
        self, predictions: Sequence[Found], answers: Sequence[Floats], numbers: Sequence[Floats]
    ) -> list[Found]:
        """The predictions: they hold no probabilities or numbers that could be replaced."""
        del answers, numbers
        return list(predictions)

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Boxes]:
        """None: boxes do not follow from answers."""
        del answers, numbers
        return []

    def losses(self, outcomes: Sequence[Boxes], predictions: Sequence[Found]) -> Floats:
        """1 - average precision of each image by itself, mean over kinds; of an empty one the highest wrong score."""
        found = np.zeros(len(outcomes))
        for place, (truth, told) in enumerate(zip(outcomes, predictions, strict=True)):
            if not len(truth):
                wrong = judged(truth, told, (self.overlap,))[:, 0] == WRONG
                found[place] = float(told.scores[wrong].max(initial=0.0))
                continue
            given = rows([truth], [told], (self.overlap,)).rows
            found[place] = 1.0 - float(average_precision(given)(np.ones((1, len(given))))[0])
        return found

"""All that is measured of one case, found once and kept with its outcome and prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bedside.endpoints.mask.lesion import lesion_counts
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.overlap import Overlap, checked, judged_labels, overlap
from bedside.endpoints.mask.remembered import Remembered
from bedside.endpoints.mask.ruler import Ruler
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.surface import hausdorff95, surface_dice, surface_distances
from bedside.errors import StatisticsError
from bedside.types import Floats

_OF_STRUCTURES = ("dice", "iou", "hausdorff95", "surface_dice", "drawn", "said", "lesions", "found", "false")
"""Columns of the table that hold one number a structure."""


@dataclass(frozen=True, eq=False)
class Facts:
    """One case.

    Attributes:
        row: Its row of the table: one number a structure for each column that has so many, then the others.
        axes: Of the image.
    """

    row: Floats
    axes: int


@dataclass(frozen=True, eq=False)
class Table:
    """Facts of all cases, in order; columns of shape (n, structures) unless it is said otherwise.

    Attributes:
        dice, iou: NaN where a structure is neither drawn nor predicted.
        hausdorff95: 95th percentile Hausdorff distance: NaN likewise, and the image's diagonal where the structure is
            only drawn or only predicted (the penalty of Metrics reloaded).
        surface_dice: Normalised surface Dice: NaN, and 0, in the same cases.
        drawn, said: Sizes, in the unit of sizes.
        quality, predicted_quality: Mean Dice of the structures, real (NaN where there is none) and expected; (n,).
        silent: Whether no structure is predicted or expected, 1 or 0; (n,).
        lesions, found, false: Lesions there, found, and predicted parts that are none; 0 where not asked for.
    """

    dice: Floats
    iou: Floats
    hausdorff95: Floats
    surface_dice: Floats
    drawn: Floats
    said: Floats
    quality: Floats
    predicted_quality: Floats
    silent: Floats
    lesions: Floats
    found: Floats
    false: Floats


class Examiner:
    """Finds facts of cases, and remembers them: every measure of a learner asks for the same.

    Args:
        structures: How many there are.
        ruler: How distances and sizes are measured.
        lesions: Whether lesions are counted one by one.
    """

    def __init__(self, structures: int, ruler: Ruler, *, lesions: bool) -> None:
        self.structures = structures
        self.ruler = ruler
        self.lesions = lesions
        self._facts: Remembered[Facts] = Remembered()
        self._present: Remembered[tuple[int, int]] = Remembered()

    def overlaps(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> list[Overlap]:
        """Pixels in common, found anew: what a loss needs after every epoch.

        Raises:
            StatisticsError: Not one prediction a case, or of another grid or number of structures.
        """
        self._paired(outcomes, predictions)
        pairs = zip(outcomes, predictions, strict=True)
        return [overlap(outcome.read(), prediction) for outcome, prediction in pairs]

    def facts(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> list[Facts]:
        """Everything of each case; raises as `overlaps` does."""
        self._paired(outcomes, predictions)
        pairs = zip(outcomes, predictions, strict=True)
        return [self._facts.of(pair, partial(self._examined, *pair)) for pair in pairs]

    def table(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> Table:
        """Facts as columns.

        Raises:
            StatisticsError: As `overlaps` does, or sizes of two and of three axes are mixed.
        """
        facts = self.facts(outcomes, predictions)
        if len({one.axes for one in facts}) > 1:
            msg = "some images have two axes and some three, whose sizes have no common unit; study them apart"
            raise StatisticsError(msg)

        width = len(_OF_STRUCTURES) * self.structures
        rows = np.array([one.row for one in facts], dtype=np.float64).reshape(len(facts), width + 3)
        columns = np.split(rows[:, :width], len(_OF_STRUCTURES), axis=1)
        return Table(
            **dict(zip(_OF_STRUCTURES, columns, strict=True)),
            quality=rows[:, width],
            predicted_quality=rows[:, width + 1],
            silent=rows[:, width + 2],
        )

    def present(self, outcome: Delineated) -> tuple[bool, ...]:
        """Which structures are drawn within the judged region.

        Raises:
            OutcomeProblem: The mask holds a label beyond the structures.
        """
        there = self._seen(outcome)[0]
        return tuple(bool(there >> k & 1) for k in range(self.structures))

    def extent_unit(self, outcomes: Sequence[Delineated]) -> str:
        """Unit of sizes, by the axes of the first image; raises StatisticsError where there is none."""
        if not outcomes:
            msg = "no outcome tells whether images have two or three axes; give at least one"
            raise StatisticsError(msg)
        return self.ruler.extent_unit(self._seen(outcomes[0])[1])

    def _seen(self, outcome: Delineated) -> tuple[int, int]:
        """Structures drawn, as bits, and axes of the image."""

        def find() -> tuple[int, int]:
            mask = checked(outcome.read(), self.structures)
            labels = mask.labels if mask.judged is None else mask.labels[mask.judged]
            return sum(1 << int(label) - 1 for label in np.unique(labels) if label), len(mask.size)

        return self._present.of((outcome,), find)

    def _paired(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> None:
        if len(outcomes) != len(predictions):
            msg = f"there are {len(outcomes)} outcomes and {len(predictions)} predictions; give one prediction a case"
            raise StatisticsError(msg)
        for prediction in predictions:
            if prediction.structures != self.structures:
                msg = f"a prediction is of {prediction.structures} structures; the endpoint has {self.structures}"
                raise StatisticsError(msg)

    def _examined(self, outcome: Delineated, prediction: Segmentation) -> Facts:
        mask = outcome.read()
        drawn, said = judged_labels(mask, prediction)
        surfaces = np.full((2, self.structures), np.nan)
        counts = np.zeros((3, self.structures))
        for k in range(self.structures):
            ours, theirs = drawn == k + 1, said == k + 1
            if ours.any() and theirs.any():
                distances = surface_distances(theirs, ours, self.ruler.steps(mask))
                surfaces[:, k] = hausdorff95(distances), surface_dice(distances, self.ruler.tolerance)
            elif ours.any() or theirs.any():
                surfaces[:, k] = self.ruler.diagonal(mask), 0.0
            if self.lesions:
                found = lesion_counts(ours, theirs)
                counts[:, k] = found.lesions, found.found, found.false
        common, extent = overlap(mask, prediction), self.ruler.extent(mask)
        parts = [common.dice, common.iou, *surfaces, common.drawn * extent, common.said * extent, *counts]
        row = np.concatenate([*parts, [common.quality, common.predicted_quality, common.silent]])
        return Facts(row, len(mask.size))

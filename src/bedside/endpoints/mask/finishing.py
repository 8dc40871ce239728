"""Choosing how outlines are finished: by the mean Dice of tuning cases, among few choices, the simplest of equals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.clean_up import CleanUp
from bedside.endpoints.mask.finish import HALF, MaskFinish
from bedside.endpoints.mask.lesion import parts
from bedside.endpoints.mask.mask import Delineated, Mask, Pixels
from bedside.endpoints.mask.overlap import checked, overlap
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import Structure
from bedside.endpoints.mask.surface import bounds
from bedside.errors import StatisticsError
from bedside.types import Booleans, Floats, Integers, Json

THRESHOLDS = (HALF, 0.4, 0.6, 0.3, 0.7)
"""Tried in this order."""

PART_SIZES = (0.02, 0.1, 0.3)
"""Parts smaller than this share of the structure's median size are tried to be left out."""

LEAST_GAIN = 0.001
"""A choice must raise the mean Dice by more than this over every simpler one."""


@dataclass(frozen=True)
class MaskFinishing:
    """Chooses a finish.

    Attributes:
        structures: In the order of labels.
    """

    structures: tuple[Structure, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the structures."""
        return tuple(structure.name for structure in self.structures)

    def fit(self, outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> MaskFinish:
        """The threshold for all structures first, then the clean-up of each; nothing where there is no case.

        A structure that is neither drawn nor predicted counts as right here, so that leaving out what is false pays.

        Raises:
            StatisticsError: Not one prediction a case, or one of another grid or number of structures.
            OutcomeProblem: A mask holds a label beyond the structures.
        """
        count = len(self.structures)
        if len(outcomes) != len(predictions):
            msg = f"there are {len(outcomes)} outcomes and {len(predictions)} predictions; give one prediction a case"
            raise StatisticsError(msg)
        finish = MaskFinish(self.names, HALF, (CleanUp(),) * count, cases=len(outcomes))
        if not outcomes:
            return finish
        masks = [checked(outcome.read(), count) for outcome in outcomes]
        before = best = _score(masks, predictions)
        for threshold in THRESHOLDS[1:]:
            tried = MaskFinish(self.names, threshold, finish.clean_ups, cases=len(outcomes))
            score = _score(masks, tried(predictions))
            if score > best + LEAST_GAIN:
                finish, best = tried, score
        for place in range(count):
            said = finish(predictions)
            tries = [_Try.of(mask, one.labels, place) for mask, one in zip(masks, said, strict=True)]
            alone = own = _mean_dice(tries, CleanUp())
            for clean_up in _choices(masks, place):
                score = _mean_dice(tries, clean_up)
                if score > own + LEAST_GAIN * count:
                    each = (*finish.clean_ups[:place], clean_up, *finish.clean_ups[place + 1 :])
                    finish, own = MaskFinish(self.names, finish.threshold, each, cases=len(outcomes)), score
            best += (own - alone) / count
        return MaskFinish(self.names, finish.threshold, finish.clean_ups, best - before, len(outcomes))

    def restore(self, state: Mapping[str, Json]) -> MaskFinish:
        """The inverse of `MaskFinish.state`; raises ModelError for the state of something else."""
        return MaskFinish.restore(state, self.names)


@dataclass(frozen=True, eq=False)
class _Try:
    """One structure of one case, on which clean-ups are tried; they change no other structure.

    Attributes:
        drawn: Where it is drawn and judged, in the box around all that is drawn or predicted of it.
        said: Where it is predicted.
        free: Where nothing is predicted.
        judged: Where the drawing counts.
        numbered: Connected parts of `said`.
    """

    drawn: Booleans
    said: Booleans
    free: Booleans
    judged: Booleans
    numbered: tuple[Integers, int]

    @classmethod
    def of(cls, mask: Mask, labels: Pixels, place: int) -> "_Try":
        everywhere = np.ones(mask.size, dtype=np.bool_) if mask.judged is None else mask.judged
        drawn, said = (mask.labels == place + 1) & everywhere, labels == place + 1
        box = bounds(drawn | said)
        return cls(drawn[box], said[box], (labels == 0)[box], everywhere[box], parts(said[box]))

    def dice(self, clean_up: CleanUp) -> float:
        """Dice after a clean-up; 1 where nothing is drawn and nothing left."""
        kept = clean_up.kept(self.said, self.numbered)
        found = (kept | clean_up.filled(kept, self.free)) & self.judged
        total = int(np.count_nonzero(found)) + int(np.count_nonzero(self.drawn))
        return 2.0 * int(np.count_nonzero(found & self.drawn)) / total if total else 1.0


def _mean_dice(tries: Sequence[_Try], clean_up: CleanUp) -> float:
    return float(np.mean([one.dice(clean_up) for one in tries]))


def _choices(masks: Sequence[Mask], place: int) -> list[CleanUp]:
    """Clean-ups of one structure that are tried, the simplest first."""
    sizes: Floats = np.array([np.count_nonzero(mask.labels == place + 1) for mask in masks], dtype=np.float64)
    drawn = sizes[sizes > 0]
    median = float(np.median(drawn)) if drawn.size else 0.0
    least = sorted({int(np.ceil(share * median)) for share in PART_SIZES} - {0, 1})
    without = [*(CleanUp(at_least=size) for size in least), CleanUp(largest=True)]
    return [CleanUp(fill=True), *without, *(CleanUp(each.largest, each.at_least, fill=True) for each in without)]


def _score(masks: Sequence[Mask], predictions: Sequence[Segmentation]) -> float:
    """Mean Dice over cases and structures, 1 where a structure is neither drawn nor predicted."""
    pairs = zip(masks, predictions, strict=True)
    return float(np.mean([np.nan_to_num(overlap(mask, told).dice, nan=1.0).mean() for mask, told in pairs]))

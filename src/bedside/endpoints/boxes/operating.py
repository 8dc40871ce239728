"""From which score on a found box is shown: as many false positives per image as were declared, on tuning data.

Of a cross-fitted detector the tuning predictions are those of single models, each for the images that it did not see,
and what is shown comes of all of them fused, where a box that few find has a low score. Above 0 a threshold then lets
through fewer false boxes than were allowed, at 0 those of all models; no development image is left on which the
ensemble itself could be asked.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kinds import Kind
from bedside.endpoints.boxes.matching import IMAGE, MATCHED, rows
from bedside.endpoints.boxes.ranked import Sorted
from bedside.errors import CohortProblem
from bedside.types import Floats, Integers

_ROUNDING = 1e-9
"""A product of a rate and a number of images may fall short of the whole number that it is."""


def rule(false_positives: float) -> str:
    """How thresholds are chosen, in words."""
    return (
        "for each kind of box the lowest threshold with at most "
        f"{false_positives:g} false positives per image on tuning data; for counts the threshold from which as many "
        "boxes are counted there as there are"
    )


def thresholds(
    outcomes: Sequence[Boxes],
    predictions: Sequence[Found],
    kinds: Sequence[Kind],
    *,
    false_positives: float,
    overlap: float,
) -> dict[str, float]:
    """The threshold of each kind by its slug, halfway between two scores; 0 where all that was found may be shown.

    Raises:
        CohortProblem: There are no tuning images.
    """
    if not outcomes:
        msg = "thresholds of found boxes cannot be chosen: there are no tuning images; give some to tuning"
        raise CohortProblem(msg)
    given = rows(outcomes, predictions, (overlap,)).rows
    images = float(given[:, IMAGE].sum())
    return {kind.slug: _threshold(given, kind.place, false_positives * images + _ROUNDING) for kind in kinds}


def counting(
    outcomes: Sequence[Boxes], predictions: Sequence[Found], kinds: Sequence[Kind], overlap: float
) -> dict[str, float]:
    """The threshold of each kind by its slug from which as many boxes are counted as are there, as nearly as can be."""
    given = rows(outcomes, predictions, (overlap,)).rows
    found = {}
    for kind in kinds:
        ladder = Sorted(given, kind.place)
        gap = np.abs(np.concatenate(([0], ladder.ends + 1)) - ladder.reference.size)
        found[kind.slug] = _below(ladder, int(gap.argmin()))
    return found


def _threshold(given: Floats, kind: int, most: float) -> float:
    ladder = Sorted(given, kind)
    wrong = np.cumsum(1.0 - given[ladder.order, MATCHED])[ladder.ends]
    return _below(ladder, int(np.searchsorted(wrong, most, side="right")))


def _below(ladder: Sorted, allowed: int) -> float:
    """The threshold that lets through so many of the distinct scores."""
    if allowed == ladder.scores.size:
        return 0.0
    upper = float(ladder.scores[allowed - 1]) if allowed else 1.0
    lower = float(ladder.scores[allowed])
    middle = (upper + lower) / 2.0
    # Between neighbouring scores, or above a score of 1, nothing lies halfway.
    return middle if lower < middle <= upper else float(np.nextafter(lower, 2.0))


def shown(told: Found, kinds: Sequence[Kind], cut: Mapping[str, float]) -> Integers:
    """Places of the found boxes that reach the threshold of their kind."""
    limits = np.array([cut[kind.slug] for kind in kinds])
    return np.flatnonzero(told.scores.astype(np.float64) >= limits[told.kinds]).astype(np.int64)

"""How boxes are shown: those that are there and those that were found, those missed and those that are false."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.data.marks import Drawing, Layer, Mark
from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kinds import Kind
from bedside.endpoints.boxes.matching import WRONG, judged, taken

SHOWN = 0.3
"""Score from which a found box is drawn: pictures are of no operating point, which differs from split to split."""


def box_drawing(kinds: Sequence[Kind], iou: float) -> Callable[[Boxes, Found], Drawing]:
    """Drawings of boxes of these kinds; matching is that of the measures."""

    def drawn(outcome: Boxes, prediction: Found) -> Drawing:
        shown = prediction.scores >= SHOWN
        corners, numbers = prediction.corners[shown], prediction.kinds[shown]
        lines = [Mark("reference", kind.place, corners=outcome.corners[outcome.kinds == kind.place]) for kind in kinds]
        lines += [Mark("predicted", kind.place, corners=corners[numbers == kind.place]) for kind in kinds]
        told = Found(corners, numbers, prediction.scores[shown])
        own = taken(outcome, told, [iou])[:, 0]
        right, missed = own >= 0, np.setdiff1d(np.arange(len(outcome)), own)
        wrong = judged(outcome, told, [iou])[:, 0] == WRONG
        errors = (Mark("missed", corners=outcome.corners[missed]), Mark("added", corners=corners[wrong]))
        parts = [
            f"{one.name} {np.sum(outcome.kinds == one.place)} there, {np.sum(numbers == one.place)} found, "
            f"{np.sum(right & (numbers == one.place))} of them rightly"
            for one in kinds
        ]
        caption = f"Boxes with a score of {SHOWN:g} or more: {'; '.join(parts)}."
        if outcome.aside is not None:
            caption += f" {len(outcome.aside)} besides that are not judged."
        return Drawing(caption, (Layer("boxes", tuple(lines)), Layer("errors", errors)))

    return drawn

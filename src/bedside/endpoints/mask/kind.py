"""Structures outlined in images: Y is what is drawn, a prediction the probability of each structure in each pixel."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.cell import refused
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.mask.cells import outcome_cells, prediction_cells, restored, restored_outcomes
from bedside.endpoints.mask.drawing import mask_drawing
from bedside.endpoints.mask.facts import Examiner
from bedside.endpoints.mask.figures import mask_figures
from bedside.endpoints.mask.finishing import MaskFinishing
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.measures import MaskMeasure, mask_measures
from bedside.endpoints.mask.review import Flag, Review
from bedside.endpoints.mask.ruler import Ruler
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import Structure, structured
from bedside.endpoints.mask.target import Outlined
from bedside.errors import StatisticsError

_THRESHOLD = "review_threshold"
_MISLED = 0.1
"""An expected Dice that is off by more than this on average is no help to whoever reviews."""

MaskEndpoint = Endpoint[Delineated, Segmentation]


def mask(
    structures: tuple[str, ...],
    *,
    tolerance_mm: float | None = None,
    tolerance_pixels: float | None = None,
    lesions: bool = False,
    review_below: float | None = 0.7,
    review_sensitivity: float = 0.9,
) -> MaskEndpoint:
    """An endpoint of structures outlined in images of two or three axes.

    Distances are in millimetres and sizes in ml (mm² in flat images) where `tolerance_mm` is given; every image must
    then tell its spacing. Else all are in pixels. Several models' probabilities are pooled by their mean.

    Args:
        structures: Words of the structures, in the order of labels 1, 2 ...
        tolerance_mm: Distance between two surfaces that is of no consequence (what two readers differ by).
        tolerance_pixels: The same in pixels, where spacing is unknown; give one of both.
        lesions: Whether every connected part is a lesion of its own, to be found or missed.
        review_below: Mean Dice below which an outline has failed and should be found by its own expected Dice; None
            where no case is flagged.
        review_sensitivity: Share of failed outlines on tuning data that must be flagged.

    Raises:
        StudyError: No structure, two alike, not exactly one positive tolerance, or an impossible review.
    """
    each = structured(structures)
    examiner = Examiner(len(each), Ruler.of(tolerance_mm, tolerance_pixels), lesions=lesions)
    review = None if review_below is None else Review(review_below, review_sensitivity)
    target = Outlined(structures, examiner)

    def flag(reference: Reference[Delineated, Segmentation]) -> Flag | None:
        return None if review is None else review.flag(examiner, reference.tuning, reference.predictions)

    def settings(reference: Reference[Delineated, Segmentation]) -> dict[str, float]:
        found = flag(reference)
        return {} if found is None else {_THRESHOLD: found.threshold}

    def measures(reference: Reference[Delineated, Segmentation]) -> tuple[MaskMeasure, ...]:
        unit = examiner.extent_unit(reference.tuning or reference.development)
        return mask_measures(each, examiner, unit, flag(reference))

    return Endpoint(
        name="mask",
        target=target,
        primary="dice",
        stratum=examiner.present,
        describe=lambda outcome: _described(examiner.present(outcome), structures),
        parse=_refused,
        measures=measures,
        settings=settings,
        rule="" if review is None else review.words,
        loss=lambda outcomes, predictions: float(np.mean(target.losses(outcomes, predictions))),
        pool=pooled,
        cells=lambda predictions: prediction_cells(predictions, each),
        restore=lambda cells: restored(cells, each),
        outcome_cells=lambda outcomes: outcome_cells(outcomes, each),
        restore_outcomes=restored_outcomes,
        drawing=mask_drawing(each),
        figures=lambda views: mask_figures(views, each, examiner, _THRESHOLD),
        finishing=MaskFinishing(each),
        declared={
            "structures": ", ".join(structures),
            "tolerance": f"{examiner.ruler.tolerance:g} {examiner.ruler.unit}",
            "lesions": "one by one" if lesions else None,
            "review_below": review_below,
            "review_sensitivity": None if review is None else review_sensitivity,
        },
        doubt=_doubter(each),
    )


def pooled(members: Sequence[Sequence[Segmentation]]) -> list[Segmentation]:
    """Mean of the members' probabilities, case by case and pixel by pixel, halves of a 255th upwards.

    Raises:
        StatisticsError: Members' predictions of a case differ in size or structures.
    """
    return [_mean(case) for case in zip(*members, strict=True)]


def _mean(case: Sequence[Segmentation]) -> Segmentation:
    shapes = sorted({one.shares.shape for one in case})
    if len(shapes) > 1:
        msg = f"predictions of one case have shapes {shapes}; members of an ensemble must see the same image"
        raise StatisticsError(msg)
    total = np.zeros(shapes[0], dtype=np.uint32)
    for one in case:
        total += one.shares
    count = len(case)
    return Segmentation(((2 * total + count) // (2 * count)).astype(np.uint8))


def _described(present: tuple[bool, ...], names: tuple[str, ...]) -> str:
    there = [name for name, seen in zip(names, present, strict=True) if seen]
    if len(names) == 1:
        return there[0] if there else f"no {names[0]}"
    return f"{len(there)} of {len(names)} structures: {', '.join(there)}" if there else "no structure"


def _refused(cell: object) -> Delineated:
    """Always raises: an outline is drawn in an image."""
    raise refused(cell, "outlines in files of their own, which no cell of a table holds")


def _doubter(structures: tuple[Structure, ...]) -> Callable[[Mapping[str, float]], str]:
    def doubt(values: Mapping[str, float]) -> str:
        """What a reader of the verdict must know: sizes that are off throughout, failures that nobody is warned of."""
        doubts = []
        for one in structures:
            bias, reach = values.get(f"volume_bias{one.suffix}"), values.get(f"volume_agreement{one.suffix}")
            if bias is not None and reach is not None and abs(bias) > reach:
                size = "large" if bias > 0 else "small"
                doubts.append(f"nearly all its outlines of {one.name} are too {size} (bias {bias:+.3g})")
        missed = [one.name for one in structures if values.get(f"dice{one.suffix}", 1.0) < 0.5]
        if missed:
            doubts.append(f"less than half of what it outlines as {', '.join(missed)} and what is there agree")
        off = values.get("quality_error")
        if off is not None and off > _MISLED:
            doubts.append(f"the Dice that it expects of an outline is off by {off:.2f} on average")
        overall, rest = values.get("dice"), values.get("dice_unflagged")
        if overall is not None and rest is not None and rest < overall:
            doubts.append("the cases that it flags for review are not its worse ones")
        text = "; ".join(doubts)
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    return doubt

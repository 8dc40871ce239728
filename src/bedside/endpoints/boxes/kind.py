"""Things of several kinds, each with a box around it: Y is `Boxes`, a prediction `Found`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.boxes.boxes import Aside, Boxes, Found
from bedside.endpoints.boxes.drawing import box_drawing
from bedside.endpoints.boxes.figures import box_figures
from bedside.endpoints.boxes.fusion import fused
from bedside.endpoints.boxes.kinds import Kind, kinds_named
from bedside.endpoints.boxes.matching import rows
from bedside.endpoints.boxes.measures import box_measures, checked
from bedside.endpoints.boxes.operating import counting, rule, thresholds
from bedside.endpoints.boxes.ranked import average_precision
from bedside.endpoints.boxes.target import BoxTarget
from bedside.endpoints.cell import refused
from bedside.endpoints.columns import Column, Ragged
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.errors import OutcomeProblem, StatisticsError, StudyError

_AROUND = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""Overlaps of the tuning loss, from the declared one: a box that moves a little changes it a little."""

_ALLOWED = "boxes read from annotation files of the images (VOC XML, COCO JSON); no cell of a table holds them"


def boxes(
    kinds: tuple[str, ...], *, iou: float = 0.5, false_positives: float = 1.0, dimensions: int = 2
) -> Endpoint[Boxes, Found]:
    """An endpoint of boxes around things of one or several kinds.

    A found box of a kind is right where it overlaps one that is there and that no more certain one took. The
    primary measure is average precision by 101 levels of recall (COCO's definition), the mean over kinds. Several
    models' boxes are pooled by weighted boxes fusion. Splits are balanced by the first kind of which an image has a
    box: name the rarest first. Tuning minimises 1 - the mean over kinds of average precision over overlaps from
    0.2 below to 0.2 above `iou`.

    Args:
        kinds: Their words; `Boxes.kinds` numbers them from 0.
        iou: Intersection over union from which a box counts as found.
        false_positives: Of each kind, per image: chooses from which score a box is shown and counted.
        dimensions: 2 for images, 3 for volumes.

    Raises:
        StudyError: Kinds are missing or alike, or a number is out of its range.
    """
    each = kinds_named(kinds)
    if not 0.0 < iou < 1.0:
        msg = f"boxes were declared with iou={iou!r}; a number above 0 and below 1 is allowed, usually 0.5"
        raise StudyError(msg)
    if not 0.0 < false_positives < float("inf"):
        msg = f"boxes were declared with false_positives={false_positives!r}; a finite number above 0 is allowed"
        raise StudyError(msg)
    if dimensions not in (2, 3):
        msg = f"boxes were declared with dimensions={dimensions!r}; 2 for images and 3 for volumes are allowed"
        raise StudyError(msg)
    limits = tuple(limit for limit in (iou + step for step in _AROUND) if 0.0 < limit < 1.0)

    def cut(reference: Reference[Boxes, Found]) -> dict[str, float]:
        checked(reference.tuning, reference.predictions, each)
        return thresholds(reference.tuning, reference.predictions, each, false_positives=false_positives, overlap=iou)

    def tally(reference: Reference[Boxes, Found]) -> dict[str, float]:
        return counting(reference.tuning, reference.predictions, each, iou)

    return Endpoint(
        name="boxes",
        target=BoxTarget(each, dimensions, iou),
        primary=f"ap{round(100 * iou)}",
        stratum=lambda outcome: int(outcome.kinds.min(initial=len(each))),
        describe=lambda outcome: _described(outcome, each),
        parse=_refuse,
        measures=lambda reference: box_measures(each, iou, cut(reference), tally(reference)),
        settings=lambda reference: {
            kind.named(name): values[kind.slug]
            for name, values in (("threshold", cut(reference)), ("count_threshold", tally(reference)))
            for kind in each
        },
        rule=rule(false_positives),
        declared={"iou": iou, "false_positives": false_positives},
        loss=lambda outcomes, predictions: _loss(outcomes, predictions, each, limits),
        pool=fused,
        cells=_cells,
        restore=_restored,
        outcome_cells=_outcome_cells,
        restore_outcomes=_restored_outcomes,
        drawing=box_drawing(each, iou),
        figures=lambda views: box_figures(views, each, iou),
        doubt=lambda values: _doubt(values, each),
    )


def _loss(
    outcomes: Sequence[Boxes], predictions: Sequence[Found], kinds: Sequence[Kind], limits: tuple[float, ...]
) -> float:
    """1 - average precision over kinds and overlaps; raises StatisticsError where no image has a box."""
    checked(outcomes, predictions, kinds)
    given = rows(outcomes, predictions, limits).rows
    value = float(average_precision(given)(np.ones((1, len(given))))[0])
    if not np.isfinite(value):
        msg = f"none of {len(outcomes)} images has a box; the loss needs at least one"
        raise StatisticsError(msg)
    return 1.0 - value


def _described(outcome: Boxes, kinds: Sequence[Kind]) -> str:
    counts = np.bincount(outcome.kinds, minlength=len(kinds))
    return ", ".join(f"{counts[kind.place]} {kind.name}" for kind in kinds if counts[kind.place]) or "no boxes"


def _refuse(cell: object) -> Boxes:
    raise refused(cell, _ALLOWED)


def _cells(predictions: Sequence[Found]) -> Mapping[str, Column]:
    return {
        "corners": Ragged.of([one.corners for one in predictions], rank=2, kind=np.float32),
        "kinds": Ragged.of([one.kinds for one in predictions], rank=1, kind=np.int64),
        "scores": Ragged.of([one.scores for one in predictions], rank=1, kind=np.float32),
    }


def _restored(cells: Mapping[str, Column]) -> list[Found]:
    parts = [_arrays(cells[name]) for name in ("corners", "kinds", "scores")]
    return [Found(*each) for each in zip(*parts, strict=True)]


def _outcome_cells(outcomes: Sequence[Boxes]) -> Mapping[str, Column]:
    """Corners and kinds of all boxes; those set aside come last, with negative kinds (`Aside.codes`)."""
    corners, kinds = [one.corners for one in outcomes], [one.kinds for one in outcomes]
    for place, one in enumerate(outcomes):
        if one.aside is not None:
            corners[place] = np.concatenate([one.corners, one.aside.corners])
            kinds[place] = np.concatenate([one.kinds, one.aside.codes])
    return {
        "outcome_corners": Ragged.of(corners, rank=2, kind=np.float32),
        "outcome_kinds": Ragged.of(kinds, rank=1, kind=np.int64),
        "outcome_size": Ragged.of([np.array(one.size or (), np.int64) for one in outcomes], rank=1, kind=np.int64),
    }


def _restored_outcomes(cells: Mapping[str, Column]) -> list[Boxes]:
    parts = [_arrays(cells[f"outcome_{name}"]) for name in ("corners", "kinds", "size")]
    return [
        Boxes(
            corners[kinds >= 0],
            kinds[kinds >= 0],
            tuple(size.tolist()) or None,
            aside=Aside.coded(corners[kinds < 0], kinds[kinds < 0]),
        )
        for corners, kinds, size in zip(*parts, strict=True)
    ]


def _arrays(column: Column) -> "list[np.typing.NDArray[Any]]":
    if not isinstance(column, Ragged):
        msg = "boxes were stored as one number a case; the stored predictions are those of another endpoint"
        raise OutcomeProblem(msg)
    return column.arrays()


def _doubt(values: Mapping[str, float], kinds: Sequence[Kind]) -> str:
    """What a reader of the verdict must know: a kind that is hardly found, or falsely, or not to be counted."""
    doubts = []
    found = [kind for kind in kinds if values.get(kind.named("sensitivity"), 1.0) < 0.5]
    if found:
        doubts.append(f"at its operating point it misses more than half of: {', '.join(one.name for one in found)}")
    untrue = [kind for kind in kinds if values.get(kind.named("precision"), 1.0) < 0.5]
    if untrue:
        doubts.append(f"more than half of what it shows is wrong for: {', '.join(one.name for one in untrue)}")
    off = [
        kind
        for kind in kinds
        if (size := values.get(kind.named("count_absolute_error"), 0.0)) >= 1.0
        and abs(values.get(kind.named("count_error"), 0.0)) > size / 2.0
    ]
    if off:
        names = ", ".join(one.name for one in off)
        doubts.append(f"its counts are off in one direction for: {names}, so that it should not be used to count them")
    text = "; ".join(doubts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""

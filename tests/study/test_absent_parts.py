"""A mean over structures or kinds says of which the cases tell nothing, or why there is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.endpoints.boxes.scenes import scenes

from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.evidence.schema import Performance
from bedside.study.analysis import Analysis, Group, Scope
from bedside.study.judged import Judged
from bedside.types import Integers


def rows(
    endpoint: Endpoint[Any, Any], outcomes: Sequence[Any], told: Sequence[Any], fold: Integers
) -> dict[str, Performance]:
    count = len(outcomes)
    reference = Reference(development=outcomes, tuning=outcomes, predictions=told)
    measures = [endpoint.measures(reference)] * (int(fold.max()) + 1)
    one = Judged("model", outcomes, told, fold, np.arange(count), measures)
    scope = Scope("held_out", "test", by_split=False, replicates=20, seed=1)
    return {row.measure: row for row in Analysis([one], [Group("all", np.arange(count))], scope).performance()}


def without(kind: int, outcomes: Sequence[Boxes], told: Sequence[Found]) -> tuple[list[Boxes], list[Found]]:
    return (
        [Boxes(one.corners[one.kinds != kind], one.kinds[one.kinds != kind], one.size) for one in outcomes],
        [Found(*(each[one.kinds != kind] for each in (one.corners, one.kinds, one.scores))) for one in told],
    )


def test_average_precision_names_the_kinds_that_no_image_shows() -> None:
    endpoint = boxes(("platelet", "red cell"))
    outcomes, told = scenes(4, 12)
    still = np.zeros(12, dtype=np.int64)
    whole = rows(endpoint, outcomes, told, still)
    assert not any("mean without" in row.method for row in whole.values())
    found = rows(endpoint, *without(0, outcomes, told), still)
    assert found["ap50"].value == found["ap50_red_cell"].value
    assert found["ap50"].method.endswith("; mean without what no case shows: platelet")
    assert "mean without what no case shows: platelet" in found["sensitivity"].method
    assert found["ap50_platelet"].value is None
    assert found["ap50_platelet"].reason.endswith("nothing to judge of platelet")
    assert found["precision"].reason.endswith("nothing to judge of platelet")
    part = without(0, outcomes[6:], told[6:])
    halves = rows(endpoint, [*outcomes[:6], *part[0]], [*told[:6], *part[1]], np.repeat([0, 1], 6))
    assert "platelet (in 1 of 2 splits)" in halves["ap50"].method


def test_dice_over_structures_is_not_given_where_one_is_never_seen() -> None:
    endpoint = mask(("front", "rear"), tolerance_pixels=1.0)
    labels = [np.array([[1, 1, 0, k % 2]], dtype=np.uint8) for k in range(6)]
    outcomes = [Mask(one) for one in labels]
    found = rows(endpoint, outcomes, [Segmentation.drawn(one, 2) for one in labels], np.zeros(6, dtype=np.int64))
    assert found["dice"].value is None
    assert found["dice"].reason == "Dice (mean of structures) is not defined on these 6 cases: nothing to judge of rear"
    assert found["dice_rear"].reason.endswith("nothing to judge of rear")
    assert found["dice_front"].value == 1.0

"""Measures whose cases have many rows: the same values in bounded memory."""

import numpy as np
import pytest
from tests.endpoints.boxes.scenes import scenes

from bedside.endpoints.boxes.kinds import kinds_named
from bedside.endpoints.boxes.matching import rows
from bedside.endpoints.boxes.measures import box_measures
from bedside.study import judged
from bedside.study.judged import Chosen


def test_replicates_are_worked_off_in_blocks_of_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = kinds_named(("cell", "platelet"))
    outcomes, predictions = scenes(2, 9)
    given = rows(outcomes, predictions, (0.5,))
    (measure, *_) = box_measures(kinds, 0.5, {}, None)
    chosen = Chosen(measure, given.rows, given.case, np.zeros(9, dtype=np.int64))
    weights = np.random.default_rng(0).integers(0, 3, (50, 9)).astype(np.float64)
    whole = chosen(weights)
    assert np.unique(whole[np.isfinite(whole)]).size > 10
    monkeypatch.setattr(judged, "MOST_WEIGHTS", 7 * given.case.size)
    np.testing.assert_array_equal(chosen(weights), whole)

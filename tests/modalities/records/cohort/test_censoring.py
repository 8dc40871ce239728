"""How long drawn samples were watched."""

from pathlib import Path

import pytest
from tests.modalities.records.cohort.patients import cohort, stay, written

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.censoring import follow_up
from bedside.modalities.records.cohort.draw import draw
from bedside.stats.censoring import CENSORED, EVENT, WATCHED


def test_follow_up_of_a_drawn_cohort(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 100), (1, 48, "MEDS_DEATH"), *stay(2, 0, 1000), *stay(3, 0, 72)]
    folder = written(rows, tmp_path)
    drawn = draw(folder, cohort(), jobs=1)
    found = follow_up(drawn.labels)
    assert found.ending.tolist() == [EVENT, WATCHED, CENSORED]
    assert found.days.tolist() == [1.0, 30.0, 2.0]
    with pytest.raises(RecordsProblem, match="labels without the column 'boolean_value'"):
        follow_up(drawn.labels.drop("boolean_value"))

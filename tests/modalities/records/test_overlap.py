"""Histories that share most of their events are found, whatever their table, calendar and index time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.conformance.source import absent
from tests.modalities.records.stays import Row, drawn, histories

from bedside.applications.icu_mortality.study import STAYS, draw
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.modalities.records.earlier import as_of
from bedside.modalities.records.edited import edited
from bedside.modalities.records.history import HOUR, STATIC, Events, History
from bedside.modalities.records.modality import records
from bedside.types import Booleans, Integers


def near(learned: list[History], judged: list[History]) -> list[int]:
    """Positions among the judged."""
    asked = records().near_copies
    assert asked is not None
    found: Integers = asked([*learned, *judged])(np.arange(len(learned)), len(learned) + np.arange(len(judged)))
    return [int(place) - len(learned) for place in found]


def long(count: int, seed: int) -> list[History]:
    return [one for one in drawn(4 * count, seed=seed, most=60) if len(one) >= 20][:count]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 200))
def test_another_window_of_a_judged_record_is_near_and_other_patients_are_not(seed: int) -> None:
    others, judged = long(5, seed=2 * seed), long(5, seed=2 * seed + 1)
    assert near(others, judged) == []
    first, last = judged[2].rows
    later = replace(judged[2], index=judged[2].index + 30 * HOUR, rows=(first + 3, last))
    assert near([*others, later], judged) == [2]
    earlier = as_of(judged[4], float(judged[4].hours[len(judged[4]) * 3 // 4]) + 0.01)
    assert near([*others, earlier], judged) == [4]


def without_the_tenth(events: Events, rows: Integers, *_: Any) -> tuple[Booleans, NDArray[np.float32]]:
    return rows != rows[10], events.numbers[rows]


def test_it_is_found_in_another_table_and_on_another_calendar() -> None:
    judged = long(3, seed=1)
    (copy,) = edited(judged[1:2], without_the_tenth)
    table = copy.events
    moved = replace(table, times=np.where(table.times == STATIC, STATIC, table.times + 999 * HOUR))
    assert near([replace(copy, events=moved, index=copy.index + 999 * HOUR)], judged) == [1]


def test_what_is_identical_is_a_copy_and_no_near_copy() -> None:
    judged = long(3, seed=1)
    assert near([judged[1]], judged) == []


@pytest.mark.parametrize("learned", [[], histories([]), histories([(1.0, "LOINC//HR", 80.0, None)])])
def test_histories_of_few_events_are_like_no_other(learned: list[History]) -> None:
    assert near(learned, histories([], [(1.0, "LOINC//HR", 80.0, None)], [(2.0, "ICD10CM//I10", None, None)])) == []


def test_a_routine_that_many_patients_share_tells_nothing() -> None:
    routine: list[Row] = [(float(hour), "ICD10CM//I10", None, None) for hour in range(12, 0, -1)]
    many = histories(*[[*routine, (0.5, "LOINC//HR", 60.0 + k, None)] for k in range(60)])
    assert near(many[:59], many[59:]) == []


@pytest.mark.slow
def test_of_real_stays_only_windows_of_the_same_stay_are_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := absent(STAYS):
        pytest.skip(reason)
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    drawn_ = [one for stay in STAYS.records(data_root()) if stay.partition == "a" for one in draw(stay)]
    stays = [one.predictors for one in drawn_ if isinstance(one, Sample)]
    learned, judged = stays[:2800], stays[2800:]
    assert near(learned, judged) == []
    assert near([*learned, *(as_of(one, 12.0) for one in judged[:50])], judged) == list(range(50))

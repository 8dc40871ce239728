"""Predicates: when each is met."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.records.cohort.patients import DAY, MORTALITY, Row, cohort, frame

from bedside.modalities.records.cohort.marks import marks
from bedside.modalities.records.cohort.timeline import position, shard_of
from bedside.modalities.records.events.flag import UNUSABLE
from bedside.modalities.records.history import HOUR, STATIC

START = round((DAY - type(DAY)(1970, 1, 1)).total_seconds()) * 1_000_000

ROWS: list[Row] = [
    (1, None, "SEX//F"),
    (1, -100, "MEDS_BIRTH"),
    (1, 0, "ICD10CM//I21.4"),
    (1, 0, "ICD10CM//I21.9"),
    (1, 10, "ICD10CM//I22"),
    (1, 20, "LOINC//1", 4.0),
    (1, 20, "ICD10CM//I21"),
    (2, 5, "LOINC//1", 2.0, "high"),
    (2, 6, "LOINC//1", None, "low"),
    (2, 30, "ICD10CM//I21"),
]


def moments(declared: str, rows: Sequence[Row] = ROWS) -> list[tuple[int, float | None]]:
    """Patient and hours at which the predicate `x` is met."""
    read = cohort(f"{MORTALITY}\n{declared}")
    shard = shard_of(frame(rows), UNUSABLE, "tried")
    found = marks(shard, read)["x"]
    hours = [None if time == STATIC else (time - START) / HOUR for time in found.times.tolist()]
    assert found.first.tolist() == np.searchsorted(found.subject, np.arange(shard.patients + 1)).tolist()
    return list(zip(shard.ids[found.subject].tolist(), hours, strict=True))


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ('code = "ICD10CM//I21"', [(1, 20), (2, 30)]),
        ('code = ["ICD10CM//I21", "ICD10CM//I22"]', [(1, 10), (1, 20), (2, 30)]),
        ('prefix = "ICD10CM//I21"', [(1, 0), (1, 20), (2, 30)]),
        ('code = "LOINC//1"\nat_least = 4', [(1, 20)]),
        ('code = "LOINC//1"\nbelow = 4', [(2, 5)]),
        ('code = "LOINC//1"\nabove = 2\nat_most = 4', [(1, 20)]),
        ('code = "LOINC//1"\ntext = ["low", "medium"]', [(2, 6)]),
        ('code = "SEX//F"', [(1, None)]),
        ('code = "SEX//M"', []),
    ],
)
def test_events_by_code_number_and_text(declared: str, expected: list[tuple[int, float | None]]) -> None:
    assert moments(f"[predicates.x]\n{declared}\n") == expected


DIAGNOSIS = '[predicates.mi]\nprefix = "ICD10CM//I21"\n[predicates.test]\ncode = "LOINC//1"\n'


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ('any_of = ["mi", "test"]', [(1, 0), (1, 20), (2, 5), (2, 6), (2, 30)]),
        ('all_of = ["mi", "test"]', [(1, 20)]),
        ('all_of = ["mi", "test"]\nwithin = "24h"', [(1, 20), (2, 30)]),
        ('repeated = "mi"\ntimes = 2\nwithin = "20h"', [(1, 20)]),
        ('repeated = "mi"\ntimes = 2\nwithin = "19h"', []),
        ('any_of = "anything"', [(1, None), (1, 0), (1, 10), (1, 20), (2, 5), (2, 6), (2, 30)]),
    ],
)
def test_predicates_of_predicates(declared: str, expected: list[tuple[int, float | None]]) -> None:
    assert moments(f"{DIAGNOSIS}[predicates.x]\n{declared}\n") == expected


def test_two_events_at_one_moment_are_not_two() -> None:
    declared = f'{DIAGNOSIS}[predicates.x]\nrepeated = "mi"\ntimes = 2\nwithin = "365d"\n'
    assert moments(declared, ROWS[:4]) == []


@given(st.lists(st.lists(st.integers(-5, 5), max_size=6).map(sorted), min_size=1, max_size=5), st.data())
def test_the_search_finds_what_looking_at_every_time_finds(stretches: list[list[int]], data: st.DataObject) -> None:
    ends = np.cumsum([len(each) for each in stretches])
    low, high = np.concatenate([[0], ends[:-1]]), ends
    times = np.array([time for each in stretches for time in each], dtype=np.int64)
    sought = np.array([data.draw(st.integers(-6, 6)) for _ in stretches])
    for after in (False, True):
        slow = [
            sum(time <= what if after else time < what for time in each)
            for each, what in zip(stretches, sought.tolist(), strict=True)
        ]
        assert (position(times, low, high, sought, after=after) - low).tolist() == slow

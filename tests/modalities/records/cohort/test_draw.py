"""Drawing: agrees with the slow way, does not depend on jobs or shards, and shows where everyone went."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.cohort.oracle import Case, cases
from tests.modalities.records.cohort.patients import DAY, MORTALITY, Row, cohort, stay, written

from bedside.errors import CohortProblem, RecordsProblem
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.draw import Drawn, draw
from bedside.modalities.records.cohort.eligible import DEAD, NEVER_HAPPENS, UNOBSERVED
from bedside.modalities.records.cohort.followed import ALREADY, CENSORED, IN_GAP
from bedside.modalities.records.cohort.histories import histories
from bedside.modalities.records.cohort.toml import parse
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.history import HOUR

CODES = ("A//1", "A//2", "B//1", "C//1", "D//1")
EVENT = st.tuples(st.integers(1, 4), st.one_of(st.none(), st.integers(0, 40)), st.sampled_from(CODES))


def asked(offset: int, back: int | None, gap: int, horizon: int, needed: int, year: int) -> EventCohort:
    observation = f'[observation]\nstart = "index - {back}h"' if back is not None else ""
    return parse(f"""
format = 1
name = "tried"
eligibility = "everybody"
{observation}
[index]
event = "a"
offset = "{offset}h"
[predicates.a]
code = "A//1"
[predicates.needed]
code = "A//2"
[predicates.outcome]
code = "B//1"
[predicates.rival]
code = "D//1"
[windows.year]
start = "index - {year}h"
end = "index"
[[criteria]]
words = "few"
require = "needed"
window = "year"
times = {needed}
[outcome]
kind = "binary"
words = "B"
event = "outcome"
gap = "{gap}h"
horizon = "{horizon}h"
competing = "rival"
""")


WORDS = {"few": "few", "unobserved": UNOBSERVED, "already": ALREADY, "gap": IN_GAP}


def found(folder: EventFolder, drawn: Drawn) -> list[Case]:
    events, views = histories(folder, drawn.labels)
    origin = (DAY - type(DAY)(1970, 1, 1)) // timedelta(hours=1)
    seen = iter(
        tuple(
            (
                None if k < view.facts[1] and k >= view.facts[0] else float(events.times[k] // HOUR - origin),
                events.words[events.codes[k]],
            )
            for k in view.positions()
        )
        for view in views
    )
    back = {words: word for word, words in WORDS.items()}
    return [
        Case(
            row["subject_id"],
            (row["prediction_time"] - DAY) / timedelta(hours=1),
            back.get(row["reason"], ""),
            row["boolean_value"],
            None if row["observed_until"] is None else (row["observed_until"] - DAY) / timedelta(hours=1),
            () if row["reason"] else next(seen),
        )
        for row in drawn.labels.rows(named=True)
        if row["reason"] != NEVER_HAPPENS
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(EVENT, min_size=1, max_size=40),
    st.fixed_dictionaries(
        {
            "offset": st.integers(0, 6),
            "back": st.one_of(st.none(), st.integers(0, 12)),
            "gap": st.integers(0, 4),
            "horizon": st.integers(1, 12),
            "needed": st.integers(1, 2),
            "year": st.integers(0, 20),
        }
    ),
)
def test_the_draw_agrees_with_the_slow_way(rows: list[Row], declared: dict[str, Any]) -> None:
    expected = list(cases(rows, **declared))
    with TemporaryDirectory() as place:
        folder = written(sorted(rows, key=lambda row: (row[0], row[1] or -1, row[2])), Path(place), shards=2)
        tried = asked(**declared)
        if not any(not case.reason for case in expected):
            with pytest.raises(CohortProblem, match="the cohort 'tried' is empty: "):
                draw(folder, tried, jobs=1)
            return
        drawn = draw(folder, tried, jobs=1)
        assert found(folder, drawn) == expected
    flow = drawn.flow
    assert flow.patients == len({row[0] for row in rows})
    assert flow.index_times == len(expected)
    assert flow.samples == sum(not case.reason for case in expected)
    assert flow.steps[-1].left_index_times == flow.samples
    assert flow.steps[-1].left_patients == flow.sampled_patients
    assert flow.steps[0].patients == flow.patients - flow.steps[0].left_patients
    lost = Counter(case.reason for case in expected if case.reason)
    back = {words: word for word, words in WORDS.items()}
    assert {back[step.words]: step.index_times for step in flow.steps if step.index_times} == lost
    assert drawn.proof.visible == sum(hours is not None for case in expected for hours, _ in case.seen)


ROWS = [
    *stay(1, 0, 100),
    (1, 30, "MEDS_DEATH"),
    *stay(2, 0, 1000),
    (2, 5, "LOINC//1", 3.0),
    *stay(3, 0, 10),
    (3, 900, "LOINC//1", 3.0),
    *stay(4, 0, 200, born=-9 * 8766.0),
    (5, None, "SEX//M"),
    *stay(6, 0, 200),
    *stay(7, 0, 20),
    (7, 20, "MEDS_DEATH"),
]


@pytest.fixture
def folder(tmp_path: Path) -> EventFolder:
    return written(ROWS, tmp_path / "events", shards=3)


def test_the_flow_goes_down_from_patients_to_samples(folder: EventFolder) -> None:
    flow = draw(folder, cohort(), jobs=1).flow
    assert (flow.patients, flow.index_times, flow.samples, flow.censored) == (7, 6, 3, 1)
    shown = [
        (step.words, step.index_times, step.patients, step.left_index_times, step.left_patients) for step in flow.steps
    ]
    assert shown[:2] == [(NEVER_HAPPENS, 0, 1, 6, 6), (DEAD, 1, 1, 5, 5)]
    assert ("younger than 18 years", 1, 1, 4, 4) in shown
    assert ("left hospital within 24 h", 1, 1, 3, 3) in shown
    assert "1 patients: the index event never happens" in flow.sentence
    assert flow.json()["samples"] == 3


def test_the_number_of_jobs_and_of_shards_decides_nothing(tmp_path: Path) -> None:
    one = draw(written(ROWS, tmp_path / "one"), cohort(), jobs=1)
    many = draw(written(ROWS, tmp_path / "many", shards=7), cohort(), jobs=2)
    assert one.labels.equals(many.labels)
    assert (one.flow, one.proof) == (many.flow, many.proof)


def test_who_is_censored_is_kept_with_the_time_until_which_they_were_watched(folder: EventFolder) -> None:
    drawn = draw(folder, cohort(), jobs=1)
    rows = {row["subject_id"]: row for row in drawn.samples.rows(named=True)}
    assert (rows[1]["boolean_value"], rows[1]["censored"]) == (True, False)
    assert (rows[2]["boolean_value"], rows[2]["censored"]) == (False, False)
    assert (rows[6]["boolean_value"], rows[6]["censored"]) == (None, True)
    assert rows[6]["observed_until"] == DAY + timedelta(hours=200)
    excluded = draw(folder, cohort(MORTALITY + '[censoring]\ncensored = "exclude"\n'), jobs=1)
    assert excluded.flow.steps[-1].words == CENSORED
    assert (excluded.flow.steps[-1].index_times, excluded.flow.samples, excluded.flow.censored) == (1, 2, 0)


def test_an_empty_cohort_says_where_everyone_went(folder: EventFolder) -> None:
    with pytest.raises(CohortProblem) as caught:
        draw(folder, cohort(MORTALITY.replace('prefix = "ENCOUNTER_START//"', 'code = "MIMIC//NOT_THERE"')), jobs=1)
    text = str(caught.value)
    assert "the cohort 'death_in_hospital' is empty: 7 patients with 0 index times" in text
    assert "7 patients: the index event never happens" in text
    assert "predicate 'admission' names no code of the table" in text
    with pytest.raises(CohortProblem, match="5 index times of 5 patients: younger than 18 years"):
        draw(folder, cohort(MORTALITY.replace("age_at_least = 18", "age_at_least = 95")), jobs=1)


def test_limits_are_in_the_unit_of_the_table(tmp_path: Path) -> None:
    text = MORTALITY.replace('code = "MEDS_DEATH"', 'code = "LOINC//1"\nabove = 2.5\nunit = "mg/dL"')
    kept = written(ROWS, tmp_path / "a", units={"LOINC//1": "mg/dL"})
    assert draw(kept, cohort(text.replace('"30d"', '"90d"')), jobs=1).flow.samples
    with pytest.raises(RecordsProblem, match=r"death\.unit is 'mg/dL', but the table keeps LOINC//1 in 'mmol/L'"):
        draw(written(ROWS, tmp_path / "b", units={"LOINC//1": "mmol/L"}), cohort(text), jobs=1)


@pytest.mark.parametrize(
    ("key", "value", "met"), [("at_least", 37.8, True), ("above", 37.8, False), ("below", 37.9, True)]
)
def test_limits_hold_in_the_precision_in_which_numbers_are_kept(
    tmp_path: Path, key: str, value: float, met: bool
) -> None:
    rows = [*stay(1, 0, 1000), (1, 30, "LOINC//1", 37.8)]
    text = MORTALITY.replace('code = "MEDS_DEATH"', f'code = "LOINC//1"\n{key} = {value}')
    assert draw(written(rows, tmp_path), cohort(text), jobs=1).samples["boolean_value"].to_list() == [met]


def test_flagged_events_are_neither_outcomes_nor_predictors_and_are_counted(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 1000), (1, 5, "LOINC//1", 9e9, None, None, 1), (1, 30, "MEDS_DEATH", None, None, None, 128)]
    folder = written(rows, tmp_path)
    drawn = draw(folder, cohort(), jobs=1)
    assert drawn.samples["boolean_value"].to_list() == [False]
    assert drawn.flow.left_out == drawn.proof.left_out == {"implausible": 1, "duplicate": 1}
    kept = cohort(MORTALITY.replace("format = 1", 'format = 1\nkeep_flagged = ["implausible"]'))
    again = draw(folder, kept, jobs=1)
    assert again.flow.left_out == {"duplicate": 1}
    assert again.proof.visible == drawn.proof.visible + 1


def test_rows_that_are_not_sorted_are_refused(tmp_path: Path) -> None:
    folder = written(ROWS, tmp_path)
    table = folder.read(folder.shards[0])
    table.reverse().write_parquet(folder.shards[0])
    with pytest.raises(RecordsProblem, match=r"0000\.parquet is not sorted"):
        draw(folder, cohort(), jobs=1)

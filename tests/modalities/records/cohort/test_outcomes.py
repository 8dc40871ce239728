"""Index times, eligibility, attributes and every kind of outcome, on a few patients whose answers are known."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.records.cohort.patients import MORTALITY, Row, cohort, stay, written

from bedside.errors import CohortProblem
from bedside.modalities.records.cohort.draw import Drawn, draw
from bedside.modalities.records.cohort.eligible import AGE_UNKNOWN, SAME_TIME
from bedside.modalities.records.cohort.followed import COMPETED, IN_GAP, NO_CODES, NO_VALUE, WATCH_ENDED, shortened

PLAIN = MORTALITY[: MORTALITY.index("[windows")]


def drawn(rows: list[Row], outcome: str, tmp_path: Path, more: str = "", **index: str) -> Drawn:
    text = f"{PLAIN}\n[outcome]\nwords = 'w'\n{outcome}\n{more}"
    for key, value in index.items():
        text = re.sub(
            rf"^{key} = .*$|(?=^event = \"admission\")", f"{key} = {value}\n", text, count=1, flags=re.MULTILINE
        )
    return draw(written(rows, tmp_path), cohort(text), jobs=1)


def answers(made: Drawn, column: str) -> dict[int, Any]:
    return dict(made.samples.select("subject_id", column).rows())


DEATH = 'kind = "binary"\nevent = "death"\n'


def test_who_dies_of_something_else_is_known_not_to_have_the_outcome(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 30), (1, 200, "MEDS_DEATH"), *stay(2, 0, 30), (2, 300, "ENCOUNTER_START//EMER")]
    readmitted = 'kind = "binary"\nevent = "back"\nhorizon = "30d"\nalready = "keep"'
    back = '[predicates.back]\nprefix = "ENCOUNTER_START//"\n[predicates.out]\nprefix = "ENCOUNTER_END//"'
    rows += [(who, 2000, "A//1") for who in (2,)]
    once = drawn(rows, f"{readmitted}\n{back}", tmp_path / "a", which='"first"')
    assert answers(once, "boolean_value") == {1: None, 2: True}
    assert "1 samples censored by death; declare it as competing" in once.flow.sentence
    competing = drawn(rows, f'{readmitted}\ncompeting = "death"\n{back}', tmp_path / "b", which='"first"')
    assert answers(competing, "boolean_value") == {1: False, 2: True}
    assert answers(competing, "competing") == {1: True, 2: False}


def test_a_watch_that_ends_with_the_stay(tmp_path: Path) -> None:
    rows = [
        *stay(1, 0, 30),
        (1, 900, "MEDS_DEATH"),
        *stay(2, 0, 50),
        (2, 50, "MEDS_DEATH"),
        *stay(3, 0, 10),
        *stay(3, 500, 600),
    ]
    made = drawn(rows, f'{DEATH}until = "following discharge"', tmp_path, which='"first"')
    assert answers(made, "boolean_value") == {1: False, 2: True}
    assert made.labels.filter(subject_id=3)["reason"].to_list() == [
        WATCH_ENDED,
        "not the first index event of the patient",
    ]


def test_an_outcome_within_the_gap_is_not_a_later_negative(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 900), (1, 40, "MEDS_DEATH"), *stay(2, 0, 900), (2, 60, "MEDS_DEATH")]
    made = drawn(rows, f'{DEATH}gap = "24h"\nhorizon = "7d"', tmp_path)
    assert answers(made, "boolean_value") == {2: True}
    assert made.labels.filter(subject_id=1)["reason"].item() == IN_GAP


def test_the_end_of_observation_may_be_of_the_encounter_or_a_date(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 100), (1, 5000, "A//1")]
    outcome = f'{DEATH}horizon = "30d"'
    assert answers(drawn(rows, outcome, tmp_path / "a"), "boolean_value") == {1: False}
    encounter = drawn(rows, outcome, tmp_path / "b", '[censoring]\nend = "encounter end"')
    assert answers(encounter, "boolean_value") == {1: None}
    dated = drawn(rows, outcome, tmp_path / "c", "[censoring]\nuntil = 2020-01-20")
    assert answers(dated, "observed_until")[1].isoformat() == "2020-01-20T23:59:59"
    none = [row if row[2] == "A//1" else (*row[:3], None, None, None) for row in rows]
    fallen = drawn(none, outcome, tmp_path / "d", '[censoring]\nend = "encounter end"')
    assert "1 index times without the declared end of observation" in fallen.flow.sentence


def test_the_time_until_discharge_with_death_competing(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 72), *stay(2, 0, None), (2, 48, "MEDS_DEATH"), *stay(3, 0, None), (3, 96, "A//1")]
    outcome = 'kind = "time_until"\nevent = "discharge"\ncompeting = "death"'
    made = drawn(rows, outcome, tmp_path / "a")
    assert answers(made, "float_value") == {1: 2.0, 3: None}
    assert answers(made, "censored") == {1: False, 3: True}
    assert made.labels.filter(subject_id=2)["reason"].item() == COMPETED
    stopped = drawn(rows, f'{outcome}\nat_competing = "stop"\nunit = "hours"', tmp_path / "b")
    assert answers(stopped, "float_value") == {1: 48.0, 2: 24.0, 3: None}
    assert answers(stopped, "competing") == {1: False, 2: True, 3: False}


CODES = '[predicates.diagnosis]\nprefix = "ICD10CM//"'


def test_the_codes_that_come_next_are_sets(tmp_path: Path) -> None:
    rows = [
        *stay(1, 0, 900),
        (1, 1, "ICD10CM//I50.9"),
        (1, 30, "ICD10CM//I50.1"),
        (1, 31, "ICD10CM//E11.2"),
        (1, 31, "ICD10CM//E11.9"),
        (1, 700, "ICD10CM//Z99"),
        *stay(2, 0, 900),
        *stay(3, 0, 48),
        (3, 40, "ICD10CM//E11.2"),
    ]
    outcome = f'kind = "multilabel"\namong = "diagnosis"\nhorizon = "7d"\nmost_frequent = 5\ncharacters = 3\n{CODES}'
    made = drawn(rows, outcome, tmp_path / "a")
    assert answers(made, "codes") == {1: ["ICD10CM//E11", "ICD10CM//I50"], 2: [], 3: None}
    new = drawn(rows, outcome.replace("characters", 'new = true\nempty = "exclude"\ncharacters'), tmp_path / "b")
    assert answers(new, "codes") == {1: ["ICD10CM//E11"], 3: None}
    assert new.labels.filter(subject_id=2)["reason"].item() == NO_CODES


@pytest.mark.parametrize(
    ("take", "value"), [("first", 3.0), ("last", 5.0), ("lowest", 1.0), ("highest", 5.0), ("mean", 3.0)]
)
def test_a_value_within_the_horizon(tmp_path: Path, take: str, value: float) -> None:
    rows = [*stay(1, 0, 900), *[(1, 30 + k, "LOINC//1", x) for k, x in enumerate((3.0, 1.0, 5.0))]]
    rows += [
        (1, 20, "LOINC//1", 99.0),
        (1, 29, "LOINC//1", None),
        *stay(2, 0, 900),
        *stay(3, 0, 48),
        (3, 40, "LOINC//1", 7.0),
    ]
    outcome = (
        f'kind = "number"\nvalue = "result"\nhorizon = "7d"\ntake = "{take}"\n[predicates.result]\ncode = "LOINC//1"'
    )
    made = drawn(rows, outcome, tmp_path)
    assert answers(made, "float_value") == {1: value, 3: 7.0 if take == "first" else None}
    assert made.labels.filter(subject_id=2)["reason"].item() == NO_VALUE


HOURS = st.lists(st.integers(0, 60), min_size=1, max_size=5, unique=True).map(sorted)


@pytest.mark.parametrize(("which", "kept"), [("every", [0, 50, 99]), ("first", [0]), ("last", [99])])
def test_which_index_events_count(tmp_path: Path, which: str, kept: list[int]) -> None:
    rows = [(1, hours, "ENCOUNTER_START//IMP") for hours in (0, 50, 99)] + [(1, 2000, "A//1")]
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, which=f'"{which}"')
    assert [int(sample.split("/")[1]) for sample in made.samples["sample"]] == [
        [0, 50, 99].index(hours) for hours in kept
    ]


def test_a_random_index_event_is_of_the_patient_the_event_and_the_seed_alone(tmp_path: Path) -> None:
    rows = [(who, hours, "ENCOUNTER_START//IMP") for who in range(40) for hours in (0, 50, 99)]
    rows += [(who, 2000, "A//1") for who in range(40)]
    outcome = f'{DEATH}horizon = "2d"'

    def turns(part: list[Row], seed: int, name: str) -> dict[int, str]:
        return answers(drawn(part, outcome, tmp_path / name, which='"random"', seed=str(seed)), "sample")

    whole, other = turns(rows, 3, "a"), turns(rows, 4, "b")
    assert whole != other
    assert {name.split("/")[1] for name in whole.values()} == {"0", "1", "2"}
    half = turns([row for row in rows if row[0] % 2], 3, "c")
    assert half == {who: name for who, name in whole.items() if who % 2}


def test_the_first_eligible_index_event_is_chosen_after_the_criteria(tmp_path: Path) -> None:
    rows = [*stay(1, 0, None, born=-17.99 * 8766), (1, 900, "ENCOUNTER_START//IMP"), (1, 3000, "A//1")]
    adults = '[[criteria]]\nwords = "young"\nage_at_least = 18\n'
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path / "a", adults, which='"first"', after_criteria="true")
    assert made.samples["sample"].to_list() == ["1/1"]
    assert [step.words for step in made.flow.steps][:6][-2:] == ["young", "not the first index event of the patient"]


def test_index_times_are_repeated_until_they_end(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 40), (1, 12, "ENCOUNTER_START//ICU"), (1, 999, "A//1"), *stay(2, 0, 10), (2, 999, "A//1")]
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, repeat='"12h"', repeat_until='"following discharge"')
    reasons = made.labels.filter(subject_id=1).select("prediction_time", "reason").rows()
    assert [(time.day, time.hour, reason) for time, reason in reasons] == [
        (2, 0, None),
        (2, 12, None),
        (2, 12, SAME_TIME),
    ]
    assert made.labels.filter(subject_id=2)["reason"].to_list() == ["index times had ended before the first"]


@pytest.mark.parametrize(
    ("criterion", "left"),
    [
        ("age_at_least = 40", {1}),
        ("age_below = 40", {2}),
        ('prior_observation = "48h"', {1}),
        ('require = "death"', set()),
        ('require = "early"', {1}),
        ('require = "early"\ntimes = 2', set()),
        ('forbid = "early"', {2, 3}),
        ('forbid = "early"\nwindow = "day"', {1, 2, 3}),
        ('require = "female"', {1, 2}),
        ("index_from = 2020-01-03", {2}),
        ("index_before = 2020-01-03", {1, 3}),
    ],
)
def test_who_is_eligible(tmp_path: Path, criterion: str, left: set[int]) -> None:
    rows = [
        *stay(1, 0, 900, born=-40 * 8766),
        (1, -30, "E//1"),
        *stay(2, 24, 900, born=-30 * 8766),
        *stay(3, 0, 900, born=None),
    ]
    rows = [row for row in rows if row != (3, None, "SEX//F")]
    more = f"""
[predicates.early]
code = "E//1"
[predicates.female]
code = "SEX//F"
[windows.day]
start = "index - 48h"
end = "index"
include_start = false
[[criteria]]
words = "asked"
{criterion}
[[criteria]]
words = "all"
require = "anything"
"""
    if not left:
        with pytest.raises(CohortProblem, match=r"is empty.*: asked"):
            drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, more)
        return
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, more)
    assert set(made.samples["subject_id"]) == left
    if "age" in criterion:
        assert made.labels.filter(subject_id=3)["reason"].item() == AGE_UNKNOWN


def test_age_is_by_the_calendar(tmp_path: Path) -> None:
    rows: list[Row] = []
    for who, day in ((1, 1), (2, 2), (3, 3)):  # the index time is the second of January 2020 at noon
        rows += [(who, (day - 1) * 24 + 23.9 - 18 * 24 * 365 - 4 * 24, "MEDS_BIRTH"), (who, 12, "ENCOUNTER_START//IMP")]
    rows += [(who, 2000, "A//1") for who in (1, 2, 3)]
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, "[attributes.age]\nage_cuts = [18, 65]")
    assert answers(made, "attribute.age") == {1: "18 to under 65", 2: "18 to under 65", 3: "under 18"}


def test_attributes_are_those_known_at_the_index_time(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 900), (1, 5, "UNIT//A"), (1, 20, "UNIT//B"), (1, 30, "UNIT//C"), *stay(2, 0, 900)]
    more = '[attributes.unit]\nprefix = "UNIT//"\n[attributes.sex]\nprefix = "SEX//"'
    made = drawn(rows, f'{DEATH}horizon = "2d"', tmp_path, more)
    assert answers(made, "attribute.unit") == {1: "B", 2: None}
    assert answers(made, "attribute.sex") == {1: "F", 2: "F"}


@given(st.text(), st.integers(1, 5))
def test_a_shortened_code_keeps_its_system(rest: str, characters: int) -> None:
    assert shortened(f"ICD10CM//{rest}", characters) == f"ICD10CM//{rest[:characters]}"
    assert shortened("MEDS_DEATH", characters) == "MEDS_DEATH"

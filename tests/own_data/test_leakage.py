"""Predictors that give the outcome away are told before training, and stay until the person excludes them."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.own_data.tables import patients, written

from bedside.own_data.leakage import named_alike
from bedside.own_data.table import study_from_table


def notes(frame: pl.DataFrame, folder: Path, **options: str) -> list[str]:
    made = study_from_table(written(frame, folder), outcome="died", **options)  # type: ignore[arg-type]
    return [note for note in made.notes if "exclude it" in note or "LEAK" in note or "after the index time" in note]


def test_near_perfect_and_named_alike_is_said_first_and_loudest(tmp_path: Path) -> None:
    frame = patients().with_columns(death_flag=pl.col("died"), marker=pl.col("died") * 5.0 + ROW * 0.001)
    found = notes(frame, tmp_path)
    assert len(found) == 2
    assert found[0].startswith("LEAK? 'death_flag' is named like the outcome and alone gives it away (AUROC 1.000)")
    assert found[1].startswith("LEAK? 'marker' alone gives the outcome away")
    made = study_from_table(tmp_path / "patients.csv", outcome="died")
    assert made.notes[0] == found[0]
    assert "death_flag" in made.declaration.predictors


ROW = pl.int_range(pl.len())


def test_only_named_alike_is_a_question(tmp_path: Path) -> None:
    frame = patients().with_columns(mortality_score=(ROW * 7 % 13).cast(pl.Float64) + 0.5)
    assert notes(frame, tmp_path) == [
        "'mortality_score' is named like the outcome 'died'; exclude it unless it is known before"
    ]


def test_missingness_that_gives_the_outcome_away(tmp_path: Path) -> None:
    frame = patients().with_columns(pl.when(pl.col("died") == 1).then(ROW * 7 % 31).alias("autopsy_score"))
    assert any(note.startswith("LEAK? whether 'autopsy_score' is missing") for note in notes(frame, tmp_path))


def test_words_that_give_the_outcome_away(tmp_path: Path) -> None:
    frame = patients().with_columns(
        ward=pl.when(pl.col("died") == 1).then(pl.lit("mortuary")).otherwise(pl.format("ward {}", ROW % 5))
    )
    assert any(note.startswith("LEAK? 'ward' alone") for note in notes(frame, tmp_path))


def test_many_words_without_meaning_are_not_suspected(tmp_path: Path) -> None:
    frame = patients().with_columns(bed=pl.format("bed {}", ROW * 7 % 50))
    assert notes(frame, tmp_path) == []


def test_dates_after_the_index_time_are_counted(tmp_path: Path) -> None:
    later = pl.col("admitted").str.to_date() + pl.duration(days=pl.when(ROW < 30).then(3).otherwise(-3))
    frame = patients().with_columns(discharged=later.dt.strftime("%Y-%m-%d"))
    found = notes(frame, tmp_path, index_time="admitted")
    assert len(found) == 1
    assert found[0].startswith("'discharged' lies after the index time in 30 of 200 rows")


def test_a_number_that_is_the_continuous_outcome(tmp_path: Path) -> None:
    frame = patients().with_columns(score=ROW * 3 % 101 + 0.5).with_columns(total=pl.col("score") * 2 + 1)
    made = study_from_table(written(frame, tmp_path), outcome="score")
    assert made.notes[0].startswith("LEAK? 'total' alone gives the outcome away (absolute rank correlation 1.000)")


def test_what_is_excluded_is_no_longer_told(tmp_path: Path) -> None:
    path = written(patients().with_columns(death_flag=pl.col("died")), tmp_path)
    made = study_from_table(path, outcome="died", exclude=["death_flag"])
    assert not any("LEAK" in note for note in made.notes)


@pytest.mark.parametrize(
    ("name", "outcome", "alike"),
    [
        ("died_30_days", "died", True),
        ("Died", "died", True),
        ("readmission_date", "readmitted", True),
        ("hospital_expire_flag", "mortality", False),
        ("survival_days", "death", True),
        ("diagnosis_code", "diagnosis", True),
        ("age", "stage", False),
        ("hospital", "died_in_hospital", False),
        ("aged", "age", False),
    ],
)
def test_names_that_are_alike(name: str, outcome: str, alike: bool) -> None:
    assert named_alike(name, outcome) is alike


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_any_names_can_be_compared(one: str, other: str) -> None:
    assert named_alike(one, other) in (True, False)
    assert named_alike(one, one)

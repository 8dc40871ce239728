"""Tables that allow no study: one clear sentence of the right kind, and no patient's value in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.own_data.tables import patients, written

from bedside.errors import BedsideError, CohortProblem, FileProblem, OutcomeProblem, StudyError, TableProblem
from bedside.own_data.table import study_from_table

ROW = pl.int_range(pl.len())


def forty_values(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(died=ROW % 40)


def forty_words(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(died=pl.format("word {}", ROW % 40))


def repeated(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(3).with_columns(died=1 - pl.col("died"))])


def same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


@pytest.mark.parametrize(
    ("change", "options", "kind", "words"),
    [
        (same, {"outcome": "dide"}, TableProblem, r"no column 'dide' \(the outcome\); did you mean 'died'"),
        (same, {"patient": "ids"}, TableProblem, r"\(the patient\); did you mean 'id'"),
        (same, {"site": "hospitl"}, TableProblem, r"\(the site\); did you mean 'hospital'"),
        (same, {"subgroups": ["Sexx"]}, TableProblem, r"'Sexx' \(a subgroup\); did you mean 'sex'"),
        (same, {"index_time": "admited"}, TableProblem, r"\(the index time\); did you mean 'admitted'"),
        (same, {"exclude": ["agee"]}, TableProblem, r"\(excluded\); did you mean 'age'"),
        (same, {"exclude": ["died"]}, StudyError, "is excluded"),
        (same, {"patient": "died"}, StudyError, "both outcome and patient"),
        (same, {"subgroups": ["died"]}, StudyError, "cannot be a subgroup"),
        (same, {"subgroups": ["id"]}, TableProblem, "cannot divide patients into groups .identifier"),
        (same, {"subgroups": ["admitted"]}, TableProblem, "cannot divide patients into groups .date"),
        (same, {"positive": "yes"}, OutcomeProblem, "'yes' is none of the values"),
        (same, {"endpoint": "multiclass"}, OutcomeProblem, "classes are 3 to 20"),
        (same, {"outcome": "sex", "endpoint": "continuous"}, OutcomeProblem, "holds words"),
        (same, {"outcome": "id"}, OutcomeProblem, "200 different values"),
        (same, {"outcome": "hospital", "positive": "north"}, OutcomeProblem, "3 different values; a binary"),
        (same, {"outcome": "hospital", "endpoint": "multiclass", "positive": "north"}, OutcomeProblem, "none of them"),
        (same, {"index_time": "age"}, TableProblem, "not dates"),
        (forty_values, {"endpoint": "binary"}, OutcomeProblem, "40 different values; a binary outcome has two"),
        (forty_values, {"positive": "1"}, OutcomeProblem, "40 different values; a binary outcome has two"),
        (forty_words, {}, OutcomeProblem, "40 different values; classes are 3 to 20"),
        (lambda f: f.with_columns(died=pl.lit(1)), {}, OutcomeProblem, "same in all rows"),
        (lambda f: f.with_columns(died=pl.lit("NA")), {}, OutcomeProblem, "missing in all 200 rows"),
        (lambda f: f.with_columns(age=pl.lit(float("inf"))), {}, TableProblem, "'age' holds 200 infinite"),
        (lambda f: f.select("id", "died"), {}, TableProblem, "no column is left to predict from"),
        (
            lambda f: f.head(4).with_columns(died=ROW % 2),
            {},
            CohortProblem,
            "4 patients cannot be divided into 5",
        ),
        (lambda f: f.with_columns(died=(ROW < 3).cast(pl.Int8)), {}, CohortProblem, "occurs in 3 patient"),
        (lambda f: f.head(1), {}, OutcomeProblem, "same in all rows"),
        (
            lambda f: f.with_columns(id=pl.lit("P1")),
            {"patient": "id", "differs_within_patient": True},
            CohortProblem,
            "only one patient",
        ),
        (repeated, {"patient": "id"}, OutcomeProblem, "3 patient.s. have rows with contradicting"),
        (
            repeated,
            {"patient": "id", "index_time": "admitted"},
            OutcomeProblem,
            "3 patient.* at the same 'admitted'",
        ),
        (
            lambda f: f.with_columns(admitted=pl.lit("01/02/2020")),
            {"index_time": "admitted"},
            TableProblem,
            "day and month cannot be told apart",
        ),
    ],
)
def test_what_allows_no_study_is_one_sentence(
    tmp_path: Path,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    options: dict[str, Any],
    kind: type[BedsideError],
    words: str,
) -> None:
    path = written(change(patients()), tmp_path)
    with pytest.raises(kind, match=words) as caught:
        study_from_table(path, **{"outcome": "died", **options})
    message = str(caught.value)
    assert "\n" not in message
    assert "P00" not in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["patients.csv"]


def test_a_missing_file_and_one_that_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        study_from_table(tmp_path / "none.csv", outcome="died")
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04....")
    with pytest.raises(FileProblem, match="Excel"):
        study_from_table(tmp_path / "book.csv", outcome="died")


def test_an_all_missing_column_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    made = study_from_table(written(patients().with_columns(lactate=pl.lit(None)), tmp_path), outcome="died")
    assert made.declaration.set_aside["lactate"] == "every cell is missing"

"""New rows are checked against development before they are scored."""

from pathlib import Path

import polars as pl
import pytest
from tests.own_data.tables import patients, written

from bedside.errors import TableProblem
from bedside.modalities.tabular.reading import read
from bedside.modalities.tabular.table import Table
from bedside.own_data.scoring import check_rows
from bedside.own_data.table import study_from_table
from bedside.types import Json


@pytest.fixture
def profile(tmp_path: Path) -> Json:
    study = study_from_table(written(patients(), tmp_path), outcome="died", exclude=["id", "hospital"]).study
    rows = [sample.predictors for r in study.source.records(tmp_path) for sample in study.cohort.draw(r)]  # type: ignore[union-attr]
    assert study.modality.profile is not None
    return study.modality.profile(rows)


def check(profile: Json, frame: pl.DataFrame, folder: Path) -> dict[str, int]:
    checked = check_rows(profile, read(written(frame, folder, "new.csv")).table)
    assert len(checked.rows) == frame.height
    return {finding.kind: int(finding.count) for finding in checked.findings}


def test_rows_of_development_are_fine_but_for_columns_that_are_no_predictors(profile: Json, tmp_path: Path) -> None:
    assert check(profile, patients().select("sex", "glucose_mg_dl", "age"), tmp_path) == {}
    assert check(profile, patients(), tmp_path) == {"extra_column": 4}


def test_what_differs_is_counted(profile: Json, tmp_path: Path) -> None:
    new = patients(20).select(pl.col("age") * 12, pl.lit("divers").alias("sex"), glucose_mg_dl=pl.lit("n/a"))
    found = check(profile, new, tmp_path)
    known = patients(20)["age"].count()
    assert found == {
        "missing_word": 20,
        "missing": 20,
        "unknown_category": 20,
        "out_of_range": known,
        "unit": known,
    }


def test_missing_columns_are_named_together_with_the_nearest(profile: Json) -> None:
    table = Table(patients().rename({"age": "ages"}).drop("sex"))
    with pytest.raises(TableProblem, match=r"lacks 2 of 3 predictors: 'age', 'sex'; for 'age' did you mean 'ages'"):
        check_rows(profile, table)


def test_words_in_a_number_column_are_refused(profile: Json) -> None:
    table = Table(patients().with_columns(age=pl.lit("old")))
    with pytest.raises(TableProblem, match="200 of 200 cells are not numbers"):
        check_rows(profile, table)

"""What columns are: kinds, reasons for setting aside, missing codes, units."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.tabular.law import law

from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column
from bedside.modalities.tabular.inference import infer, infer_column
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name, unit_in

MANY = 200
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "cells", "found"),
    [
        ("age", [str(40 + k % 50) for k in range(MANY)], "number"),
        ("bmi", [f"{20 + k / 7:.2f}" for k in range(MANY)], "number"),
        ("platelets", [150 + k * 3 for k in range(MANY)], "number"),
        ("sex", ["f", "m"] * 100, "category"),
        ("smoker", ["yes", "No"] * 100, "boolean"),
        ("sepsis", [0, 1] * 100, "boolean"),
        ("sepsis", [0.0, 1.0, None, 1.0] * 50, "boolean"),
        ("ward", [True, False] * 100, "boolean"),
        ("admission_type_id", [1, 2, 3, 4] * 50, "category"),
        ("stage", [1, 2, 3, 4] * 50, "category"),
        ("visits", [1, 2, 3, 4] * 50, "number"),
        ("patient_nbr", [k // 2 + 1000 for k in range(MANY)], "identifier"),
        ("unnamed_1", list(range(MANY)), "identifier"),
        ("mrn", [f"A{k:05}" for k in range(MANY)], "identifier"),
        ("surname", [f"Name{k}" for k in range(MANY)], "identifier"),
        ("report", [f"no acute distress seen {k}" for k in range(MANY)], "free_text"),
        ("diagnosis", [f"I{k % 60}" for k in range(MANY)], "free_text"),
        ("crp", [f"{k}" if k % 10 else "<5" for k in range(MANY)], "free_text"),
        ("admitted", [f"2020-01-{1 + k % 28:02}" for k in range(MANY)], "date"),
        ("admitted", [f"{1 + k % 28}.{1 + k % 12}.2020 10:00" for k in range(MANY)], "date"),
        ("admitted", [date(2020, 1, 1 + k % 28) for k in range(MANY)], "date"),
        ("country", ["DE"] * MANY, "constant"),
        ("country", ["DE", None] * 100, "constant"),
        ("weight", [70] * MANY, "constant"),
        ("empty", [None] * MANY, "all_missing"),
        ("empty", ["NA", "", "?", None] * 50, "all_missing"),
    ],
)
def test_kinds_are_found(name: str, cells: list[object], found: str) -> None:
    column = infer_column(pl.Series(name, cells, strict=False))
    assert column.found == found
    assert bool(column.reason) == (found not in {"number", "category", "boolean"})
    if column.reason:
        with pytest.raises(TableProblem, match="cannot be a predictor"):
            column.column()
    else:
        assert column.column().name == name


def test_missing_words_are_recognised_as_they_are_written() -> None:
    column = infer_column(pl.Series("age", ["40", "n/a", "NA", "", "?", "52", None] * 10))
    assert (column.found, column.missing, column.missing_cells) == ("number", ("?", "NA", "n/a"), 50)
    column = infer_column(pl.Series("sex", ["f", "m", "Unknown"] * 10))
    assert (column.categories, column.missing) == (("f", "m"), ("Unknown",))


def test_none_may_be_an_answer_and_is_only_told() -> None:
    column = infer_column(pl.Series("insulin", ["None", "Up"] * 20))
    assert column.categories == ("None", "Up")
    assert "list it under missing" in column.notes[0]


@pytest.mark.parametrize("code", [-9, -99, -999, 999, 9999])
def test_sentinels_far_from_the_rest_are_missing(code: int) -> None:
    cells = [*RNG.integers(60, 120, 100).tolist(), code, code]
    column = infer_column(pl.Series("heart_rate", cells))
    assert column.missing == (float(code),)
    assert column.missing_cells == 2
    assert "2 cells" in column.notes[0]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("base_excess", list(range(-12, 12))),  # -9 among negative numbers is a value
        ("weight", list(range(40, 140))),  # 99 among weights is a value
        ("days", list(range(0, 1100, 3))),  # 999 among days is a value
    ],
)
def test_sentinels_among_the_rest_are_values(name: str, cells: list[int]) -> None:
    assert infer_column(pl.Series(name, cells)).missing == ()


def test_doubtful_codes_are_told_and_kept() -> None:
    column = infer_column(pl.Series("lactate", [*RNG.uniform(0, 60, 100).tolist(), 99.0]))
    assert column.missing == ()
    assert "may mean missing" in column.notes[0]
    minus = infer_column(pl.Series("saps", [*range(100), -1]))
    assert minus.missing == ()
    assert "-1 occurs in 1 cells" in minus.notes[0]


def test_zeros_that_cannot_be_are_suspected_and_not_changed() -> None:
    column = infer_column(pl.Series("Glucose", [0, 0, *range(70, 170)]))
    assert column.missing == ()
    assert "0 occurs in 2 cells" in column.notes[0]
    assert infer_column(pl.Series("Pregnancies", [0, 0, *range(1, 12)])).notes == ()


def test_few_whole_numbers_may_be_codes() -> None:
    assert "declare it a category" in infer_column(pl.Series("rhythm", [1, 2, 3] * 20)).notes[0]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("weight_kg", "kg"),
        ("Weight (kg)", "kg"),
        ("glucose_mg_dl", "mg/dL"),
        ("Glucose [mg/dL]", "mg/dL"),
        ("sbp_mmHg", "mm[Hg]"),
        ("age_years", "a"),
        ("SpO2 (%)", "%"),
        ("kg", ""),
        ("program", ""),
        ("age", ""),
    ],
)
def test_units_are_read_from_names(name: str, unit: str) -> None:
    assert unit_in(name) == unit


def test_plain_names() -> None:
    assert plain_name("  Weight (kg) ") == "weight_kg"
    assert plain_name("bodyWeight") == "body_weight"


@pytest.mark.parametrize("cells", [["1", "inf", "2"], [1.0, float("-inf"), 2.0]])
def test_infinities_are_refused(cells: list[object]) -> None:
    with pytest.raises(TableProblem, match="'crp' holds 1 infinite"):
        infer_column(pl.Series("crp", cells))


def test_a_schema_of_what_is_left() -> None:
    table = Table(
        pl.DataFrame({"id": [f"p{k}" for k in range(30)], "age_years": range(40, 70), "sex": ["f", "m"] * 15})
    )
    found = infer(table)
    assert [column.name for column in found.set_aside] == ["id"]
    schema = found.schema(without=["sex"])
    assert schema.columns == (Column("age_years", "number", unit="a"),)
    with pytest.raises(TableProblem, match=r"no column is left to predict from \('id'"):
        found.schema(without=["sex", "age_years"])


CELLS = st.one_of(
    st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.integers(-10_000, 10_000)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.floats(allow_infinity=False)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=40),
)


@law
@given(CELLS)
def test_what_is_inferred_can_be_restricted(cells: list[object]) -> None:
    series = pl.Series("x", cells)
    try:
        column = infer_column(series)
    except TableProblem as problem:
        assert "infinite" in str(problem)  # noqa: PT017 - words such as "inf" are read as numbers
        return
    assert column.cells == len(cells)
    if column.reason:
        return
    found = infer(Table(pl.DataFrame([series])))
    restricted = Table(pl.DataFrame([series])).restricted(found.schema()).frame["x"]
    assert restricted.null_count() == column.missing_cells
    if column.found != "number":
        assert set(restricted.drop_nulls()) <= set(column.categories)

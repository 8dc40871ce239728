"""Tables and records: restriction checks types, gathers keep order, caches stay at home."""

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.tabular.law import law

from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, frame_of, records, restricted_frame

SCHEMA = Schema((Column("age", "number", missing=(-9, "NA")), Column("sex", "category", missing=("?", 9))))


def table(**columns: list[object]) -> Table:
    return Table(pl.DataFrame(columns, strict=False))


def test_missing_codes_become_null() -> None:
    raw = table(age=["1", " 2.5 ", "", "NA", "-9", None], sex=["m", "?", "", " f ", "9", None], died=[0, 1, 0, 1, 0, 1])
    frame = raw.restricted(SCHEMA).frame
    assert frame.columns == ["age", "sex"]
    assert frame["age"].to_list() == [1.0, 2.5, None, None, None, None]
    assert frame["sex"].to_list() == ["m", None, None, "f", None, None]


def test_numbers_of_any_type_become_floats_and_categories_words() -> None:
    raw = table(age=[True, False], sex=[1.0, 2.0])
    assert raw.restricted(SCHEMA).frame.rows() == [(1.0, "1"), (0.0, "2")]
    assert table(age=[1, float("nan")], sex=["1.0", "x"]).restricted(SCHEMA).frame.rows() == [(1.0, "1"), (None, "x")]


def test_a_record_reads_cells_and_restricts_itself() -> None:
    raw = table(age=[40, -9], sex=["f", "m"], died=[0, 1])
    second = records(raw)[1]
    assert (second["died"], second["age"]) == (1, -9)
    only = second.only(SCHEMA)
    assert only["age"] is None
    assert only.only(SCHEMA) == only
    with pytest.raises(TableProblem, match="no column 'died'"):
        only["died"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"age": [1.0], "sexe": ["f"]}, r"'sex'; did you mean 'sexe'"),
        ({"age": ["xyzzy", "40"], "sex": ["f", "m"]}, "1 of 2 cells are not numbers"),
        ({"age": [float("inf"), 1], "sex": ["f", "m"]}, r"1 infinite value"),
        ({"age": ["-inf", "1"], "sex": ["f", "m"]}, r"1 infinite value"),
        ({"age": [[1], [2]], "sex": ["f", "m"]}, "declared a number but holds List"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_without_its_values(columns: dict[str, list[object]], words: str) -> None:
    with pytest.raises(TableProblem, match=words) as caught:
        table(**columns).restricted(SCHEMA)
    assert "xyzzy" not in str(caught.value)


def test_restricting_again_costs_nothing() -> None:
    raw = table(age=[1.0], sex=["f"])
    assert raw.restricted(SCHEMA) is raw.restricted(Schema(SCHEMA.columns))
    assert raw.restricted(SCHEMA).restricted(SCHEMA) is raw.restricted(SCHEMA)


@law
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_a_frame_has_the_rows_in_the_order_asked(positions: list[int]) -> None:
    one, other = Table(pl.DataFrame({"a": range(10)})), Table(pl.DataFrame({"a": range(100, 110)}))
    assert frame_of([Record(one, k) for k in positions])["a"].to_list() == positions
    mixed = [Record(one if k % 2 else other, k) for k in positions]
    assert frame_of(mixed)["a"].to_list() == [k if k % 2 else 100 + k for k in positions]


def test_frames_of_different_columns_or_none_are_refused() -> None:
    with pytest.raises(TableProblem, match="no records"):
        frame_of([])
    with pytest.raises(TableProblem, match="differ in"):
        frame_of([Record(table(a=[1]), 0), Record(table(b=[1]), 0)])
    assert restricted_frame(SCHEMA, []).schema == {"age": pl.Float64(), "sex": pl.String()}


def test_pickled_records_share_one_table_and_leave_caches_behind() -> None:
    rows = [row.only(SCHEMA) for row in records(table(age=[1, 2], sex=["f", "m"]))]
    assert rows[0]["age"] == 1.0
    back = pickle.loads(pickle.dumps(rows))  # noqa: S301 - our own bytes
    assert back[0].table is back[1].table
    assert not back[0].table._cells
    assert back[1]["sex"] == "m"


def test_many_rows_are_gathered_in_one_go() -> None:
    many = Table(pl.DataFrame({"age": np.arange(100_000.0), "sex": ["f"] * 100_000}))
    frame = restricted_frame(SCHEMA, records(many)[::-1])
    assert frame["age"][0] == 99_999.0

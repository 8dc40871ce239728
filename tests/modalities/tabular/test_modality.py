"""The tabular modality: variables, digests, and the profile that new rows are compared with."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.tabular.law import law

from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.profile import compare_with, profile_of, schema_of
from bedside.modalities.tabular.table import Record, Table, records

SCHEMA = Schema((Column("age", "number", unit="a"), Column("sex", "category"), Column("note", "category")))
MODALITY = tabular(SCHEMA)


def rows(*cells: tuple[float | None, str | None, str | None]) -> list[Record]:
    kinds = {"age": pl.Float64(), "sex": pl.String(), "note": pl.String()}
    return records(Table(pl.DataFrame(list(cells), schema=kinds, orient="row")))


def test_variables_are_columns_with_nan_and_minus_one_for_missing() -> None:
    age, sex, _ = MODALITY.variables(rows((1, "m", "a"), (None, None, "a"), (3, "f", "a")))
    assert age.unit == "a"
    assert age.numbers is not None
    np.testing.assert_array_equal(age.numbers, [1, np.nan, 3])
    assert sex.categories == ("f", "m")
    assert sex.codes is not None
    assert sex.codes.tolist() == [1, -1, 0]


CELLS = st.tuples(
    st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.5])),
    st.sampled_from(["a", "b", "ab", "\x1f", None]),
    st.sampled_from(["a", "b", "", None]),
)


@law
@given(st.lists(CELLS, min_size=1, max_size=20))
def test_digests_are_equal_exactly_when_the_content_is(
    cells: list[tuple[float | None, str | None, str | None]],
) -> None:
    digests = MODALITY.digest(rows(*cells))
    for one, first in zip(cells, digests, strict=True):
        for other, second in zip(cells, digests, strict=True):
            same = tuple(cell or None for cell in one[1:]) == tuple(cell or None for cell in other[1:])
            assert (first == second) == (same and one[0] == other[0])
    assert MODALITY.digest(rows(*cells)[::-1]) == digests[::-1]


def test_digests_are_the_same_on_every_machine() -> None:
    assert MODALITY.digest(rows((1.0, "m", None)))[0].hex() == "4c301f2a26fe576f1917646cbaad2f1a"


def test_the_profile_holds_aggregates_and_its_schema() -> None:
    profile = json.loads(json.dumps(profile_of(SCHEMA, rows((1, "m", "a"), (None, None, "a"), (3, "f", "a")))))
    assert schema_of(profile) == SCHEMA
    assert profile["columns"]["age"] == {"missing": pytest.approx(1 / 3), "low": 1, "median": 2, "high": 3}
    assert profile["columns"]["sex"]["categories"] == ["f", "m"]


DEVELOPMENT = rows(*((40.0 + k, "mf"[k % 2], "a") for k in range(40)))


def test_rows_like_development_give_no_finding() -> None:
    assert compare_with(profile_of(SCHEMA, DEVELOPMENT), DEVELOPMENT) == ()


def test_what_differs_from_development_is_counted() -> None:
    new = rows(*((12.0 * (40 + k), "x" if k < 3 else "m", None) for k in range(10)))
    findings = {finding.kind: finding for finding in compare_with(profile_of(SCHEMA, DEVELOPMENT), new)}
    assert set(findings) == {"out_of_range", "unit", "unknown_category", "missing"}
    assert findings["unit"].severity == "serious"
    assert "development used a" in findings["unit"].text
    assert findings["unknown_category"].count == 3
    assert findings["missing"].count == 10


def test_a_column_missing_throughout_development_compares_with_anything() -> None:
    empty = rows((None, None, None))
    found = {finding.kind for finding in compare_with(profile_of(SCHEMA, empty), rows((1.0, "m", None)))}
    assert found == {"unknown_category"}

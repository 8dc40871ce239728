"""Features and batches: fitted on development only, equal alone and in company, given back by their state."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.tabular.law import law

from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.features import Encoding, Features
from bedside.modalities.tabular.preparation import CLIP, Preparation
from bedside.modalities.tabular.table import Record, Table, records

SCHEMA = Schema((Column("age", "number"), Column("sex", "category"), Column("bmi", "number")))


def rows(age: list[float | None], sex: list[str | None], bmi: list[float | None] | None = None) -> list[Record]:
    columns = {"age": age, "sex": sex, "bmi": bmi or [20.0] * len(age)}
    kinds = {"age": pl.Float64(), "sex": pl.String(), "bmi": pl.Float64()}
    return records(Table(pl.DataFrame(columns, schema=kinds)))


DEVELOPMENT = rows([1.0, 3.0, None, 5.0], ["f", "m", None, "f"])


def test_medians_words_and_indicators_come_from_development() -> None:
    features = Features.fit(SCHEMA, DEVELOPMENT)
    assert features.names == ("age", "age missing", "sex=f", "sex=m", "sex missing", "bmi")
    assert not features.categorical.any()
    matrix = features.transform(rows([None, 7.0], ["x", "m"]))
    assert matrix.tolist() == [[3.0, 1.0, 0.0, 0.0, 1.0, 20.0], [7.0, 0.0, 0.0, 1.0, 0.0, 20.0]]


def test_codes_and_raw_numbers_for_trees() -> None:
    features = Features.fit(SCHEMA, DEVELOPMENT, encode="codes", impute=False)
    assert features.names == ("age", "sex", "bmi")
    assert features.categorical.tolist() == [False, True, False]
    matrix = features.transform(rows([None, 7.0], ["x", "m"]))
    assert np.isnan(matrix[0, 0])
    assert matrix[:, 1].tolist() == [0.0, 2.0]


def test_standardised_numbers_have_mean_0_and_sd_1_and_constants_stay_finite() -> None:
    matrix = Features.fit(SCHEMA, DEVELOPMENT, standardise=True).transform(DEVELOPMENT)
    assert matrix[:, 0].mean() == pytest.approx(0)
    assert matrix[:, 0].std() == pytest.approx(1)
    assert matrix[:, 5].tolist() == [0.0] * 4


def test_a_column_missing_throughout_development_is_carried_as_missing() -> None:
    features = Features.fit(SCHEMA, rows([None, None], [None, None]))
    assert features.transform(rows([4.0], ["f"])).tolist() == [[4.0, 0.0, 1.0, 20.0]]


CELL = st.one_of(st.none(), st.floats(-1e6, 1e6))
WORD = st.sampled_from(["f", "m", "x", None])
TABLES = st.lists(st.tuples(CELL, WORD, CELL), min_size=1, max_size=12)


def of(cells: list[tuple[float | None, str | None, float | None]]) -> list[Record]:
    return rows([c[0] for c in cells], [c[1] for c in cells], [c[2] for c in cells])


@law
@given(TABLES, TABLES, st.sampled_from(["one_hot", "codes"]), st.booleans(), st.booleans())
def test_features_alone_equal_features_in_company(
    development: list[tuple[float | None, str | None, float | None]],
    new: list[tuple[float | None, str | None, float | None]],
    encode: Encoding,
    standardise: bool,
    impute: bool,
) -> None:
    features = Features.fit(SCHEMA, of(development), encode=encode, standardise=standardise, impute=impute)
    cases = of(new)
    matrix = features.transform(cases)
    assert matrix.shape == (len(new), len(features.names))
    alone = np.vstack([features.transform([case]) for case in cases])
    np.testing.assert_array_equal(matrix, alone)
    assert not impute or np.isfinite(matrix).all()
    restored = Features.from_state(json.loads(json.dumps(features.state())))
    np.testing.assert_array_equal(matrix, restored.transform(cases))


@law
@given(TABLES, TABLES)
def test_batches_alone_equal_batches_in_company(
    development: list[tuple[float | None, str | None, float | None]],
    new: list[tuple[float | None, str | None, float | None]],
) -> None:
    preparation = Preparation.fit(SCHEMA, of(development))
    cases = of(new)
    batch = preparation.transform(cases)
    assert len(batch) == len(new)
    assert (np.abs(batch.numbers) <= CLIP).all()
    assert (batch.numbers[batch.missing] == 0).all()
    assert (batch.codes < np.array(preparation.cardinalities)).all()
    restored = Preparation.from_state(json.loads(json.dumps(preparation.state())))
    assert restored == preparation
    for place, case in enumerate(cases):
        single = restored.transform([case])
        np.testing.assert_array_equal(single.numbers[0], batch.numbers[place])
        np.testing.assert_array_equal(single.missing[0], batch.missing[place])
        np.testing.assert_array_equal(single.codes[0], batch.codes[place])


def test_numbers_are_scaled_by_the_quartiles_and_order_is_kept() -> None:
    development = rows([0.0, 1.0, 2.0, 3.0, 1e9], ["f"] * 5)
    numbers = Preparation.fit(SCHEMA, development).transform(development).numbers[:, 0]
    assert numbers[2] == 0
    assert numbers[3] - numbers[1] == pytest.approx(1, abs=0.1)
    assert (np.diff(numbers) > 0).all()


def test_declared_categories_that_development_lacks_count_as_unknown() -> None:
    schema = Schema((Column("sex", "category", categories=("m", "f", "x")),))
    preparation = Preparation.fit(schema, DEVELOPMENT)
    assert preparation.words == (("m", "f"),)
    assert preparation.transform(rows([1.0], ["x"])).codes.tolist() == [[0]]


def test_numbers_that_development_always_had_are_never_missing_for_trees() -> None:
    features = Features.fit(SCHEMA, DEVELOPMENT, encode="codes", impute=False)
    (row,) = features.transform(rows([None], ["f"], [None])).tolist()
    assert np.isnan(row[0])
    assert row[2] == 20.0

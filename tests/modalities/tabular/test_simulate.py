"""Twins: declared distributions hold, the same seed gives the same rows, terms that do not exist are refused."""

import polars as pl
import pytest

from bedside.errors import StudyError
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.simulate import (
    BinaryOutcome,
    ClassOutcome,
    Encounters,
    Number,
    NumberOutcome,
    Twin,
    Words,
)
from bedside.modalities.tabular.table import frame_of

COLUMNS = (
    Number("age", mean=60, sd=10, low=18, high=95, decimals=0),
    Number("glucose", mean=120, sd=20, missing=0.3, missing_as=0),
    Words("sex", {"female": 3, "male": 1}, missing=0.1, missing_as="?"),
)


def test_declared_shares_limits_and_prevalence_hold() -> None:
    frame = (
        Twin(COLUMNS, BinaryOutcome("died", 0.2, {"age": 2.0, "sex=male": 1.0, "age*glucose": 0.5}))
        .table(4000, seed=1)
        .frame
    )
    assert frame["age"].dtype == pl.Int64
    assert frame["age"].is_between(18, 95).all()
    assert frame["died"].mean() == pytest.approx(0.2, abs=0.02)
    assert (frame["glucose"] == 0).mean() == pytest.approx(0.3, abs=0.03)
    assert (frame["sex"] == "?").mean() == pytest.approx(0.1, abs=0.02)
    assert (frame["sex"] == "female").mean() == pytest.approx(0.9 * 0.75, abs=0.03)
    means = frame.group_by("died").agg(pl.col("age").mean()).sort("died")["age"]
    assert means[1] > means[0] + 5


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    twin = Twin(COLUMNS, ClassOutcome("grade", {"a": 0.5, "b": 0.3, "c": 0.2}, {"c": {"age": 1.0}}))
    once = frame_of(list(twin.records(50, seed=3)))
    assert once.equals(frame_of(list(twin.records(50, seed=3))))
    assert not once.equals(frame_of(list(twin.records(50, seed=4))))
    assert set(once["grade"]) <= {"a", "b", "c"}


def test_patients_repeat_and_resemble_themselves() -> None:
    twin = Twin(COLUMNS, BinaryOutcome("died", 0.3, {}), Encounters("patient", 0.5, "encounter", within=0.9))
    frame = twin.table(2000, seed=5).frame
    assert 2000 / frame["patient"].n_unique() == pytest.approx(1.5, abs=0.1)
    assert frame["encounter"].n_unique() == 2000
    within = frame.filter(pl.len().over("patient") > 1).group_by("patient").agg(pl.col("age").std())["age"].mean()
    assert isinstance(within, float)
    assert within < 5


def test_a_number_follows_its_rule() -> None:
    frame = Twin(COLUMNS, NumberOutcome("score", 50, noise=1, effects={"age": 10}, low=0)).table(1000, seed=6).frame
    assert frame.select(pl.corr("age", "score")).item() > 0.95
    assert frame["score"].min() >= 0  # type: ignore[operator]


def test_a_neutral_twin_of_a_schema() -> None:
    schema = Schema((Column("age", "number"), Column("sex", "category", categories=("f", "m"))))
    frame = Twin.from_schema(schema, BinaryOutcome("y", 0.5, {"age": 1})).table(30, seed=0).frame
    assert frame.columns == ["age", "sex", "y"]
    assert set(frame["sex"]) == {"f", "m"}


def test_an_effect_of_a_column_that_is_not_simulated_is_refused() -> None:
    with pytest.raises(StudyError, match="did you mean 'glucose'"):
        Twin(COLUMNS, BinaryOutcome("died", 0.2, {"glucos": 1.0})).table(5, seed=0)

"""Columns and schemas: what they refuse, and that JSON gives them back."""

import pickle

import pytest

from bedside.errors import StudyError, TableProblem
from bedside.modalities.tabular.column import Column, Schema, nearest_name

AGE = Column("age", "number", unit="a", description="age", missing=(-9.0, "NA"))
SEX = Column("sex", "category", categories=("female", "male"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "age", "kind": "text"}, "'number' and 'category'"),
        ({"name": "age", "kind": "number", "categories": ("a",)}, "cannot list categories"),
        ({"name": "sex", "kind": "category", "unit": "a"}, "no unit"),
        ({"name": "sex", "kind": "category", "categories": ("a", "a")}, "twice"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        Column(**arguments)  # type: ignore[arg-type]


def test_a_schema_needs_columns_of_different_names() -> None:
    with pytest.raises(StudyError, match="more than once"):
        Schema((AGE, AGE))
    with pytest.raises(StudyError, match="at least one column"):
        Schema(())


def test_the_state_gives_the_schema_back() -> None:
    schema = Schema((AGE, SEX))
    assert Schema.from_state(schema.state()) == schema


def test_a_pickled_schema_hashes_like_its_twin() -> None:
    schema = Schema((AGE, SEX))
    hash(schema)
    assert "_hash" not in pickle.loads(pickle.dumps(schema)).__dict__  # noqa: S301 - our own bytes
    assert len({schema, pickle.loads(pickle.dumps(schema))}) == 1  # noqa: S301


def test_an_unknown_predictor_is_answered_with_the_nearest() -> None:
    with pytest.raises(TableProblem, match="did you mean 'age'"):
        Schema((AGE, SEX))["agee"]


def test_columns_are_found_by_kind_and_left_out_by_name() -> None:
    schema = Schema((AGE, SEX))
    assert (schema.numbers, schema.categories) == ((AGE,), (SEX,))
    assert schema.without(["age"]).names == ("sex",)


def test_without_a_near_name_all_are_listed() -> None:
    assert nearest_name("zzz", ["b", "a"]) == "there are a, b"
    assert nearest_name("zzz", [f"c{k:02}" for k in range(20)]).endswith("c11 and 8 more")
    assert nearest_name("AGE", ["age"]) == "did you mean 'age'?"

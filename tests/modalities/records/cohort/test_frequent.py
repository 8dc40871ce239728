"""Codes chosen by frequency: patients count, and not how often a few of them come again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.errors import CohortProblem
from bedside.modalities.records.cohort.frequent import most_frequent

SAMPLES = st.lists(
    st.tuples(st.sampled_from("pqr"), st.lists(st.sampled_from(["A", "B", "C"]), max_size=3)), min_size=1
)


def test_a_code_of_many_patients_comes_before_one_that_comes_again_and_again() -> None:
    development = [("p", ["A"]), ("p", ["A"]), ("p", ["A", "B"]), ("q", ["B"]), ("r", [])]
    assert most_frequent(development, 2) == ("B", "A")


def test_of_equals_the_first_by_its_name() -> None:
    assert most_frequent([("p", ["C", "B"]), ("q", ["A"])], 3) == ("A", "B", "C")


@given(SAMPLES)
def test_neither_order_nor_repetition_matters(samples: list[tuple[str, list[str]]]) -> None:
    there = {code for _, codes in samples for code in codes}
    chosen = most_frequent(samples, len(there))
    assert set(chosen) == there
    assert most_frequent([*samples[::-1], *samples], len(there)) == chosen


@pytest.mark.parametrize("development", [[], [("p", ["A"])]])
def test_too_few_codes_are_refused(development: list[tuple[str, list[str]]]) -> None:
    with pytest.raises(CohortProblem, match="ask for fewer"):
        most_frequent(development, 2)

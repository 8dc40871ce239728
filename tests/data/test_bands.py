"""Groups that are ranges stand in the order of their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.data.bands import in_order
from bedside.study.analysis import groups_of


@pytest.mark.parametrize(
    "ordered",
    [
        ["under 50", "50 to under 65", "65 to under 80", "80 and over"],
        ["<40", "40-59", "60-79", "80+", "unknown"],
        ["Below 5", "5 to 12", "12 to 100", "100 or more"],
        ["2008", "2019", "Q1"],
        ["0.5 to 1", "1", "10", "10th ward", "ICU 2", "female", "male"],
    ],
)
def test_ranges_stand_by_their_numbers(ordered: list[str]) -> None:
    assert in_order(reversed(ordered)) == ordered


@given(st.lists(st.text(), unique=True))
def test_no_word_is_lost_and_the_order_is_one_of_content(words: list[str]) -> None:
    assert sorted(in_order(words)) == sorted(words)
    assert in_order(words) == in_order(reversed(words))


def test_subgroups_are_told_in_that_order() -> None:
    bands = [{"age_band": word} for word in ("80 and over", "under 50", "50 to under 65")]
    groups = groups_of(bands, ("age_band",), patients=np.arange(3), minimum=1)
    assert [group.name for group in groups[1:]] == [
        "age_band=under 50",
        "age_band=50 to under 65",
        "age_band=80 and over",
    ]

"""Durations, edges and windows: what is written is what is read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.span import Anchor, Edge, duration, duration_text, edge

LENGTHS = st.integers(0, 400 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(LENGTHS)
def test_a_duration_is_read_back(length: timedelta) -> None:
    assert duration(duration_text(length)) == length


@pytest.mark.parametrize(
    ("text", "written"),
    [("48h", "48h"), ("2d", "48h"), ("72 h", "3d"), ("4w", "28d"), ("90min", "90min"), ("60min", "1h"), ("0s", "0h")],
)
def test_a_duration_is_written_one_way(text: str, written: str) -> None:
    assert duration_text(duration(text)) == written


@pytest.mark.parametrize("text", ["", "h", "-3h", "1.5h", "6months", "1y", "P30D", "3 hours"])
def test_other_durations_are_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(RecordsProblem, match="no duration; allowed: a whole number of s, min, h, d or w"):
        duration(text)


@given(st.sampled_from(Anchor), LENGTHS, st.booleans())
def test_an_edge_is_read_back(anchor: Anchor, offset: timedelta, earlier: bool) -> None:
    made = Edge(anchor, "discharge" if anchor.needs_predicate else "", -offset if earlier else offset)
    assert edge(str(made)) == made


@pytest.mark.parametrize(
    "text", ["", "indx", "next", "next discharge home", "index + h", "index 48h", "index - -3h", "last discharge"]
)
def test_other_edges_are_refused(text: str) -> None:
    with pytest.raises(RecordsProblem, match=r"edge of a window; allowed: index|needs the name|no duration"):
        edge(text)


@pytest.mark.parametrize(
    ("text", "sees"),
    [("index", False), ("index - 2h", False), ("index + 2h", True), ("next discharge", True), ("last - 1d", True)],
)
def test_what_may_lie_after_the_index_time(text: str, sees: bool) -> None:
    assert edge(text).sees_future == sees

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers import csv_rows

CELL = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n', exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=40), size=st.integers(1, 200))
def test_ranges_of_any_size_give_every_row_once(tmp_path: Path, rows: list[tuple[str, str]], size: int) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "".join(f'"{first}x","{second}"\n' for first, second in rows), encoding="utf-8")
    problems = Problems()
    spans = csv_rows.ranges(path, size)
    frames = [frame for span in spans for frame in csv_rows.frames(path, ("b", "a"), problems, span=span)]
    assert pl.concat(frames).rows() == [(second or None, f"{first}x") for first, second in rows]
    assert problems.counts == {}
    assert spans[-1][1] == path.stat().st_size


def test_a_line_break_in_quotes_is_part_of_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('A,b\n1,"two\nlines, and ""quotes"""\n')
    (frame,) = csv_rows.frames(path, ("a", "b"), Problems())
    assert frame.rows() == [("1", 'two\nlines, and "quotes"')]


def test_a_table_without_rows_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n")
    assert sum(map(len, csv_rows.frames(path, ("a",), Problems()))) == 0
    (span,) = csv_rows.ranges(path, 10)
    assert sum(map(len, csv_rows.frames(path, ("a",), Problems(), span=span))) == 0


@pytest.mark.parametrize("content", [b"", b"a,b\n1,\xff\xfe\n"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(RecordsProblem, match=r"table\.csv"):
        list(csv_rows.frames(path, ("a", "b"), Problems()))


def test_tables_are_found_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "VITALPERIODIC.csv.gz").touch()
    assert csv_rows.find(tmp_path, "vitalPeriodic") == tmp_path / "VITALPERIODIC.csv.gz"
    assert csv_rows.find(tmp_path, "vitalAperiodic") is None

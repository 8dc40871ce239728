"""Reading files: what is a table is read, what is not is refused in one clear sentence without a patient's values."""

import csv
import io
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedside.errors import DataError, FileProblem, TableProblem
from bedside.modalities.tabular import reading
from bedside.modalities.tabular.reading import Format, read


def written(folder: Path, content: bytes, name: str = "patients.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "form", "cells"),
    [
        (b"a,b\n1,2\n3,4", Format(), {"a": ["1", "3"], "b": ["2", "4"]}),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", Format(), {"a": ["1"], "b": ["2"]}),
        (b"a;b\n1,5;x\n;y\n", Format(), {"a": ["1.5", None], "b": ["x", "y"]}),
        (b"a\tb\n1\t2\n", Format(), {"a": ["1"], "b": ["2"]}),
        (b"a|b\n1|2\n", Format(), {"a": ["1"], "b": ["2"]}),
        (b'a,b\n1,"x, y"\n2,"say ""no""\nagain"\n', Format(), {"a": ["1", "2"], "b": ["x, y", 'say "no"\nagain']}),
        (b" a , b \n 1 , \n\n   \n", Format(), {"a": ["1"], "b": [None]}),
        ("a,b\n1,é\n".encode("cp1252"), Format(encoding="windows-1252"), {"a": ["1"], "b": ["é"]}),
        ("a,b\n1,é\n".encode("utf-16"), Format(encoding="utf-16"), {"a": ["1"], "b": ["é"]}),
        (b"a,b;c\n1,2;3\n", Format(separator=";"), {"a,b": ["1.2"], "c": ["3"]}),
    ],
)
def test_what_is_a_table_is_read(tmp_path: Path, content: bytes, form: Format, cells: dict[str, list[str]]) -> None:
    found = read(written(tmp_path, content), form)
    assert found.table.frame.to_dict(as_series=False) == cells
    again = read(tmp_path / "patients.csv", found.form)
    assert again.table.frame.equals(found.table.frame)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", FileProblem, "is empty"),
        (b"\n \n", FileProblem, "blank lines"),
        (b"a,b\n", TableProblem, "header and no rows"),
        (b"a,b\n1,2\nsecret", FileProblem, "truncated: its last row has 1 of 2 cells"),
        (b'a,b\n1,2\n3,"secret\n4,5\n', FileProblem, "quotation mark is opened and never closed"),
        (b'"a,b\n1,2\n', DataError, "quotation mark|several columns"),
        (b"a,b\n1,2\nsecret\n3,4\n", TableProblem, "1 row.s. whose number of cells is not the 2 .* row 3, with 1"),
        (b"a,b\n1,2\n1,secret,3\n", TableProblem, "1 row.s. whose number of cells"),
        (b"PK\x03\x04secret", FileProblem, "Excel workbook"),
        (b"\xd0\xcf\x11\xe0secret", FileProblem, "old Excel"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", FileProblem, "binary file"),
        (b"PAR1secret", FileProblem, "a Parquet file"),
        (b"<!DOCTYPE html><p>secret", FileProblem, "web page"),
        (b'[{"a": "secret"}]', FileProblem, "JSON"),
        ("a,b\n1,2\n3,sécret\n".encode("cp1252"), FileProblem, r"not encoded as utf-8 \(line 3\).*windows-1252"),
        ("a,b\n1,secret\n".encode("utf-16"), FileProblem, "UTF-16"),
        (b"a,b\n" + b"1,2\n" * 2000 + b"\x00,2\n", FileProblem, "zero bytes near line"),
        (b"a,b,a\n1,2,3\n", TableProblem, "more than one column called 'a'"),
        (b"no table at all\nsecret\n", TableProblem, "not a table of several columns"),
        (b"1,2,3\n4,5,6\n", TableProblem, "no header"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, kind: type[DataError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        read(written(tmp_path, content))
    message = str(caught.value)
    assert "secret" not in message
    assert "\n" not in message
    assert "patients.csv" in message


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    written(tmp_path, b"a,b\n1,2\n")
    with pytest.raises(FileProblem, match=r"did you mean 'patients.csv'"):
        read(tmp_path / "patient.csv")
    with pytest.raises(FileProblem, match="does not exist either"):
        read(tmp_path / "nowhere" / "patients.csv")
    with pytest.raises(FileProblem, match="is a folder"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileProblem, match="regular file"):
        read(tmp_path / "pipe.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n")
    path.chmod(0)
    with pytest.raises(FileProblem, match="may not be read"):
        read(path)


def test_formats_that_do_not_exist(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n")
    with pytest.raises(FileProblem, match="encoding 'klingon' is unknown"):
        read(path, Format(encoding="klingon"))
    with pytest.raises(FileProblem, match="is not one of comma"):
        read(path, Format(separator="x"))


def test_a_file_larger_than_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"a,b\n1,2\n")
    monkeypatch.setattr(reading, "_free_bytes", lambda: 10)
    with pytest.raises(FileProblem, match="GB of memory"):
        read(path)


def test_free_memory_is_a_plausible_number() -> None:
    assert 10**7 < reading._free_bytes() < 10**14


def test_unnamed_columns_are_named_and_told(tmp_path: Path) -> None:
    found = read(written(tmp_path, b",age\n0,40\n1,50\n"))
    assert found.table.frame.columns == ["unnamed_1", "age"]
    assert found.notes == ("1 column(s) without a name are called unnamed_1",)


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"age": [1, None], "sex": pl.Series(["f", "m"], dtype=pl.Categorical)})
    frame.write_parquet(tmp_path / "p.parquet")
    found = read(tmp_path / "p.parquet")
    assert found.table.frame.schema == {"age": pl.Int64(), "sex": pl.String()}
    assert found.form == Format()


def test_parquet_that_is_none(tmp_path: Path) -> None:
    pl.DataFrame({"a": [[1], [2]], "b": [1, 2]}).write_parquet(tmp_path / "nested.parquet")
    with pytest.raises(TableProblem, match="lists or structures"):
        read(tmp_path / "nested.parquet")
    whole = (tmp_path / "nested.parquet").read_bytes()
    with pytest.raises(FileProblem, match="truncated"):
        read(written(tmp_path, whole[:-20], "short.parquet"))
    with pytest.raises(FileProblem, match="damaged"):
        read(written(tmp_path, b"PAR1" + b"x" * 50 + b"PAR1", "damaged.parquet"))
    with pytest.raises(FileProblem, match="not a Parquet file"):
        read(written(tmp_path, b"a,b\n1,2\n", "text.parquet"))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_what_was_written_is_read_back(tmp_path: Path, rows: list[list[str]], separator: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["one", "two", "three"], *rows])
    path = written(tmp_path, text.getvalue().encode())
    frame = read(path, Format(separator=separator, decimal=".")).table.frame
    stripped = pl.Series([cell for row in rows for cell in row], dtype=pl.String).str.strip_chars()
    assert [cell or "" for row in frame.rows() for cell in row] == stripped.to_list()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_on_purpose(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    try:
        assert len(read(path).table) > 0
    except DataError as problem:
        assert "\n" not in str(problem).replace(str(path), "")  # noqa: PT017 - both ways are right


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.integers(1, 400))
def test_a_truncated_file_is_never_read_as_whole(tmp_path: Path, kept: int) -> None:
    whole = b"id,age,died\n" + b"".join(b"%d,%d,%d\n" % (k + 10, 40 + k, k % 2) for k in range(40))
    path = written(tmp_path, whole[:kept])
    try:
        rows = len(read(path).table)
    except DataError:
        return
    assert rows <= whole[:kept].count(b"\n")

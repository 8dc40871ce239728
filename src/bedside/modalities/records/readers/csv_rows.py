"""CSV tables of a warehouse as streams of frames: plain or gzip, in ranges of rows, memory bounded by a block."""

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems

BLOCK = 8 << 20
"""Bytes of text that one frame is made of."""

ENDINGS = (".csv", ".csv.gz")


def find(folder: Path, name: str) -> Path | None:
    """The file of a table in a folder, its name in any case; None where there is none."""
    wanted = {name.lower() + ending for ending in ENDINGS}
    if not folder.is_dir():
        return None
    return next((path for path in sorted(folder.iterdir()) if path.name.lower() in wanted), None)


def ranges(path: Path, size: int) -> list[tuple[int, int]]:
    """Ranges of bytes of about `size` that end with a line each; a file in gzip has only one, without an end (-1)."""
    if path.suffix == ".gz":
        return [(0, -1)]
    total = path.stat().st_size
    with path.open("rb") as file:
        first = len(file.readline())
        cuts = [_line_start(file, at) for at in range(first + size, total, size)]
    edges = sorted({first, *(cut for cut in cuts if first < cut < total), max(total, first)})
    return list(pairwise(edges)) or [(first, first)]


def _line_start(file: io.BufferedReader, at: int) -> int:
    file.seek(at - 1)
    file.readline()
    return file.tell()


def header(path: Path) -> list[str]:
    """Names of the columns.

    Raises:
        RecordsProblem: The file is empty, damaged or no text.
    """
    try:
        with pa.input_stream(str(path)) as stream:
            line = io.TextIOWrapper(stream, encoding="utf-8-sig").readline().strip()
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read as CSV text in UTF-8; copy it again, or unpack it"
        raise RecordsProblem(msg) from error
    if not line:
        msg = f"{path} is empty; a table has at least a line of column names"
        raise RecordsProblem(msg)
    return [name.strip().strip('"') for name in line.split(",")]


def frames(
    path: Path, columns: tuple[str, ...], problems: Problems, *, span: tuple[int, int] = (0, -1)
) -> Iterator[pl.DataFrame]:
    """Some columns as text, an empty cell null, in frames of about `BLOCK` bytes.

    Columns are found in any case and come under the names asked for. Lines with another number of fields are counted
    and left out.

    Args:
        path: The file, plain or gzip.
        columns: Names of columns that are there.
        problems: Where lines are counted that are no rows.
        span: The bytes to read, of `ranges`; an end of -1 is the end of the file.

    Raises:
        RecordsProblem: The file is damaged or no UTF-8.
    """
    names = header(path)
    written = {name.lower(): name for name in names}
    kept = [written[name.lower()] for name in columns]

    def count(row: arrow_csv.InvalidRow) -> str:
        problems.add(f"{path.name}: a line with {row.actual_columns} fields instead of {row.expected_columns}")
        return "skip"

    whole = span[1] < 0
    try:
        with _source(path, span) as source:
            stream = arrow_csv.open_csv(
                source,
                read_options=arrow_csv.ReadOptions(
                    block_size=BLOCK, use_threads=False, column_names=names, skip_rows=1 if whole else 0
                ),
                parse_options=arrow_csv.ParseOptions(newlines_in_values=whole, invalid_row_handler=count),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=kept,
                    column_types=dict.fromkeys(kept, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )
            for batch in stream:
                table = pa.Table.from_batches([batch]).rename_columns(list(columns))
                yield pl.DataFrame(pl.from_arrow(table))
    except (pa.ArrowException, OSError, EOFError) as error:
        if str(error).startswith("Empty CSV file"):  # a header without rows
            return
        msg = f"{path} is damaged or truncated, or is no CSV text in UTF-8; copy it again and compare its checksum"
        raise RecordsProblem(msg) from error


def _source(path: Path, span: tuple[int, int]) -> pa.NativeFile:
    if span[1] < 0:
        return pa.input_stream(str(path))
    return pa.PythonFile(_Range(path, span), mode="r")


class _Range(io.RawIOBase):
    """A range of bytes of a file as a file."""

    def __init__(self, path: Path, span: tuple[int, int]) -> None:
        self._file = path.open("rb")
        self._file.seek(span[0])
        self._left = span[1] - span[0]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        content = self._file.read(wanted)
        self._left -= len(content)
        return content

    def close(self) -> None:
        self._file.close()
        super().close()

"""Rows of files as streams of frames: CSV of any encoding and separator as text, Parquet with its types."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems

SEPARATORS: Final = ",;\t|"
BLOCK: Final = 8 << 20
BATCH: Final = 200_000


def is_parquet(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in {".parquet", ".pq"}


def header(path: Path, encoding: str, separator: str) -> tuple[list[str], str]:
    """Names of the columns, and the separator; that which stands most often in the first line where none is given.

    Raises:
        RecordsProblem: The file is empty, or is not text of this encoding.
    """
    if is_parquet(path):
        try:
            return pq.read_schema(path).names, ""
        except (pa.ArrowException, OSError) as error:
            msg = f"{path} is no Parquet file or is truncated; copy it again"
            raise RecordsProblem(msg) from error
    try:
        with pa.input_stream(str(path)) as stream:
            line = io.TextIOWrapper(stream, encoding=_encoding(encoding)).readline().strip("\r\n")
    except (OSError, ValueError, LookupError) as error:
        msg = f"{path} cannot be read as text in {encoding}; set `encoding` in the map (windows-1252, utf-16)"
        raise RecordsProblem(msg) from error
    if not line.strip():
        msg = f"{path} is empty; a table has at least a line of column names"
        raise RecordsProblem(msg)
    found = separator or max(SEPARATORS, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=found))], found


def frames(
    path: Path, columns: Sequence[str], problems: Problems, *, encoding: str, separator: str
) -> Iterator[pl.DataFrame]:
    """Some columns of a file; of CSV as text, an empty cell null. Lines with other numbers of cells are counted.

    Raises:
        RecordsProblem: The file is damaged or not text of this encoding.
    """
    if is_parquet(path):
        yield from _parquet(path, columns)
        return
    names, found = header(path, encoding, separator)

    def count(row: arrow_csv.InvalidRow) -> str:
        where = None if row.number is None else f"row {row.number} of the file"
        problems.add(f"{path.name}: a line with {row.actual_columns} cells instead of {row.expected_columns}", where)
        return "skip"

    try:
        with pa.input_stream(str(path)) as source:
            stream = arrow_csv.open_csv(
                source,
                read_options=arrow_csv.ReadOptions(
                    block_size=BLOCK, use_threads=False, column_names=names, skip_rows=1, encoding=encoding
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=found, newlines_in_values=True, invalid_row_handler=count
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=list(columns),
                    column_types=dict.fromkeys(columns, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )
            for batch in stream:
                yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        if str(error).startswith("Empty CSV file"):  # a header without rows
            return
        msg = (
            f"{path} is damaged, truncated within a quotation or not text in {encoding}; copy it again, or set "
            "`encoding` in the map"
        )
        raise RecordsProblem(msg) from error


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
    except (pa.ArrowException, OSError) as error:
        msg = f"{path} is damaged or truncated; copy it again"
        raise RecordsProblem(msg) from error


def _encoding(name: str) -> str:
    """Text in UTF-8 may begin with a byte order mark."""
    return "utf-8-sig" if name.lower().replace("_", "-") in {"utf-8", "utf8"} else name

"""Files of tables, CSV or Parquet, as streams of frames; memory is bounded by a block."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.omop.tables import RENAMED, Table

BLOCK = 8 << 20
"""Bytes of CSV text that one frame is made of."""
ROWS = 100_000
"""Rows of Parquet that one frame is made of."""
_TEXTS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
_PARQUET = ".parquet"
_MISSING = ["", "NULL", r"\N"]


@dataclass(frozen=True)
class File:
    """A file of a table, looked into.

    Attributes:
        path: Of the file.
        names: Columns as they are written, by their names in lower case.
        separator: Of a CSV file; empty for Parquet.
        quoted: Whether cells may stand in quotation marks; vocabularies (tabs) come without.
        stamp: Size and time of the last change, so that what is remembered of a file is of this file.
    """

    path: Path
    names: tuple[tuple[str, str], ...]
    separator: str = ""
    quoted: bool = True
    stamp: tuple[int, int] = (0, 0)

    @property
    def present(self) -> frozenset[str]:
        """Columns, in lower case and under the names of CDM 5.4."""
        return frozenset(name for name, _ in self.names)

    def spans(self, table: Table, size: int) -> list[tuple[int, int]]:
        """Ranges that are read by themselves: bytes of CSV text past the header, row groups of Parquet; -1 is all."""
        if not self.separator:
            return _groups(self.path, size)
        if self.path.suffix == ".gz" or not table.divisible:
            return [(0, -1)]
        total = self.path.stat().st_size
        with self.path.open("rb") as file:
            first = len(file.readline())
            cuts = [_line_start(file, at) for at in range(first + size, total, size)]
        edges = sorted({first, *(cut for cut in cuts if cut < total), total})
        return list(pairwise(edges)) or [(first, first)]

    def frames(self, table: Table, problems: Problems, span: tuple[int, int] = (0, -1)) -> Iterator[pl.DataFrame]:
        """Typed rows of the table; lines with too few or too many cells are counted and left out.

        Raises:
            RecordsProblem: The file is damaged, or not in UTF-8.
        """
        wanted = {name: written for name, written in self.names if name in table.columns}
        raw = self._text(wanted, problems, span) if self.separator else self._parquet(wanted, span)
        try:
            for batch in raw:
                frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
                frame = frame.rename({written: name for name, written in wanted.items()})
                yield table.typed(frame, problems)
        except (pa.ArrowException, EOFError, zlib.error, gzip.BadGzipFile) as error:
            msg = f"{self.path.name} is damaged, truncated or not in UTF-8; copy or export it again"
            raise RecordsProblem(msg) from error

    def _parquet(self, wanted: dict[str, str], span: tuple[int, int]) -> Iterator[pa.RecordBatch]:
        file = arrow_parquet.ParquetFile(self.path)
        last = file.num_row_groups if span[1] < 0 else span[1]
        yield from file.iter_batches(ROWS, row_groups=range(span[0], last), columns=list(wanted.values()))

    def _text(self, wanted: dict[str, str], problems: Problems, span: tuple[int, int]) -> Iterator[pa.RecordBatch]:
        def count(row: Any) -> str:  # noqa: ANN401 - pyarrow publishes no types
            problems.add(f"{self.path.name}: a line with {row.actual_columns} cells instead of {row.expected_columns}")
            return "skip"

        if span[1] >= 0 and span[0] == span[1]:
            return
        whole = span[1] < 0
        kept = list(wanted.values())
        with self._bytes(span) as source:
            if whole and not self._more_than_header():
                return
            yield from arrow_csv.open_csv(
                source,
                read_options=arrow_csv.ReadOptions(
                    block_size=BLOCK,
                    use_threads=False,
                    column_names=[written for _, written in self.names],
                    skip_rows=int(whole),
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.separator,
                    quote_char='"' if self.quoted else False,
                    newlines_in_values=whole and self.quoted,
                    invalid_row_handler=count,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=kept,
                    column_types=dict.fromkeys(kept, pa.string()),
                    strings_can_be_null=True,
                    null_values=_MISSING,
                ),
            )

    def _bytes(self, span: tuple[int, int]) -> Any:  # noqa: ANN401 - as above
        if span[1] < 0:
            return pa.input_stream(str(self.path))
        file = pa.OSFile(str(self.path))
        return pa.PythonFile(_Range(file, span), mode="r")

    def _more_than_header(self) -> bool:
        with _opened(self.path) as file:
            file.readline()
            return bool(file.readline().strip())


class _Range(io.RawIOBase):
    """A range of bytes of a file as a file."""

    def __init__(self, file: Any, span: tuple[int, int]) -> None:  # noqa: ANN401 - as above
        self._file = file
        self._file.seek(span[0])
        self._left = span[1] - span[0]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = bytes(self._file.read(self._left if size < 0 else min(size, self._left)))
        self._left -= len(content)
        return content

    def close(self) -> None:
        self._file.close()
        super().close()


def find(folder: Path, name: str) -> tuple[Path, ...]:
    """Files of a table: one file of its name, in any case, or those in a folder of its name; none where there is none.

    Raises:
        RecordsProblem: The table is there twice.
    """
    found = [path for path in sorted(folder.iterdir()) if _stem(path) == name]
    if len(found) > 1:
        msg = f"table {name} is there {len(found)} times ({', '.join(path.name for path in found)}); keep one of them"
        raise RecordsProblem(msg)
    if found and found[0].is_dir():
        return tuple(path for path in sorted(found[0].iterdir()) if path.name.lower().endswith((*_TEXTS, _PARQUET)))
    return tuple(found)


def _stem(path: Path) -> str | None:
    name = path.name.lower()
    if path.is_dir():
        return name.removesuffix(_PARQUET)
    end = next((end for end in (*_TEXTS[3:], *_TEXTS[:3], _PARQUET) if name.endswith(end)), None)
    return name.removesuffix(end) if end else None


def look(path: Path) -> File:
    """Look at the columns of a file.

    Raises:
        RecordsProblem: It is empty, damaged, or a CSV file separated by neither commas nor tabs.
    """
    if path.name.lower().endswith(_PARQUET):
        try:
            return File(path, _lower(arrow_parquet.read_schema(path).names, path), stamp=_stamp(path))
        except (pa.ArrowException, OSError) as error:
            msg = f"{path.name} is not a Parquet file, or is damaged; copy or export it again"
            raise RecordsProblem(msg) from error
    try:
        with _opened(path) as file:
            line = file.readline().decode("utf-8-sig").rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read as text in UTF-8; copy or export it again"
        raise RecordsProblem(msg) from error
    separator = "\t" if "\t" in line else ","
    names = next(csv.reader([line], delimiter=separator), [])
    if not any(name.strip() for name in names):
        msg = f"{path.name} is empty; a table has at least a line of column names, separated by commas or tabs"
        raise RecordsProblem(msg)
    quoted = separator == "," or '"' in line
    return File(path, _lower(names, path), separator, quoted, _stamp(path))


def _stamp(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns


def _lower(names: list[str], path: Path) -> tuple[tuple[str, str], ...]:
    lower = [RENAMED.get(name.strip().lower(), name.strip().lower()) for name in names]
    doubled = sorted({name for name in lower if lower.count(name) > 1})
    if doubled:
        msg = f"{path.name} has two columns {', '.join(doubled)}; keep one of each"
        raise RecordsProblem(msg)
    return tuple(zip(lower, names, strict=True))


def _opened(path: Path) -> Any:  # noqa: ANN401 - gzip and plain files share no named type
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _line_start(file: io.BufferedReader, at: int) -> int:
    file.seek(at - 1)
    file.readline()
    return file.tell()


def _groups(path: Path, size: int) -> list[tuple[int, int]]:
    """Row groups, as many together as hold about this many bytes."""
    told = arrow_parquet.read_metadata(path)
    spans: list[tuple[int, int]] = []
    first, held = 0, 0
    for number in range(told.num_row_groups):
        held += told.row_group(number).total_byte_size
        if held >= size or number == told.num_row_groups - 1:
            spans.append((first, number + 1))
            first, held = number + 1, 0
    return spans

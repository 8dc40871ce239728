"""CSV and Parquet files as tables; what cannot be read is refused in one clear sentence.

CSV cells stay text: `inference` decides what they mean, and a declared `Schema` checks it.
"""

import codecs
import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from bedside.errors import DataError, FileProblem, TableProblem
from bedside.modalities.tabular.column import nearest_name
from bedside.modalities.tabular.signature import HEAD, refuse_what_is_no_text
from bedside.modalities.tabular.table import Table

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 65_536
"""How many bytes the separator is judged by."""
GROWTH = 4
"""A CSV file takes about this many times its size in memory while it is read."""


@dataclass(frozen=True)
class Format:
    """How a file is to be read; empty strings are found out from the file.

    Attributes:
        encoding: Python name of the text encoding ("utf-8", "windows-1252").
        separator: One of comma, semicolon, tab and bar.
        decimal: "." or ","; a decimal comma is only looked for where the separator is another.
    """

    encoding: str = ""
    separator: str = ""
    decimal: str = ""


@dataclass(frozen=True)
class Reading:
    """A table that was read.

    Attributes:
        table: The rows; cells of a CSV file are text, an empty cell is null.
        form: The format that was found, complete, so that the reading can be repeated; empty for Parquet.
        notes: What a person should know: renamed columns, decimal commas.
    """

    table: Table
    form: Format
    notes: tuple[str, ...] = ()


def read(path: Path, form: Format | None = None) -> Reading:
    """Read a CSV or Parquet file.

    Raises:
        FileProblem: The file is missing, empty, truncated, too large, wrongly encoded or no table.
        TableProblem: It has no rows, one column, or two columns of one name.
    """
    _refuse_unreadable(path)
    _refuse_too_large(path)
    parquet = path.suffix.lower() in (".parquet", ".pq")
    reading = _read_parquet(path) if parquet else _read_csv(path, form or Format())
    if not len(reading.table):
        msg = f"{path} has a header and no rows; at least one row a patient is needed"
        raise TableProblem(msg)
    return reading


def _refuse_unreadable(path: Path) -> None:
    if not path.exists():
        folder = path.parent
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        remedy = nearest_name(path.name, names) if folder.is_dir() else f"the folder {folder} does not exist either"
        msg = f"{path} does not exist; {remedy if 'mean' in remedy or 'folder' in remedy else 'check the path'}"
        raise FileProblem(msg)
    if path.is_dir():
        msg = f"{path} is a folder; name one CSV or Parquet file"
        raise FileProblem(msg)
    if not path.is_file():
        msg = f"{path} is not a regular file; name one CSV or Parquet file"
        raise FileProblem(msg)
    if not os.access(path, os.R_OK):
        msg = f"{path} may not be read by this user; change its permissions"
        raise FileProblem(msg)
    if path.stat().st_size == 0:
        msg = f"{path} is empty (0 bytes); export or copy it again"
        raise FileProblem(msg)


def _refuse_too_large(path: Path) -> None:
    needed = path.stat().st_size * GROWTH
    free = _free_bytes()
    if needed > free:
        msg = (
            f"{path} would need about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free; "
            "keep only the columns and rows of the study, or use a larger machine"
        )
        raise FileProblem(msg)


def _free_bytes() -> int:
    """Memory that can still be had, as the operating system tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux: what is installed is the best that is known
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _read_parquet(path: Path) -> Reading:
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            msg = f"{path} is not a Parquet file, although it is named so; if it is CSV, give it the ending .csv"
            raise FileProblem(msg)
        file.seek(-4, io.SEEK_END)
        if file.read(4) != b"PAR1":
            msg = f"{path} is truncated: its end is missing; copy or export it again"
            raise FileProblem(msg)
    try:
        names = arrow_parquet.read_schema(path).names
        _refuse_doubled(path, names)
        frame = pl.read_parquet(path)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        msg = f"{path} is a damaged Parquet file; copy or export it again"
        raise FileProblem(msg) from error
    nested = [name for name, kind in frame.schema.items() if kind.is_nested() or kind == pl.Object]
    if nested:
        msg = f"{path}: column(s) {nested[:5]} hold lists or structures; a table has one value a cell"
        raise TableProblem(msg)
    plain = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String), pl.col(pl.Decimal).cast(pl.Float64))
    return Reading(Table(plain), Format())


def _read_csv(path: Path, form: Format) -> Reading:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not form.encoding:
        refuse_what_is_no_text(path, head)
    encoding = _check_encoding(path, form.encoding)
    sample = _sample(path, encoding)
    if not sample.strip():
        msg = f"{path} holds nothing but blank lines; export or copy it again"
        raise FileProblem(msg)
    separator = form.separator or _sniff(path, sample)
    if separator not in SEPARATORS:
        msg = f"separator {separator!r} is not one of {', '.join(SEPARATORS.values())}"
        raise FileProblem(msg)
    names, notes = _header(path, sample, separator)
    frame = _cells(path, encoding, separator, names)
    decimal = form.decimal or ("," if separator != "," and _decimal_commas(frame) else ".")
    if decimal == ",":
        converted = _decimal_commas(frame)
        frame = frame.with_columns(pl.col(name).str.replace(",", ".", literal=True) for name in converted)
        notes = (*notes, f"decimal commas were read as such in {', '.join(converted)}") if converted else notes
    return Reading(Table(frame), replace(form, encoding=encoding, separator=separator, decimal=decimal), notes)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            yield chunk


def _check_encoding(path: Path, declared: str) -> str:
    """The encoding, after the whole file was decoded with it."""
    encoding = declared or "utf-8"
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        msg = f"the encoding {encoding!r} is unknown; use utf-8, windows-1252, iso-8859-1 or utf-16"
        raise FileProblem(msg) from error
    line = 1
    chunk = b""
    try:
        for chunk in _chunks(path):
            text = decoder.decode(chunk)
            line += text.count("\n")
            if "\x00" in text:
                msg = f"{path} holds zero bytes near line {line}: it is binary or damaged; export it as CSV again"
                raise FileProblem(msg)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        remedy = (
            "save it as 'CSV UTF-8', or name its encoding (--encoding, often windows-1252)"
            if not declared
            else "name the encoding it was written in"
        )
        line += chunk[: error.start].count(b"\n")
        msg = f"{path} is not encoded as {encoding} (line {line}); {remedy}"
        raise FileProblem(msg) from error
    return encoding


def _sample(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        data = file.read(SAMPLE)
    decoder = codecs.getincrementaldecoder(encoding)()
    return decoder.decode(data).removeprefix("\ufeff")


def _rows(sample: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    found: list[list[str]] = []
    try:
        for row in reader:
            if row:
                found.append(row)
            if len(found) == 100:
                break
    except csv.Error:  # a cell without end: what was read before it is what there is to judge by
        return found
    return found[:-1] if len(found) > 2 and len(found) < 100 else found


def _sniff(path: Path, sample: str) -> str:
    """The separator that divides the header into most names and most rows like the header."""
    scores: dict[str, tuple[float, int]] = {}
    for separator in SEPARATORS:
        rows = _rows(sample, separator)
        width = len(rows[0]) if rows else 0
        if width > 1:
            scores[separator] = (sum(len(row) == width for row in rows) / len(rows), width)
    if not scores:
        allowed = ", ".join([*SEPARATORS.values()][:-1]) + " or bar"
        msg = f"{path} is not a table of several columns: no {allowed} divides its first line; save it as CSV"
        raise TableProblem(msg)
    return max(scores, key=lambda separator: (round(scores[separator][0], 1), scores[separator][1]))


def _header(path: Path, sample: str, separator: str) -> tuple[list[str], tuple[str, ...]]:
    rows = _rows(sample, separator)
    if not rows:
        msg = f"{path}: the first line cannot be read: a quotation mark is opened and never closed"
        raise FileProblem(msg)
    given = [name.strip() for name in rows[0]]
    numbers = sum(name.replace(".", "", 1).replace("-", "", 1).isdigit() for name in given)
    if numbers > len(given) / 2:
        msg = f"{path} seems to have no header: most of its first line are numbers; add a first line of column names"
        raise TableProblem(msg)
    unnamed = [place for place, name in enumerate(given) if not name]
    names = [name or f"unnamed_{place + 1}" for place, name in enumerate(given)]
    _refuse_doubled(path, names)
    if not unnamed:
        return names, ()
    called = ", ".join(names[place] for place in unnamed)
    return names, (f"{len(unnamed)} column(s) without a name are called {called}",)


def _refuse_doubled(path: Path, names: list[str]) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        msg = f"{path} has more than one column called {', '.join(map(repr, doubled))}; rename or remove one of them"
        raise TableProblem(msg)


def _cells(path: Path, encoding: str, separator: str, names: list[str]) -> pl.DataFrame:
    wrong: list[tuple[int, int]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        if (row.text or "").strip():
            wrong.append((row.number or 0, row.actual_columns))
        return "skip"

    try:
        arrow = arrow_csv.read_csv(
            path,
            # One thread, so that row numbers are known and the order is the file's.
            read_options=arrow_csv.ReadOptions(use_threads=False, encoding=encoding, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        msg = f"{path} cannot be read as a table separated by {SEPARATORS[separator]}s; export it as CSV again"
        raise FileProblem(msg) from error
    if wrong:
        raise _ragged(path, wrong, expected=len(names), rows=arrow.num_rows + len(wrong))
    frame = pl.DataFrame(pl.from_arrow(arrow.slice(1)))
    if arrow.num_rows and any("\n" in cell for cell in arrow.slice(arrow.num_rows - 1).to_pylist()[0].values()):
        _refuse_open_quotation(path, encoding)
    return frame.with_columns(pl.col(name).str.strip_chars().replace("", None) for name in names)


def _refuse_open_quotation(path: Path, encoding: str) -> None:
    """A last cell with line breaks is fine where quotation marks pair up; else it swallowed the rest of the file."""
    decoder = codecs.getincrementaldecoder(encoding)()
    if sum(decoder.decode(chunk).count('"') for chunk in _chunks(path)) % 2:
        msg = f"{path} seems truncated: a quotation mark is opened and never closed; copy or export it again"
        raise FileProblem(msg)


def _ragged(path: Path, wrong: list[tuple[int, int]], *, expected: int, rows: int) -> DataError:
    number, actual = wrong[0]
    if len(wrong) == 1 and number == rows and actual < expected:
        return FileProblem(
            f"{path} seems truncated: its last row has {actual} of {expected} cells; copy or export it again"
        )
    return TableProblem(
        f"{path} has {len(wrong)} row(s) whose number of cells is not the {expected} of the header (the first is row "
        f"{number}, with {actual}); put cells that hold the separator in quotation marks, or export it again"
    )


def _decimal_commas(frame: pl.DataFrame) -> list[str]:
    """Columns in which every cell that holds a comma is a number with a decimal comma, and most cells are numbers."""
    found = []
    for name in frame.columns:
        cells = frame.get_column(name).drop_nulls()
        commas = cells.str.contains(r"^[+-]?\d+,\d+$")
        whole = cells.str.contains(r"^[+-]?\d+$")
        any_comma = cells.str.contains(",", literal=True)
        if commas.any() and bool((commas == any_comma).all()) and int((commas | whole).sum()) >= 0.9 * len(cells):
            found.append(name)
    return found

"""Small tables in which one misread cell matters: CSV read strictly, every complaint with its line."""

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedside.errors import FileProblem, TableProblem


@dataclass(frozen=True)
class Line:
    """One line of a file: cells by column, blanks around them removed.

    Attributes:
        path: The file.
        number: Line number, the header being line 1.
        cells: Text by column name.
    """

    path: Path
    number: int
    cells: dict[str, str]

    @property
    def place(self) -> str:
        """For messages, which never repeat a cell."""
        return f"{self.path}, line {self.number}"

    def require(self, column: str) -> str:
        """A cell that must be filled.

        Raises:
            TableProblem: It is empty.
        """
        text = self.cells[column]
        if not text:
            msg = f"{self.place}: {column!r} is empty; fill it, or leave the whole line out"
            raise TableProblem(msg)
        return text


def read_lines(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Line]:
    """All lines of a comma-separated file that has these columns; other columns are left aside.

    Raises:
        FileProblem: The file is missing, empty, not text in UTF-8, or its header names a column twice.
        TableProblem: A column is missing (the nearest name is suggested), a line has more or fewer cells than the
            header, or there is no line.
    """
    reader = csv.reader(_text(path, columns).splitlines())
    header = _header(path, next(reader, []), columns)
    kept = [name for name in (*columns, *optional) if name in header]
    lines = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            msg = (
                f"{path}, line {reader.line_num}: {len(cells)} cells where the header has {len(header)}; the file is "
                "truncated or a comma is not quoted"
            )
            raise TableProblem(msg)
        found = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        lines.append(Line(path, reader.line_num, {name: found[name] for name in kept}))
    if not lines:
        msg = f"{path} has a header and no line below it"
        raise TableProblem(msg)
    return lines


def _text(path: Path, columns: Sequence[str]) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        msg = f"{path} does not exist; give a CSV file with the columns {', '.join(columns)}"
        raise FileProblem(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not text in UTF-8; save it as CSV in UTF-8"
        raise FileProblem(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise FileProblem(msg) from error
    if "\0" in text:
        msg = f"{path} is not a text file; save the table as CSV in UTF-8"
        raise FileProblem(msg)
    return text


def _header(path: Path, cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not any(header):
        msg = f"{path} is empty; it needs a header and the columns {', '.join(columns)}"
        raise FileProblem(msg)
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        msg = f"{path} has two columns named {twice[0]!r}; remove or rename one"
        raise FileProblem(msg)
    for column in columns:
        if column not in header:
            raise TableProblem(_absent(path, column, header))
    return header


def _absent(path: Path, column: str, header: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, header, n=1, cutoff=0.6)
    hint = f"; rename {near[0]!r}" if near else ""
    return f"{path} has no column {column!r}{hint}; it has {', '.join(name for name in header if name)}"

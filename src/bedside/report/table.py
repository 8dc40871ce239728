"""Tables as data, so that one template draws them all and each can be sorted and saved as CSV."""

from dataclasses import dataclass, field
from string import ascii_lowercase

from bedside.evidence.schema import Performance
from bedside.report.number import interval


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: What is printed.
        sort: What it is sorted by, when that is a number.
        note: Letter of a footnote.
        tip: A remark on hover; whatever it says also stands in a footnote or the caption.
        small: A second line in small type.
        style: Extra CSS classes.
    """

    text: str
    sort: float | None = None
    note: str = ""
    tip: str = ""
    small: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a line; the first is its heading."""

    cells: tuple[Cell, ...]
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column heading; numbers are set right-aligned."""

    text: str
    small: str = ""
    number: bool = False
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with caption and footnotes.

    Attributes:
        name: For anchors and file names.
        caption: What it shows.
        columns: Headings.
        rows: Body.
        notes: Footnotes, (letter, text).
        sortable: Whether rows may be put into another order.
        long: Whether it scrolls within its own box on a screen.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, str], ...] = ()
    sortable: bool = True
    long: bool = False


@dataclass(slots=True)
class Footnotes:
    """Gives each distinct text one letter, in order of first use."""

    letters: dict[str, str] = field(default_factory=dict)

    def letter(self, text: str) -> str:
        """The letter of a text; "" for no text."""
        if not text:
            return ""
        if text not in self.letters:
            number = len(self.letters)
            self.letters[text] = ascii_lowercase[number % 26] * (1 + number // 26)
        return self.letters[text]

    def all(self) -> tuple[tuple[str, str], ...]:
        """(letter, text) in order of first use."""
        return tuple((letter, text) for text, letter in self.letters.items())


def estimate(row: Performance | None, notes: Footnotes, *, best: bool = False) -> Cell:
    """A measure with its interval, its method as a footnote; the reason where it cannot be estimated."""
    if row is None:
        return Cell("", style="empty")
    if row.value is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        return Cell("not estimable", note=why, tip=row.reason, style="number absent")
    text = interval(row.value, row.low, row.high)
    return Cell(
        text, sort=row.value, note=notes.letter(row.method), tip=row.method, style="number best" if best else "number"
    )

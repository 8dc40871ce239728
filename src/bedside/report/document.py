"""A filled checklist as Markdown and as a Word document."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from bedside.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedside.report.filled import Filled, Item


def to_markdown(filled: Filled) -> str:
    """The checklist as Markdown tables, one for each heading of the guideline."""
    lines = [f"# {filled.title}", "", f"Study: {_cell(filled.study)}", "", filled.tally, "", filled.about, ""]
    for group in filled.groups:
        lines += [f"## {group.title}", "", "| Item | What to report | Status | Answer |", "|---|---|---|---|"]
        for item in group.items:
            ask = f"{item.ask} ({item.applies})" if item.applies else item.ask
            said = " ".join(text for _, text in parts(item))
            lines.append(f"| {item.number} | {_cell(ask)} | {item.status} | {_cell(said)} |")
        lines.append("")
    return "\n".join(lines)


def parts(item: Item) -> Iterator[tuple[str, str]]:
    """What is said to an item, as (kind, text): its answer, its place, what is to be written."""
    if item.answer:
        yield "answer", item.answer
    if item.place:
        yield "place", f"See the report, section {item.place_title}."
    if item.todo:
        yield "todo", f"{'Open' if item.status == 'open' else 'Still to write'}: {item.todo}"


def to_docx(filled: Filled) -> bytes:
    """The checklist as a Word document.

    Raises:
        StudyError: python-docx is not installed.
    """
    try:
        from docx import Document  # noqa: PLC0415 - an extra
        from docx.enum.section import WD_ORIENT  # noqa: PLC0415
        from docx.shared import Cm, Pt  # noqa: PLC0415
    except ImportError as error:
        msg = "a Word document needs python-docx: install bedside[docx], or choose --format html or md"
        raise StudyError(msg) from error
    document = Document()
    page = document.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = page.page_height, page.page_width
    document.styles["Normal"].font.size = Pt(9.5)
    document.add_heading(filled.title, level=0)
    document.add_paragraph(_clean(filled.study))
    document.add_paragraph(f"{filled.tally} {filled.about}")
    table = document.add_table(rows=1, cols=3, style="Table Grid")
    for cell, text in zip(table.rows[0].cells, ("Item", "What to report", "Answer"), strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for group in filled.groups:
        heading = table.add_row().cells
        heading[0].merge(heading[2]).paragraphs[0].add_run(group.title).bold = True
        for item in group.items:
            cells = table.add_row().cells
            cells[0].text, cells[1].text = item.number, _clean(item.ask)
            for number, (kind, text) in enumerate(parts(item)):
                paragraph = cells[2].paragraphs[0] if number == 0 else cells[2].add_paragraph()
                paragraph.add_run(_clean(text)).italic = kind == "todo"
    for row in table.rows:
        for cell, width in zip(row.cells, (1.6, 9.0, 14.0), strict=False):
            cell.width = Cm(width)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _cell(text: str) -> str:
    """Text that cannot break out of a Markdown table cell or start markup."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")


def _clean(text: str) -> str:
    """Text without the control characters that XML forbids."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n")

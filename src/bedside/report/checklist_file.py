"""A filled checklist as a file of its own: Markdown, HTML or Word."""

from pathlib import Path

from bedside.errors import StudyError
from bedside.report import document
from bedside.report.checklist import fill
from bedside.report.page import page, read_evidence, write


def write_checklist(folder: Path, name: str, format: str = "md") -> Path:  # noqa: A002 - the word users know
    """Write a filled checklist beside the report of a finished run.

    Args:
        folder: The run's folder.
        name: One of `checklist.names()`.
        format: "md", "html" or "docx" (which needs the extra `bedside[docx]`).

    Returns:
        The path of the file, `<name>.<format>` in the folder.

    Raises:
        StudyError: There is no checklist of that name, or no such format.
        FileProblem: The folder holds no valid evidence.json.
        OutputProblem: The file cannot be written.
    """
    filled = fill(name, read_evidence(folder))
    if format == "md":
        content = document.to_markdown(filled).encode()
    elif format == "html":
        title = f"{filled.title}: {filled.study}"
        content = page("checklist-page.html.j2", title=title, filled=filled, home="report.html").encode()
    elif format == "docx":
        content = document.to_docx(filled)
    else:
        msg = f"{format!r} is no format of a checklist; choose md, html or docx"
        raise StudyError(msg)
    return write(folder / f"{name}.{format}", content)

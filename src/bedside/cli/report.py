"""`bedside report`: write the report of a run again, or a reporting checklist."""

from pathlib import Path
from typing import Annotated

import typer

from bedside.cli import options


def write_report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    *,
    json: options.Json = False,
) -> None:
    """Write report.html of a finished run again, from its evidence alone.

    bedside report runs/breast_cancer
    """
    from bedside.cli import terminal
    from bedside.report.page import write_report as write

    page = write(run)
    if json:
        terminal.emit({"run": str(run), "report": str(page)})
        return
    terminal.say(f"Report: {page}")

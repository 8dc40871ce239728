"""`bedside report`: the report of a run again, a reporting checklist, a model card."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bedside.cli import options


def write_report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    *,
    checklist: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write this reporting checklist (tripod-ai, stard-ai …) instead.")
    ] = None,
    format_: Annotated[
        Literal["html", "md", "docx"], typer.Option("--format", help="Format of the checklist.")
    ] = "html",
    model_card: Annotated[
        bool, typer.Option("--model-card", help="Write a model card with the metadata that model hubs read instead.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Write report.html of a finished run again, from its evidence alone; or a checklist, or a model card.

    A checklist is filled from the evidence and the study's card: each item is answered, points to its place in the
    report, or is marked open with what the author must write.

        bedside report runs/breast_cancer
        bedside report runs/breast_cancer --checklist tripod-ai --format docx
        bedside report runs/breast_cancer --model-card
    """
    from bedside.cli import terminal

    if checklist is not None and model_card:
        msg = "give either --checklist NAME or --model-card"
        raise typer.BadParameter(msg)
    if checklist is not None:
        from bedside.report.checklist_file import write_checklist

        written, what = write_checklist(run, checklist, format_), "checklist"
    elif model_card:
        written, what = _model_card(run), "model_card"
    else:
        from bedside.report.page import write_report as write

        written, what = write(run), "report"
    if json:
        terminal.emit({"run": str(run), what: str(written)})
        return
    terminal.say(f"{what.replace('_', ' ').capitalize()}: {written}")


def _model_card(run: Path) -> Path:
    from bedside.report.card import model_card
    from bedside.report.page import read_evidence
    from bedside.study.folder import RunFolder

    path = run / "model-card.md"
    RunFolder(run).write(path, model_card(read_evidence(run)))
    return path

"""`bedside list`: what can be run."""

from typing import TYPE_CHECKING

from bedside.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from bedside.cli.catalogue import Application, Broken


def list_applications(json: options.Json = False) -> None:
    """List the studies that can be run by name.

    Each line says what goes in, what is predicted, where the data come from and whether they are here. Absent data
    are fetched by `bedside data NAME --fetch`, or `bedside data NAME` says what to put where.

        bedside list
        bedside list --json
    """
    from bedside.cli import catalogue, terminal
    from bedside.data.files import data_root
    from bedside.errors import StudyError

    root = data_root()
    found = catalogue.applications()
    if json:
        terminal.emit([_row(item, root) for item in found])
    else:
        _show(found, root)
    broken = [item for item in found if isinstance(item, catalogue.Broken)]
    if broken:
        reasons = "; ".join(f"{item.name}: {item.reason}" for item in broken)
        msg = f"{len(broken)} of {len(found)} applications are broken ({reasons})"
        raise StudyError(msg)


def _row(item: "Application | Broken", root: "Path") -> dict[str, object]:
    from bedside.cli.catalogue import Broken

    if isinstance(item, Broken):
        return {"name": item.name, "broken": item.reason}
    missing = item.missing(root)
    return {
        "name": item.name,
        "title": item.title,
        "question": item.question,
        "modality": item.modality,
        "endpoint": item.endpoint,
        "population": item.population,
        "data": item.data,
        "licence": item.licence,
        "here": not missing,
        "missing": list(missing),
    }


def _show(found: "tuple[Application | Broken, ...]", root: "Path") -> None:
    from rich.markup import escape
    from rich.table import Table

    from bedside.cli import terminal
    from bedside.cli.catalogue import Broken

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "question", "modality", "endpoint", "data"):
        table.add_column(heading, no_wrap=heading == "name")
    for item in found:
        if isinstance(item, Broken):
            table.add_row(item.name, f"[red]broken: {escape(item.reason)}[/red]")
            continue
        missing = item.missing(root)
        place = "[green]here[/green]" if not missing else f"[yellow]absent[/yellow] (bedside data {item.name})"
        table.add_row(item.name, escape(item.question), item.modality, item.endpoint, f"{escape(item.data)}: {place}")
    terminal.output().print(table)
    terminal.say(f"\nRun one with `bedside run NAME`. Data folder: {root}", style="dim")

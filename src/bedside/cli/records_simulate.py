"""`bedside records simulate`: a hospital's records with nobody in them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bedside.cli import options


class As(StrEnum):
    """As what a simulated hospital is written."""

    EVENTS = "events"
    OMOP = "omop"


def simulate_records(
    *,
    patients: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")],
    out: Annotated[Path, typer.Option(help="Folder to make.", file_okay=False)],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes at once; changes no result.", show_default="all processors"),
    ] = None,
    written_as: Annotated[
        As,
        typer.Option(
            "--as", help="A table of events; or, smaller and simpler, tables of OMOP to try `records convert` on."
        ),
    ] = As.EVENTS,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a table of events that lies there.")] = False,
    json: options.Json = False,
) -> None:
    """Write the records of a simulated hospital: ten years, about 500 events a patient.

    Everybody in it is invented, and so are all rates and effects: it serves to try tools and to measure them, and shows
    nothing about medicine. metadata/dataset.json and metadata/quality.json say that it is simulated.

        bedside records simulate --patients 2000 --out events
        bedside records simulate --patients 200000 --out warehouse --seed 7
        bedside records simulate --patients 500 --as omop --out omop
    """
    from bedside.cli import terminal
    from bedside.modalities.records.simulate.warehouse import simulate

    if written_as is As.OMOP:
        files = _omop(out, patients, seed, replace=replace)
        if json:
            terminal.emit({"folder": str(out), "patients": patients, "simulated": True, "files": files})
            return
        terminal.say(f"Simulated tables of OMOP: {out}", style="bold")
        terminal.tell(f"{patients:,} patients, all of them invented.")
        return
    with terminal.progress() as progress:

        def told(stage: str, done: int, tasks: int) -> None:
            if done:
                progress.step()
            else:
                progress.begin(stage, tasks)

        made = simulate(out, patients, seed=seed, jobs=jobs, replace=replace, on_progress=told)
    if json:
        found = {"events": made.quality.events, "subjects": made.quality.subjects, "simulated": True}
        terminal.emit({"folder": str(out), **found, "shards": len(made.folder.shards)})
        return
    terminal.say(f"Simulated events: {out}", style="bold")
    terminal.tell(f"{made.quality.events:,} events of {made.quality.subjects:,} patients, all of them invented.")


def _omop(out: Path, patients: int, seed: int, *, replace: bool) -> list[str]:
    from bedside.errors import OutputProblem
    from bedside.modalities.records.readers.omop.simulate import simulate_omop

    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        why = "; --replace replaces tables of events alone" if replace else ""
        msg = f"{out} exists and is not empty{why}; name a folder that does not exist yet"
        raise OutputProblem(msg)
    try:
        simulate_omop(out, patients, seed)
    except OSError as error:
        msg = f"{out} cannot be written ({error.strerror}); choose a folder that can, on a disk with room"
        raise OutputProblem(msg) from error
    return sorted(path.name for path in out.iterdir())

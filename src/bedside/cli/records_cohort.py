"""`bedside records cohort`: a declared cohort drawn from a table of events."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.modalities.records.cohort.draw import Drawn


def draw_cohort(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT.toml", help="The declaration.", dir_okay=False)],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A table of events.", file_okay=False)],
    *,
    out: Annotated[Path, typer.Option(help="Folder to make for the labels.", file_okay=False)],
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Shards at once; changes no result.", show_default="all processors")
    ] = None,
    on: options.On = "local",
    replace: Annotated[bool, typer.Option("--replace", help="Replace a cohort that lies there.")] = False,
    smallest: Annotated[
        int,
        typer.Option(
            "--smallest-cell",
            metavar="PATIENTS",
            min=0,
            help="Withhold counts of fewer patients in the flow, and what would give them away (11 is usual).",
        ),
    ] = 0,
    json: options.Json = False,
) -> None:
    """Draw a declared cohort: who is studied, when, and what came of them.

    Writes labels.parquet (every possible index time with its outcome or the reason for its exclusion),
    meds_labels.parquet (samples whose outcome is known, for other tools), flow.json (where everyone went) and
    cohort.toml. What may be seen at each index time is checked, not assumed.

        bedside records cohort cohort.toml events --out cohorts/death_in_hospital
    """
    from bedside.cli import terminal
    from bedside.modalities.records.cohort.draw import draw
    from bedside.modalities.records.cohort.drawn_files import check_free, counts, write_drawn
    from bedside.modalities.records.cohort.toml import load_cohort
    from bedside.modalities.records.events.folder import EventFolder
    from bedside.tasks.address import runner_at

    check_free(out, replace=replace)
    runner = runner_at(on)
    declared, events = load_cohort(cohort), EventFolder(folder)
    count = len(events.shards)
    if not json:
        terminal.note(f"drawing {declared.name} from {count} shard{'s' if count > 1 else ''}")
    drawn = draw(events, declared, jobs=jobs, runner=runner)
    paths = write_drawn(drawn, declared, events, out, smallest=smallest)
    if json:
        terminal.emit({**counts(drawn, smallest), "files": [str(path) for path in paths]})
        return
    _show(drawn, smallest)
    for path in paths:
        terminal.say(f"Written: {path}")


def _show(drawn: "Drawn", smallest: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    from bedside.cli import terminal
    from bedside.modalities.records.cohort.eligible import NEVER_HAPPENS
    from bedside.modalities.records.cohort.suppressed import suppressed

    flow: Any = suppressed(drawn.flow, smallest)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for heading in ("index times", "patients", *(() if smallest > 1 else ("left", "patients left"))):
        table.add_column(heading, justify="right")
    # What is left after a step stands where it gives nothing away, beside what the step excludes.
    before = () if smallest > 1 else ("", "")
    table.add_row("In the table", *before, *_counts(flow, "index_times", "patients"))
    for step in flow["steps"]:
        if step["patients"]:
            lost, people = _counts(step, "index_times", "patients")
            left = () if smallest > 1 else _counts(step, "left_index_times", "left_patients")
            table.add_row(f"- {escape(step['words'])}", "" if step["words"] == NEVER_HAPPENS else lost, people, *left)
    table.add_row("Samples", *before, *_counts(flow, "samples", "sampled_patients"), style="bold")
    terminal.output().print(table)
    if flow["censored"]:
        (many,) = _counts(flow, "censored")
        said = "sample is censored: its" if flow["censored"] == 1 else "samples are censored: their"
        terminal.tell(f"{many} {said} outcome is not known")
    for note in flow["notes"]:
        terminal.tell(f"Note: {note}", style="yellow")
    proof = (
        drawn.proof.sentence if smallest <= 1 else "nothing later than an index time is visible; counts are withheld"
    )
    terminal.tell(f"Proof: {proof}")


def _counts(told: Mapping[str, int | str], *names: str) -> tuple[str, ...]:
    """Counts as printed; what stands for one that is withheld stays."""
    return tuple(value if isinstance(value, str) else f"{value:,}" for value in (told[name] for name in names))

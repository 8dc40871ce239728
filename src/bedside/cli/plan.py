"""`bedside plan`: freeze the analysis plan."""

from pathlib import Path
from typing import Annotated

import typer

from bedside.cli import options


def freeze_plan(
    what: Annotated[str, typer.Argument(metavar="NAME|study.toml|package.module", help="The study.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run to come.", show_default="runs/NAME", file_okay=False),
    ] = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Freeze the analysis plan of a study before its data are opened.

    Writes plan.json: cohort, measures, margin, validations, the primary contrast, the release rule and the seed, with
    their hash. The run in the same folder compares itself with it, and its report says followed or not, and where it
    departed. A plan is never overwritten, and cannot be made after the evidence.

        bedside plan heart_disease
        bedside run heart_disease
    """
    from bedside.cli import terminal
    from bedside.cli.resolve import resolve
    from bedside.study.plan import freeze

    study = resolve(what)
    chosen = seed or 0
    path = freeze(study, out or Path("runs") / study.name, seed=chosen)
    if json:
        terminal.emit({"study": study.name, "plan": str(path), "seed": chosen})
        return
    terminal.say(f"Plan frozen: {path}")
    terminal.say(f"Run it with `bedside run {what} --out {path.parent} --seed {chosen}`.", style="dim")

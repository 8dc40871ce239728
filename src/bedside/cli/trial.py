"""A run from the command line: its progress is shown, and Ctrl-C keeps what is finished."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence
    from bedside.study.declare import Study


def carried_out(
    study: "Study[Any, Any, Any, Any]",
    folder: Path,
    *,
    seed: int,
    simulated: int | None,
    jobs: int | None,
    on: str,
    overwrite: bool,
    accept: tuple[str, ...],
) -> "Evidence":
    """The evidence of a run; raises typer.Exit where a person stops it, after saying how to resume."""
    from bedside.cli import terminal
    from bedside.cli.failure import STOPPED
    from bedside.data.files import data_root
    from bedside.study.run import run
    from bedside.tasks.address import runner_at

    runner = runner_at(on)
    try:
        with terminal.progress() as progress:
            return run(
                study,
                out=folder,
                root=data_root(),
                seed=seed,
                simulated=simulated,
                jobs=jobs,
                runner=runner,
                progress=progress,
                overwrite=overwrite,
                accept=accept,
                command=shlex.join(["bedside", *(_base(word) for word in sys.argv[1:])]),
            )
    except KeyboardInterrupt:
        terminal.complain(f"stopped; what is finished is kept in {folder}: run the same command again to resume")
        raise typer.Exit(STOPPED) from None


def _base(word: str) -> str:
    """A word of the command without the folders of a path, which may name people."""
    return Path(word).name if "/" in word or "\\" in word else word

"""What commands print: results to the output, everything else to the error stream."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from bedside.study.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PIPED_WIDTH = 120
"""Columns of a table that no terminal limits."""


def output() -> Console:
    """The console for results; plain text when piped."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)


def errors() -> Console:
    """The console for notes and failures."""
    return Console(stderr=True, highlight=False)


def say(text: str = "", style: str = "") -> None:
    """Print a line of result; paths are never broken over lines."""
    output().print(text, style=style or None, markup=False, soft_wrap=True)


def tell(text: str, style: str = "") -> None:
    """Print prose, broken between words where a terminal ends."""
    console = output()
    console.print(text, style=style or None, markup=False, soft_wrap=not console.is_terminal)


def note(text: str) -> None:
    """Print something to be read now, beside the results."""
    errors().print(text, style="yellow", markup=False, soft_wrap=True)


def complain(message: str) -> None:
    """Print one sentence about a failure."""
    console = errors()
    console.print("error: ", style="bold red", end="")
    console.print(message if message.endswith((".", "?", "!")) else f"{message}.", markup=False, soft_wrap=True)


def emit(value: object) -> None:
    """Print JSON to the output, for scripts."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class Notes:
    """Progress of a piped run: only what must be read."""

    def begin(self, stage: str, total: int) -> None:
        """Say nothing."""

    def step(self, text: str = "") -> None:
        """Say nothing."""

    def doing(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Pass it on."""
        note(text)


class Bars:
    """Progress of a run on a terminal: one bar a stage."""

    def __init__(self, bars: "RichProgress") -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        """Finish the bar of the stage before; begin another one."""
        self._finish()
        self._task = self._bars.add_task(stage, total=total, text="")

    def step(self, text: str = "") -> None:
        """Move the bar by one."""
        if self._task is not None:
            self._bars.update(self._task, advance=1, text=text)

    def doing(self, text: str) -> None:
        """Say it beside the bar."""
        if self._task is not None:
            self._bars.update(self._task, text=text)

    def note(self, text: str) -> None:
        """Print above the bars."""
        self._bars.console.print(text, style="yellow", markup=False, soft_wrap=True)

    def _finish(self) -> None:
        if self._task is None:
            return
        task = self._bars.tasks[self._task]
        self._bars.update(self._task, completed=task.total, text="")


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars where somebody watches; notes only where nobody does."""
    console = errors()
    if not console.is_terminal:
        yield Notes()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[text]}", markup=True),
    )
    with RichProgress(*columns, console=console) as bars:
        yield Bars(bars)

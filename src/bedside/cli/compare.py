"""`bedside compare`: several runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence, Performance


def compare_runs(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN …", help="Folders of finished runs.", file_okay=False)],
    *,
    measure: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which measure.", show_default="each run's primary one")
    ] = None,
    json: options.Json = False,
) -> None:
    """Put several runs side by side, each learner in its primary validation.

    bedside compare runs/heart_disease runs/heart-3
    bedside compare runs/* --measure brier --json
    """
    from bedside.cli import terminal

    rows = [row for run in runs for row in _rows(run, measure)]
    if json:
        terminal.emit(rows)
        return
    _show(rows)


def _rows(run: Path, measure: str | None) -> list[dict[str, object]]:
    from bedside.errors import StudyError
    from bedside.report.page import read_evidence

    evidence = read_evidence(run)
    wanted = measure or evidence.study.primary_measure
    known = [each.name for each in evidence.measures]
    if wanted not in known:
        from bedside.cli.resolve import suggest

        near = suggest(wanted, known)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(known)}"
        msg = f"{run} has no measure {wanted!r}; {hint}"
        raise StudyError(msg)
    judged = next(row for row in evidence.validations if row.primary)
    found = [
        row
        for row in evidence.performance
        if (row.validation, row.partition, row.group, row.measure) == (judged.name, judged.partition, "all", wanted)
    ]
    return [_flat(run, evidence, row) for row in found]


def _flat(run: Path, evidence: "Evidence", row: "Performance") -> dict[str, object]:
    return {
        "run": str(run),
        "study": evidence.study.name,
        "seed": evidence.provenance.seed,
        "simulated": evidence.study.simulated,
        "data_hash": evidence.provenance.data_hash,
        **row.model_dump(),
    }


def _show(rows: list[dict[str, object]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from bedside.cli import terminal

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("run", "study", "validation", "learner", "measure", "value", "interval", "patients"):
        table.add_column(heading)
    for row in rows:
        plain = [escape(str(row[name])) for name in ("run", "study", "validation", "learner", "measure")]
        value, low, high = (row[name] for name in ("value", "low", "high"))
        shown = f"{value:.3f}" if isinstance(value, float) else "not estimable"
        interval = f"{low:.3f} to {high:.3f}" if isinstance(low, float) and isinstance(high, float) else ""
        table.add_row(*plain, shown, interval, str(row["patients"]))
    terminal.output().print(table)
    if len({row["data_hash"] for row in rows}) > 1:
        terminal.say("\nThese runs judged different data: differences between them are not differences of learners.")

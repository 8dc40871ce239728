"""The verdict of a run, in a few lines on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedside.evidence.schema import Comparison, Evidence, Performance

_ROOM = 110
"""Columns of a terminal that the primary measure and the contrast take; each further measure takes a share more."""
_SHARE = 18


def show(evidence: "Evidence", page: Path) -> None:
    """Print the verdict, one row a learner, and where the report lies."""
    from rich.table import Table

    from bedside.cli import terminal

    study = evidence.study
    terminal.say()
    terminal.tell(evidence.verdict, style="bold")
    for doubt in evidence.doubts:
        terminal.tell(doubt)
    if study.simulated:
        terminal.say("Simulated data: no conclusion about patients can be drawn.", style="yellow")
    console = terminal.output()
    shown = _shown(evidence, max(0, console.width - _ROOM) // _SHARE)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("learner")
    for name in shown:
        table.add_column(_label(evidence, name), min_width=len("0.000 [0.000, 0.000]") if name == shown[0] else None)
    table.add_column("model minus learner", min_width=len("+0.000 [+0.000, +0.000]"))
    table.add_column("p")
    for learner in study.learners:
        cells = [_value(_row(evidence, learner.name, name), interval=name == shown[0]) for name in shown]
        contrast = next((row for row in _contrasts(evidence) if row.comparator == learner.name), None)
        table.add_row(learner.label, *cells, *_difference(contrast), style="bold" if learner.role == "model" else None)
    terminal.say()
    console.print(table)
    terminal.tell(f"\n{_scope(evidence)}", style="dim")
    terminal.say(f"Report: {page}")


def summary(evidence: "Evidence", folder: Path, page: Path) -> dict[str, object]:
    """The same for a script."""
    study = evidence.study
    return {
        "study": study.name,
        "verdict": evidence.verdict,
        "doubts": list(evidence.doubts),
        "simulated": study.simulated,
        "seed": evidence.provenance.seed,
        "released": evidence.released,
        "primary_measure": study.primary_measure,
        "performance": [row.model_dump() for row in _primary_rows(evidence)],
        "comparisons": [row.model_dump() for row in _contrasts(evidence)],
        "folder": str(folder),
        "evidence": str(folder / "evidence.json"),
        "report": str(page),
    }


def _primary_rows(evidence: "Evidence") -> "list[Performance]":
    judged = next(row for row in evidence.validations if row.primary)
    return [
        row
        for row in evidence.performance
        if (row.validation, row.partition, row.group) == (judged.name, judged.partition, "all")
    ]


def _contrasts(evidence: "Evidence") -> "list[Comparison]":
    study = evidence.study
    return [
        row
        for row in evidence.comparisons
        if (row.learner, row.measure, row.validation, row.group)
        == (study.model, study.primary_measure, study.primary_validation, "all")
    ]


def _shown(evidence: "Evidence", further: int) -> list[str]:
    """The primary measure and as many others as there is room for."""
    primary = evidence.study.primary_measure
    return [primary, *[measure.name for measure in evidence.measures if measure.name != primary][:further]]


def _row(evidence: "Evidence", learner: str, measure: str) -> "Performance | None":
    rows = _primary_rows(evidence)
    return next((row for row in rows if (row.learner, row.measure) == (learner, measure)), None)


def _label(evidence: "Evidence", name: str) -> str:
    return next((measure.label for measure in evidence.measures if measure.name == name), name)


def _value(row: "Performance | None", *, interval: bool) -> str:
    if row is None or row.value is None:
        return "not estimable"
    if not interval or row.low is None or row.high is None:
        return number(row.value)
    return f"{number(row.value)} [{number(row.low)}, {number(row.high)}]"


def _difference(row: "Comparison | None") -> tuple[str, str]:
    """The difference with its interval, and the p value."""
    if row is None:
        return "", ""
    if row.difference is None:
        return "not estimable", ""
    limits = "" if row.low is None or row.high is None else f" [{row.low:+.3f}, {row.high:+.3f}]"
    probability = "" if row.p is None else "< .001" if row.p < 0.001 else f"{row.p:.3f}"
    return f"{row.difference:+.3f}{limits}", probability


def number(value: float) -> str:
    """Three decimals near one, three significant digits above ten."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def _scope(evidence: "Evidence") -> str:
    judged = next(row for row in evidence.validations if row.primary)
    rows = _primary_rows(evidence)
    size = f", {rows[0].cases} cases of {rows[0].patients} patients" if rows else ""
    level = f"{rows[0].level:.0%}" if rows else "95%"
    contrast = f"{evidence.study.primary_comparator} is the primary contrast"
    return f"{judged.name.replace('_', ' ').capitalize()}{size}; {level} intervals; {contrast}."

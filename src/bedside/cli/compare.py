"""`bedside compare`: several runs side by side."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence, Performance
    from bedside.report.compare import Contrast

REPLICATES = 2000


def compare_runs(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN …", help="Folders of finished runs.", file_okay=False)],
    *,
    measure: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which measure.", show_default="the first run's primary one")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page of the comparison too.", dir_okay=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Put several runs side by side, each learner in its primary validation, and test the models of pairs of runs.

    Runs that judged the same cases are paired: the difference between their models has an interval and a test from a
    bootstrap by patient. Runs that did not are shown beside one another, with a warning.

        bedside compare runs/heart_disease runs/heart-3
        bedside compare runs/one runs/two --measure brier --out comparison.html
    """
    from bedside.cli import terminal
    from bedside.report.page import read_evidence

    if len({run.resolve() for run in runs}) < max(2, len(runs)):
        msg = "give two or more different runs"
        raise typer.BadParameter(msg)
    found = {run: read_evidence(run) for run in runs}
    wanted = measure or found[runs[0]].study.primary_measure
    rows = [row for run, evidence in found.items() for row in _rows(run, evidence, wanted)]
    contrasts = _contrasts(found, wanted)
    page = _page(runs, out, contrasts) if out else None
    if json:
        from dataclasses import asdict

        tests = [asdict(each) for each in contrasts]
        terminal.emit({"performance": rows, "comparisons": tests, **({"page": str(page)} if page else {})})
        return
    _show(rows, contrasts)
    if page:
        terminal.say(f"\nComparison: {page}")


def _rows(run: Path, evidence: "Evidence", measure: str) -> list[dict[str, object]]:
    from bedside.errors import StudyError

    known = [each.name for each in evidence.measures]
    if measure not in known:
        from bedside.cli.resolve import suggest

        near = suggest(measure, known)
        hint = f"did you mean {near!r}?" if near else f"it has {', '.join(known)}"
        msg = f"{run} has no measure {measure!r}; {hint}"
        raise StudyError(msg)
    judged = next(row for row in evidence.validations if row.primary)
    return [
        _flat(run, evidence, row)
        for row in evidence.performance
        if (row.validation, row.partition, row.group, row.measure) == (judged.name, judged.partition, "all", measure)
    ]


def _flat(run: Path, evidence: "Evidence", row: "Performance") -> dict[str, object]:
    return {
        "run": str(run),
        "study": evidence.study.name,
        "seed": evidence.provenance.seed,
        "simulated": evidence.study.simulated,
        **row.model_dump(),
    }


def _contrasts(found: "dict[Path, Evidence]", measure: str) -> "list[Contrast]":
    """The models of each pair of runs; all tests adjusted together."""
    from dataclasses import replace

    from bedside.report.compare import run_names
    from bedside.stats.compare import holm

    names = dict(zip(found, run_names(tuple(found)), strict=True))
    made = [_contrast(names, found, pair, measure) for pair in combinations(found, 2)]
    known = [each.p for each in made if each.p is not None]
    adjusted = iter(holm(known).tolist() if known else ())
    return [each if each.p is None else replace(each, p_adjusted=next(adjusted)) for each in made]


def _contrast(
    names: dict[Path, str], found: "dict[Path, Evidence]", pair: tuple[Path, Path], measure: str
) -> "Contrast":
    from bedside.cli.resolve import of_run
    from bedside.errors import StatisticsError
    from bedside.report.compare import Contrast
    from bedside.study.compare import contrast, read

    learners = [found[run].study.model for run in pair]
    who = (names[pair[0]], learners[0], names[pair[1]], learners[1], measure)
    try:
        judged = [
            read(run, found[run], of_run(run).endpoint, learner, measure)
            for run, learner in zip(pair, learners, strict=True)
        ]
        made = contrast(*judged, replicates=REPLICATES, seed=found[pair[0]].provenance.seed)
    except StatisticsError as error:
        return Contrast(*who, None, None, None, None, None, "", str(error))
    return Contrast(*who, made.value, made.low, made.high, made.p, None, made.method)


def _page(runs: list[Path], out: Path, contrasts: "list[Contrast]") -> Path:
    from bedside.report.compare import write_comparison

    return write_comparison(runs, out, contrasts)


def _show(rows: list[dict[str, object]], contrasts: "list[Contrast]") -> None:
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
    terminal.say()
    for each in contrasts:
        who = f"{each.run} {each.learner} minus {each.other_run} {each.other_learner}"
        if each.difference is None or each.low is None or each.high is None:
            terminal.say(f"{who}: {each.reason}", style="yellow")
            continue
        adjusted = f", adjusted {each.p_adjusted:.3f}" if each.p_adjusted is not None and len(contrasts) > 1 else ""
        limits = f"[{each.low:+.3f}, {each.high:+.3f}]"
        terminal.say(f"{who}: {each.difference:+.3f} {limits}, {_tested(each.p)}{adjusted} ({each.method})")


def _tested(p: float | None) -> str:
    return "no p value" if p is None else f"p {p:.3f}"

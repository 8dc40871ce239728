"""`bedside triage`: what a finished run's model would do to a worklist."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence
    from bedside.stats.estimate import Estimate
    from bedside.stats.triage import Alone, Triage
    from bedside.stats.worklist import Worklist
    from bedside.study.scores import Scores

Rate = Annotated[float, typer.Option(metavar="PER-HOUR", min=0.001, help="Cases that arrive in an hour, at random.")]
Minutes = Annotated[float, typer.Option(min=0.001, help="Mean minutes of reading a case.")]


def simulate_worklist(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    *,
    arrivals: Rate = 6.0,
    minutes: Minutes = 8.0,
    readers: Annotated[int, typer.Option(min=1, help="Readers who share the list.")] = 1,
    days: Annotated[float, typer.Option(min=0.01, help="Length of the period that is simulated.")] = 7.0,
    periods: Annotated[int, typer.Option(min=20, help="How many periods to simulate.")] = 200,
    prevalence: Annotated[
        float | None,
        typer.Option(min=0.0001, max=0.9999, help="Of positives in the worklist.", show_default="as among the cases"),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="The model reads alone below this probability.",
            show_default="the run's operating points",
        ),
    ] = None,
    learner: Annotated[
        str, typer.Option(metavar="NAME", help="Which learner.", show_default="the model on trial")
    ] = "",
    validation: Annotated[
        str, typer.Option(metavar="NAME", help="Whose judged cases.", show_default="the primary one")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same worklists.")] = 0,
    json: options.Json = False,
) -> None:
    """Simulate a worklist of the judged cases: first come, first served against the model's order.

    Gives the time until positives are read, with intervals that carry both the sample of cases and the chance of the
    queue, and the workload when nobody reads the cases below a threshold. Arrivals and reading times are facts about a
    department: give yours. Nothing is written.

        bedside triage runs/breast_cancer --arrivals 12 --minutes 9 --readers 2
        bedside triage runs/readmission --prevalence 0.05 --threshold 0.1 --json
    """
    from bedside.cli import terminal
    from bedside.report.page import read_evidence
    from bedside.stats.worklist import Worklist
    from bedside.study.scores import scores

    evidence = read_evidence(run)
    cases = scores(run, evidence, learner, validation, purpose="a worklist")
    worklist = Worklist(arrivals_per_hour=arrivals, reading_minutes=minutes, readers=readers, hours=24.0 * days)
    found = _simulate(cases, worklist, prevalence, threshold, periods=periods, seed=seed)
    if json:
        terminal.emit({"run": str(run), **_rows(found), "notes": _notes(evidence, found)})
        return
    for text in _notes(evidence, found):
        terminal.note(text)
    _show(evidence, found)


@dataclass(frozen=True)
class Found:
    """What was simulated, and what came out.

    Attributes:
        prevalence: Of positives in the simulated worklist.
        threshold: Below which the model reads alone; None for the run's operating points.
        alone: None where the run has no operating point and no threshold was given.
    """

    cases: "Scores"
    worklist: "Worklist"
    prevalence: float
    threshold: float | None
    waits: "Triage"
    alone: "Alone | None"


def _simulate(
    cases: "Scores",
    worklist: "Worklist",
    prevalence: float | None,
    threshold: float | None,
    *,
    periods: int,
    seed: int,
) -> Found:
    import numpy as np

    from bedside.stats.triage import reading_alone, triage

    repeated = np.unique(cases.patient).size < cases.patient.size
    cluster = cases.patient if repeated else None
    waits = triage(
        cases.score, cases.label, worklist, prevalence=prevalence, periods=periods, seed=seed, cluster=cluster
    )
    below = cases.score - (cases.threshold if threshold is None else threshold)
    alone = None
    if np.isfinite(below).all():
        alone = reading_alone(below, cases.label, 0.0, worklist.reading_minutes, cluster=cluster)
    share = float(cases.label.mean()) if prevalence is None else prevalence
    return Found(cases, worklist, share, threshold, waits, alone)


def _notes(evidence: "Evidence", found: Found) -> list[str]:
    notes = []
    if evidence.study.simulated:
        notes.append("The study ran on simulated data: this shows how it works, nothing else.")
    if found.cases.splits > 1:
        notes.append(
            f"The cases were scored by {found.cases.splits} models, one a split, and are ordered by probability as if "
            "by one model; a department would have one. A holdout has one: name it with --validation."
        )
    if found.worklist.load >= 1:
        notes.append(
            f"Readers are asked for {found.worklist.load:.0%} of their time: the list grows without end, and waits "
            "depend on how many days are simulated."
        )
    if found.alone is not None and found.threshold is not None:
        notes.append("Fix a threshold before looking at these cases: one chosen on them looks safer than it is.")
    return notes


def _rows(found: Found) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in found.waits._asdict().items()}
    alone = None if found.alone is None else {name: _plain(value) for name, value in found.alone._asdict().items()}
    return {
        "learner": found.cases.learner,
        "validation": found.cases.validation,
        "cases": found.cases.score.size,
        "worklist": {**asdict(found.worklist), "prevalence": found.prevalence},
        "minutes": plain,
        "alone": None if alone is None else {"threshold": found.threshold, **alone},
    }


def _plain(value: "Estimate | float | None") -> object:
    return value if value is None or isinstance(value, int | float) else asdict(value)


def _show(evidence: "Evidence", found: Found) -> None:
    from rich.table import Table

    from bedside.cli import terminal

    label = next(each.label for each in evidence.study.learners if each.name == found.cases.learner)
    positive = evidence.study.classes[-1]
    waits = found.waits
    terminal.tell(
        f"Ordered by {label}, positives ({positive}) wait {_minutes(waits.saved)} minutes less than first come, first "
        "served.",
        style="bold",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("minutes until reading begins", "first come", "model's order"):
        table.add_column(heading)
    table.add_row("positives, mean", _minutes(waits.positives_first_come), _minutes(waits.positives_ordered))
    table.add_row("positives, slowest 5% from", _minutes(waits.slowest_first_come), _minutes(waits.slowest_ordered))
    table.add_row("added for each negative, mean", "", _minutes(waits.negatives_added))
    terminal.output().print(table)
    worklist = found.worklist
    terminal.tell(
        f"{waits.periods} periods of {worklist.hours / 24:g} days, {worklist.arrivals_per_hour:g} arrivals an hour, "
        f"{worklist.reading_minutes:g} minutes a reading, {worklist.readers} "
        f"{'reader' if worklist.readers == 1 else 'readers'} (busy {worklist.load:.0%} of the time), "
        f"{found.prevalence:.1%} positive; cases of {found.cases.validation}; 95% intervals."
    )
    terminal.say()
    terminal.tell(_alone_words(found))


def _alone_words(found: Found) -> str:
    alone = found.alone
    if alone is None:
        return "The run fixed no operating point; give --threshold to see what the model would dismiss alone."
    where = "its operating point (fixed on tuning data)" if found.threshold is None else f"{found.threshold:g}"
    safe = "" if alone.safe is None else f"; of those dismissed {_share(alone.safe)} are negative"
    daily = alone.hours_saved / 100.0 * found.worklist.arrivals_per_hour * 24.0
    return (
        f"Reading alone below {where}, the model dismisses {_share(alone.dismissed)} of cases and misses "
        f"{_share(alone.missed)} of positives{safe}. That saves {alone.hours_saved:.1f} reader hours per 100 cases, "
        f"{daily:.1f} a day, at the prevalence of the judged cases."
    )


def _minutes(found: "Estimate") -> str:
    return f"{found.value:.1f} ({found.low:.1f} to {found.high:.1f})"


def _share(found: "Estimate") -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"

"""Several runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedside.errors import StudyError
from bedside.evidence.schema import Evidence
from bedside.report.number import count, interval, p_value, shown
from bedside.report.page import page, read_evidence, write
from bedside.report.results import Results
from bedside.report.sections.summary import setting
from bedside.report.table import Cell, Column, Footnotes, Row, Table, estimate


@dataclass(frozen=True, slots=True)
class Contrast:
    """A paired contrast between learners of two runs that judged the same samples, computed elsewhere.

    Attributes:
        run, learner: The first learner and the name of its run, as `run_names` gives it.
        other_run, other_learner: The second.
        measure: Name of the measure.
        difference: First minus second; None where it is not estimable, and `reason` says why.
        method: How interval and p-value were made.
    """

    run: str
    learner: str
    other_run: str
    other_learner: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    method: str
    reason: str = ""


def run_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Short distinct names of runs: the folder's name, with as much of its path as tells it apart."""
    paths = [folder.resolve() for folder in folders]
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(set(paths)):
        depth += 1
    return tuple("/".join(path.parts[-depth:]) for path in paths)


def write_comparison(folders: Sequence[Path], out: Path, contrasts: Sequence[Contrast] = ()) -> Path:
    """Write several finished runs side by side into the HTML file `out` and return its path.

    Args:
        folders: Folders of finished runs, at least two.
        out: The file to write.
        contrasts: Paired contrasts between runs, where they judged the same samples.

    Raises:
        StudyError: Fewer than two different runs are given.
        FileProblem: A folder holds no valid evidence.json.
        OutputProblem: The file cannot be written.
    """
    if len({folder.resolve() for folder in folders}) < 2:
        msg = f"{len(folders)} run given; a comparison needs two or more different runs"
        raise StudyError(msg)
    names = run_names(folders)
    runs = {name: Results(read_evidence(folder)) for name, folder in zip(names, folders, strict=True)}
    html = page(
        "comparison.html.j2",
        title=f"Comparison of {len(runs)} runs",
        runs=runs,
        overview=_overview(runs),
        performance=_performance(runs),
        contrasts=_contrasts(runs, contrasts),
        caution=_caution(runs),
    )
    return write(out, html.encode())


def _same(values: Sequence[object]) -> bool:
    return len(set(values)) == 1


def _hashes(evidence: Evidence) -> tuple[str, ...]:
    """What the judged data of the primary validation are known by."""
    primary = next(validation.name for validation in evidence.validations if validation.primary)
    return tuple(row.test_hash for row in evidence.ledger if row.validation == primary)


def _caution(runs: dict[str, Results]) -> str:
    """What must be known before estimates of different runs are compared."""
    evidence = [results.evidence for results in runs.values()]
    if not _same([each.study.endpoint for each in evidence]):
        return "These runs predict outcomes of different kinds; their measures cannot be compared."
    if _same([_hashes(each) for each in evidence]) and all(_hashes(each) for each in evidence):
        return "All runs judged the same samples: differences can be tested in pairs."
    if _same([each.provenance.data_hash for each in evidence]):
        return "These runs read the same data but judged different samples: intervals that overlap decide nothing."
    return "These runs judged different data: differences between them mix learners with patients."


def _overview(runs: dict[str, Results]) -> Table:
    body = []
    for name, results in runs.items():
        study, row = results.evidence.study, results.row(results.model, results.measure.name)
        cases = row.cases if row else 0
        body.append(
            Row(
                (
                    Cell(name, small="simulated data" if study.simulated else ""),
                    Cell(study.title),
                    Cell(results.evidence.verdict),
                    Cell(setting(results.validation)),
                    Cell(count(cases), shown(cases), style="number"),
                    Cell(str(results.evidence.provenance.seed), results.evidence.provenance.seed, style="number"),
                )
            )
        )
    columns = ("Run", "Study", "Verdict", "Validation", "Cases", "Seed")
    return Table(
        "runs",
        "The runs.",
        tuple(Column(text, number=text in ("Cases", "Seed")) for text in columns),
        tuple(body),
    )


def _performance(runs: dict[str, Results]) -> Table:
    """Each learner of each run, by measure: only measures that all runs have."""
    first = next(iter(runs.values()))
    shared = [
        measure
        for measure in first.evidence.measures
        if all(measure.name in results.measures for results in runs.values())
    ]
    notes, body = Footnotes(), []
    for name, results in runs.items():
        for learner in results.learners:
            cells = [estimate(results.row(learner.name, measure.name), notes) for measure in shared]
            role = "model on trial" if learner.role == "model" else ""
            body.append(Row((Cell(learner.label, small=role), Cell(name), *cells)))
    return Table(
        "side-by-side",
        "Performance in the primary validation of each run; measures that all runs share.",
        (Column("Learner"), Column("Run"), *[Column(measure.label, number=True) for measure in shared]),
        tuple(body),
        notes=notes.all(),
    )


def _contrasts(runs: dict[str, Results], contrasts: Sequence[Contrast]) -> Table | None:
    if not contrasts:
        return None
    notes, body = Footnotes(), []
    for row in contrasts:
        measure = runs[row.run].measure_of(row.measure).label
        pair = [
            Cell(runs[run].label(learner), small=run)
            for run, learner in ((row.run, row.learner), (row.other_run, row.other_learner))
        ]
        if row.difference is None:
            why = notes.letter(f"Not estimable: {row.reason}")
            difference = Cell("not estimable", note=why, tip=row.reason, style="number absent")
        else:
            text = interval(row.difference, row.low, row.high)
            difference = Cell(text, sort=row.difference, note=notes.letter(row.method), style="number")
        tests = [Cell(p_value(p), sort=p, style="number") for p in (row.p, row.p_adjusted)]
        body.append(Row((Cell(measure), *pair, difference, *tests)))
    columns = ("Measure", "Learner", "Minus", "Difference (interval)", "p", "p, Holm-adjusted")
    return Table(
        "paired",
        "Paired differences between learners of different runs that judged the same samples.",
        tuple(Column(text, number=number > 2) for number, text in enumerate(columns)),
        tuple(body),
        notes=notes.all(),
    )

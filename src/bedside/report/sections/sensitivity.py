"""Missing outcomes: what the primary measure would be if nobody's outcome were unknown, under each assumption."""

from bedside.evidence.schema import Sensitivity
from bedside.report.number import MINUS, decimal, plural
from bedside.report.results import Results
from bedside.report.table import Cell, Column, Footnotes, Row, Table


def words(results: Results) -> str:
    """How far the model's primary measure could move, as a sentence; "" where no outcome was missing."""
    rows = [row for row in results.evidence.sensitivity if row.learner == results.model and row.change is not None]
    if not rows:
        return ""
    measure = results.measure_of(rows[0].measure).label
    low, high = min(row.change or 0.0 for row in rows), max(row.change or 0.0 for row in rows)
    added = plural(rows[0].cases_added, "eligible case")
    return (
        f"With {added} of unknown outcome added, {measure} of {results.label(results.model)} changes by {decimal(low)} "
        f"to {decimal(high)}, depending on what is assumed of them."
    )


def table(results: Results) -> Table | None:
    """Change and value of the primary measure under every assumption, by learner."""
    rows = {(row.learner, row.scenario): row for row in results.evidence.sensitivity}
    if not rows:
        return None
    notes, body = Footnotes(), []
    learners = [each for each in results.learners if any(learner == each.name for learner, _ in rows)]
    for scenario in dict.fromkeys(name for _, name in rows):
        found = [rows.get((each.name, scenario)) for each in learners]
        title = scenario[:1].upper() + scenario[1:].replace(" - ", f" {MINUS} ")
        body.append(Row((Cell(title), *[_cell(row, notes) for row in found])))
    first = next(iter(rows.values()))
    measure, added = results.measure_of(first.measure).label, plural(first.cases_added, "eligible case")
    return Table(
        "missing-outcomes-table",
        f"Change in {measure} when {added} of unknown outcome count beside the judged cases (of the first repetition, "
        "where folds were repeated); below, the value itself. What would follow from each assumption, not an interval.",
        (
            Column("Unknown outcomes"),
            *[Column(each.label, number=True, colour=results.look(each.name).colour) for each in learners],
        ),
        tuple(body),
        notes=notes.all(),
    )


def _cell(row: Sensitivity | None, notes: Footnotes) -> Cell:
    if row is None:
        return Cell("", style="empty")
    note = notes.letter(row.text.rstrip("."))
    if row.change is None:
        return Cell("not estimable", note=note, tip=row.text, style="number absent")
    value = "" if row.value is None else f"value {decimal(row.value)}"
    return Cell(decimal(row.change), sort=row.change, small=value, note=note, tip=row.text, style="number")

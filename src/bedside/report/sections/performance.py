"""How well each learner did: all measures, with their intervals, in one validation."""

from bedside.evidence.schema import Measure, Performance, Validation
from bedside.report.number import level
from bedside.report.results import Results
from bedside.report.sections.summary import setting
from bedside.report.table import Cell, Column, Footnotes, Row, Table, estimate

PARTITIONS = {"development": "development", "tuning": "tuning", "test": "test", "out_of_fold": "out of fold"}


def performance(results: Results, validation: Validation) -> Table | None:
    """All measures (rows) of all learners (columns) over all judged cases of a validation."""
    notes, body = Footnotes(), []
    for measure in results.evidence.measures:
        rows = [results.row(learner.name, measure.name, "all", validation) for learner in results.learners]
        if not any(rows):
            continue
        best = _best(measure, [row for row in rows if row is not None])
        at = notes.letter("At the operating point, chosen on tuning data") if measure.operating else ""
        title = Cell(measure.label, small=_direction(measure), note=at, tip=measure.name)
        cells = [estimate(row, notes, best=row is not None and row.learner in best) for row in rows]
        body.append(Row((title, *cells), style="primary" if measure.name == results.measure.name else ""))
    if not body:
        return None
    width = level(next((row.level for row in results.rows(validation)), 0.95))
    caption = (
        f"Performance with {width} intervals: {setting(validation)}. The primary measure is shaded. Bold is the best "
        "point estimate of a row, which does not mean that the difference is real: see head to head."
    )
    return Table(
        f"performance-{validation.name}",
        caption,
        (
            Column("Measure"),
            *[
                Column(
                    learner.label,
                    small="model on trial" if learner.role == "model" else "",
                    number=True,
                    colour=results.look(learner.name).colour,
                )
                for learner in results.learners
            ],
        ),
        tuple(body),
        notes=notes.all(),
        sortable=False,
    )


def _direction(measure: Measure) -> str:
    if measure.higher_is_better is None:
        return "" if measure.target is None else f"ideal {measure.target:g}"
    return "higher is better" if measure.higher_is_better else "lower is better"


def _best(measure: Measure, rows: list[Performance]) -> set[str]:
    """Learners with the best point estimate; nobody where fewer than two are estimable or all are equal."""
    known = {row.learner: row.value for row in rows if row.value is not None}
    if len(known) < 2 or len(set(known.values())) < 2:
        return set()
    if measure.higher_is_better is None:
        if measure.target is None:
            return set()
        distance = {name: -abs(value - measure.target) for name, value in known.items()}
    else:
        sign = 1 if measure.higher_is_better else -1
        distance = {name: sign * value for name, value in known.items()}
    top = max(distance.values())
    return {name for name, value in distance.items() if value == top}


def apparent(results: Results) -> Table | None:
    """The primary measure in each partition: how far development performance was too good to be true."""
    validation, notes, body = results.validation, Footnotes(), []
    for partition, words in PARTITIONS.items():
        rows = [results.row(each.name, results.measure.name, "all", validation, partition) for each in results.learners]
        if any(rows):
            body.append(Row((Cell(words.capitalize()), *[estimate(row, notes) for row in rows])))
    if len(body) < 2:
        return None
    return Table(
        "apparent",
        f"{results.measure.label} by partition. A fall from development to the judged partition is optimism.",
        (Column("Partition"), *[Column(each.label, number=True) for each in results.learners]),
        tuple(body),
        notes=notes.all(),
        sortable=False,
    )

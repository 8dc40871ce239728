"""Was the study large enough, and do readers agree."""

from collections.abc import Sequence

from bedside.evidence.schema import Agreement, SampleSize
from bedside.report import forest
from bedside.report.look import Look
from bedside.report.number import count, decimal, interval, shown
from bedside.report.results import Results
from bedside.report.table import Cell, Column, Footnotes, Row, Table


def words(results: Results) -> str:
    """Which criteria of sample size are met, as a sentence."""
    rows = results.evidence.sample_size
    judged = [row for row in rows if row.met is not None]
    if not judged:
        return " ".join(row.text for row in rows)
    missed = [row for row in judged if row.met is False]
    text = f"{len(judged) - len(missed)} of {len(judged)} criteria of sample size are met."
    if missed:
        text += " Not met: " + "; ".join(f"{row.criterion} ({_need(row)})" for row in missed) + "."
    return text


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return count(value) if value >= 100 or float(value).is_integer() else decimal(value, 1)


def _need(row: SampleSize) -> str:
    needed = "unknown" if row.needed is None else _number(row.needed)
    return f"needs {needed}, has {_number(row.available)}"


def table(results: Results) -> Table | None:
    """Criteria, what they ask for, what there was."""
    rows = results.evidence.sample_size
    if not rows:
        return None
    body = [
        Row(
            (
                Cell(row.criterion[:1].upper() + row.criterion[1:]),
                Cell("" if row.needed is None else _number(row.needed), row.needed, style="number"),
                Cell(_number(row.available), shown(row.available), style="number"),
                _met(row),
                Cell(row.text),
            )
        )
        for row in rows
    ]
    heads = ("Criterion", "Needed", "Available", "Met", "Basis")
    return Table(
        "sample-size-table",
        "Sample size: what each criterion asks for and what there was.",
        tuple(Column(text, number=text in ("Needed", "Available")) for text in heads),
        tuple(body),
        sortable=False,
    )


def _met(row: SampleSize) -> Cell:
    if row.met is None:
        return Cell("cannot be said", style="absent")
    return Cell("✓ met", style="passed") if row.met else Cell("✗ not met", style="failing")


def agreement(results: Results) -> Table | None:
    """Agreement of each pair of readers, or of a reader and the reference standard."""
    rows = results.evidence.agreement
    if not rows:
        return None
    notes = Footnotes()
    body = [_agreement(row, notes) for row in rows]
    return Table(
        "agreement-table",
        "Agreement between readers, and of readers with the reference standard.",
        tuple(
            Column(text, number=text in ("Agreement (interval)", "Cases"))
            for text in ("First", "Second", "Measure", "Agreement (interval)", "Cases")
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > 24,
    )


def _agreement(row: Agreement, notes: Footnotes) -> Row:
    if row.value is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        value = Cell("not estimable", note=why, tip=row.reason, style="number absent")
    else:
        text = interval(row.value, row.low, row.high)
        value = Cell(text, sort=row.value, note=notes.letter(row.method), tip=row.method, style="number")
    cases = Cell(count(row.cases), row.cases, style="number")
    return Row((Cell(row.first), Cell(row.second), Cell(row.measure), value, cases))


def agreement_figure(results: Results) -> forest.Forest | None:
    """Agreement as intervals, by measure."""
    rows = [row for row in results.evidence.agreement if row.value is not None]
    if len(rows) < 2 or any(abs(row.value or 0.0) > 1 for row in rows):
        return None
    lanes: list[forest.Row] = []
    for measure in dict.fromkeys(row.measure for row in rows):
        lanes.append(forest.Row(measure[:1].upper() + measure[1:], "", (), heading=True))
        lanes += _lanes([row for row in rows if row.measure == measure])
    return forest.build(
        "agreement-figure",
        "Agreement between readers",
        "Agreement; 1 is perfect",
        lanes,
        bounds=(-1.0, 1.0),
    )


def _lanes(rows: Sequence[Agreement]) -> list[forest.Row]:
    return [
        forest.Row(
            f"{row.first} and {row.second}",
            f"n = {count(row.cases)}",
            (forest.Mark(Look(0), "agreement", row.value, row.low, row.high),),
        )
        for row in rows
    ]

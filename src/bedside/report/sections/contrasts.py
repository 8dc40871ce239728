"""Head to head: paired differences between learners, the pre-specified one first."""

from bedside.evidence.schema import Comparison, Validation
from bedside.report import forest
from bedside.report.number import decimal, interval, p_value
from bedside.report.results import Results
from bedside.report.sections.summary import setting, sides
from bedside.report.table import Cell, Column, Footnotes, Row, Table

LONG = 24


def table(results: Results, validation: Validation) -> Table | None:
    """Every contrast of a validation over all cases."""
    rows = results.contrasts(validation)
    if not rows:
        return None
    notes = Footnotes()
    alone = len({row.learner for row in rows}) == 1
    body = tuple(_row(results, row, notes, alone=alone) for row in rows)
    minus = f" All are {results.label(rows[0].learner)} minus the comparator." if alone else ""
    return Table(
        f"contrasts-{validation.name}",
        f"Paired differences: {setting(validation)}. The pre-specified primary contrast is marked; p-values of all "
        f"others are Holm-adjusted and secondary.{minus}",
        (
            Column("Measure"),
            *([] if alone else [Column("Learner")]),
            Column("Comparator"),
            Column("Difference (interval)", number=True),
            Column("p", number=True),
            Column("p, Holm-adjusted", number=True),
        ),
        body,
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _row(results: Results, row: Comparison, notes: Footnotes, *, alone: bool) -> Row:
    measure = results.measure_of(row.measure)
    title = Cell(measure.label, small="primary contrast" if row.primary else "", tip=row.measure)
    names = [Cell(results.label(name)) for name in (row.learner, row.comparator)][alone:]
    if row.difference is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        difference = Cell("not estimable", note=why, tip=row.reason, style="number absent")
    else:
        text = interval(row.difference, row.low, row.high)
        difference = Cell(text, sort=row.difference, note=notes.letter(row.method), tip=row.method, style="number")
    p = Cell(p_value(row.p), sort=row.p, style="number")
    adjusted = Cell("primary" if row.primary else p_value(row.p_adjusted), sort=row.p_adjusted, style="number")
    return Row((title, *names, difference, p, adjusted), style="primary" if row.primary else "")


def figure(results: Results, validation: Validation) -> forest.Forest | None:
    """Differences in the primary measure, model minus each comparator, with the declared margin."""
    rows = [
        row
        for row in results.contrasts(validation)
        if row.measure == results.measure.name and row.learner == results.model and row.difference is not None
    ]
    if not rows:
        return None
    measure, margin = results.measure, results.evidence.study.margin
    lines = [
        forest.Row(
            f"minus {results.label(row.comparator)}",
            "primary contrast" if row.primary else "",
            (forest.Mark(results.look(row.comparator), "difference", row.difference, row.low, row.high),),
            strong=row.primary,
        )
        for row in rows
    ]
    return forest.build(
        f"differences-{validation.name}",
        f"{results.label(results.model)} against each comparator",
        f"Difference in {measure.label}; shaded: margin of {decimal(margin)}"
        if margin
        else f"Difference in {measure.label}",
        lines,
        conclusion=_conclusion(results, rows),
        reference=0.0,
        margin=margin,
        sides=sides(measure, "comparator", "model"),
    )


def _conclusion(results: Results, rows: list[Comparison]) -> str:
    sign = 1 if results.measure.higher_is_better in (True, None) else -1
    ahead = sum(
        row.low is not None and row.high is not None and min(sign * row.low, sign * row.high) > 0 for row in rows
    )
    behind = sum(
        row.low is not None and row.high is not None and max(sign * row.low, sign * row.high) < 0 for row in rows
    )
    if results.measure.higher_is_better is None:
        return f"{len(rows) - ahead - behind} of {len(rows)} intervals include no difference."
    total = f"{len(rows)} comparator{'s' if len(rows) != 1 else ''}"
    return (
        f"Of {total}, the interval lies wholly on the model's side for {ahead}, wholly on the comparator's for "
        f"{behind}; for {len(rows) - ahead - behind} it includes no difference."
    )

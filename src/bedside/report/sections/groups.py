"""Where performance differs: subgroups of patients, and single sites or folds."""

from collections.abc import Sequence

from bedside.evidence.schema import Performance, Validation
from bedside.report import forest
from bedside.report.number import count, decimal, interval, level, shown
from bedside.report.results import POOLED, Results
from bedside.report.sections.summary import setting, withheld_words
from bedside.report.table import Cell, Column, Footnotes, Row, Table, estimate

LONG = 24
MOST_SPLITS = 15
"""With more splits than this the table says it better than a drawing."""
MOST_ROWS = 1500
"""A longer table of all measures is left to evidence.json."""


def subgroups(results: Results, validation: Validation) -> forest.Forest | None:
    """The primary measure of the model and the primary comparator in each subgroup."""
    groups = results.groups(validation)
    if not groups:
        return None
    shown = _shown(results)
    rows, current = [_overall(results, validation, shown)], ""
    for group in groups:
        variable, _, word = group.partition("=")
        if variable != current:
            rows.append(forest.Row(variable.replace("_", " ").capitalize(), "", (), heading=True))
            current = variable
        rows.append(_row(results, validation, group, word or group, shown))
    return _build(
        results, validation, f"subgroups-{validation.name}", f"{results.measure.label} by subgroup", rows, shown
    )


def splits(results: Results, validation: Validation) -> forest.Forest | None:
    """The primary measure in each split, where there are few enough to draw."""
    groups = results.splits(validation)
    if not groups or len(groups) > MOST_SPLITS:
        return None
    shown = _shown(results)
    rows = [_overall(results, validation, shown)]
    rows += [_row(results, validation, group, split_words(group), shown) for group in groups]
    if results.row(results.model, results.measure.name, POOLED, validation) is not None:
        rows.append(_row(results, validation, POOLED, "Pooled", shown, strong=True))
    kind = "site" if all("site=" in group for group in groups) else "split"
    name = f"splits-{validation.name}"
    return _build(results, validation, name, f"{results.measure.label} by {kind}", rows, shown)


def split_words(group: str) -> str:
    """`split=site=cleveland` as printed."""
    name = group.removeprefix("split=")
    key, sign, word = name.partition("=")
    return word if sign and key == "site" else name


def _shown(results: Results) -> list[str]:
    """The model and the comparator of the primary contrast, so that a row stays readable."""
    other = results.evidence.study.primary_comparator or next(iter(results.evidence.study.comparators), "")
    return [name for name in (results.model, other) if results.learner(name) is not None]


def _overall(results: Results, validation: Validation, shown: Sequence[str]) -> forest.Row:
    return _row(results, validation, "all", "All", shown, strong=True)


def _row(
    results: Results, validation: Validation, group: str, label: str, shown: Sequence[str], *, strong: bool = False
) -> forest.Row:
    rows = [results.row(name, results.measure.name, group, validation) for name in shown]
    cases = next((row.cases for row in rows if row is not None), 0)
    marks = tuple(
        forest.Mark(results.look(row.learner), results.label(row.learner), row.value, row.low, row.high, row.reason)
        for row in rows
        if row is not None
    )
    detail = "random effects" if group == POOLED else f"n = {count(cases)}"
    return forest.Row(label, detail, marks, strong=strong)


def _build(
    results: Results, validation: Validation, name: str, title: str, rows: Sequence[forest.Row], shown: Sequence[str]
) -> forest.Forest:
    overall = results.row(results.model, results.measure.name, "all", validation)
    width = level(overall.level if overall else 0.95)
    return forest.build(
        name,
        title,
        f"{results.measure.label}, {width} interval; line: {results.label(results.model)} over all",
        rows,
        conclusion=f"{_range(results, rows)}{pooled(results, validation) if name.startswith('splits') else ''}",
        reference=overall.value if overall else None,
        bounds=results.measure.bounds,
        legend=[(results.look(learner), results.label(learner)) for learner in shown],
    )


def _range(results: Results, rows: Sequence[forest.Row]) -> str:
    found = [
        (row.marks[0].value, row.label)
        for row in rows
        if row.marks and row.marks[0].value is not None and not row.strong
    ]
    if not found:
        return "No group is large enough to estimate the measure."
    low, high = min(found), max(found)
    text = (
        f"The model's {results.measure.label} runs from {decimal(low[0])} ({low[1]}) to {decimal(high[0])} ({high[1]})."
    )
    return f"{text} A difference that is not significant is not equivalence."


def pooled(results: Results, validation: Validation) -> str:
    """The model pooled over splits, with heterogeneity and what to expect of a further one."""
    row = results.row(results.model, results.measure.name, POOLED, validation)
    if row is None:
        return ""
    if row.value is None:
        return f" Pooled over splits: not estimable ({row.reason})."
    return f" Pooled over splits: {interval(row.value, row.low, row.high)}; {row.method}."


def table(results: Results, validation: Validation, *, of_splits: bool = False) -> Table | None:
    """The primary measure of every learner in every group."""
    groups = results.splits(validation) if of_splits else results.groups(validation)
    if not groups:
        return None
    notes, body = Footnotes(), []
    order = ("all", *groups, *([POOLED] if of_splits else []))
    lines = [(group, _learners(results, validation, group)) for group in order]
    counts = {group: next((row for row in rows if row is not None), None) for group, rows in lines}
    repeated = any(row is not None and row.cases != row.patients for row in counts.values())
    for group, rows in lines:
        first = counts[group]
        if first is None:
            continue
        name = split_words(group) if of_splits else group.replace("_", " ").replace("=", ": ")
        sizes = [first.cases, first.patients][: 1 + repeated]
        cells = [Cell(count(size), shown(size), style="number") for size in sizes]
        title = Cell("All" if group == "all" else name[:1].upper() + name[1:] if group == POOLED else name)
        strong = "primary" if group == POOLED else ""
        body.append(Row((title, *cells, *[estimate(row, notes) for row in rows]), style=strong))
    what = "split" if of_splits else "subgroup"
    smallest = results.evidence.study.minimum_group
    return Table(
        f"{what}s-table-{validation.name}",
        f"{results.measure.label} by {what}: {setting(validation)}."
        + ("" if of_splits else f" Groups of fewer than {smallest} cases are not estimated.")
        + withheld_words(results),
        (
            Column(what.capitalize()),
            *[Column(text, number=True) for text in ("Cases", "Patients")[: 1 + repeated]],
            *[Column(each.label, number=True, colour=results.look(each.name).colour) for each in results.learners],
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _learners(results: Results, validation: Validation, group: str) -> list[Performance | None]:
    """The primary measure of every learner in one group."""
    return [results.row(each.name, results.measure.name, group, validation) for each in results.learners]


def every_measure(results: Results, validation: Validation) -> Table | None:
    """All measures of the model and the primary comparator in every subgroup, as flat rows."""
    groups, shown = results.groups(validation), _shown(results)
    notes, body = Footnotes(), []
    for group in groups:
        for measure in results.evidence.measures:
            rows = [results.row(name, measure.name, group, validation) for name in shown]
            if any(rows):
                name = group.replace("_", " ").replace("=", ": ")
                cells = [estimate(row, notes) for row in rows]
                body.append(Row((Cell(name), Cell(measure.label, tip=measure.name), *cells)))
    if not body or len(body) > MOST_ROWS:
        return None
    return Table(
        f"subgroups-measures-{validation.name}",
        "Every measure by subgroup.",
        (Column("Subgroup"), Column("Measure"), *[Column(results.label(name), number=True) for name in shown]),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )

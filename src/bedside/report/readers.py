"""The page of a reader study: who read how well, how readers agree, and how the model stands beside them."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from bedside.errors import FileProblem
from bedside.evidence.readers import Confusion, JudgedContrast, JudgedPerformance, ReaderEvidence
from bedside.evidence.schema import Agreement
from bedside.report import forest
from bedside.report.look import Look
from bedside.report.number import count, decimal, interval, p_value
from bedside.report.page import page, write
from bedside.report.table import Cell, Column, Footnotes, Row, Table

LABELS = {
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "accuracy": "Accuracy",
    "f1": "F1",
    "balanced_accuracy": "Balanced accuracy",
    "f1_macro": "F1, mean of categories",
    "kappa": "Cohen's kappa",
    "kappa_quadratic": "Cohen's kappa, quadratic weights",
    "percent_agreement": "Agreement, not corrected for chance",
    "fleiss_kappa": "Fleiss' kappa",
    "gwet_ac1": "Gwet's AC1",
    "krippendorff_alpha": "Krippendorff's alpha",
    "icc_agreement": "Intraclass correlation, agreement",
}
KINDS = {"model": Look(0), "panel": Look(1), "reader": Look(2)}
LONG = 24


def read_readers(folder: Path) -> ReaderEvidence:
    """The reader study in a folder.

    Raises:
        FileProblem: There is no readers.json in the folder, or it is not valid.
    """
    path = folder / "readers.json"
    try:
        return ReaderEvidence.model_validate_json(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); `bedside readers judge` writes it"
        raise FileProblem(msg) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path} is no reader study of this version of bedside: {where}: {first['msg']}; judge the readings again"
        raise FileProblem(msg) from error


def write_readers(folder: Path) -> Path:
    """Write readers.html beside readers.json and return its path.

    Raises:
        FileProblem: The folder holds no valid readers.json.
        OutputProblem: The page cannot be written.
    """
    return write(folder / "readers.html", render(read_readers(folder)).encode())


def render(found: ReaderEvidence) -> str:
    """The page as text; the same evidence gives the same page."""
    return page(
        "readers.html.j2",
        title=found.title,
        found=found,
        figure=_forest(found),
        performance=_performance(found),
        by_category=_by_category(found),
        confusion=_confusion(found),
        contrasts=_contrasts(found.contrasts),
        multi_reader=_multi_reader(found),
        agreement=_agreement(found.agreement),
    )


def _several(found: ReaderEvidence) -> bool:
    return len(found.arms) > 1


def _measure(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))


def _forest(found: ReaderEvidence) -> forest.Forest | None:
    """The first measure of everyone, arm by arm on one scale; the panel and the model below the readers."""
    if not found.performance:
        return None
    measure = found.performance[0].measure
    lines: list[forest.Row] = []
    for arm in found.arms:
        rows = [row for row in found.performance if (row.arm, row.measure, row.category) == (arm, measure, "")]
        if _several(found) and rows:
            lines.append(forest.Row(f"Arm: {arm}", "", (), heading=True))
        for row in rows:
            detail = "" if row.kind in {row.judge, "reader"} else row.kind
            lines.append(forest.Row(row.judge, detail, (_mark(row),), strong=row.kind == "model"))
    label = _measure(measure)
    return forest.build("readers", f"{label} of each reader", f"{label}, 95% interval", lines, bounds=(0.0, 1.0))


def _mark(row: JudgedPerformance) -> forest.Mark:
    return forest.Mark(KINDS[row.kind], row.judge, row.value, row.low, row.high, row.reason)


def _value(row: JudgedPerformance | Agreement | None, notes: Footnotes) -> Cell:
    if row is None:
        return Cell("", style="empty")
    if row.value is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        return Cell("not estimable", note=why, tip=row.reason, style="number absent")
    note = notes.letter(row.method)
    return Cell(interval(row.value, row.low, row.high), sort=row.value, note=note, style="number")


def _performance(found: ReaderEvidence) -> Table:
    rows = [row for row in found.performance if not row.category]
    measures = tuple(dict.fromkeys(row.measure for row in rows))
    cells = {(row.judge, row.kind, row.arm, row.measure): row for row in rows}
    notes, body = Footnotes(), []
    for judge, kind, arm in dict.fromkeys((row.judge, row.kind, row.arm) for row in rows):
        values = [_value(cells.get((judge, kind, arm, measure)), notes) for measure in measures]
        seen = max(row.cases for row in rows if (row.judge, row.kind, row.arm) == (judge, kind, arm))
        who = Cell(judge, small="" if kind in {"reader", judge} else kind)
        body.append(
            Row((who, *([Cell(arm)] if _several(found) else []), Cell(count(seen), seen, style="number"), *values))
        )
    return Table(
        "performance",
        "Everyone against the reference standard, with 95% intervals.",
        (
            Column("Reader"),
            *([Column("Arm")] if _several(found) else []),
            Column("Cases", number=True),
            *[Column(_measure(measure), number=True) for measure in measures],
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _by_category(found: ReaderEvidence) -> Table | None:
    """Sensitivity and specificity of each category against all others, a line a judge and category."""
    rows = [row for row in found.performance if row.category]
    if not rows:
        return None
    cells = {(row.judge, row.kind, row.arm, row.category, row.measure): row for row in rows}
    notes, body = Footnotes(), []
    for judge, kind, arm, category in dict.fromkeys((row.judge, row.kind, row.arm, row.category) for row in rows):
        pair = [cells.get((judge, kind, arm, category, measure)) for measure in ("sensitivity", "specificity")]
        counted = [Cell("") if row is None else Cell(count(row.cases), row.cases, style="number") for row in pair]
        shown = [cell for row, cases in zip(pair, counted, strict=True) for cell in (_value(row, notes), cases)]
        who = Cell(judge, small="" if kind in {"reader", judge} else kind)
        body.append(Row((who, *([Cell(arm)] if _several(found) else []), Cell(category), *shown)))
    return Table(
        "categories",
        "Each category against all others, with 95% intervals; a tie of the panel counts as wrong in both.",
        (
            Column("Reader"),
            *([Column("Arm")] if _several(found) else []),
            Column("Category"),
            Column("Sensitivity", number=True),
            Column("Cases of it", number=True),
            Column("Specificity", number=True),
            Column("Other cases", number=True),
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _confusion(found: ReaderEvidence) -> Table | None:
    """What each judge said of the cases of each category; right answers are set bold."""
    if not found.confusion:
        return None
    said = max((table.said for table in found.confusion), key=len)
    body = [row for table in found.confusion for row in _confused(table, said, several=_several(found))]
    return Table(
        "confusion",
        "What was said of the cases of each category: numbers of cases, right answers bold.",
        (
            Column("Reader"),
            *([Column("Arm")] if _several(found) else []),
            Column("Reference standard"),
            *[Column(name, small="said", number=True) for name in said],
            Column("Cases", number=True),
        ),
        tuple(body),
        sortable=False,
        long=len(body) > LONG,
    )


def _confused(table: Confusion, said: tuple[str, ...], *, several: bool) -> list[Row]:
    who = Cell(table.judge, small="" if table.kind in {"reader", table.judge} else table.kind)
    rows = []
    for truth, counts in zip(table.truth, table.counts, strict=True):
        told = dict(zip(table.said, counts, strict=True))
        cells = [
            Cell(count(told[name]), told[name], style="number best" if name == truth else "number")
            if name in told
            else Cell("", style="empty")
            for name in said
        ]
        total = Cell(count(sum(counts)), sum(counts), style="number")
        rows.append(Row((who, *([Cell(table.arm)] if several else []), Cell(truth), *cells, total)))
    return rows


def _contrasts(rows: Sequence[JudgedContrast]) -> Table | None:
    if not rows:
        return None
    notes, body = Footnotes(), []
    for row in rows:
        if row.difference is None:
            why = notes.letter(f"Not estimable: {row.reason}")
            difference = Cell("not estimable", note=why, tip=row.reason, style="number absent")
        else:
            text = interval(row.difference, row.low, row.high)
            difference = Cell(text, sort=row.difference, note=notes.letter(row.method), style="number")
        adjusted = "primary" if row.primary else p_value(row.p_adjusted)
        body.append(
            Row(
                (
                    Cell(_measure(row.measure), small="primary contrast" if row.primary else ""),
                    Cell(row.first),
                    Cell(row.second),
                    difference,
                    Cell(p_value(row.p), sort=row.p, style="number"),
                    Cell(adjusted, sort=row.p_adjusted, style="number"),
                    Cell(row.holds_for),
                ),
                style="primary" if row.primary else "",
            )
        )
    columns = ("Measure", "First", "Minus", "Difference (interval)", "p", "p, Holm-adjusted", "Holds for")
    return Table(
        "contrasts",
        "Paired differences on the cases that both read. A difference that is not significant is no proof of equality.",
        tuple(Column(text, number=2 < number < 6) for number, text in enumerate(columns)),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _multi_reader(found: ReaderEvidence) -> Table | None:
    if not found.multi_reader:
        return None
    notes, body = Footnotes(), []
    for row in found.multi_reader:
        name = Cell(_measure(row.measure))
        if row.reason:
            why = notes.letter(f"Not estimable: {row.reason}")
            rest = [Cell("not estimable", note=why, tip=row.reason, style="number absent"), *[Cell("")] * 5]
            body.append(Row((name, Cell(""), *rest)))
            continue
        for number, arm in enumerate(row.arms):
            value = Cell(interval(arm.value, arm.low, arm.high), arm.value, notes.letter(row.method), style="number")
            tests = (row.f, row.df1, row.df2) if number == 0 else (None, None, None)
            numbers = [Cell("" if t is None else decimal(t, 3), sort=t, style="number") for t in tests]
            p = row.p if number == 0 else None
            error = row.error if number == 0 else None
            spread = Cell("" if error is None else decimal(error, 4), sort=error, style="number")
            body.append(Row((name, Cell(arm.arm), value, *numbers, Cell(p_value(p), sort=p, style="number"), spread)))
    columns = ("Measure", "Arm", "Average reader (interval)", "F", "df1", "df2", "p", "SE of a difference")
    return Table(
        "multi-reader",
        "Multi-reader multi-case analysis: the average reader, for readers and cases like these.",
        tuple(Column(text, number=number > 1) for number, text in enumerate(columns)),
        tuple(body),
        notes=notes.all(),
        sortable=False,
    )


def _agreement(rows: Sequence[Agreement]) -> Table | None:
    if not rows:
        return None
    notes = Footnotes()
    body = tuple(
        Row(
            (
                Cell(row.first),
                Cell(row.second),
                Cell(_measure(row.measure)),
                _value(row, notes),
                Cell(count(row.cases), row.cases, style="number"),
            )
        )
        for row in rows
    )
    return Table(
        "agreement",
        "Agreement between readers, with the reference standard and with the model.",
        (
            Column("Who"),
            Column("With"),
            Column("Measure"),
            Column("Value (interval)", number=True),
            Column("Cases", number=True),
        ),
        body,
        notes=notes.all(),
        long=len(body) > LONG,
    )

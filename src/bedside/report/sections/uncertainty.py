"""Uncertainty: how often the outcome keeps to prediction sets, intervals or bounds, and what abstaining would buy."""

from bedside.evidence.schema import Coverage
from bedside.report import forest
from bedside.report.number import count, decimal, level, places
from bedside.report.number import shown as shown_count
from bedside.report.results import Results
from bedside.report.sections.fairness import named, shown
from bedside.report.table import Cell, Column, Footnotes, Row, Table

LONG = 24


def _rows(results: Results) -> list[Coverage]:
    return [row for row in results.evidence.coverage if row.validation == results.validation.name]


def _kind(results: Results) -> str:
    return "sets" if results.evidence.study.classes else "intervals"


def _bounded(results: Results) -> tuple[str, str]:
    """What has lower bounds, and its unit; "" and "" where sets or intervals were made."""
    what, _, unit = next((row.what for row in _rows(results)), "").partition(", ")
    return what, unit


def statement(results: Results) -> str:
    """What coverage is and is not; "" where it was not estimated."""
    rows = _rows(results)
    if not rows:
        return ""
    many = level(rows[0].nominal)
    what, _ = _bounded(results)
    if what:
        return (
            f"Lower bounds on the {what} are built so that {many} of patients are free of the event until their own "
            "bound, across patients, not for this patient; that claims nothing for other hospitals."
        )
    return (
        f"Prediction {_kind(results)} are built to hold the outcome for {many} across patients, not for this patient; "
        f"that claims nothing for other hospitals."
    )


def words(results: Results) -> str:
    """Coverage and size of the model's sets, as a sentence."""
    row = next((row for row in _rows(results) if row.learner == results.model and row.group == "all"), None)
    if row is None or row.coverage is None:
        return ""
    size = "" if row.size is None else f"; {_size_word(results)} {decimal(row.size, _digits(results))}"
    low = min(
        (each for each in _rows(results) if each.learner == results.model and each.coverage is not None),
        key=lambda each: each.coverage or 0.0,
    )
    covered = f"covers {_percent(row)} of outcomes"
    if _bounded(results)[0]:
        covered = f"gives bounds to which {_percent(row)} of patients keep"
    text = f"{results.label(results.model)} {covered}{size}."
    if low.group != "all":
        text += f" Coverage is lowest in {_group(low.group)}: {_percent(low)}."
    return text


def _digits(results: Results) -> int | None:
    return 2 if results.evidence.study.classes else None


def _size_word(results: Results) -> str:
    what, unit = _bounded(results)
    if what:
        return f"mean bound in {unit}" if unit else "mean bound"
    return "mean number of classes in a set" if results.evidence.study.classes else "mean width"


def _percent(row: Coverage) -> str:
    if row.coverage is None:
        return "not estimable"
    if row.low is None or row.high is None:
        return f"{row.coverage:.1%}"
    return f"{row.coverage:.1%} ({row.low:.1%} to {row.high:.1%})"


def _group(group: str) -> str:
    if group == "all":
        return "all"
    return named(group)


def _groups(results: Results) -> list[str]:
    """All, then outcome classes, then declared groups."""
    found = list(dict.fromkeys(row.group for row in _rows(results)))
    return sorted(found, key=lambda group: (group != "all", not group.startswith("outcome=")))


def figure(results: Results) -> forest.Forest | None:
    """Coverage of the model and the primary comparator by outcome class and group, against what was asked."""
    rows = {(row.learner, row.group): row for row in _rows(results)}
    learners = [name for name in shown(results) if (name, "all") in rows]
    if not learners:
        return None
    lanes, current = [], ""
    for group in _groups(results):
        key, _, word = group.partition("=")
        if word and key != current:
            lanes.append(forest.Row("By outcome" if key == "outcome" else _title(key), "", (), heading=True))
            current = key
        found = [(name, rows[name, group]) for name in learners if (name, group) in rows]
        marks = tuple(
            forest.Mark(results.look(name), results.label(name), row.coverage, row.low, row.high, row.reason)
            for name, row in found
        )
        cases = next((row.cases for _, row in found), 0)
        lanes.append(forest.Row(word or "All", f"n = {count(cases)}", marks, strong=not word))
    nominal = _rows(results)[0].nominal
    what, _ = _bounded(results)
    title = f"Coverage of lower bounds on the {what}" if what else f"Coverage of prediction {_kind(results)}"
    held = (
        "patients free of the event until their bound" if what else f"cases whose outcome lies in the {_one(results)}"
    )
    return forest.build(
        "coverage",
        title,
        f"Share of {held}; line: {level(nominal)} asked for",
        lanes,
        conclusion=words(results),
        reference=nominal,
        bounds=(0.0, 1.0),
        legend=[(results.look(name), results.label(name)) for name in learners] if len(learners) > 1 else (),
    )


def _one(results: Results) -> str:
    return "set" if _kind(results) == "sets" else "interval"


def _title(key: str) -> str:
    return key.replace("_", " ").capitalize()


def table(results: Results) -> Table | None:
    """Coverage and size of every learner's sets in every group."""
    rows = {(row.learner, row.group): row for row in _rows(results)}
    if not rows:
        return None
    notes, body = Footnotes(), []
    learners = [each for each in results.learners if any(learner == each.name for learner, _ in rows)]
    for group in _groups(results):
        found = [rows.get((each.name, group)) for each in learners]
        cases = next((row.cases for row in found if row is not None), 0)
        title = _group(group)
        cells = [_cell(results, row, notes) for row in found]
        body.append(
            Row((Cell(title[:1].upper() + title[1:]), Cell(count(cases), shown_count(cases), style="number"), *cells))
        )
    method = next(iter(rows.values())).method
    return Table(
        "coverage-table",
        f"Coverage; below, its 95% interval and the {_size_word(results)} ({method}).",
        (
            Column("Cases in"),
            Column("Cases", number=True),
            *[Column(each.label, number=True, colour=results.look(each.name).colour) for each in learners],
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _cell(results: Results, row: Coverage | None, notes: Footnotes) -> Cell:
    if row is None:
        return Cell("", style="empty")
    if row.coverage is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        return Cell("not estimable", note=why, tip=row.reason, style="number absent")
    digits = places((row.coverage, row.low, row.high))
    limits = "" if row.low is None or row.high is None else f"{decimal(row.low, digits)} to {decimal(row.high, digits)}"
    missed = row.high is not None and row.high < row.nominal
    word = "size" if _kind(results) == "sets" else "width"
    if row.what:
        word = "mean"
    size = "" if row.size is None else f"{word} {decimal(row.size, _digits(results))}"
    unbounded = notes.letter("Too few cases to bound the sets: some hold everything") if row.size is None else ""
    return Cell(
        decimal(row.coverage, digits),
        sort=row.coverage,
        small="; ".join(text for text in (limits, size) if text),
        note=unbounded or (notes.letter("The interval lies below what was asked for") if missed else ""),
        style="number sure" if missed else "number",
    )


def selective(results: Results) -> Table | None:
    """What abstaining would buy, by learner."""
    rows = [row for row in results.evidence.selective if row.validation == results.validation.name]
    if not rows:
        return None
    notes, body = Footnotes(), []
    for row in rows:
        name = Cell(results.label(row.learner))
        whole = Cell(f"{row.error_of_all:.1%}", row.error_of_all, style="number")
        if row.error is None or row.answered is None:
            why = notes.letter(f"Not estimable: {row.reason}".rstrip("."))
            empty = Cell("not estimable", note=why, tip=row.reason, style="number absent")
            body.append(Row((name, whole, empty, Cell("", style="empty"))))
            continue
        limits = "" if row.low is None or row.high is None else f" ({row.low:.1%} to {row.high:.1%})"
        answered = Cell(f"{row.answered:.1%}", row.answered, style="number")
        body.append(Row((name, whole, answered, Cell(f"{row.error:.1%}{limits}", row.error, style="number"))))
    return Table(
        "selective",
        "Selective prediction: each learner answers only above a confidence chosen on tuning data to halve its error; "
        "all other patients go to a clinician.",
        (
            Column("Learner"),
            *[
                Column(text, number=True)
                for text in ("Error, everyone answered", "Patients answered", "Error among answered (interval)")
            ],
        ),
        tuple(body),
        notes=notes.all(),
    )


def selective_words(results: Results) -> str:
    """What abstaining would buy with the model, as a sentence."""
    for row in results.evidence.selective:
        if (row.learner, row.validation) == (results.model, results.validation.name) and row.answered is not None:
            return (
                f"Answering only the {row.answered:.1%} of cases it is most confident of, {results.label(row.learner)} "
                f"errs in {row.error or 0.0:.1%} instead of {row.error_of_all:.1%}."
            )
    return ""

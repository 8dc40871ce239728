"""Who was studied: the flow diagram, table 1 and the size of every partition."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bedside.evidence.participants import Follow
from bedside.evidence.schema import Characteristic, Partition, Validation
from bedside.report import flow
from bedside.report.number import count, decimal, places, plural, share, shown
from bedside.report.results import Results
from bedside.report.sections.summary import validation_words, withheld_words
from bedside.report.table import Cell, Column, Row, Table

LONG = 24
"""More rows than this scroll within their own box."""
TIMES = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours"}
"""Units of time of UCUM, as people write them."""
BOXES = 4
"""More partitions than this are summed up in one box of the flow diagram."""


def diagram(results: Results) -> Markup:
    """The flow diagram."""
    return flow.draw(results.evidence.flow, _boxes(results, results.validation))


@dataclass(frozen=True, slots=True)
class ExternalDiagram:
    """The flow diagram of another source.

    Attributes:
        name: Of the drawing, unique in the report.
        validation: In words ("external").
        source: Name of the source, with its licence and citation.
    """

    name: str
    validation: str
    source: str
    licence: str
    citation: str
    drawing: Markup


def external_diagrams(results: Results) -> tuple[ExternalDiagram, ...]:
    """One for each validation on another source."""
    found = []
    for number, one in enumerate(results.evidence.external_flows, start=1):
        judged = [
            row for row in results.evidence.partitions if (row.validation, row.partition) == (one.validation, "test")
        ]
        boxes = [flow.Box("Judged, never learned from", (_size(part), _outcome(results, part))) for part in judged]
        found.append(
            ExternalDiagram(
                name=f"flow-{number}",
                validation=validation_words(one.validation),
                source=one.source,
                licence=one.licence,
                citation=one.citation,
                drawing=flow.draw(one.steps, boxes),
            )
        )
    return tuple(found)


def _boxes(results: Results, validation: Validation) -> list[flow.Box]:
    parts = [part for part in results.evidence.partitions if part.validation == validation.name]
    if 0 < len(parts) <= BOXES and len({part.split for part in parts}) == 1:
        return [flow.Box(part.partition.capitalize(), (_size(part), _outcome(results, part))) for part in parts]
    row = results.row(results.model, results.measure.name)
    if row is None:
        return []
    judged = "out of fold" if validation.partition == "out_of_fold" else "in test partitions"
    size = f"{plural(row.cases, 'case')} from {plural(row.patients, 'patient')} judged {judged}"
    return [flow.Box(validation_words(validation.name).capitalize(), (plural(len(validation.splits), "split"), size))]


def _size(part: Partition) -> str:
    if part.cases == part.patients:
        return plural(part.patients, "patient")
    return f"{plural(part.cases, 'case')}, {plural(part.patients, 'patient')}"


def _outcome(results: Results, part: Partition) -> str:
    """Outcome of a partition in a few words: counts by class, or mean and spread of a number."""
    if results.evidence.study.classes:
        return _counted(results, part)
    words = {"mean": "mean", "sd": "SD", "median": "median"}
    moments = {words[key]: shown(part.outcome[key]) for key in words if key in part.outcome}
    known = {word: value for word, value in moments.items() if value is not None}
    digits = places(known.values())
    return ", ".join(f"{word} {decimal(number, digits)}" for word, number in known.items())


def _counted(results: Results, part: Partition) -> str:
    """Counts of classes in their order, cases without an answer last; words that hold numbers are set apart."""
    study = results.evidence.study
    known = [word for word in (*study.classes, study.unanswered) if word in part.outcome]
    words = [*known, *(word for word in part.outcome if word not in known)]
    mark, between = (":", "; ") if any(map(str.isdigit, "".join(words))) else ("", ", ")
    return between.join(f"{word}{mark} {count(part.outcome[word])}" for word in words)


def censoring(results: Results) -> Table | None:
    """How known outcomes stand for censored ones, by split and partition; None where none does."""
    rows = results.evidence.censoring
    if not rows:
        return None
    body = []
    for one in rows:
        names = (validation_words(one.validation), one.split, one.partition)
        counts = (one.known, one.censored, one.truncated)
        known, away, cut = (Cell(count(number), shown(number), style="number") for number in counts)
        span = Cell(f"{decimal(one.smallest, 2)} to {decimal(one.largest, 2)}", one.largest, style="number")
        worth = one.effective if isinstance(one.effective, str) else decimal(one.effective, 0)
        size = Cell(worth, shown(one.effective), style="number")
        body.append(Row((*[Cell(name) for name in names], known, away, span, cut, size)))
    titles = ("Validation", "Split", "Partition", "Known", "Censored", "Weights", "Cut off", "Effective cases")
    return Table(
        "censoring",
        "Censored outcomes, and the weights by which known ones stand for them. Effective cases are as many unweighted "
        "ones as would be worth as much." + withheld_words(results),
        tuple(Column(text, number=text in titles[3:]) for text in titles),
        tuple(body),
        long=len(body) > LONG,
    )


def characteristics(results: Results) -> Table | None:
    """Table 1: every predictor and attribute by partition and outcome, with what is missing."""
    rows = results.evidence.characteristics
    if not rows:
        return None
    groups = tuple(dict.fromkeys(row.group for row in rows))
    variables: dict[str, list[Characteristic]] = defaultdict(list)
    for row in rows:
        variables[row.variable].append(row)
    body: list[Row] = []
    for variable, entries in variables.items():
        body.extend(_variable(variable, entries, groups))
    size = {row.group: row.cases for row in rows}
    columns = [Column("Characteristic")]
    columns += [Column(_group(group), small=f"n = {count(size[group])}", number=True) for group in groups]
    return Table(
        "characteristics",
        "Characteristics by partition and outcome. Numbers are median (lower to upper quartile), categories are "
        "n (%) of those known; what is missing stands below in small type." + withheld_words(results),
        tuple(columns),
        tuple(body),
        sortable=False,
        long=len(body) > LONG,
    )


def _group(name: str) -> str:
    """`outcome=malignant` as it is printed."""
    key, sign, word = name.partition("=")
    words = f"{key}: {word}" if sign and key != "outcome" else word if sign else name
    return words[:1].upper() + words[1:]


def _variable(variable: str, entries: Sequence[Characteristic], groups: Sequence[str]) -> list[Row]:
    unit = next((entry.unit for entry in entries if entry.unit), "")
    title = Cell(variable.replace("_", " "), small=TIMES.get(unit, unit), tip=variable)
    categories = tuple(dict.fromkeys(entry.category for entry in entries if entry.category is not None))
    if not categories:
        by_group = {entry.group: entry for entry in entries}
        return [Row((title, *[_number(by_group.get(group)) for group in groups]))]
    by_key = {(entry.group, entry.category): entry for entry in entries}
    first = {group: next((e for e in entries if e.group == group), None) for group in groups}
    head = [Cell("", small=_missing(first[group]), style="number") for group in groups]
    rows = [Row((title, *head), style="heading")]
    for category in categories:
        cells = [_category(by_key.get((group, category))) for group in groups]
        rows.append(Row((Cell(category, style="indented"), *cells)))
    return rows


def _missing(entry: Characteristic | None) -> str:
    return "" if entry is None or not entry.missing else f"missing {share(entry.missing, entry.cases)}"


def _digits(values: Sequence[float | None]) -> int:
    """One decimal fewer than an estimate has, but two significant digits of the largest; whole numbers have none."""
    known = [abs(value) for value in values if value]
    if all(value.is_integer() for value in known):
        return 0
    return max(0, places(values) - 1, min(6, 1 - math.floor(math.log10(max(known)))))


def _number(entry: Characteristic | None) -> Cell:
    if entry is None or entry.median is None:
        return Cell("withheld" if entry and entry.reason else "", small=_missing(entry), style="number")
    digits = _digits((entry.median, entry.low_quartile, entry.high_quartile))
    text = decimal(entry.median, digits)
    if entry.low_quartile is not None and entry.high_quartile is not None:
        text += f" ({decimal(entry.low_quartile, digits)} to {decimal(entry.high_quartile, digits)})"
    return Cell(text, small=_missing(entry), style="number")


def _category(entry: Characteristic | None) -> Cell:
    if entry is None or entry.count is None:
        return Cell("0", style="number")
    whole = "" if isinstance(entry.cases, str) or isinstance(entry.missing, str) else entry.cases - entry.missing
    return Cell(share(entry.count, whole), style="number")


def partitions(results: Results) -> Table | None:
    """Cases, patients and outcome of every partition of every split."""
    rows = results.evidence.partitions
    if not rows:
        return None
    told = any(_outcome(results, part) for part in rows)  # outlines and boxes have no classes to count
    watched = next((part.watched for part in rows if part.watched is not None), None)
    body = []
    for part in rows:
        names = (validation_words(part.validation), part.split, part.partition)
        sizes = (
            Cell(count(part.cases), shown(part.cases), style="number"),
            Cell(count(part.patients), shown(part.patients), style="number"),
        )
        outcome = (Cell(_outcome(results, part), style="words"),) if told else ()
        body.append(Row((*[Cell(name) for name in names], *sizes, *_watched(part, watched), *outcome)))
    events = (f"Events ({watched.what})", "Median follow\N{NON-BREAKING HYPHEN}up") if watched else ()
    columns = ("Validation", "Split", "Partition", "Cases", "Patients", *events, *(("Outcome",) if told else ()))
    about = (
        " Events count whenever they came; median follow-up is by the reverse Kaplan-Meier curve, in which an event "
        "ends a watch early."
        if watched
        else ""
    )
    return Table(
        "partitions",
        f"Size {'and outcome ' if told else ''}of every partition." + about + withheld_words(results),
        tuple(Column(text, number=text in ("Cases", "Patients", *events)) for text in columns),
        tuple(body),
        long=len(body) > LONG,
    )


def _watched(part: Partition, watched: Follow | None) -> tuple[Cell, ...]:
    """Events and median follow-up; no cells where nobody is watched for the outcome."""
    if watched is None:
        return ()
    found = part.watched
    if found is None:
        return (Cell("", style="empty"), Cell("", style="empty"))
    median = "not reached" if found.median is None else f"{decimal(found.median, 1)} {found.unit}".rstrip()
    if isinstance(found.events, str) and found.median is None:
        median = found.events
    return (
        Cell(count(found.events), shown(found.events), style="number"),
        Cell(median, found.median, style="number"),
    )

"""Robustness: the primary measure when values go missing, data are noisy or altered, or a predictor is not there."""

from collections.abc import Sequence
from typing import Literal

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import Robustness
from bedside.report.number import decimal, interval, places
from bedside.report.results import Results
from bedside.report.table import Cell, Column, Footnotes, Row, Table

Family = Literal[
    "missing_at_random",
    "noise",
    "blur",
    "brightness",
    "contrast",
    "rotation",
    "resolution",
    "sparser",
    "unit",
    "earlier",
]
FAMILIES: dict[Family, tuple[str, str]] = {
    "missing_at_random": ("Values missing at random", "Share of values missing"),
    "noise": ("Added noise", "Noise, in standard deviations"),
    "blur": ("Blurred images", "Spread of the blur, share of the image's shorter side"),
    "brightness": ("Brighter images", "Shift, in standard deviations of the image"),
    "contrast": ("Flatter images", "Share of the contrast lost"),
    "rotation": ("Turned images", "Rotation, degrees"),
    "resolution": ("Coarser images", "Factor by which pixels grow"),
    "sparser": ("Fewer moments at which anything was recorded", "Share of moments missing"),
    "unit": ("Numbers in another unit", "Share of a case's kinds of measurement, ten times too large or small"),
    "earlier": (
        "Predicted earlier with what was known then, in those who reach the declared time",
        "Hours before the declared time of prediction",
    ),
}
MOST_COLUMNS = 10


def _rows(results: Results, family: str, learner: str | None = None) -> list[Robustness]:
    return [
        row
        for row in results.evidence.robustness
        if row.family == family and (learner is None or row.learner == learner)
    ]


def figures(results: Results) -> list[Figure]:
    """The primary measure against strength, one figure a family, one line a learner."""
    return [made for family in FAMILIES if (made := _figure(results, family)) is not None]


def _figure(results: Results, family: Family) -> Figure | None:
    series = []
    for learner in results.learners:
        rows = [row for row in _rows(results, family, learner.name) if row.value is not None]
        start = next((row.value - row.change for row in rows if row.value is not None and row.change is not None), None)
        points = [] if start is None else [(0.0, start)]
        points += sorted((row.strength, row.value) for row in rows if row.value is not None)
        if len(points) > 1:
            xs, ys = zip(*points, strict=True)
            series.append(Series(label=learner.label, style="line", learner=learner.name, x=xs, y=ys))
    if not series:
        return None
    title, across = FAMILIES[family]
    measure = results.measure_of(results.evidence.robustness[0].measure)
    return Figure(
        name=f"robustness-{family}",
        title=title,
        conclusion=_conclusion(results, family),
        alt=f"{measure.label} against {across.lower()}, one line a learner.",
        x_label=across,
        y_label=measure.label,
        series=tuple(series),
        section="robustness",
    )


def _strongest(results: Results, family: str) -> list[Robustness]:
    """Each learner's row at the greatest strength."""
    rows = [row for row in _rows(results, family) if row.change is not None]
    most = max((row.strength for row in rows), default=0.0)
    return [row for row in rows if row.strength == most]


def harm(results: Results, row: Robustness) -> float:
    """A change for the worse as a positive number."""
    sign = 1.0 if results.measure_of(row.measure).higher_is_better is False else -1.0
    return sign * (row.change or 0.0)


def _conclusion(results: Results, family: str) -> str:
    rows = _strongest(results, family)
    model = next((row for row in rows if row.learner == results.model), None)
    if model is None:
        return ""
    measure = results.measure_of(model.measure).label
    text = f"At {_name(model)}, {measure} of {results.label(model.learner)} changes by {change(model)}"
    others = [row for row in rows if row.learner != results.model]
    if not others:
        return f"{text}."
    least, most = (pick(others, key=lambda row: harm(results, row)) for pick in (min, max))
    if least is most:
        return f"{text}, of {results.label(least.learner)} by {change(least)}."
    ends = [f"{decimal(each.change or 0.0)} ({results.label(each.learner)})" for each in (most, least)]
    return f"{text}; comparators change by {ends[0]} to {ends[1]}."


def _name(row: Robustness) -> str:
    return row.name.replace("_", " ")


def change(row: Robustness) -> str:
    """The change with its limits."""
    return "not estimable" if row.change is None else interval(row.change, row.low, row.high)


def strengths(results: Results) -> Table | None:
    """Change and value of the primary measure at every strength, by learner."""
    rows = [row for family in FAMILIES for row in _rows(results, family)]
    names = dict.fromkeys(row.name for row in rows)
    return _table(
        results,
        "robustness-table",
        "Change in {measure} against untouched predictors, with limits and the value itself below.",
        "Test predictors",
        [(name.replace("_", " "), [row for row in rows if row.name == name]) for name in names],
    )


def columns(results: Results) -> Table | None:
    """The predictors whose absence harms the model most."""
    rows = _rows(results, "missing_column")
    known = [row for row in rows if row.learner == results.model and row.change is not None]
    worst = sorted(known, key=lambda row: -harm(results, row))[:MOST_COLUMNS]
    if not worst:
        return None
    more = f" ({len(worst)} of {len(known)} predictors)" if len(known) > len(worst) else ""
    return _table(
        results,
        "missing-columns",
        f"Change in {{measure}} when one predictor is missing for everyone, the most harmful to the model first{more}.",
        "Missing predictor",
        [(each.variable.replace("_", " "), [row for row in rows if row.variable == each.variable]) for each in worst],
        value=False,
    )


def _table(
    results: Results,
    name: str,
    caption: str,
    first: str,
    lines: Sequence[tuple[str, Sequence[Robustness]]],
    *,
    value: bool = True,
) -> Table | None:
    if not lines:
        return None
    notes, body = Footnotes(), []
    learners = [each for each in results.learners if any(row.learner == each.name for _, rows in lines for row in rows)]
    for title, rows in lines:
        by_learner = {row.learner: row for row in rows}
        cells = [_cell(by_learner.get(each.name), notes, value=value) for each in learners]
        body.append(Row((Cell(title), *cells)))
    measure = results.measure_of(results.evidence.robustness[0].measure)
    methods = "; ".join(dict.fromkeys(row.method for _, rows in lines for row in rows if row.method))
    return Table(
        name,
        f"{caption.format(measure=measure.label)} Bold: the limits exclude no change ({methods}).",
        (Column(first), *[Column(each.label, number=True, colour=results.look(each.name).colour) for each in learners]),
        tuple(body),
        notes=notes.all(),
    )


def _cell(row: Robustness | None, notes: Footnotes, *, value: bool) -> Cell:
    if row is None:
        return Cell("", style="empty")
    if row.change is None:
        why = notes.letter(f"Not estimable: {row.reason}")
        return Cell("not estimable", note=why, tip=row.reason, style="number absent")
    clear = row.low is not None and row.high is not None and (row.low > 0 or row.high < 0)
    digits = places((row.change, row.low, row.high))
    limits = "" if row.low is None or row.high is None else f"{decimal(row.low, digits)} to {decimal(row.high, digits)}"
    whole = f"value {decimal(row.value)}" if value and row.value is not None else ""
    return Cell(
        decimal(row.change, digits),
        sort=row.change,
        tip=row.method,
        small="; ".join(text for text in (limits, whole) if text),
        style="number sure" if clear else "number",
    )


def words(results: Results) -> str:
    """Robustness of the model, in a few sentences."""
    said = []
    for family in FAMILIES:
        row = next((row for row in _strongest(results, family) if row.learner == results.model), None)
        if row is not None:
            said.append(f"{_name(row)}, {change(row)}")
    worst = max(
        (row for row in _rows(results, "missing_column", results.model) if row.change is not None),
        key=lambda row: harm(results, row),
        default=None,
    )
    if worst is not None:
        said.append(f"without {worst.variable.replace('_', ' ')}, {change(worst)}")
    if not said:
        return ""
    measure = results.measure_of(results.evidence.robustness[0].measure).label
    return f"Change in {measure} of {results.label(results.model)}: {'; '.join(said)}."

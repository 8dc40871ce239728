"""Hazard ratios of the development cases, and whether they stay the same over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bedside.evidence.schema import HazardRatio, Proportionality
from bedside.report import forest
from bedside.report.forest import Forest, Mark
from bedside.report.look import Look
from bedside.report.number import count, decimal, level, p_value, shown
from bedside.report.results import Results
from bedside.report.scale import few_ticks
from bedside.report.sections.participants import TIMES
from bedside.report.table import Cell, Column, Footnotes, Row, Table

LONG = 24
CUSTOMARY = 0.05
"""A p value below this is customarily taken to say that ratios change over time."""
SHOWN = 6
"""Predictors that a sentence names."""
MOST_DRAWN = 40
"""More ratios than this are tabled and not drawn."""


@dataclass(frozen=True, slots=True)
class Hazards:
    """What is shown of one cause by one learner."""

    title: str
    words: str
    figure: Forest | None
    table: Table


def of_causes(results: Results) -> list[Hazards]:
    """One entry for each learner and cause, in the order of the evidence."""
    rows: dict[tuple[str, str], list[HazardRatio]] = {}
    for row in results.evidence.hazard_ratios:
        rows.setdefault((row.learner, row.cause), []).append(row)
    return [_of_cause(results, learner, cause, found) for (learner, cause), found in rows.items()]


def words(results: Results) -> str:
    """Whether hazards were proportional, of each cause, as sentences; "" where nobody tells hazard ratios."""
    return " ".join(one.words for one in of_causes(results))


def _of_cause(results: Results, learner: str, cause: str, rows: Sequence[HazardRatio]) -> Hazards:
    tested = [one for one in results.evidence.proportionality if (one.learner, one.cause) == (learner, cause)]
    test = tested[0] if tested else None
    several = len({(row.learner, row.cause) for row in results.evidence.hazard_ratios}) > 1
    name = f"hazard-ratios-{learner}-{cause}"
    return Hazards(
        title=f"{cause[:1].upper()}{cause[1:]}, {results.label(learner)}" if several else "",
        words=_words(cause, rows, test),
        figure=_figure(name, cause, rows, results.look(learner)),
        table=_table(name, cause, rows, test),
    )


def _words(cause: str, rows: Sequence[HazardRatio], test: Proportionality | None) -> str:
    p = {row.predictor: row.p_proportional for row in rows if row.p_proportional is not None}
    if not p:
        why = f": {test.reason}" if test is not None and test.reason else ""
        return f"Whether the hazards of {cause} are proportional was not tested{why}."
    changing = [predictor for predictor, value in p.items() if value < CUSTOMARY]
    who = f"{len(changing)} of {len(p)} predictors" if len(p) > 1 else "the one predictor"
    if changing:
        named = ", ".join(map(_plain, changing[:SHOWN])) + (" and others" if len(changing) > SHOWN else "")
        text = f"For {cause}, the hazards of {who} were not proportional (p below {CUSTOMARY:g}: {named})"
    else:
        text = f"For {cause}, nothing speaks against proportional hazards of any of {len(p)} predictors"
        text = text if len(p) > 1 else f"For {cause}, nothing speaks against proportional hazards of {who}"
    if test is not None and test.p_value is not None:
        text += f"; all together, p {_p(test.p_value)} ({test.degrees} degrees of freedom)"
    more = " A ratio that changes is an average over the time that was watched." if changing else ""
    return f"{text}.{more}"


def _p(value: float) -> str:
    text = p_value(value)
    return text if text[:1] in "<>" else f"= {text}"


def _plain(predictor: str) -> str:
    return predictor.replace("_", " ")


def _contrast(row: HazardRatio) -> str:
    """What is compared, with units of time as people write them ("per 10 years")."""
    head, _, unit = row.contrast.rpartition(" ")
    return f"{head} {TIMES[unit]}" if head.startswith("per ") and unit in TIMES else row.contrast


def _ratio(row: HazardRatio) -> str:
    values = [value for value in (row.ratio, row.low, row.high) if value is not None]
    digits = 3 if min(values) < 0.1 else 2 if max(values) < 100 else 0
    return f"{decimal(values[0], digits)} ({decimal(values[1], digits)} to {decimal(values[2], digits)})"


def _figure(name: str, cause: str, rows: Sequence[HazardRatio], look: Look) -> Forest | None:
    """Ratios on a logarithmic scale, by predictor; None for one, and where there are too many to be read."""
    drawn = [row for row in rows if row.ratio is not None and row.low is not None and row.high is not None]
    if not 1 < len(drawn) <= MOST_DRAWN:
        return None
    lanes = [
        forest.Row(
            _plain(row.predictor), _contrast(row), (Mark(look, cause, row.ratio, row.low, row.high, words=_ratio(row)),)
        )
        for row in drawn
    ]
    above = sum((row.low or 0.0) > 1 for row in drawn)
    below = sum((row.high or 0.0) < 1 for row in drawn)
    made = forest.build(
        f"figure-{name}",
        f"Hazard ratios of {cause}",
        "Hazard ratio",
        lanes,
        conclusion=f"Of {len(drawn)} ratios, the {level(drawn[0].level)} interval lies wholly above 1 for {above} and "
        f"wholly below 1 for {below}.",
        reference=1.0,
        sides=("lower hazard", "higher hazard"),
    )
    ends = [end for row in drawn for end in (row.low, row.high) if end is not None]
    return replace(made, scale=few_ticks([*ends, 1.0]))


def _table(name: str, cause: str, rows: Sequence[HazardRatio], test: Proportionality | None) -> Table:
    notes, body = Footnotes(), []
    told = any(not isinstance(row.cases, str) for row in rows)
    last = ""
    for row in rows:
        first = row.predictor != last
        last = row.predictor
        if row.ratio is None:
            ratio = Cell("not estimable", note=notes.letter(row.reason), tip=row.reason, style="number absent")
        else:
            ratio = Cell(_ratio(row), row.ratio, style="number")
        p = Cell(p_value(row.p_proportional) if first else "", row.p_proportional, style="number")
        sizes = (
            Cell(count(row.events), shown(row.events), style="number"),
            Cell(count(row.cases), shown(row.cases), style="number"),
        )
        body.append(Row((Cell(_plain(row.predictor)), Cell(_contrast(row)), ratio, p, *(sizes if told else ()))))
    size = ""
    if test is not None and not isinstance(test.cases, str) and not isinstance(test.events, str):
        size = f" {count(test.events)} events in {count(test.cases)} development cases."
    ratio_title = f"Hazard ratio ({level(rows[0].level)} interval)"
    columns = ["Predictor", "Contrast", ratio_title, "p, proportional hazards"]
    columns += ["Events", "Cases"] if told else []
    return Table(
        name,
        f"Hazard ratios of {cause} by a Cox regression on all predictors at once, without a penalty.{size} It "
        "describes these cases: a ratio is no effect of changing the predictor, and no prediction rests on it. The "
        "test of proportional hazards is Grambsch and Therneau's, one for all contrasts of a predictor.",
        tuple(Column(text, number=place > 1) for place, text in enumerate(columns)),
        tuple(body),
        notes=notes.all(),
        sortable=False,
        long=len(body) > LONG,
    )

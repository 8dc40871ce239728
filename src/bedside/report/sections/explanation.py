"""What learners rely on, by which method, and whether the explanation is about the model at all."""

from dataclasses import dataclass

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import Explanation, ExplanationCheck
from bedside.report.number import interval, plain, plural, typeset
from bedside.report.results import Results
from bedside.report.sections.fairness import shown
from bedside.report.table import Cell, Column, Row, Table

MOST_VARIABLES = 15
UNITS = {"permutation importance": "Loss in {measure} when permuted"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One learner's explanation by one method; `failed` names the checks it did not pass."""

    figure: Figure
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """All explanations by one method: the model and the primary comparator, then the others."""

    title: str
    first: tuple[Drawn, ...]
    others: tuple[Drawn, ...]


def methods(results: Results) -> list[Method]:
    """Explanations by method, in the order of the evidence."""
    names = list(dict.fromkeys(row.method for row in results.evidence.explanations))
    found = []
    for number, name in enumerate(names):
        drawn = {
            learner.name: made
            for place, learner in enumerate(results.learners)
            if (made := _drawn(results, name, learner.name, f"explanation-{number}-{place}")) is not None
        }
        first = [learner for learner in shown(results) if learner in drawn] or list(drawn)[:2]
        found.append(
            Method(
                title=name[:1].upper() + name[1:],
                first=tuple(drawn[learner] for learner in first),
                others=tuple(each for learner, each in drawn.items() if learner not in first),
            )
        )
    return found


def failed_checks(results: Results, learner: str, method: str) -> tuple[str, ...]:
    """Checks that this explanation did not pass."""
    return tuple(
        row.check
        for row in results.evidence.explanation_checks
        if (row.learner, row.method) == (learner, method) and row.passed is False
    )


def _rows(results: Results, learner: str, method: str) -> list[Explanation]:
    found = [row for row in results.evidence.explanations if (row.learner, row.method) == (learner, method)]
    return sorted(found, key=lambda row: (-row.value, row.variable))


def _drawn(results: Results, method: str, learner: str, name: str) -> Drawn | None:
    rows = _rows(results, learner, method)
    if not rows:
        return None
    top, failed = rows[:MOST_VARIABLES], failed_checks(results, learner, method)
    limits = all(row.low is not None and row.high is not None for row in top)
    series = Series(
        label=results.label(learner),
        style="bars",
        learner=learner,
        x=tuple(float(i) for i in range(len(top))),
        y=tuple(row.value for row in top),
        low=tuple(row.low for row in top if row.low is not None) if limits else (),
        high=tuple(row.high for row in top if row.high is not None) if limits else (),
    )
    unit = UNITS.get(method, "Importance").format(measure=results.measure.label)
    figure = Figure(
        name=name,
        title=f"{results.label(learner)}: {method}",
        conclusion=_conclusion(rows, failed),
        alt=f"{method} of {results.label(learner)}, largest first: {', '.join(row.variable for row in top[:5])}.",
        x_label="Predictor",
        y_label=f"FAILED its check: {unit.lower()}" if failed else unit,
        x_categories=tuple(_plain(row.variable) for row in top),
        series=(series,),
        section="explanation",
    )
    return Drawn(figure, failed)


def _plain(variable: str) -> str:
    return variable.replace("_", " ")


def _conclusion(rows: list[Explanation], failed: tuple[str, ...]) -> str:
    if failed:
        return (
            f"FAILED: {', '.join(failed)}. This explanation is not shown to be about the model; do not read it as one."
        )
    known = [row for row in rows if row.low is not None]
    sure = sum(row.low is not None and row.low > 0 for row in known)
    text = f"{_plain(rows[0].variable)} matters most: {interval(rows[0].value, rows[0].low, rows[0].high)}."
    if known:
        text += f" For {sure} of {plural(len(known), 'predictor')} the interval lies above zero."
    more = len(rows) - MOST_VARIABLES
    return f"{text} {plural(more, 'further predictor')} in evidence.json." if more > 0 else text


def checks(results: Results) -> Table | None:
    """Every check of every explanation, those that failed first."""
    order = {False: 0, None: 1, True: 2}
    rows = sorted(results.evidence.explanation_checks, key=lambda row: order[row.passed])
    if not rows:
        return None
    body = [
        Row(
            (
                _result(row),
                Cell(results.label(row.learner)),
                Cell(row.method),
                Cell(row.check),
                Cell("" if row.value is None else plain(row.value), row.value, style="number"),
                Cell(typeset(row.text), style="prose"),
            ),
            style="fallen" if row.passed is False else "",
        )
        for row in rows
    ]
    judged = [row.passed for row in rows if row.passed is not None]
    return Table(
        "explanation-checks",
        f"Whether explanations are about the model: {judged.count(False)} of {len(judged)} tests failed.",
        (
            *[Column(text) for text in ("Result", "Learner", "Method", "Check")],
            Column("Value", number=True),
            Column("What it means"),
        ),
        tuple(body),
        long=len(body) > 24,
    )


def _result(row: ExplanationCheck) -> Cell:
    if row.passed is None:
        return Cell("not possible" if row.value is None else "undecided", 1, style="absent")
    return Cell("✓ passed", 2, style="passed") if row.passed else Cell("✗ FAILED", 0, style="failing")


def words(results: Results) -> str:
    """Methods of explanation, what leads in the model, and what failed, as sentences."""
    said = []
    for method in dict.fromkeys(row.method for row in results.evidence.explanations):
        rows = _rows(results, results.model, method)
        if rows:
            failed = failed_checks(results, results.model, method)
            top = ", ".join(_plain(row.variable) for row in rows[:3])
            said.append(f"{method} ({'FAILED ' + ', '.join(failed) if failed else f'largest: {top}'})")
    for method in dict.fromkeys(row.method for row in results.evidence.pictures if row.method):
        failed = failed_checks(results, results.model, method)
        said.append(f"{method} maps (FAILED {', '.join(failed)})" if failed else f"{method} maps")
    if not said:
        return ""
    made = [check for check in results.evidence.explanation_checks if check.passed is not None]
    checked = (
        f" {sum(check.passed is True for check in made)} of {len(made)} checks that were judged passed." if made else ""
    )
    return f"Explanations of {results.label(results.model)}: {'; '.join(said)}.{checked}"

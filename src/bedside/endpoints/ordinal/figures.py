"""Figures of ordered grades: thresholds between them, what each grade was taken for, what was predicted for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.classes import Probabilities, classes_of, probabilities
from bedside.endpoints.drawing import along, named, numbers, percent, pooling, reliability_groups, within_splits
from bedside.endpoints.endpoint import View
from bedside.endpoints.ordinal.decision import DecisionRule
from bedside.endpoints.ordinal.measures import at_least
from bedside.evidence.figure import Figure, Series
from bedside.stats.roc import auroc_statistic, roc_curve
from bedside.types import Floats, Integers

GradeView = View[int, Probabilities]

_CLOSE = 0.02
"""A mean probability within two points of the share that reached the grade is called right."""


def ordinal_figures(views: Sequence[GradeView], grades: tuple[str, ...], rule: DecisionRule) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial, drawn grade by grade."""
    if not views:
        return ()
    drawn = _Drawn.of(views[0], grades, rule)
    found = (_roc(drawn), _confusion(drawn), _by_grade(drawn), _calibration(drawn))
    return tuple(figure for figure in found if figure is not None)


@dataclass(frozen=True)
class _Drawn:
    """One learner's rows as arrays."""

    view: GradeView
    grades: tuple[str, ...]
    truth: Integers
    matrix: Floats
    decided: Integers

    @classmethod
    def of(cls, view: GradeView, grades: tuple[str, ...], rule: DecisionRule) -> "_Drawn":
        truth, matrix = classes_of(view.outcomes, len(grades)), probabilities(view.predictions, len(grades))
        decided = np.zeros(truth.size, dtype=np.int64)
        for split in np.unique(view.fold).tolist():
            inside = view.fold == split
            decided[inside] = rule.decide(view.settings[split], matrix[inside])
        return cls(view, grades, truth, matrix, decided)

    @property
    def name(self) -> str:
        """The learner in words."""
        return self.view.label or named(self.view.learner)

    @property
    def thresholds(self) -> list[tuple[int, str, Floats]]:
        """Number, words and predicted probability of grade k or more, for every k."""
        chances = at_least(self.matrix)
        return [(k, f"{self.grades[k]} or more", chances[:, k - 1]) for k in range(1, len(self.grades))]


def _roc(drawn: _Drawn) -> Figure | None:
    found: list[tuple[float, str, Series]] = []
    for k, words, chance in drawn.thresholds:
        reached = drawn.truth >= k
        if not 0 < int(reached.sum()) < reached.size:
            continue

        def area_of(rows: Integers, chance: Floats = chance, k: int = k) -> float:
            return float(auroc_statistic(chance[rows], drawn.truth[rows] >= k)(np.ones((1, rows.size)))[0])

        area = within_splits(drawn.view, area_of)
        x, y = along(roc_curve(chance, reached))
        label = f"{words} (AUROC {area:.3f})" if np.isfinite(area) else words
        found.append((area, words, Series(label=label, style="line", x=numbers(x), y=numbers(y), colour=k - 1)))
    known = [one for one in found if np.isfinite(one[0])]
    if not known:
        return None
    worst, best = min(known, key=lambda one: one[0]), max(known, key=lambda one: one[0])
    conclusion = f"{drawn.name} tells {best[1]} best from what lies below it (AUROC {best[0]:.3f})"
    conclusion += f" and {worst[1]} worst ({worst[0]:.3f})." if len(known) > 1 else "."
    averaged = " AUROCs are means within splits." if pooling(drawn.view) else ""
    return Figure(
        name="roc",
        title=f"Each threshold between grades: {drawn.name}",
        conclusion=conclusion + pooling(drawn.view) + averaged,
        alt=f"Receiver operating characteristic curves of {drawn.name}, one a threshold between grades. {conclusion}",
        x_label="1 \N{MINUS SIGN} specificity",
        y_label="Sensitivity",
        series=tuple(series for _, _, series in found),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _confusion(drawn: _Drawn) -> Figure:
    count = len(drawn.grades)
    table = np.zeros((count, count))
    np.add.at(table, (drawn.truth, drawn.decided), 1.0)
    cases = table.sum(axis=1)
    shares = table / np.maximum(cases, 1.0)[:, None]
    off = np.abs(drawn.decided - drawn.truth)
    low, high = float((drawn.decided < drawn.truth).mean()), float((drawn.decided > drawn.truth).mean())
    conclusion = (
        f"{drawn.name} decides on the true grade in {percent(float((off == 0).mean()))} of cases, on a lower one in "
        f"{percent(low)} and on a higher one in {percent(high)}; {percent(float((off > 1).mean()))} are off by more "
        "than one grade."
    )
    return Figure(
        name="confusion",
        title=f"What each grade was taken for: {drawn.name}",
        conclusion=conclusion + pooling(drawn.view),
        alt=f"Bars: for each true grade, the share of its cases that {drawn.name} put in each grade. {conclusion}",
        x_label="True grade (cases)",
        y_label="Share of the grade's cases",
        series=tuple(
            Series(
                label=f"taken for {word}",
                style="bars",
                x=tuple(float(k) for k in range(count)),
                y=numbers(shares[:, j]),
                colour=j,
            )
            for j, word in enumerate(drawn.grades)
        ),
        y_range=(0.0, 1.0),
        x_categories=tuple(f"{word} ({n:.0f})" for word, n in zip(drawn.grades, cases, strict=True)),
        aspect="wide",
        section="errors",
    )


def _by_grade(drawn: _Drawn) -> Figure:
    """Mean probability of each threshold by true grade: steps where a threshold is told apart."""
    present = np.unique(drawn.truth).tolist()
    means = [
        (k, words, np.array([chance[drawn.truth == grade].mean() for grade in present]))
        for k, words, chance in drawn.thresholds
    ]
    steps = [(words, value[k] - value[k - 1]) for k, words, value in _steps(means, present)]
    if steps:
        words, step = min(steps, key=lambda one: one[1])
        conclusion = (
            f"The threshold that {drawn.name} sees least is {words}: its mean probability rises by {step:+.2f} from "
            "the grade below."
        )
    else:
        conclusion = f"No two neighbouring grades are there to be compared by the probabilities of {drawn.name}."
    return Figure(
        name="probability_by_grade",
        title=f"Predicted probability by true grade: {drawn.name}",
        conclusion=conclusion + pooling(drawn.view),
        alt=f"Mean predicted probability of each grade or more, by true grade, for {drawn.name}. {conclusion}",
        x_label="True grade",
        y_label="Mean predicted probability",
        series=tuple(
            Series(
                label=words,
                style="bars",
                x=tuple(float(grade) for grade in present),
                y=numbers(value),
                colour=k - 1,
            )
            for k, words, value in means
        ),
        y_range=(0.0, 1.0),
        x_categories=drawn.grades,
        aspect="wide",
        section="errors",
    )


def _steps(means: Sequence[tuple[int, str, Floats]], present: Sequence[int]) -> list[tuple[int, str, Floats]]:
    """Thresholds with cases of the grade on either side; their means placed by grade."""
    found = []
    for k, words, value in means:
        if k in present and k - 1 in present:
            by_grade = np.full(max(present) + 1, np.nan)
            by_grade[list(present)] = value
            found.append((k, words, by_grade))
    return found


def _calibration(drawn: _Drawn) -> Figure:
    series, gaps = [], []
    for k, words, chance in drawn.thresholds:
        reached = drawn.truth >= k
        groups = reliability_groups(chance, reached, drawn.view.patient)
        gaps.append((float(chance.mean() - reached.mean()), words, float(chance.mean()), float(reached.mean())))
        series.append(
            Series(
                label=words,
                style="intervals",
                x=numbers(groups.predicted),
                y=numbers(groups.observed),
                low=numbers(groups.low),
                high=numbers(groups.high),
                colour=k - 1,
            )
        )
    gap, words, claimed, kept = max(gaps, key=lambda one: abs(one[0]))
    judged = "right on the whole" if abs(gap) < _CLOSE else f"too {'high' if gap > 0 else 'low'} on the whole"
    conclusion = (
        f"{drawn.name} is furthest off at {words}: predicted {percent(claimed)} on average, reached by "
        f"{percent(kept)}; that is {judged}."
    )
    return Figure(
        name="calibration",
        title=f"Calibration of each threshold: {drawn.name}",
        conclusion=f"{conclusion} Bars are 95% intervals.{pooling(drawn.view)}",
        alt=f"Share that reached each grade or more against its predicted probability, in groups. {conclusion}",
        x_label="Predicted probability of the grade or more",
        y_label="Share that reached it",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        section="calibration",
    )

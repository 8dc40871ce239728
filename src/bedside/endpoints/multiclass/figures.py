"""Figures of predicted classes: one class against the rest, what was taken for what, and how sure choices were."""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.classes import Probabilities, classes_of, probabilities
from bedside.endpoints.drawing import (
    along,
    may_be_shown,
    named,
    numbers,
    percent,
    pooling,
    reliability_groups,
    within_splits,
)
from bedside.endpoints.endpoint import View
from bedside.evidence.figure import Figure, Series
from bedside.stats.roc import auroc_statistic, roc_curve
from bedside.types import Floats, Integers

ClassView = View[int, Probabilities]
_CLOSE = 0.02
"""Certainty within two points of what is kept is called right."""


def multiclass_figures(views: Sequence[ClassView], classes: tuple[str, ...]) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial, drawn class by class."""
    if not views:
        return ()
    roc = _roc(views[0], classes)
    return (*(() if roc is None else (roc,)), _confusion(views[0], classes), _calibration(views, len(classes)))


def _values(view: ClassView, count: int) -> tuple[Integers, Floats]:
    return classes_of(view.outcomes, count), probabilities(view.predictions, count)


def _auroc(rows: Integers, truth: Integers, matrix: Floats, k: int) -> float:
    statistic = auroc_statistic(matrix[rows, k], truth[rows] == k)
    return float(statistic(np.ones((1, rows.size)))[0])


def _roc(view: ClassView, classes: tuple[str, ...]) -> Figure | None:
    truth, matrix = _values(view, len(classes))
    drawn: list[tuple[float, str, Series]] = []
    for k, word in enumerate(classes):
        if not 0 < int((truth == k).sum()) < truth.size:
            continue
        area = within_splits(view, lambda rows, k=k: _auroc(rows, truth, matrix, k))  # type: ignore[misc]
        x, y = along(roc_curve(matrix[:, k], truth == k))
        label = f"{word} (AUROC {area:.3f})" if np.isfinite(area) else word
        drawn.append((area, word, Series(label=label, style="line", x=numbers(x), y=numbers(y), colour=k)))
    known = [one for one in drawn if np.isfinite(one[0])]
    if not known:
        return None
    hardest, easiest = min(known, key=lambda one: one[0]), max(known, key=lambda one: one[0])
    learner = view.label or named(view.learner)
    conclusion = (
        f"{learner} tells {easiest[1]} from the rest best (AUROC {easiest[0]:.3f}) and {hardest[1]} worst "
        f"({hardest[0]:.3f})."
    )
    averaged = " AUROCs are means within splits." if pooling(view) else ""
    return Figure(
        name="roc",
        title=f"Each class against the rest: {learner}",
        conclusion=conclusion + pooling(view) + averaged,
        alt=f"Receiver operating characteristic curves of {learner}, one a class against all others. {conclusion}",
        x_label="1 \N{MINUS SIGN} specificity",
        y_label="Sensitivity",
        series=tuple(series for _, _, series in drawn),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _confusion(view: ClassView, classes: tuple[str, ...]) -> Figure:
    count = len(classes)
    truth, matrix = _values(view, count)
    table = np.zeros((count, count))
    np.add.at(table, (truth, matrix.argmax(axis=1)), 1.0)
    cases = table.sum(axis=1)
    shares = table / np.maximum(cases, 1.0)[:, None]
    shown = may_be_shown(table.astype(np.int64), view.smallest_cell)
    wrong = np.where(np.eye(count, dtype=np.bool_) | ~shown, -1.0, shares)
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    learner = view.label or named(view.learner)
    conclusion = (
        f"{learner} errs most often by taking {classes[int(true)]} for {classes[int(taken)]}: "
        f"{percent(float(wrong[true, taken]))} of {cases[true]:.0f} cases."
        if wrong.max() > 0
        else f"{learner} took no case for another class."
    )
    if not shown.all():
        conclusion += f" Bars of fewer than {view.smallest_cell} cases, and bars that give them away, are withheld."
    return Figure(
        name="confusion",
        title=f"What each class was taken for: {learner}",
        conclusion=conclusion + pooling(view),
        alt=f"Bars: for each true class, the share of its cases that {learner} assigned to each class. {conclusion}",
        x_label="True class (cases)",
        y_label="Share of the class's cases",
        series=tuple(
            Series(
                label=f"taken for {word}",
                style="bars",
                x=numbers(np.flatnonzero(shown[:, j]).astype(np.float64)),
                y=numbers(shares[shown[:, j], j]),
                colour=j,
            )
            for j, word in enumerate(classes)
        ),
        y_range=(0.0, 1.0),
        x_categories=tuple(
            f"{word} (<{view.smallest_cell})" if 0 < n < view.smallest_cell else f"{word} ({n:.0f})"
            for word, n in zip(classes, cases, strict=True)
        ),
        aspect="wide",
        section="errors",
    )


def _calibration(views: Sequence[ClassView], count: int) -> Figure:
    """Calibration of the most probable class."""
    series, sure = [], []
    for view in views:
        truth, matrix = _values(view, count)
        correct, confidence = matrix.argmax(axis=1) == truth, matrix.max(axis=1)
        groups = reliability_groups(confidence, correct, view.patient)
        sure.append((view.learner, float(confidence.mean()), float(correct.mean())))
        series.append(
            Series(
                label=(view.label or named(view.learner)),
                style="intervals",
                x=numbers(groups.predicted),
                y=numbers(groups.observed),
                low=numbers(groups.low),
                high=numbers(groups.high),
                learner=view.learner,
            )
        )
    learner, claimed, kept = sure[0]
    gap = claimed - kept
    judged = (
        "as sure as it should be" if abs(gap) < _CLOSE else f"{'more' if gap > 0 else 'less'} sure than it should be"
    )
    conclusion = (
        f"{named(learner)} gives its choices a probability of {percent(claimed)} on average and is right in "
        f"{percent(kept)}: it is {judged}."
    )
    return Figure(
        name="calibration",
        title="Calibration of the chosen class",
        conclusion=f"{conclusion} Bars are 95% intervals.{pooling(views[0])}",
        alt=f"Share of right choices against the probability of the chosen class, in groups. {conclusion}",
        x_label="Probability of the chosen class",
        y_label="Share of choices that were right",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        section="calibration",
    )

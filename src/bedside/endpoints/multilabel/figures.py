"""Figures of several findings that may coexist: each label's curve, areas, errors and calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.drawing import along, named, numbers, percent, pooling, reliability_groups, within_splits
from bedside.endpoints.endpoint import View
from bedside.endpoints.multilabel.labels import UNREAD, Chances, Findings, Label, chances, truths
from bedside.evidence.figure import Figure, Series
from bedside.stats.roc import auroc_statistic, roc_curve
from bedside.types import Booleans, Floats, Integers

LabelView = View[Findings, Chances]

MOST_CURVES = 8
"""Of more labels, the best and the worst told apart are drawn as curves."""


def multilabel_figures(views: Sequence[LabelView], labels: tuple[Label, ...]) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial, drawn label by label."""
    if not views:
        return ()
    every = [_Drawn.of(view, labels) for view in views]
    found = (_roc(every[0]), _areas(every), _errors(every[0]), _calibration(every[0]))
    return tuple(figure for figure in found if figure is not None)


@dataclass(frozen=True)
class _Drawn:
    """One learner's rows as arrays of shape (n, L)."""

    view: LabelView
    labels: tuple[Label, ...]
    truth: Floats
    matrix: Floats
    said: Booleans

    @classmethod
    def of(cls, view: LabelView, labels: tuple[Label, ...]) -> "_Drawn":
        truth, matrix = truths(view.outcomes, len(labels)), chances(view.predictions, len(labels))
        cuts = np.array([[settings[f"threshold_{label.slug}"] for label in labels] for settings in view.settings])
        return cls(view, labels, truth, matrix, matrix >= cuts[view.fold])

    @property
    def name(self) -> str:
        """The learner in words."""
        return self.view.label or named(self.view.learner)

    def read(self, label: Label) -> Integers:
        """Cases that were read for a label."""
        return np.flatnonzero(self.truth[:, label.place] != UNREAD).astype(np.int64)

    def area(self, label: Label) -> float:
        """AUROC of a label, mean within splits; NaN where it is undefined."""
        truth, chance = self.truth[:, label.place], self.matrix[:, label.place]

        def of(rows: Integers) -> float:
            kept = rows[truth[rows] != UNREAD]
            if not kept.size:
                return float("nan")
            return float(auroc_statistic(chance[kept], truth[kept])(np.ones((1, kept.size)))[0])

        return within_splits(self.view, of)


def _shown(drawn: _Drawn) -> list[tuple[float, Label]]:
    """Labels with an area, the largest first; of many the ends."""
    areas = [(drawn.area(label), label) for label in drawn.labels]
    known = sorted((one for one in areas if np.isfinite(one[0])), key=lambda one: (-one[0], one[1].place))
    half = MOST_CURVES // 2
    return known if len(known) <= MOST_CURVES else [*known[:half], *known[-half:]]


def _roc(drawn: _Drawn) -> Figure | None:
    shown = _shown(drawn)
    series = []
    for area, label in shown:
        kept = drawn.read(label)
        x, y = along(roc_curve(drawn.matrix[kept, label.place], drawn.truth[kept, label.place]))
        words = f"{label.name} (AUROC {area:.3f})"
        series.append(Series(label=words, style="line", x=numbers(x), y=numbers(y), colour=label.place % MOST_CURVES))
    if not series:
        return None
    (best, easiest), (worst, hardest) = shown[0], shown[-1]
    conclusion = f"{drawn.name} sees {easiest.name} best (AUROC {best:.3f}) and {hardest.name} worst ({worst:.3f})."
    left_out = len(drawn.labels) - len(series)
    told = f" {left_out} labels are not drawn." if left_out else ""
    averaged = " AUROCs are means within splits." if pooling(drawn.view) else ""
    return Figure(
        name="roc",
        title=f"Each label by itself: {drawn.name}",
        conclusion=conclusion + told + pooling(drawn.view) + averaged,
        alt=f"Receiver operating characteristic curves of {drawn.name}, one a label. {conclusion}",
        x_label="1 \N{MINUS SIGN} specificity",
        y_label="Sensitivity",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _areas(every: Sequence[_Drawn]) -> Figure | None:
    """AUROC of each label, of every learner."""
    ours = every[0]
    table = np.array([[drawn.area(label) for label in ours.labels] for drawn in every])
    series = []
    for drawn, row in zip(every, table, strict=True):
        there = np.flatnonzero(np.isfinite(row))
        if there.size:
            series.append(
                Series(
                    label=drawn.name,
                    style="bars",
                    x=tuple(float(k) for k in there),
                    y=numbers(row[there]),
                    learner=drawn.view.learner,
                )
            )
    if not series or not np.isfinite(table[0]).any():
        return None
    known = np.isfinite(table[0])
    conclusion = f"{ours.name} is judged on {int(known.sum())} of {len(ours.labels)} labels."
    if len(every) > 1:
        with np.errstate(invalid="ignore"):
            ahead = int((table[0] >= np.where(np.isfinite(table[1:]), table[1:], -np.inf).max(axis=0))[known].sum())
        conclusion = f"{ours.name} has the largest AUROC in {ahead} of {int(known.sum())} labels."
    return Figure(
        name="labels",
        title="AUROC of each label",
        conclusion=conclusion + pooling(ours.view),
        alt=f"Bars: AUROC of each label, one colour a learner. {conclusion}",
        x_label="Label (cases that have it)",
        y_label="AUROC",
        series=tuple(series),
        y_range=(0.0, 1.0),
        x_categories=tuple(f"{label.name} ({int((ours.truth[:, label.place] == 1.0).sum())})" for label in ours.labels),
        horizontal=(("chance", 0.5),),
        aspect="wide",
    )


def _errors(drawn: _Drawn) -> Figure:
    """Findings missed, and findings said that are not there, by label."""
    missed, false = [], []
    for label in drawn.labels:
        kept = drawn.read(label)
        there, said = drawn.truth[kept, label.place] == 1.0, drawn.said[kept, label.place]
        missed.append(float((there & ~said).sum() / max(1, there.sum())))
        false.append(float((~there & said).sum() / max(1, (~there).sum())))
    worst = int(np.argmax(missed))
    unread = int((drawn.truth == UNREAD).sum())
    conclusion = (
        f"At its thresholds {drawn.name} misses {drawn.labels[worst].name} most often: {percent(missed[worst])} of "
        "the cases that have it."
        if missed[worst] > 0
        else f"At its thresholds {drawn.name} misses no finding."
    )
    told = f" {unread} labels that were not read are left out." if unread else ""
    places = tuple(float(k) for k in range(len(drawn.labels)))
    return Figure(
        name="errors",
        title=f"Findings missed and findings invented: {drawn.name}",
        conclusion=conclusion + told + pooling(drawn.view),
        alt=f"Bars: by label, the share of findings missed and of absent findings called present. {conclusion}",
        x_label="Label",
        y_label="Share of cases",
        series=(
            Series(label="missed, of cases that have it", style="bars", x=places, y=numbers(missed), colour=0),
            Series(label="called present, of cases without it", style="bars", x=places, y=numbers(false), colour=1),
        ),
        y_range=(0.0, 1.0),
        x_categories=tuple(label.name for label in drawn.labels),
        aspect="wide",
        section="errors",
    )


def _calibration(drawn: _Drawn) -> Figure | None:
    """Calibration of the labels that are furthest off on the whole, at most eight."""
    found: list[tuple[float, Label, Integers]] = []
    for label in drawn.labels:
        kept = drawn.read(label)
        if kept.size:
            gap = float(drawn.matrix[kept, label.place].mean() - drawn.truth[kept, label.place].mean())
            found.append((gap, label, kept))
    if not found:
        return None
    found = sorted(found, key=lambda one: (-abs(one[0]), one[1].place))[:MOST_CURVES]
    series = []
    for _, label, kept in found:
        groups = reliability_groups(
            drawn.matrix[kept, label.place], drawn.truth[kept, label.place] == 1.0, drawn.view.patient[kept]
        )
        series.append(
            Series(
                label=label.name,
                style="intervals",
                x=numbers(groups.predicted),
                y=numbers(groups.observed),
                low=numbers(groups.low),
                high=numbers(groups.high),
                colour=label.place % MOST_CURVES,
            )
        )
    gap, label, kept = found[0]
    claimed, held = float(drawn.matrix[kept, label.place].mean()), float(drawn.truth[kept, label.place].mean())
    conclusion = (
        f"{drawn.name} is furthest off on the whole for {label.name}: predicted {percent(claimed)} on average, "
        f"found in {percent(held)}."
    )
    left_out = len(drawn.labels) - len(series)
    told = f" {left_out} labels that are closer, or were never read, are not drawn." if left_out else ""
    return Figure(
        name="calibration",
        title=f"Calibration of each label: {drawn.name}",
        conclusion=f"{conclusion} Bars are 95% intervals.{told}{pooling(drawn.view)}",
        alt=f"Share of cases that have each finding against its predicted probability, in groups. {conclusion}",
        x_label="Predicted probability of the finding",
        y_label="Share that has it",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        section="calibration",
    )

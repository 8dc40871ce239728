"""Figures of predicted probabilities: discrimination, calibration and clinical utility, with their conclusions."""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.binary.judged import BinaryView, Drawing, Judged
from bedside.endpoints.binary.measures import probabilities, truths
from bedside.endpoints.binary.utility import avoided, utility
from bedside.endpoints.drawing import along, may_be_shown, numbers, percent, pooling, reliability_groups, stairs
from bedside.errors import StatisticsError
from bedside.evidence.figure import Figure, Series
from bedside.stats.calibration_curve import smooth_curve
from bedside.stats.roc import precision_recall_curve, roc_curve

_BINS = 20


def binary_figures(views: Sequence[BinaryView], drawing: Drawing) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial.

    Where the judged rows hold one class only, curves that need both are left out.
    """
    if not views:
        return ()
    judged = [Judged(view, truths(view.outcomes), probabilities(view.predictions)) for view in views]
    always = (_calibration(judged, drawing), _histogram(judged[0], drawing))
    if not all(0 < int(one.truth.sum()) < one.truth.size and np.isfinite(one.auroc) for one in judged):
        return always
    return (
        _roc(judged, drawing),
        _precision_recall(judged, drawing),
        *always,
        utility(judged, drawing),
        avoided(judged, drawing),
    )


def _against_others(judged: Sequence[Judged], values: Sequence[float]) -> str:
    """How the model's value stands beside the best of the others, in a clause."""
    if len(judged) == 1:
        return ""
    best = max(range(1, len(judged)), key=lambda k: values[k])
    return f"; the best of the others, {judged[best].name}, reaches {values[best]:.3f}"


def _averaged(view: BinaryView, what: str) -> str:
    pooled = pooling(view)
    return f"{pooled} {what} are means within splits." if pooled else ""


def _roc(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    areas = [one.auroc for one in judged]
    curves, points = [], []
    for one, area in zip(judged, areas, strict=True):
        x, y = along(roc_curve(one.probability, one.truth, one.view.weights))
        learner = one.view.learner
        label = f"{one.name} (AUROC {area:.3f})"
        curves.append(Series(label=label, style="line", x=numbers(x), y=numbers(y), learner=learner))
        sensitivity = one.mean(one.flagged, one.truth)
        alarms = one.mean(one.flagged, ~one.truth)
        label = f"{one.name}, operating point"
        points.append(Series(label=label, style="points", x=(alarms,), y=(sensitivity,), learner=learner))
    first = judged[0]
    conclusion = (
        f"{first.name} gives a {drawing.positive} case a higher probability than a {drawing.negative} one in "
        f"{percent(areas[0])} of pairs (AUROC {areas[0]:.3f}){_against_others(judged, areas)}. At its operating point "
        f"it finds {percent(points[0].y[0])} of {drawing.positive} cases and raises a false alarm in "
        f"{percent(points[0].x[0])} of {drawing.negative} ones."
    )
    return Figure(
        name="roc",
        title="Receiver operating characteristic",
        conclusion=conclusion + _averaged(first.view, "AUROCs"),
        alt=f"Sensitivity against false alarms, one curve a learner, points at the operating points. {conclusion}",
        x_label="1 \N{MINUS SIGN} specificity",
        y_label="Sensitivity",
        series=(*curves, *points),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def _precision_recall(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    areas = [one.average_precision for one in judged]
    series = []
    for one, area in zip(judged, areas, strict=True):
        x, y = stairs(precision_recall_curve(one.probability, one.truth, one.view.weights))
        label = f"{one.name} (AUPRC {area:.3f})"
        series.append(Series(label=label, style="line", x=numbers(x), y=numbers(y), learner=one.view.learner))
    first = judged[0]
    prevalence = first.mean(first.truth)
    if first.flagged.any():
        right = percent(first.mean(first.truth, first.flagged))
        decision = f"Of the cases it calls {drawing.positive} at its operating point, {right} are"
    else:
        decision = f"At its operating point it calls nobody {drawing.positive}"
    conclusion = (
        f"{decision}; calling everybody so would be right in {percent(prevalence)}. Its average precision is "
        f"{areas[0]:.3f}{_against_others(judged, areas)}."
    )
    return Figure(
        name="precision_recall",
        title="Precision and recall",
        conclusion=f"{first.name}: {conclusion[:1].lower()}{conclusion[1:]}{_averaged(first.view, 'AUPRCs')}",
        alt=f"Positive predictive value against sensitivity, one curve a learner, with the prevalence. {conclusion}",
        x_label="Recall (sensitivity)",
        y_label="Precision (positive predictive value)",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        horizontal=((f"prevalence {percent(prevalence)}", prevalence),),
    )


def _calibration(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    series = []
    for one in judged:
        groups = reliability_groups(one.probability, one.truth, one.view.patient, one.view.weights)
        series.append(
            Series(
                label=one.name,
                style="intervals",
                x=numbers(groups.predicted),
                y=numbers(groups.observed),
                low=numbers(groups.low),
                high=numbers(groups.high),
                learner=one.view.learner,
            )
        )
    smoothed = [curve for curve in map(_smooth, judged) if curve is not None]
    first = judged[0]
    told, seen = first.mean(first.probability), first.mean(first.truth)
    inside = sum(low <= x <= high for x, low, high in zip(series[0].x, series[0].low, series[0].high, strict=True))
    conclusion = (
        f"{first.name} expects {percent(told)} {drawing.positive} cases, and {percent(seen)} are; in {inside} of "
        f"{len(series[0].x)} groups of similar predictions the 95% interval of what was seen holds what was predicted."
    )
    return Figure(
        name="calibration",
        title="Calibration",
        conclusion=conclusion + pooling(first.view),
        alt=f"Observed share of {drawing.positive} cases against predicted probability: groups of equal size with 95% "
        f"intervals, smooth curves, and the line of perfect agreement. {conclusion}",
        x_label="Predicted probability",
        y_label=f"Observed share of {drawing.positive} cases",
        series=(*series, *smoothed),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        section="calibration",
    )


def _smooth(one: Judged) -> Series | None:
    """The smooth calibration curve; None where it has no finite fit (one class, equal or separating predictions)."""
    try:
        curve = smooth_curve(one.probability, one.truth, cluster=one.repeated_patients, weights=one.view.weights)
    except StatisticsError:
        return None
    label = f"{one.name}, smooth curve"
    return Series(
        label=label, style="line", x=numbers(curve.predicted), y=numbers(curve.observed), learner=one.view.learner
    )


def _histogram(one: Judged, drawing: Drawing) -> Figure:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    series = []
    for colour, (word, truth) in enumerate(((drawing.negative, False), (drawing.positive, True))):
        chosen = one.probability[one.truth == truth]
        if chosen.size:
            counts = np.histogram(chosen, bins=edges)[0]
            kept = may_be_shown(counts[None, :], one.view.smallest_cell)[0]
            middle = (edges[:-1] + edges[1:]) / 2.0
            label = word if chosen.size < one.view.smallest_cell else f"{word} ({chosen.size} cases)"
            stand = None if one.view.weights is None else one.view.weights[one.truth == truth]
            sums = counts if stand is None else np.histogram(chosen, bins=edges, weights=stand)[0]
            shares = sums[kept] / sums.sum()
            series.append(Series(label=label, style="bars", x=numbers(middle[kept]), y=numbers(shares), colour=colour))
    sure = one.mean((one.probability < 0.1) | (one.probability > 0.9))
    conclusion = (
        f"{one.name} is sure (below 10% or above 90%) in {percent(sure)} of cases and in doubt in the other "
        f"{percent(1.0 - sure)}."
    )
    if any(len(bars.x) < _BINS for bars in series):
        conclusion = (
            f"Bars of fewer than {one.view.smallest_cell} cases, and bars that would give them away, are withheld."
        )
    return Figure(
        name="predictions",
        title=f"Predicted probabilities: {one.name}",
        conclusion=conclusion + pooling(one.view),
        alt=f"Histogram of the probabilities of {one.name}, {drawing.positive} and {drawing.negative} cases apart. "
        + conclusion,
        x_label=f"Predicted probability of {drawing.positive}",
        y_label="Share of the cases of an outcome",
        series=tuple(series),
        x_range=(0.0, 1.0),
        aspect="wide",
        section="calibration",
    )

"""The decision curve: what acting on predictions is worth, over clinically reasonable thresholds.

Source: Vickers and Elkin 2006, Med Decis Making 26:565.
"""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.binary.judged import Drawing, Judged
from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.evidence.figure import Figure, Series
from bedside.types import Booleans, Floats

_POINTS = 100


def net_benefits(truth: Booleans, probability: Floats, thresholds: Floats) -> Floats:
    """Net benefit of treating at or above each threshold probability, per case; shape (t,)."""
    with_outcome, without = np.sort(probability[truth]), np.sort(probability[~truth])
    treated_rightly = with_outcome.size - np.searchsorted(with_outcome, thresholds, side="left")
    treated_needlessly = without.size - np.searchsorted(without, thresholds, side="left")
    benefits: Floats = (treated_rightly - treated_needlessly * thresholds / (1.0 - thresholds)) / truth.size
    return benefits


def decision_curve(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    """Net benefit of every learner, of treating all and of treating none, over the declared range."""
    low, high = drawing.net_benefit
    thresholds = np.linspace(low, high, _POINTS)
    curves = [net_benefits(one.truth, one.probability, thresholds) for one in judged]
    first = judged[0]
    prevalence = float(first.truth.mean())
    treat_all = prevalence - (1.0 - prevalence) * thresholds / (1.0 - thresholds)
    x = numbers(thresholds)
    lines = [
        Series(label=one.name, style="line", x=x, y=numbers(curve), learner=one.view.learner)
        for one, curve in zip(judged, curves, strict=True)
    ]
    lines.append(Series(label="treat all", style="line", x=x, y=numbers(treat_all)))
    lines.append(Series(label="treat none", style="line", x=x, y=(0.0,) * _POINTS))
    best = max(float(curve.max()) for curve in (*curves, treat_all))
    conclusion = _conclusion(judged, curves, treat_all, thresholds)
    return Figure(
        name="decision_curve",
        title="Decision curve",
        conclusion=conclusion + pooling(first.view),
        alt=f"Net benefit against threshold probability from {percent(low)} to {percent(high)}: one line a learner, "
        f"and lines for treating all and treating none. {conclusion}",
        x_label="Threshold probability",
        y_label="Net benefit per case",
        series=tuple(lines),
        x_range=(low, high),
        y_range=(-0.25 * max(best, 0.02), 1.05 * max(best, 0.02)),
        aspect="wide",
        section="utility",
    )


def _conclusion(judged: Sequence[Judged], curves: Sequence[Floats], treat_all: Floats, thresholds: Floats) -> str:
    low, high = percent(float(thresholds[0])), percent(float(thresholds[-1]))
    over_default = curves[0] - np.maximum(treat_all, 0.0)
    text = (
        f"For thresholds from {low} to {high}, acting on {judged[0].name} does more good than treating all or none "
        f"{_extent(over_default)}"
    )
    if over_default.max() > 0:
        peak = int(over_default.argmax())
        text += (
            f"; it gains most at {percent(float(thresholds[peak]))}, worth {100.0 * over_default[peak]:.1f} more true "
            "positives per 100 patients without more false ones"
        )
    if len(judged) > 1:
        best = max(range(1, len(judged)), key=lambda k: float(curves[k].mean()))
        extent = _extent(curves[0] - curves[best])
        text += f". Against {judged[best].name}, the best of the others, it does more good {extent}"
    return f"{text}."


def _extent(gain: Floats) -> str:
    share = float((gain > 1e-12).mean())
    if share == 1.0:
        return "throughout"
    return f"in {percent(share)} of that range" if share else "nowhere in that range"

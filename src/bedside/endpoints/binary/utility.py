"""The decision curve: what acting on predictions is worth, over clinically reasonable thresholds.

Source: Vickers and Elkin 2006, Med Decis Making 26:565.
"""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.binary.judged import Drawing, Judged
from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.evidence.figure import Figure, Series
from bedside.stats.net_benefit import decision_curve, net_benefit_statistic
from bedside.types import Floats

_POINTS = 100
_LIMITS = 25
"""The band needs fewer points than the lines, and each of them takes a pass over the patients."""


def utility(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    """Net benefit of every learner, of treating all and of treating none, over the declared range.

    The rows hold both classes.
    """
    low, high = drawing.net_benefit
    thresholds = np.linspace(low, high, _POINTS)
    first = judged[0]
    limits = decision_curve(
        first.probability,
        first.truth,
        np.linspace(low, high, _LIMITS),
        cluster=first.repeated_patients,
        prevalence=drawing.prevalence,
        weights=first.view.weights,
    )
    curves = [_net_benefits(one, thresholds, drawing.prevalence) for one in judged]
    treat_all = limits.prevalence - (1.0 - limits.prevalence) * thresholds / (1.0 - thresholds)
    x = numbers(thresholds)
    band = Series(
        label=f"{first.name}, 95% limits",
        style="band",
        x=numbers(limits.threshold),
        y=numbers(limits.model),
        low=numbers(limits.low),
        high=numbers(limits.high),
        learner=first.view.learner,
    )
    lines = [
        Series(label=one.name, style="line", x=x, y=numbers(curve), learner=one.view.learner)
        for one, curve in zip(judged, curves, strict=True)
    ]
    lines.append(Series(label="treat all", style="line", x=x, y=numbers(treat_all)))
    lines.append(Series(label="treat none", style="line", x=x, y=(0.0,) * _POINTS))
    best = max(0.02, *(float(line.max()) for line in (*curves, treat_all, limits.high)))
    conclusion = _conclusion(judged, curves, treat_all, thresholds)
    return Figure(
        name="decision_curve",
        title="Decision curve",
        conclusion=conclusion + pooling(first.view),
        alt=f"Net benefit against threshold probability from {percent(low)} to {percent(high)}: one line a learner, "
        f"and lines for treating all and treating none. {conclusion}",
        x_label="Threshold probability",
        y_label="Net benefit per case",
        series=(band, *lines),
        x_range=(low, high),
        y_range=(-0.25 * best, 1.05 * best),
        aspect="wide",
        section="utility",
    )


def avoided(judged: Sequence[Judged], drawing: Drawing) -> Figure:
    """Interventions avoided against treating all, and standardised net benefit, of the first learner.

    Standardised net benefit is net benefit as a share of the prevalence: 1 is a perfect model. The rows hold both
    classes.
    """
    low, high = drawing.net_benefit
    first = judged[0]
    curve = decision_curve(
        first.probability,
        first.truth,
        np.linspace(low, high, _LIMITS),
        cluster=first.repeated_patients,
        prevalence=drawing.prevalence,
        weights=first.view.weights,
    )
    x = numbers(curve.threshold)
    middle = _LIMITS // 2
    conclusion = (
        f"At a threshold of {percent(float(curve.threshold[middle]))} {first.name} avoids "
        f"{100 * float(curve.avoided[middle]):.0f} interventions in 100 cases against treating all, and reaches "
        f"{percent(float(curve.standardised[middle]))} of the greatest net benefit."
    )
    return Figure(
        name="interventions_avoided",
        title="Interventions avoided and standardised net benefit",
        conclusion=conclusion + pooling(first.view),
        alt=f"Two lines against threshold probability from {percent(low)} to {percent(high)}. {conclusion}",
        x_label="Threshold probability",
        y_label="Share",
        series=(
            Series(label="interventions avoided per case", style="line", x=x, y=numbers(curve.avoided)),
            Series(
                label="standardised net benefit",
                style="line",
                x=x,
                y=numbers(curve.standardised),
                learner=first.view.learner,
            ),
        ),
        x_range=(low, high),
        horizontal=(("0", 0.0),),
        aspect="wide",
        section="utility",
    )


def _net_benefits(one: Judged, thresholds: Floats, prevalence: float | None) -> Floats:
    everyone = one.stand(np.arange(one.truth.size))
    values = [net_benefit_statistic(one.probability, one.truth, float(t), prevalence)(everyone)[0] for t in thresholds]
    return np.array(values, dtype=np.float64)


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

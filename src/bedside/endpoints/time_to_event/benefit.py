"""The decision curve at the primary horizon: what acting on predicted risks is worth where some cases are censored.

Source: Vickers et al. 2008, BMC Med Inform Decis Mak 8:53.
"""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.drawing import numbers, percent, pooling
from bedside.endpoints.time_to_event.judged import Judged, at_time
from bedside.errors import StatisticsError
from bedside.evidence.figure import Figure, Series
from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.stats.censored_benefit import benefit_statistic
from bedside.stats.net_benefit import harm
from bedside.stats.roc import Statistic
from bedside.types import Floats

POINTS = 50
LIMITS = 11
REPLICATES = 200
LEAST = 0.01
"""The lowest threshold drawn."""


def decision_curve(judged: Sequence[Judged]) -> Figure | None:
    """Net benefit of every learner, of treating all and none; None where nobody is watched until the horizon.

    Thresholds reach as far as the first learner's predicted risks do.
    """
    first, target = judged[0], judged[0].target
    seen = first.observed(np.arange(len(first.times)), np.array([target.primary])).value[0]
    last = min(0.99, float(np.ceil(np.quantile(first.risk(target.primary), 0.99) * 20) / 20))
    if not np.isfinite(seen) or last <= LEAST:
        return None
    thresholds = np.linspace(LEAST, last, POINTS)
    odds = np.array([harm(float(t)) for t in thresholds])
    everyone = float(seen) - (1.0 - float(seen)) * odds
    curves = [_curve(one, thresholds) for one in judged]
    known = np.isfinite(curves[0])
    if known.sum() < 2:
        return None
    best = max(0.02, *(float(np.nanmax(values)) for values in curves if np.isfinite(values).any()), everyone.max())
    when, cause = at_time(target.primary, target.unit), target.causes[0]
    conclusion = _conclusion(judged, [values[known] for values in curves], everyone[known], thresholds[known])
    lines = [_line(one, thresholds, values) for one, values in zip(judged, curves, strict=True)]
    lines.append(Series(label="treat all", style="line", x=numbers(thresholds), y=numbers(everyone)))
    lines.append(Series(label="treat none", style="line", x=numbers(thresholds), y=(0.0,) * POINTS))
    return Figure(
        name="decision_curve",
        title=f"Decision curve at {when}",
        conclusion=conclusion + pooling(first.view),
        alt=f"Net benefit against threshold from {percent(LEAST)} to {percent(last)} of the risk of {cause} by {when}: "
        f"one line a learner, and lines for treating all and treating none. {conclusion}",
        x_label=f"Threshold of the predicted risk at {when}",
        y_label="Net benefit per case",
        series=(*_band(first, thresholds), *lines),
        x_range=(LEAST, last),
        y_range=(-0.25 * best, 1.05 * best),
        aspect="wide",
        section="utility",
    )


def _curve(one: Judged, thresholds: Floats) -> Floats:
    everybody = np.ones((1, len(one.times)))
    return np.array([_statistic(one, float(t))(everybody)[0] for t in thresholds])


def _statistic(one: Judged, threshold: float) -> Statistic:
    return benefit_statistic(one.times, one.risk(one.target.primary), one.target.primary, threshold)


def _line(one: Judged, thresholds: Floats, values: Floats) -> Series:
    known = np.isfinite(values)
    x, y = numbers(thresholds[known]), numbers(values[known])
    return Series(label=one.name, style="line", x=x, y=y, learner=one.view.learner)


def _band(one: Judged, thresholds: Floats) -> list[Series]:
    """95% limits of one learner's net benefit by a bootstrap of patients, at a few thresholds."""
    limits = []
    for threshold in np.linspace(thresholds[0], thresholds[-1], LIMITS).tolist():
        statistic = _statistic(one, threshold)
        parts = [statistic(part) for part in multiplicities(one.view.patient, REPLICATES, 0)]
        try:
            limits.append((threshold, *percentile_interval(np.concatenate(parts))[:2]))
        except StatisticsError:
            continue
    if len(limits) < 2:
        return []
    x, low, high = np.array(limits).T
    return [
        Series(
            label=f"{one.name}, 95% limits",
            style="band",
            x=numbers(x),
            y=numbers((low + high) / 2),
            low=numbers(low),
            high=numbers(high),
            learner=one.view.learner,
        )
    ]


def _conclusion(judged: Sequence[Judged], curves: Sequence[Floats], everyone: Floats, thresholds: Floats) -> str:
    low, high = percent(float(thresholds[0])), percent(float(thresholds[-1]))
    over = curves[0] - np.maximum(everyone, 0.0)
    text = (
        f"For thresholds from {low} to {high}, acting on {judged[0].name} does more good than treating all or none "
        f"{_extent(over)}"
    )
    if over.max() > 0:
        peak = int(over.argmax())
        text += (
            f"; it gains most at {percent(float(thresholds[peak]))}, worth {100.0 * over[peak]:.1f} more true "
            "positives per 100 patients without more false ones"
        )
    others = [k for k in range(1, len(judged)) if np.isfinite(curves[k]).all()]
    if others:
        best = max(others, key=lambda k: float(curves[k].mean()))
        text += f". Against {judged[best].name}, the best of the others, it does more good "
        text += _extent(curves[0] - curves[best])
    return f"{text}."


def _extent(gain: Floats) -> str:
    share = float((gain > 1e-12).mean())
    if share == 1.0:
        return "throughout"
    return f"in {percent(share)} of that range" if share else "nowhere in that range"

"""Figures of predicted numbers: predicted against observed, errors, and calibration by tenths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.continuous.measures import numbers as checked
from bedside.endpoints.drawing import named, numbers, pooling, quantile_groups, spread
from bedside.endpoints.endpoint import View
from bedside.evidence.figure import Figure, Series
from bedside.stats.interval import normal_quantile
from bedside.stats.mean import mean_error
from bedside.types import Floats

NumberView = View[float, float]


def continuous_figures(views: Sequence[NumberView], name: str, unit: str) -> tuple[Figure, ...]:
    """All figures; the first view is the model on trial, whose cases are drawn one by one."""
    if not views:
        return ()
    measured = f"{name} ({unit})" if unit else name
    figures = (_scatter(views[0], measured, unit), _residuals(views[0], measured, unit))
    grouped = [drawn for drawn in map(_tenths, views) if drawn is not None]
    return (*figures, _calibration(views[0], grouped, measured)) if len(grouped) == len(views) else figures


def _values(view: NumberView) -> tuple[Floats, Floats]:
    return checked(view.outcomes, "outcome"), checked(view.predictions, "prediction")


def _sampled(drawn: int, cases: int) -> str:
    return f" {drawn} of {cases} cases are drawn, evenly spaced by their predictions." if drawn < cases else ""


def _with_unit(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}".rstrip()


def _scatter(view: NumberView, measured: str, unit: str) -> Figure:
    observed, predicted = _values(view)
    shown = spread(np.argsort(predicted, kind="stable"))
    errors = np.abs(predicted - observed)
    learner = view.label or named(view.learner)
    low, high = float(min(observed.min(), predicted.min())), float(max(observed.max(), predicted.max()))
    pad = 0.03 * (high - low) or 1.0
    conclusion = (
        f"Half of the predictions of {learner} lie within {_with_unit(float(np.median(errors)), unit)} of what was "
        f"observed, nine tenths within {_with_unit(float(np.quantile(errors, 0.9)), unit)}."
    )
    return Figure(
        name="predicted_observed",
        title=f"Predicted and observed: {learner}",
        conclusion=conclusion + pooling(view) + _sampled(shown.size, observed.size),
        alt=f"Scatter of observed against predicted {measured} for {learner}, with the line of perfect agreement. "
        + conclusion,
        x_label=f"Predicted {measured}",
        y_label=f"Observed {measured}",
        series=(
            Series(
                label=learner,
                style="points",
                x=numbers(predicted[shown]),
                y=numbers(observed[shown]),
                learner=view.learner,
            ),
        ),
        x_range=(low - pad, high + pad),
        y_range=(low - pad, high + pad),
        diagonal=True,
        section="errors",
    )


def _residuals(view: NumberView, measured: str, unit: str) -> Figure:
    """Differences against means (Bland and Altman, Lancet 1986), with 95% limits of agreement."""
    observed, predicted = _values(view)
    difference, middle = predicted - observed, (predicted + observed) / 2.0
    bias = float(difference.mean())
    learner = view.label or named(view.learner)
    lines = [("mean difference", bias)]
    conclusion = f"{learner} is {_with_unit(abs(bias), unit)} too {'high' if bias > 0 else 'low'} on average"
    if observed.size > 1:
        reach = normal_quantile(0.95) * float(difference.std(ddof=1))
        lines += [("upper limit of agreement", bias + reach), ("lower limit of agreement", bias - reach)]
        conclusion += (
            f"; about 95% of its errors are expected between {_with_unit(bias - reach, unit)} and "
            f"{_with_unit(bias + reach, unit)}"
        )
    conclusion += "."
    shown = spread(np.argsort(middle, kind="stable"))
    sampled = (
        f" {shown.size} of {observed.size} cases are drawn, evenly spaced along x."
        if shown.size < observed.size
        else ""
    )
    return Figure(
        name="residuals",
        title=f"Errors (Bland-Altman): {learner}",
        conclusion=conclusion + pooling(view) + sampled,
        alt=f"Predicted minus observed against the mean of both, {measured}, with the mean difference and limits of "
        f"agreement. {conclusion}",
        x_label=f"Mean of predicted and observed {measured}",
        y_label="Predicted minus observed",
        series=(
            Series(
                label=learner,
                style="points",
                x=numbers(middle[shown]),
                y=numbers(difference[shown]),
                learner=view.learner,
            ),
        ),
        horizontal=tuple((text, float(f"{value:.6g}")) for text, value in lines),
        aspect="wide",
        section="errors",
    )


@dataclass(frozen=True)
class _Grouped:
    """Groups of one learner, and where the observed mean is furthest from the predicted one."""

    series: Series
    at: float
    gap: float


def _calibration(view: NumberView, grouped: Sequence[_Grouped], measured: str) -> Figure:
    worst = grouped[0]
    learner = view.label or named(view.learner)
    direction = "above" if worst.gap > 0 else "below"
    conclusion = (
        f"By groups of similar predictions, {learner} is furthest off where it predicts about {worst.at:.3g}: the "
        f"observed mean lies {abs(worst.gap):.3g} {direction}."
    )
    return Figure(
        name="calibration",
        title="Calibration",
        conclusion=f"{conclusion} Bars are 95% intervals of the mean, clustered by patient.{pooling(view)}",
        alt=f"Mean observed against mean predicted {measured} in up to ten groups of equal size. {conclusion}",
        x_label=f"Mean predicted {measured}",
        y_label=f"Mean observed {measured}",
        series=tuple(one.series for one in grouped),
        diagonal=True,
        section="calibration",
    )


def _tenths(view: NumberView) -> _Grouped | None:
    """None where no group has two patients, without whom there is no interval."""
    observed, predicted = _values(view)
    groups = [group for group in quantile_groups(predicted) if np.unique(view.patient[group]).size > 1]
    if not groups:
        return None
    x = np.array([predicted[group].mean() for group in groups])
    y = np.array([observed[group].mean() for group in groups])
    half = normal_quantile(0.95) * np.array([mean_error(observed[group], view.patient[group])[1] for group in groups])
    worst = int(np.argmax(np.abs(y - x)))
    series = Series(
        label=(view.label or named(view.learner)),
        style="intervals",
        x=numbers(x),
        y=numbers(y),
        low=numbers(y - half),
        high=numbers(y + half),
        learner=view.learner,
    )
    return _Grouped(series, float(x[worst]), float(y[worst] - x[worst]))

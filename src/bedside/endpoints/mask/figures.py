"""Figures of outlines: Dice by structure and learner, sizes (Bland-Altman), and expected against real Dice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.drawing import named, numbers, pooling, spread
from bedside.endpoints.endpoint import View
from bedside.endpoints.mask.facts import Examiner, Table
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import Structure
from bedside.evidence.figure import Figure, Series
from bedside.stats.interval import normal_quantile
from bedside.types import Floats, Integers

MaskView = View[Delineated, Segmentation]

MOST_SIZES = 3
"""Of more structures, those whose sizes are furthest off are drawn."""

_ROOM = 0.6
"""Width of a structure's place that its learners share."""


def mask_figures(
    views: Sequence[MaskView], structures: tuple[Structure, ...], examiner: Examiner, threshold: str
) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial, whose cases are drawn one by one.

    What fewer patients than `smallest_cell` have is left out.

    Args:
        views: One a learner.
        structures: In the order of labels.
        examiner: Finds the facts.
        threshold: Name of the setting below which an expected Dice is flagged.
    """
    if not views:
        return ()
    every = [_Drawn(view, examiner.table(view.outcomes, view.predictions), structures) for view in views]
    found = [_dice(every), *_sizes(every[0], examiner.extent_unit(views[0].outcomes)), _expected(every[0], threshold)]
    return tuple(figure for figure in found if figure is not None)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One learner's cases."""

    view: MaskView
    table: Table
    structures: tuple[Structure, ...]

    @property
    def name(self) -> str:
        """The learner in words."""
        return self.view.label or named(self.view.learner)

    def known(self, values: Floats) -> Integers:
        """Cases that have a value; none where they are of too few patients."""
        cases = np.flatnonzero(np.isfinite(values)).astype(np.int64)
        few = np.unique(self.view.patient[cases]).size < self.view.smallest_cell
        return cases[:0] if few else cases


def _dice(every: Sequence[_Drawn]) -> Figure | None:
    """Median and quartiles of every learner, and the model's cases."""
    ours = every[0]
    apart = _ROOM / len(every)
    series: list[Series] = []
    for number, drawn in enumerate(every):
        shift = (number - (len(every) - 1) / 2.0) * apart
        places = [one.place for one in ours.structures if drawn.known(drawn.table.dice[:, one.place]).size]
        if not places:
            continue
        quartiles = np.nanquantile(drawn.table.dice[:, places], [0.25, 0.5, 0.75], axis=0)
        series.append(
            Series(
                label=drawn.name,
                style="intervals",
                x=tuple(place + shift for place in places),
                y=numbers(quartiles[1]),
                low=numbers(quartiles[0]),
                high=numbers(quartiles[2]),
                learner=drawn.view.learner,
            )
        )
        if number == 0:
            series.append(_cases(drawn, shift, apart))
    if not series or series[0].learner != ours.view.learner:
        return None
    worst = int(np.argmin(series[0].y))
    place = round(series[0].x[worst] + (len(every) - 1) / 2.0 * apart)
    conclusion = (
        f"{ours.name} outlines {ours.structures[place].name} with a median Dice of {series[0].y[worst]:.3f} (quartiles "
        f"{series[0].low[worst]:.3f} and {series[0].high[worst]:.3f})"
        + (", its worst structure." if len(series[0].y) > 1 else ".")
    )
    words = [f"{one.name} ({_count(ours, one)})" for one in ours.structures]
    unsaid = int(np.isnan(ours.table.dice).sum())
    told = f" {unsaid} outlines of structures that are neither drawn nor predicted are left out." if unsaid else ""
    if ours.view.smallest_cell:
        told += f" Structures of fewer than {ours.view.smallest_cell} patients are withheld."
    return Figure(
        name="dice",
        title="Dice by structure",
        conclusion=f"{conclusion} Bars are quartiles.{told}{pooling(ours.view)}",
        alt=f"Median Dice and quartiles of each structure, one colour a learner, with the cases of {ours.name} as "
        f"points. {conclusion}",
        x_label="Structure (cases)",
        y_label="Dice",
        series=tuple(series),
        y_range=(0.0, 1.0),
        x_categories=tuple(words),
        aspect="wide",
        section="discrimination",
    )


def _count(drawn: _Drawn, structure: Structure) -> str:
    values = drawn.table.dice[:, structure.place]
    there = int(np.isfinite(values).sum())
    return str(there) if drawn.known(values).size or not there else f"<{drawn.view.smallest_cell}"


def _cases(drawn: _Drawn, shift: float, apart: float) -> Series:
    """The model's cases, beside its median: at most 200 of all structures, evenly spaced by their Dice."""
    x, y = [], []
    for structure in drawn.structures:
        values = drawn.table.dice[:, structure.place]
        known = drawn.known(values)
        shown = known[spread(np.argsort(values[known], kind="stable"), 200 // len(drawn.structures))]
        # Neighbours in Dice stand apart, so that equal ones are seen.
        aside = 0.15 * apart * (1.0 + np.arange(shown.size) % 3)
        x.append(structure.place + shift + aside)
        y.append(values[shown])
    return Series(
        label=f"{drawn.name}, cases",
        style="points",
        x=numbers(np.concatenate(x)),
        y=numbers(np.concatenate(y)),
        learner=drawn.view.learner,
    )


def _sizes(drawn: _Drawn, unit: str) -> list[Figure]:
    """One figure a structure; of many those whose sizes are furthest off, in units of their own spread."""
    error = np.abs(drawn.table.said - drawn.table.drawn).mean(axis=0)
    scale = np.maximum(drawn.table.drawn.mean(axis=0), np.finfo(np.float64).tiny)
    order = np.argsort(-error / scale, kind="stable")[:MOST_SIZES]
    found = [_bland_altman(drawn, drawn.structures[place], unit) for place in sorted(order.tolist())]
    return [figure for figure in found if figure is not None]


def _bland_altman(drawn: _Drawn, structure: Structure, unit: str) -> Figure | None:
    """Differences against means (Bland and Altman, Lancet 1986), with 95% limits of agreement."""
    real, said = drawn.table.drawn[:, structure.place], drawn.table.said[:, structure.place]
    if not drawn.known(drawn.table.dice[:, structure.place]).size:
        return None
    difference, middle = said - real, (said + real) / 2.0
    bias = float(difference.mean())
    lines = [("mean difference", bias)]
    direction = "large" if bias > 0 else "small"
    conclusion = f"{drawn.name} outlines {structure.name} {abs(bias):.3g} {unit} too {direction} on average"
    if difference.size > 1:
        reach = normal_quantile(0.95) * float(difference.std(ddof=1))
        lines += [("upper limit of agreement", bias + reach), ("lower limit of agreement", bias - reach)]
        conclusion += f"; about 95% of its errors are expected between {bias - reach:.3g} and {bias + reach:.3g} {unit}"
    shown = spread(np.argsort(middle, kind="stable"))
    sampled = (
        f" {shown.size} of {middle.size} cases are drawn, evenly spaced along x." if shown.size < middle.size else ""
    )
    word = "volume" if unit == "ml" else "size"
    return Figure(
        name=f"volumes{structure.suffix}",
        title=f"{word.capitalize()} of {structure.name} (Bland-Altman): {drawn.name}",
        conclusion=f"{conclusion}.{pooling(drawn.view)}{sampled}",
        alt=f"Predicted minus drawn {word} of {structure.name} against the mean of both, with the mean difference and "
        f"limits of agreement. {conclusion}.",
        x_label=f"Mean of predicted and drawn {word} ({unit})",
        y_label=f"Predicted minus drawn ({unit})",
        series=(
            Series(
                label=drawn.name,
                style="points",
                x=numbers(middle[shown]),
                y=numbers(difference[shown]),
                learner=drawn.view.learner,
            ),
        ),
        horizontal=tuple((text, float(f"{value:.6g}")) for text, value in lines),
        aspect="wide",
        section="errors",
    )


def _expected(drawn: _Drawn, threshold: str) -> Figure | None:
    """What each prediction expects of itself, and what came of it."""
    expected, real = drawn.table.predicted_quality, drawn.table.quality
    known = drawn.known(real)
    if not known.size:
        return None
    shown = known[spread(np.argsort(expected[known], kind="stable"))]
    off = float((expected - real)[known].mean())
    conclusion = (
        f"{drawn.name} expects a Dice that is {abs(off):.3f} too {'high' if off > 0 else 'low'} on average, and off by "
        f"{float(np.abs(expected - real)[known].mean()):.3f} a case."
    )
    series = [
        Series(
            label=drawn.name,
            style="points",
            x=numbers(expected[shown]),
            y=numbers(real[shown]),
            learner=drawn.view.learner,
        )
    ]
    limits = {limit for each in drawn.view.settings if (limit := _limit(each, threshold)) is not None}
    if len(limits) == 1:
        at = float(f"{limits.pop():.6g}")
        series.append(Series(label="flagged for review to the left", style="line", x=(at, at), y=(0.0, 1.0)))
    sampled = f" {shown.size} of {known.size} cases are drawn." if shown.size < known.size else ""
    return Figure(
        name="expected_dice",
        title=f"Expected and real Dice: {drawn.name}",
        conclusion=conclusion + pooling(drawn.view) + sampled,
        alt=f"Scatter of the real mean Dice of each case against the one that the prediction expects. {conclusion}",
        x_label="Dice expected from the predicted probabilities",
        y_label="Real Dice",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
        section="calibration",
    )


def _limit(settings: Mapping[str, float], threshold: str) -> float | None:
    return min(settings[threshold], 1.0) if threshold in settings else None

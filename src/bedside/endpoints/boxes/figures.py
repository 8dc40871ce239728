"""Figures of found boxes: precision over recall, free-response sensitivity, and how counts agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kinds import Kind
from bedside.endpoints.boxes.matching import rows
from bedside.endpoints.boxes.measures import counts
from bedside.endpoints.boxes.ranked import LEVELS, RATES, kinds_of, points
from bedside.endpoints.drawing import named, numbers, percent, pooling, spread
from bedside.endpoints.endpoint import View
from bedside.evidence.figure import Figure, Series
from bedside.types import Floats, Integers

BoxView = View[Boxes, Found]

_DRAWN_RATES = np.linspace(0.0, RATES[-1], 81)
"""False positives per image at which sensitivity is drawn."""

_WITHIN = 1.96


def box_figures(views: Sequence[BoxView], kinds: Sequence[Kind], overlap: float) -> tuple[Figure, ...]:
    """All figures that the rows allow; the first view is the model on trial.

    None where there are fewer patients than `smallest_cell`, and no curve of a kind that fewer of them have.
    """
    if not views or np.unique(views[0].patient).size < views[0].smallest_cell:
        return ()
    every = [_Drawn(view, kinds, rows(view.outcomes, view.predictions, (overlap,)).rows) for view in views]
    found = (_precision_recall(every[0], overlap), _free_response(every, overlap), *_agreement(every[0], overlap))
    return tuple(figure for figure in found if figure is not None)


@dataclass(frozen=True)
class _Drawn:
    """One learner's rows."""

    view: BoxView
    kinds: Sequence[Kind]
    rows: Floats

    @property
    def name(self) -> str:
        """The learner in words."""
        return self.view.label or named(self.view.learner)

    @property
    def there(self) -> list[Kind]:
        """Kinds of which a box is there, in images of enough patients to be shown."""
        known = set(kinds_of(self.rows))
        return [kind for kind in self.kinds if float(kind.place) in known and self._patients(kind) >= self._fewest]

    @property
    def _fewest(self) -> int:
        return max(1, self.view.smallest_cell)

    def _patients(self, kind: Kind) -> int:
        """In whose images a box of the kind is."""
        has = np.array([bool((one.kinds == kind.place).any()) for one in self.view.outcomes], dtype=np.bool_)
        return int(np.unique(self.view.patient[has]).size)


def _precision_recall(drawn: _Drawn, overlap: float) -> Figure | None:
    series: list[Series] = []
    areas: list[tuple[float, Kind]] = []
    for kind in drawn.there:
        curve = points(drawn.rows, kind.place)
        best = np.maximum.accumulate(curve.precision[::-1])[::-1]
        place = np.searchsorted(curve.recall, LEVELS - 1e-12)
        precision = np.append(best, 0.0)[np.minimum(place, best.size)]
        area = float(precision.mean())
        areas.append((area, kind))
        series.append(
            Series(
                label=f"{kind.name} (AP {area:.3f})",
                style="line",
                x=numbers(LEVELS),
                y=numbers(precision),
                colour=kind.place,
            )
        )
    if not series:
        return None
    areas.sort(key=lambda one: -one[0])
    highest, lowest = areas[0], areas[-1]
    conclusion = f"{drawn.name} reaches an average precision of {highest[0]:.3f} for {highest[1].name}"
    conclusion += f" and of {lowest[0]:.3f} for {lowest[1].name}." if len(areas) > 1 else "."
    return Figure(
        name="precision_recall",
        title=f"Precision over recall, each kind by itself: {drawn.name}",
        conclusion=f"{conclusion} A box counts from an overlap of {overlap:g} on.{pooling(drawn.view)}",
        alt=f"Curves of the highest precision at each recall or more, one a kind. {conclusion}",
        x_label="Recall (sensitivity)",
        y_label="Precision (positive predictive value)",
        series=tuple(series),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
    )


def _free_response(every: Sequence[_Drawn], overlap: float) -> Figure | None:
    series, at_one = [], []
    for drawn in every:
        curves = [points(drawn.rows, kind.place) for kind in drawn.there]
        if not curves:
            return None
        sensitivity = np.mean(
            [np.interp(_DRAWN_RATES, np.append(0.0, one.wrong), np.append(0.0, one.recall)) for one in curves], axis=0
        )
        at_one.append(float(np.interp(1.0, _DRAWN_RATES, sensitivity)))
        series.append(
            Series(
                label=drawn.name,
                style="line",
                x=numbers(_DRAWN_RATES),
                y=numbers(sensitivity),
                learner=drawn.view.learner,
            )
        )
    ours = every[0]
    conclusion = f"At one false positive per image of each kind {ours.name} finds {percent(at_one[0])}"
    conclusion += f", the best other {percent(max(at_one[1:]))}." if len(at_one) > 1 else "."
    several = " Sensitivity is the mean over kinds." if len(ours.there) > 1 else ""
    return Figure(
        name="free_response",
        title="Free-response curves",
        conclusion=f"{conclusion}{several} A box counts from an overlap of {overlap:g} on.{pooling(ours.view)}",
        alt=f"Sensitivity against false positives per image, one curve a learner. {conclusion}",
        x_label="False positives per image",
        y_label="Sensitivity",
        series=tuple(series),
        x_range=(0.0, RATES[-1]),
        y_range=(0.0, 1.0),
    )


def _agreement(drawn: _Drawn, overlap: float) -> list[Figure]:
    """One figure a kind that is there."""
    there, told = _counted(drawn, overlap)
    return [_bland_altman(drawn, kind, there[:, kind.place], told[:, kind.place]) for kind in drawn.there]


def _bland_altman(drawn: _Drawn, kind: Kind, there: Floats, told: Floats) -> Figure:
    """Differences of counts over their means (Bland and Altman 1986, Lancet 1:307)."""
    middle, gap = (there + told) / 2.0, told - there
    bias = float(gap.mean())
    lines = [("mean difference", bias)]
    direction = "too many" if bias > 0 else "too few"
    conclusion = f"{drawn.name} counts {abs(bias):.2g} {direction} of {kind.name} per image on average"
    if gap.size > 1:
        reach = _WITHIN * float(gap.std(ddof=1))
        lines += [("upper limit of agreement", bias + reach), ("lower limit of agreement", bias - reach)]
        conclusion += f"; about 95% of its errors are expected between {bias - reach:+.1f} and {bias + reach:+.1f}"
    shown: Integers = spread(np.argsort(middle, kind="stable").astype(np.int64))
    return Figure(
        name=kind.named("counts"),
        title=f"Number of {kind.name} per image (Bland-Altman): {drawn.name}",
        conclusion=f"{conclusion}.{pooling(drawn.view)}",
        alt=f"Number counted minus number there against the mean of both, one point an image. {conclusion}.",
        x_label="Mean of the number counted and the number there",
        y_label="Number counted minus number there",
        series=(
            Series(
                label=drawn.name,
                style="points",
                x=numbers(middle[shown]),
                y=numbers(gap[shown]),
                learner=drawn.view.learner,
            ),
        ),
        horizontal=tuple((text, float(f"{value:.6g}")) for text, value in lines),
        aspect="wide",
        section="errors",
    )


def _counted(drawn: _Drawn, overlap: float) -> tuple[Floats, Floats]:
    """Counts by the thresholds of each row's own split."""
    view = drawn.view
    there, told = np.zeros((len(view.outcomes), len(drawn.kinds))), np.zeros((len(view.outcomes), len(drawn.kinds)))
    for split in np.unique(view.fold).tolist():
        inside = np.flatnonzero(view.fold == split).tolist()
        cut = {kind.slug: view.settings[split][kind.named("count_threshold")] for kind in drawn.kinds}
        outcomes, predictions = [view.outcomes[k] for k in inside], [view.predictions[k] for k in inside]
        there[inside], told[inside] = counts(outcomes, predictions, drawn.kinds, cut, overlap)
    return there, told

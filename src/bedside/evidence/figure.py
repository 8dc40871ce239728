"""A figure as data: the report draws it without knowing what it shows."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from bedside.evidence.count import Count


class Frozen(BaseModel):
    """A frozen model that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Series(Frozen):
    """One curve, set of points, bars or intervals.

    Attributes:
        label: What it is, for the legend; learner labels first.
        style: "line", "step" (post), "points", "bars", "band" (low/high only) or "intervals" (points with limits).
        learner: Name of the learner whose colour it takes; None for reference curves.
        colour: Number of the colour (0, 1, 2 ...) of a series that is no learner's but stands for a class of the
            outcome; None for learners' series and for neutral reference curves.
        low, high: Limits, same length as y; empty when there are none.
        fine: A fine line, to stand beside another of its learner or colour (what was predicted beside what was seen);
            the legend names such lines once, by what follows the last comma of their labels, and such bands never.
    """

    label: str
    style: Literal["line", "step", "points", "bars", "band", "intervals"]
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    learner: str | None = None
    colour: int | None = None
    fine: bool = False


class CountRow(Frozen):
    """Counts of one group below a figure, one for each place that is counted.

    Attributes:
        label: Of the group, short.
        counts: Numbers, or what stands for those that may not be shown (`<11`).
        learner, colour: Of the series that they belong to.
    """

    label: str
    counts: tuple[Count, ...]
    learner: str | None = None
    colour: int | None = None


class CountsBelow(Frozen):
    """Rows of counts below the x axis: how many are still watched at each time.

    Attributes:
        title: What is counted ("At risk").
        at: Where along x, rising; the axis is marked there.
        rows: One a group, from above.
    """

    title: str
    at: tuple[float, ...]
    rows: tuple[CountRow, ...]

    @model_validator(mode="after")
    def _one_count_for_each_place(self) -> Self:
        for row in self.rows:
            if len(row.counts) != len(self.at):
                msg = f"a row of counts has {len(row.counts)} for {len(self.at)} places; give one for each"
                raise ValueError(msg)
        return self


class Figure(Frozen):
    """A titled plot.

    Attributes:
        name: snake_case, for anchors and file names ("roc").
        title: What it shows ("Receiver operating characteristic").
        conclusion: What the reader should take from it, one or two sentences, from these data.
        alt: Text alternative for those who cannot see it.
        x_logarithmic: Equal ratios of x are equally far apart; every x is then above 0.
        x_ticks: Places along x that are marked; none lets the axis choose.
        x_categories: Tick labels at x = 0, 1, 2 ... when the axis is categorical.
        diagonal: Draw the identity line (no discrimination, perfect calibration).
        horizontal: Heights at which to draw a labelled reference line.
        vertical: Places along x at which to draw a labelled reference line.
        below: Counts under the x axis; None where there are none.
        aspect: "square" or "wide".
        section: Which section of the report it belongs to.
    """

    name: str
    title: str
    conclusion: str
    alt: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_logarithmic: bool = False
    x_ticks: tuple[float, ...] = ()
    x_categories: tuple[str, ...] = ()
    diagonal: bool = False
    horizontal: tuple[tuple[str, float], ...] = ()
    vertical: tuple[tuple[str, float], ...] = ()
    below: CountsBelow | None = None
    aspect: Literal["square", "wide"] = "square"
    section: Literal["discrimination", "calibration", "utility", "errors", "robustness", "explanation", "training"] = (
        "discrimination"
    )

"""A figure as data: the report draws it without knowing what it shows."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


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
    """

    label: str
    style: Literal["line", "step", "points", "bars", "band", "intervals"]
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    learner: str | None = None
    colour: int | None = None


class Figure(Frozen):
    """A titled plot.

    Attributes:
        name: snake_case, for anchors and file names ("roc").
        title: What it shows ("Receiver operating characteristic").
        conclusion: What the reader should take from it, one or two sentences, from these data.
        alt: Text alternative for those who cannot see it.
        x_logarithmic: Equal ratios of x are equally far apart; every x is then above 0.
        x_categories: Tick labels at x = 0, 1, 2 ... when the axis is categorical.
        diagonal: Draw the identity line (no discrimination, perfect calibration).
        horizontal: Heights at which to draw a labelled reference line.
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
    x_categories: tuple[str, ...] = ()
    diagonal: bool = False
    horizontal: tuple[tuple[str, float], ...] = ()
    aspect: Literal["square", "wide"] = "square"
    section: Literal["discrimination", "calibration", "utility", "errors", "robustness", "explanation", "training"] = (
        "discrimination"
    )

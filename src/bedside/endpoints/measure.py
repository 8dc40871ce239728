"""A measure is contributions per case and a statistic over weighted contributions.

With that form a bootstrap is patient multiplicity, a subgroup a 0/1 mask, folds are concatenated rows and a
paired contrast is a difference under the same weights, for every kind of endpoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from bedside.types import Floats, Integers, Weights

Y = TypeVar("Y")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each case adds to a measure.

    Attributes:
        rows: Shape (m, k), one row a contribution, k named columns.
        case: Shape (m,), which case (0-based) each row belongs to; ragged allowed.
        n: Number of cases.
    """

    rows: Floats
    case: Integers
    n: int


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits from a closed form, for independent cases."""

    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference (learner minus comparator); `p` is None where the measure is not tested."""

    value: float
    low: float
    high: float
    p: float | None
    method: str


Statistic: TypeAlias = Callable[[Weights], Floats]
"""Weights (b, m) to values (b,); NaN where a replicate leaves it undefined."""


@dataclass(frozen=True, kw_only=True)
class Measure(Generic[Y, P]):
    """One measure of performance.

    Attributes:
        name: snake_case, as queried in evidence ("auroc").
        label: As printed ("AUROC").
        columns: Names of the k columns of the contributions.
        contribute: (outcomes, predictions) to Contributions.
        statistic: Rows (m, k) to a function of weights; sorts or pairs once, then serves every replicate. It takes all
            it needs from the rows: rows of folds with different operating points are concatenated before it is called.
        higher_is_better: Direction; None where there is a target value instead (calibration slope).
        target: The ideal value where higher_is_better is None (slope 1, intercept 0).
        pooled: False for rank measures, which are averaged within folds and never pooled over them.
        interval: Closed-form interval for independent cases, (rows, level) to Interval, or None.
        clustered_interval: Closed-form interval for repeated patients and for folds, (rows, patient codes, fold codes,
            level) to Interval, or None (then: bootstrap by patient). Codes are integers, one per case; where it is
            given, each case has exactly one row.
        contrast: Closed-form paired contrast for independent cases, (rows, other rows, level) to Difference, or None.
        clustered_contrast: Closed-form paired contrast for repeated patients in one split, (rows, other rows, patient
            codes, level) to Difference, or None (then: paired bootstrap by patient). Codes and rows as for
            `clustered_interval`.
        bounds: Smallest and largest possible value.
        tested: False where a difference gets an interval and no p value (net benefit: Vickers, van Calster and
            Steyerberg 2019, Diagn Progn Res 3:18).
        operating: True where the measure depends on the operating point chosen on tuning.
        absent: Rows to the names of the parts (structures, kinds) of a mean of which they tell nothing, or to what else
            they lack to be judged (cases that are watched until a time); None where the measure needs neither. A mean
            that is defined without them is one over the others.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    contribute: Callable[[Sequence[Y], Sequence[P]], Contributions]
    statistic: Callable[[Floats], Statistic]
    higher_is_better: bool | None = True
    target: float | None = None
    pooled: bool = True
    interval: Callable[[Floats, float], Interval | None] | None = None
    clustered_interval: Callable[[Floats, Integers, Integers, float], Interval | None] | None = None
    contrast: Callable[[Floats, Floats, float], Difference | None] | None = None
    clustered_contrast: Callable[[Floats, Floats, Integers, float], Difference | None] | None = None
    bounds: tuple[float, float] = (0.0, 1.0)
    operating: bool = False
    tested: bool = True
    absent: Callable[[Floats], tuple[str, ...]] | None = None

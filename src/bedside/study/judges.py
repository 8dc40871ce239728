"""How readers, a panel and a model did on the same cases, and how they differ in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bedside.errors import StatisticsError
from bedside.evidence.readers import JudgedContrast, JudgedPerformance
from bedside.stats.bootstrap import bootstrap, percentile_interval, two_sided_p
from bedside.stats.compare import clustered_mcnemar, mcnemar
from bedside.stats.delong import auroc_interval, clustered_auroc_interval, clustered_delong_test, delong_test
from bedside.stats.interval import Contrast, Limits
from bedside.stats.proportion import clustered_wilson, wilson
from bedside.stats.roc import Statistic, auroc_statistic
from bedside.types import Booleans, Floats, Integers, Weights

CALLED = ("sensitivity", "specificity", "accuracy", "f1")
GRADED = "auroc"
NO_CALLS = "no threshold was declared, so that graded readings make no calls"


@dataclass(frozen=True)
class Setting:
    """What all judgements share.

    Attributes:
        positive: The reference standard, shape (cases,).
        patient: Code of each case's patient.
        replicates, seed: Of the bootstrap by patient.
        level: Nominal coverage.
    """

    positive: Booleans
    patient: Integers
    replicates: int
    seed: int
    level: float = 0.95

    @property
    def clustered(self) -> bool:
        """Whether some patient has several cases."""
        return int(self.patient.max()) + 1 < self.patient.size

    @property
    def cluster(self) -> Integers | None:
        """Patients where they matter."""
        return self.patient if self.clustered else None


@dataclass(frozen=True)
class Judge:
    """Someone who judged the cases in one arm.

    Attributes:
        name: As in rows.
        kind: A reader, the panel of all readers, or the model.
        arm: Which arm; for the model the one it is compared in.
        score: Graded readings, shape (cases,), NaN where not read or not graded.
        call: Calls of 0 or 1, NaN where not read or not called; numbers of categories where readings are categories.
        folds: Whether the calls are those of several models, one a fold, each on the cases that it had not seen.
        barred: Why this judge must not be judged by this reference standard; "" where nothing speaks against it.
    """

    name: str
    kind: Literal["reader", "panel", "model"]
    arm: str
    score: Floats
    call: Floats
    folds: bool = False
    barred: str = ""

    @property
    def graded(self) -> bool:
        """Whether there are readings that rank cases."""
        return not bool(np.isnan(self.score).all())

    @property
    def called(self) -> bool:
        """Whether there are calls."""
        return not bool(np.isnan(self.call).all())

    @property
    def read(self) -> Booleans:
        """Which cases were judged."""
        return ~(np.isnan(self.score) & np.isnan(self.call))


def right(measure: str, call: Floats, positive: Booleans) -> tuple[Booleans, Booleans]:
    """Which cases a measure of calls is about, and in which of them the judge was right.

    F1 is 2 p / (1 + p) of the share p of true positives among cases that are positive or called so.
    """
    read, called = ~np.isnan(call), call == 1.0
    if measure == "sensitivity":
        about = read & positive
    elif measure == "specificity":
        about = read & ~positive
    elif measure == "accuracy":
        about = read
    else:
        about = read & (positive | called)
    return about, called == positive


def f1_statistic(call: Floats, positive: Booleans) -> Statistic:
    """F1 as a function of weights; NaN where nobody is positive or called so."""
    called = call == 1.0
    columns = np.column_stack([called & positive, called ^ positive]).astype(np.float64)

    def statistic(weights: Weights) -> Floats:
        sums = weights @ columns
        whole = 2.0 * sums[:, 0] + sums[:, 1]
        return divided(2.0 * sums[:, 0], whole)

    return statistic


def performance(judge: Judge, setting: Setting) -> list[JudgedPerformance]:
    """All measures of one judge."""
    measures = ((GRADED,) if judge.graded else ()) + (CALLED if judge.called or not judge.graded else ())
    return [_performance(judge, measure, setting) for measure in measures]


def _performance(judge: Judge, measure: str, setting: Setting) -> JudgedPerformance:
    about, hit = judge.read, judge.read
    value, limits, reason = None, None, judge.barred
    if measure != GRADED:
        about, hit = right(measure, judge.call, setting.positive)
        if not judge.called:
            reason = reason or NO_CALLS
    if not reason:
        try:
            value, limits = _auroc(judge, setting) if measure == GRADED else share(measure, about, hit, setting)
        except StatisticsError as error:
            reason = str(error)
    found = reason if value is None or limits is None else (value, limits)
    return performance_row(judge, measure, about, setting, found)


def performance_row(
    judge: Judge, measure: str, about: Booleans, setting: Setting, found: tuple[float, Limits] | str, category: str = ""
) -> JudgedPerformance:
    """A value with its limits, or the reason why there is none, as a row of evidence."""
    value, limits = (None, None) if isinstance(found, str) else found
    return JudgedPerformance(
        judge=judge.name,
        kind=judge.kind,
        arm=judge.arm,
        measure=measure,
        value=value,
        low=None if limits is None else limits.low,
        high=None if limits is None else limits.high,
        level=setting.level,
        cases=int(about.sum()),
        patients=int(np.unique(setting.patient[about]).size),
        method="" if limits is None else limits.method,
        reason=found if isinstance(found, str) else "",
        category=category,
    )


def _auroc(judge: Judge, setting: Setting) -> tuple[float, Limits]:
    read = ~np.isnan(judge.score)
    score, positive = judge.score[read], setting.positive[read]
    if setting.clustered:
        limits = clustered_auroc_interval(score, positive, setting.patient[read], setting.level)
    else:
        limits = auroc_interval(score, positive, setting.level)
    return float(auroc_statistic(score, positive)(np.ones((1, score.size)))[0]), limits


def share(measure: str, about: Booleans, hit: Booleans, setting: Setting) -> tuple[float, Limits]:
    """Share of the cases asked about that were judged right (for F1 carried over), with Wilson's limits.

    Raises:
        StatisticsError: No such case, or all of one patient among patients with several.
    """
    if not about.any():
        message = f"no case that {measure} is about was read"
        raise StatisticsError(message)
    successes = hit[about]
    value = float(successes.mean())
    if setting.clustered:
        found = clustered_wilson(successes, setting.patient[about], setting.level)
        limits = Limits(found.low, found.high, found.method)
    else:
        limits = wilson(float(successes.sum()), successes.size, setting.level)
    if measure != "f1":
        return value, limits
    # F1 grows with the share, so that limits of the share are limits of F1; at F1 = 1 they keep their width.
    low, high = (2.0 * end / (1.0 + end) for end in (limits.low, limits.high))
    method = f"{limits.method} of true positives among cases positive or called so, carried over to F1"
    return 2.0 * value / (1.0 + value), Limits(low, high, method)


def contrasts(first: Judge, second: Judge, setting: Setting) -> list[JudgedContrast]:
    """All measures that both have, first minus second, on the cases that both judged.

    Where patients have several cases accuracy is left out: the clustered McNemar test is made separately in cases with
    and without the condition.
    """
    called = tuple(name for name in CALLED if name != "accuracy" or not setting.clustered)
    graded = first.graded and second.graded
    measures = ((GRADED,) if graded else ()) + (called if first.called or second.called or not graded else ())
    return [_contrast(first, second, measure, setting) for measure in measures]


def _contrast(first: Judge, second: Judge, measure: str, setting: Setting) -> JudgedContrast:
    reason = first.barred or second.barred
    about = ~(np.isnan(first.score) | np.isnan(second.score))
    if measure != GRADED:
        about = _about(measure, first, second, setting)
        if not (first.called and second.called):
            reason = reason or NO_CALLS
    found: Contrast | None = None
    if not reason:
        try:
            found = _difference(first, second, measure, about, setting)
        except StatisticsError as error:
            reason = str(error)
    return contrast_row(first, second, measure, int(about.sum()), setting.level, found or reason)


def contrast_row(
    first: Judge, second: Judge, measure: str, cases: int, level: float, found: Contrast | str
) -> JudgedContrast:
    """A contrast of two judges for these readers, or the reason why there is none, as a row of evidence."""
    known = None if isinstance(found, str) else found
    arm = first.arm if first.arm == second.arm else ""
    return JudgedContrast(
        first=first.name if arm else f"{first.name} ({first.arm})",
        second=second.name if arm else f"{second.name} ({second.arm})",
        arm=arm,
        measure=measure,
        difference=None if known is None else known.value,
        low=None if known is None else known.low,
        high=None if known is None else known.high,
        level=level,
        p=None if known is None else known.p,
        cases=cases,
        holds_for="these readers",
        method="" if known is None else known.method,
        reason=found if isinstance(found, str) else "",
    )


def _about(measure: str, first: Judge, second: Judge, setting: Setting) -> Booleans:
    both = ~(np.isnan(first.call) | np.isnan(second.call))
    if measure == "sensitivity":
        return both & setting.positive
    return both & ~setting.positive if measure == "specificity" else both


def _difference(first: Judge, second: Judge, measure: str, about: Booleans, setting: Setting) -> Contrast:
    if not about.any():
        message = f"no case that {measure} is about was read by both"
        raise StatisticsError(message)
    positive, patient = setting.positive[about], setting.patient[about]
    if measure == GRADED:
        scores = first.score[about], second.score[about]
        if setting.clustered:
            return clustered_delong_test(*scores, positive, patient, setting.level)
        return delong_test(*scores, positive, setting.level)
    one, two = first.call[about], second.call[about]
    if measure == "f1":
        return resampled([f1_statistic(one, positive), f1_statistic(two, positive)], patient, setting)
    hits = (one == 1.0) == positive, (two == 1.0) == positive
    if first.folds or second.folds:
        # McNemar's test is for one model; over pooled folds the fitted models are taken as given.
        return resampled([share_statistic(each) for each in hits], patient, setting, "; fitted models taken as given")
    if setting.clustered:
        return clustered_mcnemar(*hits, patient, setting.level)
    return mcnemar(*hits, level=setting.level)


def divided(part: Floats, whole: Floats) -> Floats:
    """Quotients, NaN where the whole is 0."""
    out: Floats = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def share_statistic(hit: Booleans) -> Statistic:
    """The share of hits as a function of weights, NaN where all are 0."""
    column = hit.astype(np.float64)

    def statistic(weights: Weights) -> Floats:
        whole = weights.sum(axis=1)
        return divided(weights @ column, whole)

    return statistic


def resampled(statistics: Sequence[Statistic], patient: Integers, setting: Setting, remark: str = "") -> Contrast:
    """The first statistic minus the second, under the same bootstrap by patient.

    Raises:
        StatisticsError: A statistic is undefined on the cases themselves or in too many replicates.
    """
    values = [float(statistic(np.ones((1, patient.size)))[0]) for statistic in statistics]
    if not np.isfinite(values).all():
        message = "F1 is 0 / 0: no case is positive or called so"
        raise StatisticsError(message)
    drawn = bootstrap(statistics, patient, setting.replicates, setting.seed)
    limits = percentile_interval(drawn[0] - drawn[1], setting.level)
    method = f"paired {limits.method}, {setting.replicates} replicates{remark}"
    return Contrast(values[0] - values[1], limits.low, limits.high, two_sided_p(drawn[0] - drawn[1]), method)

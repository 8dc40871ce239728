"""How readers, a panel and a model chose among unordered categories, and how they differ in pairs.

Judges carry numbers of categories as calls; one more number stands for "no majority", which is never right.
Sources: Zou and Donner 2008, Stat Med 27:1693 (limits of a sum from limits of its parts).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bedside.data.category_readings import NO_MAJORITY
from bedside.errors import StatisticsError
from bedside.evidence.readers import Confusion, JudgedContrast, JudgedPerformance
from bedside.stats.bootstrap import bootstrap, percentile_interval
from bedside.stats.compare import mcnemar
from bedside.stats.interval import Contrast, Limits
from bedside.stats.roc import Statistic
from bedside.study.judges import (
    Judge,
    Setting,
    contrast_row,
    divided,
    performance_row,
    resampled,
    share,
    share_statistic,
)
from bedside.types import Booleans, Floats, Integers, Weights

SUMMARIES = ("accuracy", "balanced_accuracy", "f1_macro")


@dataclass(frozen=True)
class Nominal:
    """What all judgements of a study of categories share.

    Attributes:
        truth: The reference standard as numbers of categories, shape (cases,).
        categories: Their names.
        setting: Patients, bootstrap and level; its `positive` is True throughout, so that whoever was right called 1.
    """

    truth: Integers
    categories: tuple[str, ...]
    setting: Setting

    @property
    def undecided(self) -> int:
        """The number that stands for "no majority"."""
        return len(self.categories)


def nominal(truth: Integers, patient: Integers, categories: tuple[str, ...], replicates: int, seed: int) -> Nominal:
    """The setting of a study of categories."""
    return Nominal(truth, categories, Setting(np.ones(truth.size, dtype=np.bool_), patient, replicates, seed))


def most_votes(choices: Floats, categories: int) -> Floats:
    """The category with the most votes, case by case; `categories` where several tie for the most.

    Args:
        choices: Shape (voters, cases), numbers of categories; NaN of any voter leaves the case out.
        categories: How many there are.
    """
    votes: Floats = (choices[:, :, None] == np.arange(categories)).sum(axis=0).astype(np.float64)
    tied = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1
    winner = np.where(tied, categories, votes.argmax(axis=1)).astype(np.float64)
    return np.where(np.isnan(choices).any(axis=0), np.nan, winner)


def correct(judge: Judge, nominal: Nominal) -> Judge:
    """The same judge with 1 where the true category was chosen, 0 where not, NaN where not read."""
    hit = np.where(np.isnan(judge.call), np.nan, (judge.call == nominal.truth).astype(np.float64))
    return replace(judge, call=hit)


def confusion(judge: Judge, nominal: Nominal) -> Confusion:
    """Numbers of cases by reference standard and by what the judge said."""
    count = len(nominal.categories)
    read = ~np.isnan(judge.call)
    table = np.zeros((count, count + 1), dtype=np.int64)
    np.add.at(table, (nominal.truth[read], judge.call[read].astype(np.int64)), 1)
    ties = judge.kind == "panel" or bool(table[:, count].any())
    said = (*nominal.categories, NO_MAJORITY) if ties else nominal.categories
    return Confusion(
        judge=judge.name,
        kind=judge.kind,
        arm=judge.arm,
        truth=nominal.categories,
        said=said,
        counts=tuple(tuple(row[: len(said)]) for row in table.tolist()),
    )


def performance(judge: Judge, nominal: Nominal) -> list[JudgedPerformance]:
    """Accuracy, means over categories, and of each category sensitivity and specificity against all others."""
    rows = [_summary(judge, measure, nominal) for measure in SUMMARIES]
    for k in range(len(nominal.categories)):
        rows += [_one_against_rest(judge, measure, k, nominal) for measure in ("sensitivity", "specificity")]
    return rows


def _summary(judge: Judge, measure: str, nominal: Nominal) -> JudgedPerformance:
    read = ~np.isnan(judge.call)
    found: tuple[float, Limits] | str = judge.barred
    if not found:
        try:
            if measure == "accuracy":
                found = share(measure, read, judge.call == nominal.truth, nominal.setting)
            else:
                found = _mean_over_categories(judge, measure, nominal)
        except StatisticsError as error:
            found = str(error)
    return performance_row(judge, measure, read, nominal.setting, found)


def _one_against_rest(judge: Judge, measure: str, k: int, nominal: Nominal) -> JudgedPerformance:
    mine, read = nominal.truth == k, ~np.isnan(judge.call)
    name, chosen = nominal.categories[k], judge.call == k
    decided = judge.call != nominal.undecided
    about, hit = (read & mine, chosen) if measure == "sensitivity" else (read & ~mine, decided & ~chosen)
    found: tuple[float, Limits] | str = judge.barred
    if not found and not about.any():
        which = "of" if measure == "sensitivity" else "of any other than"
        found = f"no case that was read is {which} the category {name!r} by the reference standard"
    if not found:
        try:
            found = share(measure, about, hit, nominal.setting)
        except StatisticsError as error:
            found = str(error)
    return performance_row(judge, measure, about, nominal.setting, found, name)


def statistic(measure: str, call: Floats, truth: Integers, count: int) -> Statistic:
    """A mean over categories as a function of weights; NaN where a category has no case.

    Args:
        measure: "balanced_accuracy" (mean sensitivity) or "f1_macro".
        call: Shape (n,), numbers of categories, `count` where undecided.
        truth: Shape (n,).
        count: How many categories there are.
    """
    hit = (call == truth)[:, None]
    true = truth[:, None] == np.arange(count)
    said = call[:, None] == np.arange(count)
    columns = np.hstack([hit & true, true, said]).astype(np.float64)

    def value(weights: Weights) -> Floats:
        hits, cases, chosen = np.hsplit(weights @ columns, 3)
        if measure == "balanced_accuracy":
            each = divided(hits, cases)
        else:
            each = np.where(cases > 0, divided(2.0 * hits, cases + chosen), np.nan)
        # Sorted, so that the order of the categories cannot change a rounding, nor which replicates are exactly alike.
        mean: Floats = np.sort(each, axis=1).mean(axis=1)
        return mean

    return value


def _complete(read: Booleans, nominal: Nominal) -> None:
    """Raises StatisticsError where some category has no case among those read."""
    seen = set(nominal.truth[read].tolist())
    absent = [name for k, name in enumerate(nominal.categories) if k not in seen]
    if absent:
        message = (
            f"no case that was read is of {', '.join(map(repr, absent))} by the reference standard, so that there is "
            "no mean over categories"
        )
        raise StatisticsError(message)


def _mean_over_categories(judge: Judge, measure: str, nominal: Nominal) -> tuple[float, Limits]:
    read = ~np.isnan(judge.call)
    _complete(read, nominal)
    setting, count = nominal.setting, len(nominal.categories)
    found = statistic(measure, judge.call[read], nominal.truth[read], count)
    value = float(found(np.ones((1, int(read.sum()))))[0])
    drawn = bootstrap([found], setting.patient[read], setting.replicates, setting.seed)[0]
    limits = percentile_interval(drawn, setting.level)
    if limits.high - limits.low > 1e-12:
        return value, limits._replace(method=f"{limits.method}, {setting.replicates} replicates")
    # All replicates alike (nobody errs, or everybody does): the bootstrap would give an interval without width.
    return value, _combined(judge, measure, read, nominal)


def _combined(judge: Judge, measure: str, read: Booleans, nominal: Nominal) -> Limits:
    """Limits of a mean from Wilson's limits of each category (Zou and Donner)."""
    below, above, total = 0.0, 0.0, 0.0
    for k in range(len(nominal.categories)):
        true, said = nominal.truth == k, judge.call == k
        about = read & (true if measure == "balanced_accuracy" else true | said)
        name = "sensitivity" if measure == "balanced_accuracy" else "f1"
        value, limits = share(name, about, true & said, nominal.setting)
        below, above = below + (value - limits.low) ** 2, above + (limits.high - value) ** 2
        total += value
    count = len(nominal.categories)
    low, high = (total - float(np.sqrt(below))) / count, (total + float(np.sqrt(above))) / count
    method = "Wilson limits of each category combined (Zou and Donner), all bootstrap replicates being alike"
    return Limits(max(0.0, low), min(1.0, high), method)


def contrasts(first: Judge, second: Judge, nominal: Nominal) -> list[JudgedContrast]:
    """Accuracy and means over categories, first minus second, on the cases that both judged."""
    both = ~(np.isnan(first.call) | np.isnan(second.call))
    rows = []
    for measure in SUMMARIES:
        found: Contrast | str = first.barred or second.barred
        if not found and not both.any():
            found = "no case was read by both"
        if not found:
            try:
                difference = _accuracy_difference if measure == "accuracy" else _mean_difference
                found = difference(first, second, measure, both, nominal)
            except StatisticsError as error:
                found = str(error)
        rows.append(contrast_row(first, second, measure, int(both.sum()), nominal.setting.level, found))
    return rows


def _accuracy_difference(first: Judge, second: Judge, measure: str, both: Booleans, nominal: Nominal) -> Contrast:
    """McNemar's exact test; with repeated patients, or models of several folds, a paired bootstrap by patient."""
    del measure
    setting = nominal.setting
    hits = [judge.call[both] == nominal.truth[both] for judge in (first, second)]
    if setting.clustered or first.folds or second.folds:
        remark = _remark(first, second)
        return resampled([share_statistic(hit) for hit in hits], setting.patient[both], setting, remark)
    return mcnemar(*hits, form="exact", level=setting.level)


def _mean_difference(first: Judge, second: Judge, measure: str, both: Booleans, nominal: Nominal) -> Contrast:
    _complete(both, nominal)
    truth, count = nominal.truth[both], len(nominal.categories)
    pair: Sequence[Statistic] = [statistic(measure, judge.call[both], truth, count) for judge in (first, second)]
    return resampled(pair, nominal.setting.patient[both], nominal.setting, _remark(first, second))


def _remark(first: Judge, second: Judge) -> str:
    return "; fitted models taken as given" if first.folds or second.folds else ""

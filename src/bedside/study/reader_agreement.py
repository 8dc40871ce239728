"""Agreement between readers, with the reference standard and with the model, as rows of evidence."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

import numpy as np

from bedside.data.readings import Scale
from bedside.errors import StatisticsError
from bedside.evidence.schema import Agreement
from bedside.stats.agreement import fleiss_kappa, gwet_ac1, percent_agreement, rating_counts
from bedside.stats.estimate import Estimate
from bedside.stats.icc import clustered_icc, icc
from bedside.stats.kappa import cohen_kappa
from bedside.stats.krippendorff import krippendorff_alpha
from bedside.study.judges import NO_CALLS, Judge, Setting
from bedside.types import Booleans, Floats, Integers

EVERYONE = "all readers"


def agreement(readers: Sequence[Judge], model: Judge | None, setting: Setting, scale: Scale) -> list[Agreement]:
    """Rows of one arm: each reader with the reference, with each other reader, with the model; all readers together."""
    called = scale.threshold is not None
    rows = [_with_reference(judge, setting) for judge in (*readers, *([model] if model else [])) if called]
    for one, other in combinations(readers, 2):
        rows += _pair(one, other, setting, scale)
    if model is not None and called:
        rows += [_kappa(model, judge, setting) for judge in readers]
    return rows + (_everyone(readers, setting, scale) if len(readers) > 1 else [])


def category_agreement(
    readers: Sequence[Judge], model: Judge | None, setting: Setting, truth: Integers, categories: int
) -> list[Agreement]:
    """Rows of one arm where calls are numbers of unordered categories: unweighted kappas, and all readers together.

    One number more than there are categories stands for a tie, which agrees with nobody else's category.
    """
    judges = (*readers, *([model] if model else []))
    rows = []
    for judge in judges:
        read = ~np.isnan(judge.call)
        reason = judge.barred or ("" if read.any() else "nothing was read")
        who = (judge.name, "reference")
        rows.append(_cohen(who, judge.call[read], truth[read], setting, read, reason=reason, categories=categories + 1))
    rows += [_kappa(one, other, setting, categories + 1) for one, other in combinations(readers, 2)]
    if model is not None:
        rows += [_kappa(model, judge, setting, categories + 1) for judge in readers]
    if len(readers) < 2:
        return rows
    choices = np.column_stack([judge.call for judge in readers])
    cases = int((~np.isnan(choices)).any(axis=1).sum())
    rows += _counted(choices, categories, cases, setting)
    return [*rows, _row((EVERYONE, "each other"), "krippendorff_alpha", cases, "", lambda: _alpha(choices, setting))]


def _row(who: tuple[str, str], measure: str, cases: int, reason: str, find: Callable[[], Estimate]) -> Agreement:
    found: Estimate | None = None
    if not reason:
        try:
            found = find()
        except StatisticsError as error:
            reason = str(error)
    return Agreement(
        first=who[0],
        second=who[1],
        measure=measure,
        value=None if found is None else found.value,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        cases=cases if found is None else found.cases,
        method="" if found is None else found.method,
        reason=reason,
    )


def _with_reference(judge: Judge, setting: Setting) -> Agreement:
    read = ~np.isnan(judge.call)
    reason = judge.barred or ("" if read.any() else NO_CALLS)
    return _cohen((judge.name, "reference"), judge.call[read], setting.positive[read], setting, read, reason=reason)


def _kappa(one: Judge, other: Judge, setting: Setting, categories: int = 2) -> Agreement:
    both = ~(np.isnan(one.call) | np.isnan(other.call))
    reason = "" if both.any() else (_apart(one, other) or NO_CALLS)
    return _cohen(
        (one.name, other.name), one.call[both], other.call[both], setting, both, reason=reason, categories=categories
    )


def _apart(one: Judge, other: Judge) -> str:
    return "" if (one.read & other.read).any() else "the two read no case in common"


def _cohen(
    who: tuple[str, str],
    one: Floats,
    other: Floats | Booleans | Integers,
    setting: Setting,
    kept: Booleans,
    *,
    reason: str,
    categories: int = 2,
) -> Agreement:
    cluster = setting.patient[kept] if setting.clustered else None
    return _row(who, "kappa", int(kept.sum()), reason, lambda: cohen_kappa(one, other, categories, cluster=cluster))


def _pair(one: Judge, other: Judge, setting: Setting, scale: Scale) -> list[Agreement]:
    rows = [_kappa(one, other, setting)] if scale.threshold is not None else []
    if scale.kind == "rating":
        both = ~(np.isnan(one.score) | np.isnan(other.score))
        steps = round(scale.high - scale.low) + 1
        cluster = setting.patient[both] if setting.clustered else None
        first, second = one.score[both] - scale.low, other.score[both] - scale.low
        rows.append(
            _row(
                (one.name, other.name),
                "kappa_quadratic",
                int(both.sum()),
                _apart(one, other),
                lambda: cohen_kappa(first, second, steps, "quadratic", cluster=cluster),
            )
        )
    return rows


def _everyone(readers: Sequence[Judge], setting: Setting, scale: Scale) -> list[Agreement]:
    """Chance-corrected agreement of all readers, also where some did not read every case."""
    calls = np.column_stack([judge.call for judge in readers])
    who = (EVERYONE, "each other")
    cases = int((~np.isnan(calls)).any(axis=1).sum())
    rows = _counted(calls, 2, cases, setting) if scale.threshold is not None else []
    values = np.column_stack([judge.score for judge in readers]) if scale.graded else calls
    read = int((~np.isnan(values)).any(axis=1).sum())
    if scale.kind != "probability":
        kind: Literal["nominal", "ordinal"] = "ordinal" if scale.graded else "nominal"
        rows.append(_row(who, "krippendorff_alpha", read, "", lambda: _alpha(values, setting, kind)))
    if scale.graded:
        rows.append(_row(who, "icc_agreement", read, "", lambda: _icc(values, setting)))
    return rows


def _counted(calls: Floats, categories: int, cases: int, setting: Setting) -> list[Agreement]:
    """Agreement of all readers from counts of categories, calls being (cases, readers)."""

    def counted(statistic: Callable[..., Estimate]) -> Callable[[], Estimate]:
        return lambda: statistic(rating_counts(calls, categories), setting.level, setting.cluster)

    return [
        _row((EVERYONE, "each other"), name, cases, "", counted(statistic))
        for name, statistic in (
            ("percent_agreement", percent_agreement),
            ("fleiss_kappa", fleiss_kappa),
            ("gwet_ac1", gwet_ac1),
        )
    ]


def _alpha(values: Floats, setting: Setting, kind: Literal["nominal", "ordinal"] = "nominal") -> Estimate:
    return krippendorff_alpha(
        values,
        kind,
        level=setting.level,
        replicates=setting.replicates,
        seed=setting.seed,
        cluster=setting.cluster,
    )


def _icc(values: Floats, setting: Setting) -> Estimate:
    if setting.cluster is None:
        return icc(values, level=setting.level)
    return clustered_icc(values, setting.patient, level=setting.level, replicates=setting.replicates, seed=setting.seed)

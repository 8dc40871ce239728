"""Multi-reader multi-case analysis of a reading table: do results hold for readers like these?"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from bedside.errors import StatisticsError
from bedside.evidence.readers import ArmAverage, JudgedContrast, MultiReader
from bedside.stats.interval import Contrast
from bedside.stats.readers import ArmValue, Readings, obuchowski_rockette, single_arm
from bedside.stats.reading_covariance import Figure
from bedside.study.judges import NO_CALLS, Judge, Setting
from bedside.types import Floats

FIGURES: tuple[Figure, ...] = ("auroc", "sensitivity", "specificity")
AVERAGE = "the average reader"


def figures(judges: Sequence[Judge]) -> tuple[Figure, ...]:
    """What is analysed where readings grade or call a condition: AUROC, sensitivity and specificity."""
    graded = all(judge.graded for judge in judges)
    if graded and not any(judge.called for judge in judges):
        return FIGURES[:1]
    return FIGURES if graded else FIGURES[1:]


def arms(
    readers: Sequence[Sequence[Judge]], setting: Setting, refusal: str, chosen: Sequence[Figure] = ()
) -> tuple[list[MultiReader], list[JudgedContrast]]:
    """Analyse readers, laid out by arm, over random readers and random cases; each pair of arms as a contrast.

    Args:
        readers: The same readers in each arm, in the same order.
        setting: Reference standard, patients, level.
        refusal: Why no such analysis is allowed; "" where nothing forbids it.
        chosen: What is analysed; by default `figures` of the readers.
    """
    analyses, contrasts = [], []
    names = [each[0].arm for each in readers]
    for figure in chosen or figures([judge for each in readers for judge in each]):
        made, pairs = _analyse(readers, figure, setting, refusal)
        analyses.append(made)
        contrasts += [
            _row((f"{AVERAGE} ({one})", f"{AVERAGE} ({other})"), "", made, pair, setting)
            for (one, other), pair in zip(combinations(names, 2), pairs, strict=True)
        ]
    return analyses, contrasts


def against_average(
    model: Judge, readers: Sequence[Judge], setting: Setting, refusal: str, chosen: Sequence[Figure] = ()
) -> list[JudgedContrast]:
    """The model minus the average reader of one arm, over random readers and random cases.

    A model standing beside each reader as a second arm gives exactly the single-arm analysis of the differences model
    minus reader (Hillis 2014), for each measure and also for repeated patients.
    """
    rows = []
    for figure in chosen or figures([model, *readers]):
        made, pairs = _analyse([[model] * len(readers), readers], figure, setting, refusal)
        rows.append(_row((model.name, AVERAGE), readers[0].arm if readers else "", made, pairs[0], setting))
    return rows


def _analyse(
    readers: Sequence[Sequence[Judge]], figure: Figure, setting: Setting, refusal: str
) -> tuple[MultiReader, list[Contrast | None]]:
    nothing: list[Contrast | None] = [None] * (len(readers) * (len(readers) - 1) // 2)
    ratings = np.stack([np.stack([_column(judge, figure) for judge in each]) for each in readers]) if readers else None
    if not refusal and (ratings is None or np.isnan(ratings).any()):
        refusal = NO_CALLS if figure != "auroc" else "some readings are missing"
    if refusal or ratings is None:
        return MultiReader(measure=figure, level=setting.level, reason=refusal), nothing
    names = tuple(str(k) for k in range(len(readers)))
    table = Readings(ratings, setting.positive, names, tuple(judge.name for judge in readers[0]))
    labels = [each[0].arm for each in readers]
    try:
        if len(readers) == 1:
            only = single_arm(table, figure=figure, level=setting.level, cluster=setting.cluster)
            return _single(only, labels[0], figure, setting), nothing
        found = obuchowski_rockette(table, figure=figure, level=setting.level, cluster=setting.cluster)
    except StatisticsError as error:
        return MultiReader(measure=figure, level=setting.level, reason=str(error)), nothing
    made = MultiReader(
        measure=figure,
        arms=tuple(_average(arm, label) for arm, label in zip(found.arms, labels, strict=True)),
        f=found.f,
        df1=found.df1,
        df2=found.df2 if np.isfinite(found.df2) else None,
        p=found.p,
        error=found.error,
        covariances=found.covariances,
        level=setting.level,
        method=found.method,
    )
    return made, list(found.contrasts)


def _column(judge: Judge, figure: Figure) -> Floats:
    return judge.score if figure == "auroc" else judge.call


def _single(arm: ArmValue, label: str, figure: Figure, setting: Setting) -> MultiReader:
    method = "single-arm Obuchowski-Rockette (Hillis 2014), random readers and cases"
    return MultiReader(measure=figure, arms=(_average(arm, label),), level=setting.level, method=method)


def _average(arm: ArmValue, label: str) -> ArmAverage:
    return ArmAverage(arm=label, value=arm.value, low=max(0.0, arm.low), high=min(1.0, arm.high))


def _row(who: tuple[str, str], arm: str, made: MultiReader, found: Contrast | None, setting: Setting) -> JudgedContrast:
    return JudgedContrast(
        first=who[0],
        second=who[1],
        arm=arm,
        measure=made.measure,
        difference=None if found is None else found.value,
        low=None if found is None else found.low,
        high=None if found is None else found.high,
        level=setting.level,
        p=None if found is None else found.p,
        cases=setting.positive.size,
        holds_for="readers like these",
        method=made.method,
        reason=made.reason,
    )

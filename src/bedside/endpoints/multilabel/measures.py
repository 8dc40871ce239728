"""Measures of several findings that may coexist; labels that nobody read take part in none of them.

Means over labels ("macro") weigh every label alike and are undefined where one of them has no case on either side;
"micro" measures count every read label of every case.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints import proportion
from bedside.endpoints.measure import Contributions, Difference, Interval, Measure, Statistic
from bedside.endpoints.multilabel.labels import (
    UNREAD,
    Chances,
    Findings,
    Label,
    binary_log_losses,
    chances,
    truths,
)
from bedside.endpoints.ratio import divided, one_row_a_case, ratio
from bedside.stats.delong import auroc_interval, delong_test
from bedside.stats.roc import auroc_statistic, average_precision_statistic
from bedside.types import Booleans, Floats, Weights

_INFINITY = float("inf")
_FEWEST = 2
"""DeLong's variance needs two cases of each class."""

LabelMeasure = Measure[Findings, Chances]
Area = Callable[[Floats, Floats], Statistic]
"""(scores, whether the finding is there) to a statistic of weights."""


def multilabel_measures(labels: tuple[Label, ...], thresholds: Mapping[str, float]) -> tuple[LabelMeasure, ...]:
    """All measures, findings decided at the thresholds.

    Args:
        labels: In the order of outcomes and predictions.
        thresholds: By the slug of the label, fixed on tuning data: present at or above it.
    """
    cuts = np.array([thresholds[label.slug] for label in labels])
    return (
        _macro(labels, "auroc_macro", "AUROC (mean of labels)", auroc_statistic),
        _macro(labels, "auprc_macro", "AUPRC (mean of labels)", average_precision_statistic),
        _micro_auprc(len(labels)),
        *(_auroc(label) for label in labels),
        *_scores(len(labels)),
        _macro_f1(labels, cuts),
        *_decisions(cuts),
    )


def _macro(labels: Sequence[Label], name: str, label: str, area: Area) -> LabelMeasure:
    count = len(labels)
    slugs = [one.slug for one in labels]

    def statistic(rows: Floats) -> Statistic:
        each = [_of_read(rows[:, k], rows[:, count + k], area) for k in range(count)]

        def mean(weights: Weights) -> Floats:
            found: Floats = np.mean([one(weights) for one in each], axis=0)
            return found

        return mean

    return Measure(
        name=name,
        label=label,
        columns=(*(f"outcome_{slug}" for slug in slugs), *(f"probability_{slug}" for slug in slugs)),
        contribute=lambda outcomes, predictions: one_row_a_case(
            *truths(outcomes, count).T, *chances(predictions, count).T
        ),
        statistic=statistic,
        pooled=False,
    )


def _of_read(truth: Floats, probability: Floats, area: Area) -> Statistic:
    """An area over the cases whose label was read; NaN where there is none."""
    read = np.flatnonzero(truth != UNREAD)
    if not read.size:
        return lambda weights: np.full(len(weights), np.nan)
    of_read = area(probability[read], truth[read])
    return lambda weights: of_read(np.ascontiguousarray(weights[:, read]))


def _read_cases(truth: Floats, *columns: Floats) -> Contributions:
    """Rows of the cases whose label was read."""
    case = np.flatnonzero(truth != UNREAD).astype(np.int64)
    return Contributions(rows=np.column_stack([truth, *columns])[case], case=case, n=truth.size)


def _micro_auprc(count: int) -> LabelMeasure:
    def contribute(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        truth, matrix = truths(outcomes, count), chances(predictions, count)
        case, label = np.nonzero(truth != UNREAD)
        rows = np.column_stack([truth[case, label], matrix[case, label]])
        return Contributions(rows=rows, case=case.astype(np.int64), n=len(truth))

    return Measure(
        name="auprc_micro",
        label="AUPRC (all labels together)",
        columns=("outcome", "probability"),
        contribute=contribute,
        statistic=lambda rows: _of_read(rows[:, 0], rows[:, 1], average_precision_statistic),
        pooled=False,
    )


def _auroc(label: Label) -> LabelMeasure:
    def contribute(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        matrix = chances(predictions, label.count)
        return _read_cases(truths(outcomes, label.count)[:, label.place], matrix[:, label.place])

    return Measure(
        name=f"auroc_{label.slug}",
        label=f"AUROC, {label.name}",
        columns=("outcome", "probability"),
        contribute=contribute,
        statistic=lambda rows: _of_read(rows[:, 0], rows[:, 1], auroc_statistic),
        pooled=False,
        interval=_delong_interval,
        contrast=_delong_contrast,
    )


def _of_each_class(rows: Floats) -> int:
    there = int(rows[:, 0].sum())
    return min(there, len(rows) - there)


def _delong_interval(rows: Floats, level: float) -> Interval | None:
    if not _of_each_class(rows):
        return None
    limits = auroc_interval(rows[:, 1], rows[:, 0], level)
    return Interval(limits.low, limits.high, limits.method)


def _delong_contrast(rows: Floats, other: Floats, level: float) -> Difference | None:
    if _of_each_class(rows) < _FEWEST:
        return None
    found = delong_test(rows[:, 1], other[:, 1], rows[:, 0], level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def _scores(count: int) -> tuple[LabelMeasure, ...]:
    def squares(truth: Floats, matrix: Floats) -> Floats:
        return np.where(truth == UNREAD, 0.0, (matrix - truth) ** 2)

    def scored(
        name: str, label: str, column: str, scorer: Callable[[Floats, Floats], Floats], largest: float
    ) -> LabelMeasure:
        def contribute(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
            truth, matrix = truths(outcomes, count), chances(predictions, count)
            return one_row_a_case(scorer(truth, matrix).sum(axis=1), (truth != UNREAD).sum(axis=1).astype(np.float64))

        return Measure(
            name=name,
            label=label,
            columns=(column, "labels_read"),
            contribute=contribute,
            statistic=ratio,
            higher_is_better=False,
            bounds=(0.0, largest),
        )

    return (
        scored("brier", "Brier score (a label)", "squared_error", squares, 1.0),
        scored("log_loss", "Log loss (a label)", "log_loss", binary_log_losses, _INFINITY),
    )


def _decided(
    cuts: Floats, outcomes: Sequence[Findings], predictions: Sequence[Chances]
) -> tuple[Booleans, Booleans, Booleans]:
    """What is there, what was said to be there, and what was read, each of shape (n, L)."""
    truth = truths(outcomes, cuts.size)
    read = truth != UNREAD
    return truth == 1.0, (chances(predictions, cuts.size) >= cuts) & read, read


def _macro_f1(labels: Sequence[Label], cuts: Floats) -> LabelMeasure:
    count = len(labels)

    def contribute(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        there, said, _ = _decided(cuts, outcomes, predictions)
        return one_row_a_case(*np.concatenate([there & said, there, said], axis=1).T.astype(np.float64))

    def statistic(rows: Floats) -> Statistic:
        def mean(weights: Weights) -> Floats:
            hits, there, said = np.split(weights @ rows, [count, 2 * count], axis=1)
            each = np.where(there > 0, divided(2.0 * hits, there + said), np.nan)
            found: Floats = each.mean(axis=1)
            return found

        return mean

    return Measure(
        name="f1_macro",
        label="F1 score (mean of labels)",
        columns=tuple(f"{what}_{one.slug}" for what in ("hit", "there", "said") for one in labels),
        contribute=contribute,
        statistic=statistic,
        operating=True,
    )


def _decisions(cuts: Floats) -> tuple[LabelMeasure, ...]:
    def f1(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        there, said, _ = _decided(cuts, outcomes, predictions)
        hits: Floats = (there & said).sum(axis=1).astype(np.float64)
        both: Floats = (there.sum(axis=1) + said.sum(axis=1)).astype(np.float64)
        return one_row_a_case(2.0 * hits, both)

    def wrong(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        there, said, read = _decided(cuts, outcomes, predictions)
        off: Floats = ((there != said) & read).sum(axis=1).astype(np.float64)
        return one_row_a_case(off, read.sum(axis=1).astype(np.float64))

    def exact(outcomes: Sequence[Findings], predictions: Sequence[Chances]) -> Contributions:
        there, said, read = _decided(cuts, outcomes, predictions)
        asked: Booleans = np.asarray(read.all(axis=1), dtype=np.bool_)
        right: Floats = (asked & (there == said).all(axis=1)).astype(np.float64)
        return one_row_a_case(right, asked.astype(np.float64))

    return (
        Measure(
            name="f1_micro",
            label="F1 score (all labels together)",
            columns=("twice_hit", "there_plus_said"),
            contribute=f1,
            statistic=ratio,
            operating=True,
        ),
        Measure(
            name="hamming_loss",
            label="Hamming loss (share of labels decided wrongly)",
            columns=("wrong", "labels_read"),
            contribute=wrong,
            statistic=ratio,
            higher_is_better=False,
            operating=True,
        ),
        Measure(
            name="subset_accuracy",
            label="Subset accuracy (cases with every label right)",
            columns=("all_right", "all_read"),
            contribute=exact,
            statistic=ratio,
            interval=proportion.interval,
            clustered_interval=proportion.clustered_interval,
            contrast=proportion.contrast,
            operating=True,
        ),
    )

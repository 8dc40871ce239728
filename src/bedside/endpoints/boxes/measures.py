"""Measures of found boxes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kinds import Kind
from bedside.endpoints.boxes.matching import ASIDE, KIND, RIGHT, judged, rows
from bedside.endpoints.boxes.operating import shown
from bedside.endpoints.boxes.ranked import average_precision, froc, kinds_of, mean_of_kinds
from bedside.endpoints.measure import Contributions, Measure, Statistic
from bedside.endpoints.ratio import divided, mean, one_row_a_case, ratio
from bedside.errors import StatisticsError
from bedside.types import Floats, Weights

BoxMeasure: TypeAlias = Measure[Boxes, Found]
Limits: TypeAlias = tuple[float, ...]

STRICT: Limits = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Limits of overlap of the stricter average precision (COCO)."""

_INFINITY = float("inf")


def box_measures(
    kinds: Sequence[Kind], overlap: float, cut: Mapping[str, float], counted: "Mapping[str, float] | None" = None
) -> tuple[BoxMeasure, ...]:
    """All measures.

    Args:
        kinds: Of boxes.
        overlap: Intersection over union from which a box counts as found.
        cut: From which score a box is shown, by the kind's slug.
        counted: From which score it is counted; None for the same.
    """
    tallied = cut if counted is None else counted
    several = kinds if len(kinds) > 1 else ()
    share = round(100 * overlap)
    return (
        _ranked((f"ap{share}", f"Average precision at overlap {overlap:g}"), (overlap,), kinds),
        *(
            _ranked(
                (kind.named(f"ap{share}"), kind.labelled(f"Average precision at overlap {overlap:g}")),
                (overlap,),
                kinds,
                kind,
            )
            for kind in several
        ),
        _ranked(("ap", "Average precision, mean over overlaps .5 to .95"), STRICT, kinds),
        _ranked(("froc", "Mean sensitivity at 1/8 to 8 false positives per image"), (overlap,), kinds, statistic=froc),
        *_decided("sensitivity", "Sensitivity", kinds, _hits_and_references, overlap, cut),
        *_decided(
            "precision", "Positive predictive value", kinds, _hits_and_shown, overlap, cut, together=_mean_of_all_ratios
        ),
        *(
            one
            for kind in kinds
            for one in (
                _count(kind, ("count_error", "Counted minus there, per image"), np.positive, kinds, tallied, overlap),
                _count(
                    kind,
                    ("count_absolute_error", "Absolute error of counts per image"),
                    np.abs,
                    kinds,
                    tallied,
                    overlap,
                ),
            )
        ),
    )


def checked(outcomes: Sequence[Boxes], predictions: Sequence[Found], kinds: Sequence[Kind]) -> None:
    """Raise StatisticsError for boxes of a kind that the endpoint does not have."""
    for each, what in ((outcomes, "outcome"), (predictions, "prediction")):
        if any(one.kinds.max(initial=-1) >= len(kinds) for one in each):
            msg = f"an {what}" if what == "outcome" else f"a {what}"
            msg += f" holds a box of a kind that is not declared; kinds are numbered from 0 to {len(kinds) - 1}"
            raise StatisticsError(msg)


def _ranked(
    names: tuple[str, str],
    limits: Limits,
    kinds: Sequence[Kind],
    only: Kind | None = None,
    *,
    statistic: Callable[[Floats], Statistic] = average_precision,
) -> BoxMeasure:
    """A measure of all that was found, by its order; of one kind, or the mean over kinds."""

    def contribute(outcomes: Sequence[Boxes], predictions: Sequence[Found]) -> Contributions:
        checked(outcomes, predictions, kinds)
        found = rows(outcomes, predictions, limits)
        if only is None:
            return found
        # Rows of images are of no kind.
        kept = (found.rows[:, KIND] == only.place) | (found.rows[:, 0] == 1)
        return Contributions(found.rows[kept], found.case[kept], found.n)

    def absent(given: Floats) -> tuple[str, ...]:
        there = set(kinds_of(given))
        return tuple(kind.name for kind in (kinds if only is None else (only,)) if float(kind.place) not in there)

    return Measure(
        name=names[0],
        label=names[1],
        columns=("image", "kind", "reference", "score", *(f"matched_{round(100 * limit)}" for limit in limits)),
        contribute=contribute,
        statistic=statistic,
        pooled=False,
        absent=absent,
    )


def _decided(
    name: str,
    label: str,
    kinds: Sequence[Kind],
    counted: Callable[[Boxes, Found, Sequence[Kind], float, Mapping[str, float]], Floats],
    overlap: float,
    cut: Mapping[str, float],
    *,
    together: Callable[[Floats], Statistic] | None = None,
) -> tuple[BoxMeasure, ...]:
    """A share of boxes at the operating point: the mean over kinds, by `together` where it is given, and of each."""

    def table(outcomes: Sequence[Boxes], predictions: Sequence[Found]) -> Floats:
        checked(outcomes, predictions, kinds)
        told = [counted(*pair, kinds, overlap, cut) for pair in zip(outcomes, predictions, strict=True)]
        return np.stack(told).reshape(len(told), -1)

    def whole(outcomes: Sequence[Boxes], predictions: Sequence[Found]) -> Contributions:
        return one_row_a_case(*table(outcomes, predictions).T)

    def of(kind: Kind) -> Callable[[Sequence[Boxes], Sequence[Found]], Contributions]:
        return lambda outcomes, predictions: one_row_a_case(
            *table(outcomes, predictions)[:, 2 * kind.place : 2 * kind.place + 2].T
        )

    columns = tuple(kind.named(part) for kind in kinds for part in ("right", "of"))
    label = f"{label} at the operating point"
    main = Measure(
        name=name,
        label=label,
        columns=columns,
        contribute=whole,
        statistic=together or _mean_of_ratios,
        operating=True,
        absent=lambda given: tuple(kind.name for kind in kinds if not given[:, 2 * kind.place + 1].any()),
    )
    if len(kinds) == 1:
        return (main,)
    each = (
        Measure(
            name=kind.named(name),
            label=kind.labelled(label),
            columns=("right", "of"),
            contribute=of(kind),
            statistic=ratio,
            operating=True,
            absent=partial(_nothing_of, kind),
        )
        for kind in kinds
    )
    return (main, *each)


def _nothing_of(kind: Kind, given: Floats) -> tuple[str, ...]:
    return () if given[:, 1].any() else (kind.name,)


def _mean_of_ratios(given: Floats) -> Statistic:
    """Mean over kinds of the ratio of each pair of columns; a kind whose ratio is undefined is left out."""
    pairs = range(0, given.shape[1], 2)
    return mean_of_kinds([ratio(np.ascontiguousarray(given[:, k : k + 2])) for k in pairs])


def _mean_of_all_ratios(given: Floats) -> Statistic:
    """The same, undefined where one ratio is: which kinds are shown is the learner's choice, and learners are compared.

    A learner that never shows the hardest kind would else be more precise than one that tries.
    """

    def statistic(weights: Weights) -> Floats:
        sums = weights @ given
        found: Floats = divided(sums[:, ::2], sums[:, 1::2]).mean(axis=1)
        return found

    return statistic


def _hits_and_references(
    truth: Boxes, told: Found, kinds: Sequence[Kind], overlap: float, cut: Mapping[str, float]
) -> Floats:
    there = np.bincount(truth.kinds, minlength=len(kinds))
    return np.column_stack([_hits_and_shown(truth, told, kinds, overlap, cut)[:, 0], there])


def _hits_and_shown(
    truth: Boxes, told: Found, kinds: Sequence[Kind], overlap: float, cut: Mapping[str, float]
) -> Floats:
    """Of each kind, how many shown boxes take one that is there, and how many are judged."""
    places = shown(told, kinds, cut)
    found = judged(truth, told, (overlap,))[places, 0]
    each = [np.bincount(told.kinds[places][which], minlength=len(kinds)) for which in (found == RIGHT, found != ASIDE)]
    return np.column_stack(each).astype(np.float64)


def counts(
    outcomes: Sequence[Boxes],
    predictions: Sequence[Found],
    kinds: Sequence[Kind],
    cut: Mapping[str, float],
    overlap: float,
) -> tuple[Floats, Floats]:
    """How many boxes of each kind are there and are shown, both of shape (n, kinds); none that is set aside."""
    there = [np.bincount(truth.kinds, minlength=len(kinds)) for truth in outcomes]
    pairs = zip(outcomes, predictions, strict=True)
    told = [_hits_and_shown(*pair, kinds, overlap, cut)[:, 1] for pair in pairs]
    return np.array(there, dtype=np.float64), np.array(told, dtype=np.float64)


def _count(
    kind: Kind,
    names: tuple[str, str],
    of_error: Callable[[Floats], Floats],
    kinds: Sequence[Kind],
    cut: Mapping[str, float],
    overlap: float,
) -> BoxMeasure:
    """A measure of how many boxes of a kind are shown, image by image."""
    signed = of_error is np.positive

    def contribute(outcomes: Sequence[Boxes], predictions: Sequence[Found]) -> Contributions:
        checked(outcomes, predictions, kinds)
        there, told = counts(outcomes, predictions, kinds, cut, overlap)
        return one_row_a_case(of_error(told[:, kind.place] - there[:, kind.place]))

    return Measure(
        name=kind.named(names[0]),
        label=kind.labelled(names[1]),
        columns=("error",),
        contribute=contribute,
        statistic=mean,
        higher_is_better=None if signed else False,
        target=0.0 if signed else None,
        bounds=(-_INFINITY if signed else 0.0, _INFINITY),
        operating=True,
    )

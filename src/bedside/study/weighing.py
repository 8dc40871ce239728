"""Known outcomes that stand for the censored: each split's weights, read off its own censoring curve.

The curve is fitted on the development partition, the censored among it; the weights of development, tuning and judged
cases are read off it. Cases of another source are judged by the curve of that source: they are watched otherwise, and
nothing learns from how long.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from bedside.data.censoring import CensoringWeights
from bedside.data.sample import Censored, Sample
from bedside.data.split import Fold, Split, Validation
from bedside.errors import CohortProblem
from bedside.evidence.count import WITHHELD
from bedside.evidence.participants import Censoring
from bedside.stats.censoring import CensoringCurve, Ending, FollowUp, censoring_weights, effective, fit_censoring
from bedside.study.suppression import SmallCells
from bedside.types import Floats, Integers

X = TypeVar("X")
Y = TypeVar("Y")

PARTITIONS = ("development", "selection", "calibration", "test")


@dataclass(frozen=True)
class SplitWeights:
    """The weights of one split.

    Attributes:
        known: By partition, the weight of each of its samples in the order of the split's positions.
        censored: By partition, how many cases were censored.
        truncated: By partition, how many weights were cut off.
    """

    known: Mapping[str, Floats]
    censored: Mapping[str, int]
    truncated: Mapping[str, int]

    def of(self, partition: str) -> Floats:
        """The weights of a partition, shape (n,)."""
        return self.known[partition]

    @property
    def content(self) -> bytes:
        """All weights, for the key of a stored fit."""
        return b"|".join(self.known[name].astype("<f8").tobytes() for name in PARTITIONS)


def divided(
    validation: Validation,
    samples: Sequence[Sample[X, Y]],
    censored: Sequence[Censored],
    stratum: Callable[[Y], Hashable],
    seed: int,
) -> tuple[tuple[Split, ...], tuple[Mapping[str, Integers], ...]]:
    """Divide samples and censored cases together by patient.

    For the division alone censored cases are dealt out with the commonest outcome, so that what a division asks of the
    rarer ones is asked of known outcomes.

    Returns:
        Splits whose positions index the samples, and of each the positions of the censored cases by partition.

    Raises:
        CohortProblem: As the validation does, and where a split would learn from or judge no known outcome.
    """
    if not censored:
        splits = validation.splits(samples, stratum, seed)
        nobody = dict.fromkeys(PARTITIONS, np.empty(0, dtype=np.int64))
        return splits, tuple(nobody for _ in splits)
    labels: list[Hashable] = [stratum(sample.outcome) for sample in samples]
    commonest = max(Counter(labels).items(), key=lambda pair: (pair[1], repr(pair[0])))[0]
    together: list[Sample[X, Y] | Censored] = [*samples, *censored]
    labels += [commonest] * len(censored)
    everyone: list[Sample[None, Hashable]] = [
        Sample(one.key, one.patient, None, label, one.index_time, one.attributes)
        for one, label in zip(together, labels, strict=True)
    ]
    found = [_parted(split, len(samples)) for split in validation.splits(everyone, lambda label: label, seed)]
    return tuple(split for split, _ in found), tuple(places for _, places in found)


def _parted(split: Split, known: int) -> tuple[Split, Mapping[str, Integers]]:
    """The split of the first `known` cases, and where the others stand."""
    positions = {name: getattr(split, name) for name in PARTITIONS}
    kept = {name: places[places < known] for name, places in positions.items()}
    for name in ("development", "test"):
        if not kept[name].size:
            msg = (
                f"every case in {name} of {split.name!r} is censored, so that no outcome there is known; use fewer "
                "splits, a shorter horizon, or a longer observation"
            )
            raise CohortProblem(msg)
    inside = positions["development"] < known
    place = np.cumsum(inside) - 1
    folds = tuple(
        Fold(fit=place[fold.fit[inside[fold.fit]]], held_out=place[fold.held_out[inside[fold.held_out]]])
        for fold in split.folds
    )
    away = {name: places[places >= known] - known for name, places in positions.items()}
    return replace(split, **kept, folds=folds), away


def weights_of_split(
    split: Split,
    places: Mapping[str, Integers],
    samples: Sequence[Sample[Any, Any]],
    censored: Sequence[Censored],
    declared: CensoringWeights,
    *,
    elsewhere: bool,
) -> SplitWeights:
    """The weights of one split.

    Args:
        split: Indexes `samples`.
        places: By partition, positions of its censored cases.
        samples: All of them watched.
        censored: Those who were not watched long enough.
        declared: The largest weight.
        elsewhere: Whether the judged cases are of another source.
    """

    def followed(name: str) -> FollowUp:
        known = [samples[k].watched for k in getattr(split, name).tolist()]
        away = [censored[k].days for k in places[name].tolist()]
        days = [one.days for one in known if one is not None] + away
        ending = [int(one.ending) for one in known if one is not None] + [int(Ending.CENSORED)] * len(away)
        return FollowUp(np.array(days, dtype=np.float64), np.array(ending, dtype=np.int64))

    def read(curve: CensoringCurve, name: str) -> tuple[Floats, int]:
        size = getattr(split, name).size
        if not size:
            return np.empty(0, dtype=np.float64), 0
        found = censoring_weights(curve, followed(name)[:size], largest=declared.largest)
        return found.weights, found.truncated

    curve = fit_censoring(followed("development"))
    read_off = {name: read(curve, name) for name in PARTITIONS}
    if elsewhere:
        read_off["test"] = read(fit_censoring(followed("test")), "test")
    return SplitWeights(
        known={name: weights for name, (weights, _) in read_off.items()},
        censored={name: int(places[name].size) for name in PARTITIONS},
        truncated={name: cut for name, (_, cut) in read_off.items()},
    )


def rows_of(
    validation: str,
    splits: Sequence[Split],
    weights: Sequence[SplitWeights],
    cells: SmallCells,
) -> list[Censoring]:
    """How known outcomes stand for the censored, by split and partition.

    A count of censored cases that may not be shown takes the others of its validation with it: they add up to those of
    the flow.
    """
    found = []
    for split, each in zip(splits if weights else (), weights, strict=True):
        for name in PARTITIONS:
            known = each.of(name)
            if known.size:
                row = {"validation": validation, "split": split.name, "partition": name, "known": int(known.size)}
                row |= {"censored": each.censored[name], "truncated": each.truncated[name]}
                row |= {"smallest": float(known.min()), "largest": float(known.max()), "effective": effective(known)}
                found.append(Censoring.model_validate(row))
    counts = [count for row in found for count in (row.known, row.censored, row.truncated)]
    if not any(cells.is_small(count) for count in counts if isinstance(count, int)):
        return found
    hidden = {"known": WITHHELD, "censored": WITHHELD, "truncated": WITHHELD, "effective": WITHHELD}
    return [row.model_copy(update=hidden) for row in found]


def weighed(samples: Sequence[Sample[X, Y]], weights: Floats) -> list[Sample[X, Y]]:
    """The samples, each standing for so many cases."""
    return [replace(sample, weight=weight) for sample, weight in zip(samples, weights.tolist(), strict=True)]


def or_none(weights: Floats) -> Floats | None:
    """The weights, or None where each case stands for itself: what is computed then is what it always was."""
    return None if bool((weights == 1.0).all()) else weights

"""Does anything give the outcome away? Duplicates, disguised outcomes and impossible dates."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.stats import rankdata

from bedside.data.sample import Censored, Sample, moment
from bedside.data.split import Split
from bedside.types import Booleans, Floats, Integers

NEAR_PERFECT = 0.98
"""A single predictor that separates the outcome this well (AUROC, or absolute rank correlation) is suspect."""


_FEWEST_COLUMNS = 3
"""Cases that agree in one or two predictors are no copies of one another."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A predictor that nearly is the outcome."""

    name: str
    separation: float
    scale: str


def separation_of_classes(numbers: Floats, classes: Integers) -> float:
    """Largest one-against-rest AUROC of a number, direction ignored; 0.5 when it cannot be said.

    Args:
        numbers: Values, shape (n,), NaN where missing (left out).
        classes: Class numbers, shape (n,).
    """
    known = ~np.isnan(numbers)
    ranks, classes = rankdata(numbers[known]), classes[known]
    best = 0.5
    for k in np.unique(classes):
        inside = classes == k
        a, b = int(inside.sum()), int((~inside).sum())
        if min(a, b) < 2:
            continue
        auroc = (ranks[inside].sum() - a * (a + 1) / 2) / (a * b)
        best = max(best, auroc, 1 - auroc)
    return float(best)


def separation_of_numbers(numbers: Floats, values: Floats) -> float:
    """Absolute Spearman correlation; 0 when it cannot be said."""
    known = ~np.isnan(numbers)
    if known.sum() < 10 or np.ptp(numbers[known]) == 0 or np.ptp(values[known]) == 0:
        return 0.0
    return float(abs(np.corrcoef(rankdata(numbers[known]), rankdata(values[known]))[0, 1]))


def suspects(
    columns: Sequence[tuple[str, Floats]], *, classes: Integers | None = None, values: Floats | None = None
) -> tuple[Suspect, ...]:
    """Predictors that alone nearly give the outcome away, the worst first.

    Args:
        columns: Names and values of predictors, each shape (n,), categories as codes already ordered by outcome.
        classes: Class numbers of a categorical outcome, or None.
        values: Values of a numeric outcome, or None.
    """
    found = []
    for name, numbers in columns:
        if classes is not None:
            strength, scale = separation_of_classes(numbers, classes), "AUROC"
        elif values is not None:
            strength, scale = separation_of_numbers(numbers, values), "absolute rank correlation"
        else:
            continue
        if strength >= NEAR_PERFECT:
            found.append(Suspect(name, strength, scale))
    return tuple(sorted(found, key=lambda suspect: -suspect.separation))


def target_encoded(columns: Sequence[tuple[str, Floats]], outcome: Floats) -> tuple[str, ...]:
    """Numbers that are the mean outcome of the cases that share them: a category encoded by looking at the outcome.

    Args:
        columns: Names and values of predictors, each shape (n,), NaN where missing.
        outcome: Outcome as a number, shape (n,).
    """
    found = []
    for name, numbers in columns:
        known = ~np.isnan(numbers)
        values, code = np.unique(numbers[known], return_inverse=True)
        if not 3 <= values.size < known.sum() / 2:
            continue
        size = np.bincount(code)
        mean = np.bincount(code, weights=outcome[known]) / size
        shared = size > 1
        same = np.isclose(values, mean, rtol=1e-6, atol=1e-9) & shared
        if size[same].sum() > 0.9 * size[shared].sum() and np.unique(values[same]).size >= 3:
            found.append(name)
    return tuple(found)


def near_copies(matrix: Floats, learned: Integers, judged: Integers, *, closer_than: float = 0.01) -> int:
    """How many judged cases almost equal a case that was learned from, without being identical to any.

    Two cases almost equal one another when no predictor differs by more than `closer_than` standard deviations.
    Neighbours are sought along three random directions, so that the count is a lower bound in large cohorts.

    Args:
        matrix: Numbers, shape (cases, predictors), NaN where missing; a missing value equals only a missing value.
        learned: Positions that were learned from.
        judged: Positions that were judged.
        closer_than: Largest difference in any predictor, in standard deviations.
    """
    spread, usable = _spread(matrix)
    if usable.sum() < _FEWEST_COLUMNS:
        return 0
    scaled = np.where(np.isnan(matrix), 1e6, matrix)[:, usable] / spread[usable]
    scaled = scaled - scaled.mean(axis=0)
    inside = np.zeros(len(matrix), dtype=bool)
    inside[learned] = True
    order_of = np.random.default_rng(0).normal(size=(usable.sum(), 3))
    near: set[int] = set()
    same: set[int] = set()
    both = np.concatenate([learned, judged])
    for direction in order_of.T:
        order = both[np.argsort(scaled[both] @ direction, kind="stable")]
        for step in range(1, 9):
            a, b = order[:-step], order[step:]
            across = inside[a] != inside[b]
            a, b = a[across], b[across]
            gap = np.abs(scaled[a] - scaled[b]).max(axis=1, initial=0.0)
            test = np.where(inside[a], b, a)
            same |= set(test[gap == 0].tolist())
            near |= set(test[(gap > 0) & (gap < closer_than)].tolist())
    return len(near - same)


def can_be_near(matrix: Floats) -> bool:
    """Whether enough predictors vary for nearness to mean anything; `near_copies` finds none where they do not."""
    return bool(_spread(matrix)[1].sum() >= _FEWEST_COLUMNS)


def _spread(matrix: Floats) -> tuple[Floats, Booleans]:
    """Standard deviation of each predictor, and whether it varies."""
    if not matrix.size:
        return np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1], dtype=np.bool_)
    spread: Floats = np.nanstd(np.where(np.isfinite(matrix), matrix, np.nan), axis=0)
    return spread, spread > 0


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Cases with identical predictors.

    Attributes:
        cases: Cases that share their predictors with a case of another patient.
        conflicting: Of these, cases whose twins have another outcome.
    """

    cases: int
    conflicting: int


def duplicates(samples: Sequence[Sample[object, object]], digests: Sequence[bytes]) -> Duplicates:
    """Count cases of different patients with identical predictors."""
    patients: dict[bytes, set[str]] = defaultdict(set)
    outcomes: dict[bytes, set[str]] = defaultdict(set)
    for sample, digest in zip(samples, digests, strict=True):
        patients[digest].add(str(sample.patient))
        outcomes[digest].add(repr(sample.outcome))
    shared = [digest for digest in digests if len(patients[digest]) > 1]
    return Duplicates(cases=len(shared), conflicting=sum(len(outcomes[digest]) > 1 for digest in shared))


def copies_in_test(split: Split, digests: Sequence[bytes]) -> int:
    """How many test cases have predictors identical to a case that was learned from."""
    learned = np.concatenate([split.development, split.selection, split.calibration])
    seen = {digests[k] for k in learned.tolist()}
    return sum(digests[k] in seen for k in split.test.tolist())


def patients_on_both_sides(split: Split, samples: Sequence[Sample[object, object]]) -> int:
    """How many patients stand in test and elsewhere; anything but 0 is a defect of the validation."""
    learned = np.concatenate([split.development, split.selection, split.calibration])
    return len({samples[k].patient for k in learned.tolist()} & {samples[k].patient for k in split.test.tolist()})


@dataclass(frozen=True, slots=True)
class Known:
    """Patients known to two sources.

    Attributes:
        patients: How many they are.
        cases: Their cases in the source that was learned from.
    """

    patients: int
    cases: int


def known_to_both(samples: Sequence[Sample[object, object]], outside: Integers) -> Known:
    """Patients with samples in both sources, recognised by their identifiers.

    Args:
        samples: Of both sources.
        outside: Positions of those of the other source.
    """
    there = {samples[k].patient for k in outside.tolist()}
    here = Counter(samples[k].patient for k in np.setdiff1d(np.arange(len(samples)), outside).tolist())
    shared = there & here.keys()
    return Known(patients=len(shared), cases=sum(here[patient] for patient in shared))


def in_the_future(samples: Sequence[Sample[object, object]], *, now: datetime | None = None) -> int:
    """How many index times lie after the present."""
    limit = now or datetime.now(UTC)
    count = 0
    for sample in samples:
        if sample.index_time is not None:
            count += moment(sample.index_time) > limit
    return count


def repeated_keys(samples: Sequence[Sample[object, object] | Censored]) -> int:
    """How many sample keys occur more than once."""
    return sum(count > 1 for count in Counter(sample.key for sample in samples).values())

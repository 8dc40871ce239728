"""The judged rows of one learner in one validation, ready for statistics."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from bedside.endpoints.measure import Contributions, Measure
from bedside.types import Floats, Integers, Weights

Y = TypeVar("Y")
P = TypeVar("P")

MOST_WEIGHTS = 1 << 23
"""Weights of contributions that are held at once: 64 MiB, however many boxes a case has."""


@dataclass(frozen=True)
class Judged(Generic[Y, P]):
    """Outcomes and predictions of one learner, split by split.

    Attributes:
        learner: Name.
        outcomes: One a row.
        predictions: One a row.
        fold: Split number of each row, shape (n,).
        patient: Patient code of each row, shape (n,); the same code in every learner of the validation.
        measures: What is measured, fixed on each split's own reference.
        weights: How many cases each row stands for, shape (n,); None where each stands for itself.
    """

    learner: str
    outcomes: Sequence[Y]
    predictions: Sequence[P]
    fold: Integers
    patient: Integers
    measures: Sequence[tuple[Measure[Y, P], ...]]
    weights: Floats | None = None

    @property
    def splits(self) -> int:
        """Number of splits."""
        return len(self.measures)

    @property
    def independent(self) -> bool:
        """Whether every row is another patient, judged in one split."""
        return self.splits == 1 and np.unique(self.patient).size == self.patient.size

    def contributed(self, number: int) -> "Contributed":
        """The contributions of one measure, splits concatenated."""
        rows, cases = [], []
        for split, measures in enumerate(self.measures):
            inside = np.flatnonzero(self.fold == split)
            part: Contributions = measures[number].contribute(
                [self.outcomes[k] for k in inside.tolist()], [self.predictions[k] for k in inside.tolist()]
            )
            rows.append(part.rows)
            cases.append(inside[part.case])
        return Contributed(
            measure=self.measures[0][number],
            rows=np.concatenate(rows),
            case=np.concatenate(cases).astype(np.int64),
            fold=self.fold,
            weights=self.weights,
        )


@dataclass(frozen=True)
class Contributed:
    """Contributions of one measure over all rows of a learner.

    Attributes:
        measure: The measure.
        rows: Shape (m, k).
        case: Row of `Judged` that each contribution belongs to, shape (m,).
        fold: Split number of each row of `Judged`.
        weights: How many cases each row of `Judged` stands for; None where each stands for itself.
    """

    measure: Measure[Any, Any]
    rows: Floats
    case: Integers
    fold: Integers
    weights: Floats | None = None

    def within(self, chosen: Integers) -> "Chosen":
        """The measure restricted to some rows of `Judged` (ascending positions)."""
        position = np.full(self.fold.size, -1, dtype=np.int64)
        position[chosen] = np.arange(chosen.size)
        kept = position[self.case] >= 0
        case = position[self.case[kept]]
        stand = None if self.weights is None else self.weights[chosen]
        return Chosen(self.measure, self.rows[kept], case, self.fold[chosen], stand)


class Chosen:
    """One measure on chosen rows: a function of weights over those rows, times as many cases as each stands for.

    Rank measures (`pooled=False`) are computed within each split and averaged; splits in which a measure is
    undefined are left out of the average, and `defined` says how many remained. `absent` counts, for each structure or
    kind of which some of them tell nothing, in how many.
    """

    def __init__(
        self, measure: Measure[Any, Any], rows: Floats, case: Integers, fold: Integers, weights: Floats | None = None
    ) -> None:
        self.measure = measure
        self.weights = weights if weights is not None and bool((weights != 1.0).any()) else None
        self.rows = rows
        self.case = case
        self.fold = fold
        self.cases = int(fold.size)
        self._parts: list[tuple[Integers | None, Callable[[Weights], Floats]]] = []
        self.absent: Counter[str] = Counter()
        folds = np.unique(fold)
        if measure.pooled or folds.size <= 1:
            self._parts.append((_unless_identity(case, self.cases), measure.statistic(rows)))
            self._miss(rows)
        else:
            for k in folds:
                inside = fold[case] == k
                self._parts.append((case[inside], measure.statistic(rows[inside])))
                self._miss(rows[inside])

    def __call__(self, weights: Weights) -> Floats:
        """Values, shape (b,), for weights over the chosen rows, shape (b, cases)."""
        if self.weights is not None:
            weights = weights * self.weights
        values = np.stack([_weighed(part, case, weights) for case, part in self._parts])
        return values[0] if len(values) == 1 else _mean_of_defined(values)

    def by_fold(self) -> tuple[Floats, Integers]:
        """The plain value within each split, NaN where undefined, and how many cases each has."""
        numbers = np.unique(self.fold)
        values = []
        for k in numbers:
            inside = self.fold[self.case] == k
            cases = int(inside.sum())
            statistic = self.measure.statistic(self.rows[inside]) if cases else None
            values.append(np.nan if statistic is None else float(statistic(self._stand(self.case[inside]))[0]))
        return np.array(values), np.array([int((self.fold == k).sum()) for k in numbers], dtype=np.int64)

    @property
    def defined(self) -> int:
        """In how many splits the measure can be computed."""
        return sum(bool(np.isfinite(self._plain(case, part))) for case, part in self._parts)

    @property
    def parts(self) -> int:
        """Over how many splits the measure is averaged."""
        return len(self._parts)

    def _miss(self, rows: Floats) -> None:
        if self.measure.absent is not None:
            self.absent.update(self.measure.absent(rows))

    def _plain(self, case: Integers | None, part: Callable[[Weights], Floats]) -> float:
        return float(part(self._stand(self.case if case is None else case))[0])

    def _stand(self, case: Integers) -> Weights:
        """How many cases each contribution of these cases stands for, shape (1, m)."""
        return np.ones((1, case.size)) if self.weights is None else self.weights[None, case]


def _unless_identity(case: Integers, cases: int) -> Integers | None:
    same = case.size == cases and bool((case == np.arange(cases)).all())
    return None if same else case


def _weighed(part: Callable[[Weights], Floats], case: Integers | None, weights: Weights) -> Floats:
    """Values for weights of cases, shape (b, cases), a few replicates at a time where cases have many rows."""
    if case is None:
        return part(weights)
    step = max(1, MOST_WEIGHTS // max(1, case.size))
    if len(weights) <= step:
        return part(weights[:, case])
    blocks = [part(weights[start : start + step][:, case]) for start in range(0, len(weights), step)]
    return np.concatenate(blocks)


def _mean_of_defined(values: Floats) -> Floats:
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

"""How ordered grades are decided from their probabilities: one grade a case, by a rule fixed before the test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bedside.errors import CohortProblem
from bedside.stats.kappa import credit
from bedside.types import Floats, Integers

_CANDIDATES = 200
"""Cut points tried between two grades; of more distinct expected grades, so many quantiles."""

_SWEEPS = 20
_TIE = 1e-12


class DecisionRule(Protocol):
    """A rule that turns tuning data into what is decided with."""

    @property
    def words(self) -> str:
        """The rule for the methods section, without a full stop."""
        ...

    @property
    def tuned(self) -> bool:
        """Whether it fixes anything on tuning data."""
        ...

    def choose(self, outcomes: Integers, matrix: Floats) -> Mapping[str, float]:
        """What the rule fixes on tuning data: outcomes (n,), probabilities (n, k); empty when it fixes nothing."""
        ...

    def decide(self, settings: Mapping[str, float], matrix: Floats) -> Integers:
        """The grade of each case, shape (n,), from probabilities (n, k)."""
        ...


def expected(matrix: Floats) -> Floats:
    """The mean grade under the probabilities, shape (n,)."""
    grades: Floats = matrix @ np.arange(matrix.shape[1], dtype=np.float64)
    return grades


@dataclass(frozen=True)
class MostProbable:
    """The most probable grade; of equally probable ones the lowest."""

    @property
    def words(self) -> str:
        """The rule in words."""
        return "most probable grade"

    @property
    def tuned(self) -> bool:
        """Nothing is fixed on tuning data."""
        return False

    def choose(self, outcomes: Integers, matrix: Floats) -> Mapping[str, float]:  # noqa: ARG002 - needs no data
        """Nothing to fix."""
        return {}

    def decide(self, settings: Mapping[str, float], matrix: Floats) -> Integers:  # noqa: ARG002 - there are none
        """The grades."""
        return np.asarray(matrix.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Rounded:
    """The expected grade, rounded; halves upwards."""

    @property
    def words(self) -> str:
        """The rule in words."""
        return "expected grade, rounded"

    @property
    def tuned(self) -> bool:
        """Nothing is fixed on tuning data."""
        return False

    def choose(self, outcomes: Integers, matrix: Floats) -> Mapping[str, float]:  # noqa: ARG002 - needs no data
        """Nothing to fix."""
        return {}

    def decide(self, settings: Mapping[str, float], matrix: Floats) -> Integers:  # noqa: ARG002 - there are none
        """The grades."""
        return np.floor(np.clip(expected(matrix), 0.0, matrix.shape[1] - 1) + 0.5).astype(np.int64)


@dataclass(frozen=True)
class CutPoints:
    """The expected grade, cut where the quadratic weighted kappa of tuning data is highest.

    Cut points start halfway between grades and are moved one at a time, until none of them can be moved to a higher
    kappa; of equally good ones that nearest to halfway is taken.
    """

    @property
    def words(self) -> str:
        """The rule in words."""
        return "expected grade, cut where the quadratic weighted kappa is highest on tuning data"

    @property
    def tuned(self) -> bool:
        """Cut points are fixed on tuning data."""
        return True

    def choose(self, outcomes: Integers, matrix: Floats) -> Mapping[str, float]:
        """The cut points by name; raises CohortProblem where tuning data hold one grade only."""
        if np.unique(outcomes).size < 2:
            msg = (
                f"cut points between grades cannot be chosen: all {outcomes.size} tuning cases have the same grade; "
                "give more data, or decide by Rounded() or MostProbable()"
            )
            raise CohortProblem(msg)
        cuts = _best(outcomes, expected(matrix), matrix.shape[1])
        return {f"cut_{k}": float(cut) for k, cut in enumerate(cuts, start=1)}

    def decide(self, settings: Mapping[str, float], matrix: Floats) -> Integers:
        """The grades: as many cut points as the expected grade reaches."""
        cuts = np.array([settings[f"cut_{k}"] for k in range(1, matrix.shape[1])])
        return np.searchsorted(cuts, expected(matrix), side="right").astype(np.int64)


def _best(outcomes: Integers, grades: Floats, count: int) -> Floats:
    """Rising cut points, shape (k - 1,)."""
    halfway = np.arange(count - 1) + 0.5
    found = np.unique(grades)
    between = (found[1:] + found[:-1]) / 2.0
    if between.size > _CANDIDATES:
        between = np.unique(np.quantile(between, np.linspace(0.0, 1.0, _CANDIDATES)))
    places = np.unique(np.concatenate([between, halfway]))
    # below[g, p] cases of grade g lie below place p, so that a table of any cuts is a few differences.
    below = np.zeros((count, places.size))
    for grade in range(count):
        below[grade] = np.searchsorted(np.sort(grades[outcomes == grade]), places, side="left")
    cases = np.bincount(outcomes, minlength=count).astype(np.float64)
    chosen = np.searchsorted(places, halfway)
    worth = credit(count, "quadratic")
    for _ in range(_SWEEPS):
        before = chosen.copy()
        for k in range(count - 1):
            low = chosen[k - 1] if k else 0
            high = chosen[k + 1] if k + 1 < count - 1 else places.size - 1
            tried = np.arange(low, high + 1)
            values = np.array([_kappa(below, cases, [*chosen[:k], place, *chosen[k + 1 :]], worth) for place in tried])
            good = tried[values >= values.max() - _TIE]
            chosen[k] = good[np.argmin(np.abs(places[good] - halfway[k]))]
        if np.array_equal(chosen, before):
            break
    return np.asarray(places[chosen], dtype=np.float64)


def _kappa(below: Floats, cases: Floats, cuts: Sequence[int], worth: Floats) -> float:
    """Weighted kappa of true grade against decided grade; 0 where all are decided alike."""
    edges = np.column_stack([np.zeros(cases.size), below[:, cuts], cases])
    share = np.diff(edges, axis=1) / cases.sum()
    by_chance = float(share.sum(axis=1) @ worth @ share.sum(axis=0))
    return (float((share * worth).sum()) - by_chance) / (1.0 - by_chance) if by_chance < 1.0 - _TIE else 0.0

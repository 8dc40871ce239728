"""Cox's partial likelihood with delayed entry: its value, its derivatives, and the regression that maximises it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

import numpy as np
from scipy.sparse import csr_array

from bedside.errors import StatisticsError
from bedside.stats.times import Times
from bedside.types import Booleans, Floats, Integers

Ties = Literal["breslow", "efron"]

STEPS = 100
"""Newton steps at most; a regression that has a solution takes about six."""

_HALVINGS = 30

TOLERANCE = 1e-11
"""Relative gain of the log likelihood below which nothing more is gained."""


@dataclass(frozen=True, eq=False)
class AtRisk:
    """Who was at risk at each of the m times at which an event of one cause came.

    Attributes:
        at: The distinct times of events, rising, shape (m,).
        case: Who had each of the k events, in order of time, shape (k,).
        moment: Which of the times it came at, shape (k,).
        share: What part of the events of its time counts as gone before it (Efron, 1977, JASA 72:557); 0 for
            Breslow's, shape (k,).
        first: How many of the times had passed when a case entered, shape (n,).
        last: How many had come when its watch ended, its own among them, shape (n,).
    """

    at: Floats
    case: Integers
    moment: Integers
    share: Floats
    first: Integers
    last: Integers

    @classmethod
    def of(cls, times: Times, cause: int = 1, *, ties: Ties = "breslow") -> "AtRisk":
        """Risk sets of a cause; events of others end a watch as censoring does.

        Raises:
            StatisticsError: No case had an event of the cause.
        """
        case = np.flatnonzero(times.event == cause)
        if not case.size:
            msg = f"no case of {len(times)} has an event of cause {cause}; a partial likelihood needs at least one"
            raise StatisticsError(msg)
        case = case[np.argsort(times.time[case], kind="stable")]
        at, moment, count = np.unique(times.time[case], return_inverse=True, return_counts=True)
        place = np.arange(case.size) - np.repeat(np.cumsum(count) - count, count)
        share = place / np.repeat(count, count) if ties == "efron" else np.zeros(case.size)
        first = np.searchsorted(at, times.entry, side="right")
        return cls(at, case, moment, share, first, np.searchsorted(at, times.time, side="right"))

    def __len__(self) -> int:
        return self.first.size

    @cached_property
    def events(self) -> Booleans:
        """Which cases had the event, shape (n,)."""
        had = np.zeros(len(self), dtype=np.bool_)
        had[self.case] = True
        return had

    @cached_property
    def _ending(self) -> csr_array:
        return _places(self.last, self.at.size)

    @cached_property
    def _entering(self) -> "csr_array | None":
        return _places(self.first, self.at.size) if self.first.any() else None

    @cached_property
    def _having(self) -> csr_array:
        cells = (np.ones(self.case.size), (self.moment, self.case))
        return csr_array(cells, shape=(self.at.size, len(self)))

    def sums(self, values: Floats) -> Floats:
        """Sums of values, shape (n, ...), over those at risk just before each event, ties by share; shape (k, ...)."""
        ending = self._ending @ values
        if self._entering is not None:
            ending -= self._entering @ values
        # Who ended at a time or later, less who entered at it or later.
        there = np.cumsum(ending[::-1], axis=0)[::-1][1:]
        found: Floats = there[self.moment]
        if self.share.any():
            found -= _wide(self.share, values) * (self._having @ values)[self.moment]
        return found

    def during(self, values: Floats, *, power: int = 1) -> Floats:
        """Sums of what belongs to the events over those at which each case was at risk.

        Args:
            values: Shape (k, ...).
            power: Of the part with which a case counts at ties.

        Returns:
            Shape (n, ...).
        """
        whole = np.zeros((self.at.size + 1, *values.shape[1:]))
        np.add.at(whole, self.moment + 1, values)
        whole = np.cumsum(whole, axis=0)
        found: Floats = whole[self.last] - whole[self.first]
        if self.share.any():
            gone = np.zeros((self.at.size, *values.shape[1:]))
            np.add.at(gone, self.moment, _wide(1.0 - (1.0 - self.share) ** power, values) * values)
            found[self.case] -= gone[self.moment]
        return found


@dataclass(frozen=True, eq=False)
class Hazard:
    """Baseline hazard and risk sets at given log relative hazards of the n cases.

    Attributes:
        risk: The risk sets of k events.
        scores: Log relative hazards less the greatest, shape (n,).
        relative: Their exponentials, shape (n,).
        top: The greatest log relative hazard.
        total: Sum of `relative` over those at risk at each event, shape (k,).
    """

    risk: AtRisk
    scores: Floats
    relative: Floats
    top: float
    total: Floats

    @classmethod
    def of(cls, risk: AtRisk, scores: Floats) -> "Hazard":
        """At these log relative hazards, shape (n,)."""
        top = float(scores.max())
        below = scores - top
        relative = np.exp(below)
        # Whoever has the event is at risk: sums that rounding brought below are lifted.
        total = np.maximum(risk.sums(relative), (1.0 - risk.share) * relative[risk.case])
        return cls(risk, below, relative, top, np.maximum(total, np.finfo(np.float64).tiny))

    @property
    def log_likelihood(self) -> float:
        """Cox's partial likelihood (Cox, 1972)."""
        return float(np.sum(self.scores[self.risk.case] - np.log(self.total)))

    def cumulative(self, at: Floats) -> Floats:
        """Breslow's cumulative hazard of a case of score 0 at some times, same shape."""
        steps = np.concatenate([[0.0], np.cumsum(np.exp(-self.top) / self.total)])
        found: Floats = steps[np.searchsorted(self.risk.at[self.risk.moment], at, side="right")]
        return found

    @property
    def expected(self) -> Floats:
        """Events that each case was to have by the model, shape (n,); martingale residuals are events less these."""
        return self.relative * self.risk.during(1.0 / self.total)

    @property
    def curvature(self) -> Floats:
        """Minus the second derivative of the log likelihood by each score, shape (n,)."""
        return self.expected - self.relative**2 * self.risk.during(1.0 / self.total**2, power=2)

    def means(self, x: Floats) -> Floats:
        """Means of predictors (n, p) over those at risk at each event, by relative hazard, shape (k, p)."""
        return self.risk.sums(self.relative[:, None] * x) / self.total[:, None]

    def information(self, x: Floats, each: "Floats | None" = None) -> Floats:
        """Sum over events of the variance of predictors (n, p) among those at risk, shape (p, p).

        Args:
            x: Predictors.
            each: What each event counts for, shape (k,); once by default.
        """
        each = np.ones(len(self.total)) if each is None else each
        spread = self.relative * self.risk.during(each / self.total)
        means = self.means(x)
        found: Floats = (x * spread[:, None]).T @ x - (means * each[:, None]).T @ means
        return found

    def derivatives(self, x: Floats) -> tuple[Floats, Floats]:
        """Gradient (p,) and minus the second derivatives (p, p) of the log likelihood by coefficients of x (n, p)."""
        return x[self.risk.case].sum(axis=0) - self.means(x).sum(axis=0), self.information(x)


@dataclass(frozen=True, eq=False)
class CoxRegression:
    """Coefficients that make the partial likelihood greatest.

    Attributes:
        coefficients: Log hazard ratios, shape (p,).
        information: Minus the second derivatives there, shape (p, p); without the penalty.
        log_likelihood: There.
        converged: Whether the likelihood rose no more.
    """

    coefficients: Floats
    information: Floats
    log_likelihood: float
    converged: bool


def regression(risk: AtRisk, x: Floats, *, ridge: float = 0.0) -> CoxRegression:
    """Cox regression by Newton's method with halved steps.

    Args:
        risk: Of one cause.
        x: Predictors, shape (n, p), best of like spread.
        ridge: Penalty on half the sum of squared coefficients, against the sum of log likelihoods.
    """
    coefficients = np.zeros(x.shape[1])
    hazard = Hazard.of(risk, x @ coefficients)
    value, converged = hazard.log_likelihood, False
    for _ in range(STEPS):
        gradient, information = hazard.derivatives(x)
        step = solved(information + ridge * np.eye(x.shape[1]), gradient - ridge * coefficients)
        for part in 0.5 ** np.arange(_HALVINGS):
            tried = coefficients + part * step
            moved = Hazard.of(risk, x @ tried)
            reached = moved.log_likelihood - 0.5 * ridge * float(tried @ tried)
            if reached > value:
                converged = reached - value <= TOLERANCE * (abs(value) + 1.0)
                coefficients, hazard, value = tried, moved, reached
                break
        else:
            # No step gains: this is the top, to rounding.
            converged = True
        if converged:
            break
    return CoxRegression(coefficients, hazard.derivatives(x)[1], hazard.log_likelihood, converged)


def solved(matrix: Floats, right: Floats) -> Floats:
    """The solution of symmetric equations, of least size where there are several."""
    return cast("Floats", np.linalg.lstsq(matrix, right, rcond=1e-12)[0])


def _wide(each: Floats, values: Floats) -> Floats:
    """One number a row, to multiply rows of values with."""
    return each.reshape(-1, *(1 for _ in values.shape[1:]))


def _places(count: Integers, most: int) -> csr_array:
    """Cases by how many times had come, as a matrix of 0 and 1, shape (most + 1, n)."""
    n = count.size
    return csr_array((np.ones(n), (count, np.arange(n))), shape=(most + 1, n))

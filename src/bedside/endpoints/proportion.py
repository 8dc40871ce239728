"""Intervals and paired contrasts of measures that are a share of cases.

Rows hold two columns, (counts as a success, is among those asked), each 0 or 1.
"""

import numpy as np

from bedside.endpoints.measure import Difference, Interval
from bedside.stats.compare import clustered_mcnemar, mcnemar
from bedside.stats.proportion import clustered_wilson, wilson
from bedside.types import Booleans, Floats, Integers

_FEWEST_PATIENTS = 2


def interval(rows: Floats, level: float) -> Interval | None:
    """Wilson's interval; None where nobody is asked."""
    asked = float(rows[:, 1].sum())
    if asked == 0:
        return None
    limits = wilson(float(rows[:, 0].sum()), asked, level)
    return Interval(limits.low, limits.high, limits.method)


def clustered_interval(rows: Floats, patient: Integers, fold: Integers, level: float) -> Interval | None:
    """Wilson's interval with the effective sample size of repeated patients; None where fewer than two are asked.

    Folds need no other form than repeated patients do: the share is taken over all their rows, and a patient who is
    judged in several repetitions is one cluster.
    """
    del fold
    asked = rows[:, 1] > 0
    if np.unique(patient[asked]).size < _FEWEST_PATIENTS:
        return None
    limits = clustered_wilson(rows[asked, 0], patient[asked], level)
    return Interval(limits.low, limits.high, limits.method)


def contrast(rows: Floats, other: Floats, level: float) -> Difference | None:
    """McNemar's test of two learners asked about the same cases; None where they were asked about different ones."""
    asked = _asked_of_both(rows, other)
    if not asked.any():
        return None
    found = mcnemar(rows[asked, 0] > 0, other[asked, 0] > 0, level=level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def clustered_contrast(rows: Floats, other: Floats, patient: Integers, level: float) -> Difference | None:
    """McNemar's test clustered by patient; None where learners were asked differently, or of fewer than two patients.

    Meant for shares of one class (sensitivity, specificity): a share of all cases mixes classes in proportions that
    belong to the sample (Obuchowski 1998).
    """
    asked = _asked_of_both(rows, other)
    if np.unique(patient[asked]).size < _FEWEST_PATIENTS:
        return None
    found = clustered_mcnemar(rows[asked, 0] > 0, other[asked, 0] > 0, patient[asked], level)
    return Difference(found.value, found.low, found.high, found.p, found.method)


def _asked_of_both(rows: Floats, other: Floats) -> Booleans:
    """Cases that both learners were asked about; nobody where they were asked about different ones."""
    asked: Booleans = rows[:, 1] > 0
    return asked if np.array_equal(asked, other[:, 1] > 0) else np.zeros_like(asked)

"""Who is excluded before the outcome is looked at, each index time for the first reason that holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import assert_never

import numpy as np
import polars as pl

from bedside.modalities.records.cohort.candidates import Candidates, chosen, repeat_end
from bedside.modalities.records.cohort.criterion import (
    AgeLimits,
    Calendar,
    Criterion,
    Forbidden,
    PriorObservation,
    Required,
)
from bedside.modalities.records.cohort.declaration import Censoring, EventCohort, Which
from bedside.modalities.records.cohort.span import Anchor, Edge
from bedside.modalities.records.cohort.timeline import NEVER, known
from bedside.modalities.records.history import HOUR, STATIC
from bedside.types import Booleans, Integers

_EPOCH = date(1970, 1, 1)

NEVER_HAPPENS = "the index event never happens"
SAME_TIME = "another index event has the same index time"
ENDED = "index times had ended before the first"
DEAD = "died at or before the index time"
UNOBSERVED = "no longer observed at the index time"
NO_START = "the observation window has no start"
AGE_UNKNOWN = "age unknown"


def not_chosen(which: Which) -> str:
    """Words for index events of patients of whom another counts."""
    return f"not the {which.value} index event of the patient" if which is not Which.RANDOM else "another was drawn"


@dataclass
class Exclusions:
    """Reasons in order and, for each candidate, the first that holds (-1: none).

    Attributes:
        reason: Position in `words`, shape (n,).
        words: The reasons, in the order in which they are applied.
    """

    reason: Integers
    words: list[str] = field(default_factory=list)

    @property
    def left(self) -> Booleans:
        """Who is not excluded yet."""
        still: Booleans = self.reason < 0
        return still

    def add(self, words: str, excluded: Booleans) -> None:
        """Exclude those who are left and whom a reason holds for."""
        if words not in self.words:
            self.words.append(words)
        self.reason[self.left & excluded] = self.words.index(words)


def eligible(found: Candidates, cohort: EventCohort, observed: Integers) -> Exclusions:
    """Apply what is always asked, then the criteria in declared order.

    Args:
        found: Possible index times.
        cohort: The declaration.
        observed: End of observation of each.
    """
    out = Exclusions(np.full(len(found), -1))
    same = np.zeros(len(found), bool)
    same[1:] = (found.subject[1:] == found.subject[:-1]) & (found.index[1:] == found.index[:-1])
    if cohort.index.repeat is not None:
        out.add(SAME_TIME, same)
        out.add(ENDED, found.index > repeat_end(found, cohort))
    if not cohort.index.after_criteria:
        _choose(out, found, cohort)
    out.add(DEAD, found.shard.death()[found.subject] <= found.index)
    out.add(NO_START, ~known(found.at(cohort.observation.start)))
    for criterion in cohort.criteria:
        if isinstance(criterion, AgeLimits):
            out.add(AGE_UNKNOWN, np.isnan(found.age_years()))
        out.add(criterion.words, ~_meets(found, cohort, criterion))
    if cohort.index.after_criteria:
        _choose(out, found, cohort)
    out.add(UNOBSERVED, observed < found.index)
    return out


def end_of_observation(found: Candidates, censoring: Censoring) -> tuple[Integers, int]:
    """Until when each is observed, and how many have no such time and are taken as observed to their last event."""
    last = found.at(Edge(Anchor.LAST))
    end = found.at(censoring.end)
    fallen_back = int((~known(end) & known(last)).sum())
    end = np.where(known(end), end, last)
    if censoring.until is not None:
        until = pl.Series([censoring.until], dtype=pl.Datetime("us")).cast(pl.Int64)[0]
        end = np.minimum(end, until)
    return end, fallen_back


def _choose(out: Exclusions, found: Candidates, cohort: EventCohort) -> None:
    if cohort.index.which is not Which.EVERY:
        out.add(not_chosen(cohort.index.which), ~chosen(found, cohort.index, out.left))


def _meets(found: Candidates, cohort: EventCohort, criterion: Criterion) -> Booleans:
    if isinstance(criterion, AgeLimits):
        age = found.age_years()
        low = -np.inf if criterion.age_at_least is None else criterion.age_at_least
        high = np.inf if criterion.age_below is None else criterion.age_below
        return (age >= low) & (age < high)
    if isinstance(criterion, PriorObservation):
        start = found.at(Edge(Anchor.FIRST, offset=criterion.prior_observation))
        return known(start) & (start <= found.index)
    if isinstance(criterion, Required):
        return np.asarray(_count(found, cohort, criterion.require, criterion.window) >= criterion.times)
    if isinstance(criterion, Forbidden):
        return np.asarray(_count(found, cohort, criterion.forbid, criterion.window) == 0)
    if isinstance(criterion, Calendar):
        day = found.index // (24 * HOUR)
        low = -NEVER if criterion.index_from is None else (criterion.index_from - _EPOCH).days
        high = NEVER if criterion.index_before is None else (criterion.index_before - _EPOCH).days
        within: Booleans = (day >= low) & (day < high)
        return within
    assert_never(criterion)


def _count(found: Candidates, cohort: EventCohort, name: str, window: str) -> Integers:
    """At how many moments a predicate is met in a window; none where the window has no start or no end."""
    marks = found.marks[name]
    if not window:
        return marks.count(found.subject, np.full(len(found), STATIC), found.index)
    declared = cohort.windows[window]
    start, end = found.at(declared.start), found.at(declared.end)
    begin, past = marks.between(
        found.subject, start, end, include_start=declared.include_start, include_end=declared.include_end
    )
    return np.where((start != NEVER) & (end != NEVER), past - begin, 0)


def in_order(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Reasons of many shards in the order in which they are applied."""
    return tuple(dict.fromkeys(word for part in parts for word in part))

"""From judged rows to rows of evidence: values, intervals, paired contrasts, by group and by split.

Every analysis is one weight matrix on stored rows; this file knows no kind of endpoint by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from bedside.data.bands import in_order
from bedside.data.sample import moment
from bedside.endpoints.measure import Measure
from bedside.errors import StatisticsError
from bedside.evidence.schema import Comparison, Performance
from bedside.stats.bootstrap import multiplicities, percentile_interval, two_sided_p
from bedside.stats.compare import corrected_resampled_t, holm
from bedside.study.judged import Chosen, Contributed, Judged
from bedside.types import Floats, Integers

LEVEL = 0.95
WEIGHTED = ", weighted for censoring"
PartitionName = Literal["development", "tuning", "test", "out_of_fold"]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are reported together; `too_small` holds the reason why they are not.

    Attributes:
        withheld: What stands for their number where it may not be shown.
    """

    name: str
    rows: Integers
    too_small: str = ""
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where rows of evidence belong."""

    validation: str
    partition: PartitionName
    by_split: bool
    replicates: int
    seed: int
    train_test: tuple[float, float] = (1.0, 1.0)
    """Mean number of patients in development and in test, for the corrected resampled t."""


@dataclass(frozen=True)
class Trial:
    """One measure of one learner in one group: its value and its bootstrap replicates."""

    chosen: Chosen
    value: float
    replicates: Floats


class Analysis:
    """All values of one validation, computed under shared bootstrap weights.

    Args:
        judged: One a learner, the model first; all over the same rows.
        groups: Groups of rows; the first is "all".
        scope: Where the results belong.
    """

    def __init__(self, judged: Sequence[Judged[Any, Any]], groups: Sequence[Group], scope: Scope) -> None:
        self.judged = judged
        self.groups = groups
        self.scope = scope
        self.measures: tuple[Measure[Any, Any], ...] = judged[0].measures[0]
        contributed = [[one.contributed(k) for k in range(len(self.measures))] for one in judged]
        self.trials = self._trials(contributed)

    def _trials(self, contributed: Sequence[Sequence[Contributed]]) -> dict[tuple[str, int, int], Trial]:
        chosen: dict[tuple[str, int, int], Chosen] = {}
        for group in self.groups:
            if group.too_small:
                continue
            for learner, parts in enumerate(contributed):
                for number, part in enumerate(parts):
                    chosen[group.name, learner, number] = part.within(group.rows)
        replicates = {key: np.empty(self.scope.replicates) for key in chosen}
        done = 0
        rows = {group.name: group.rows for group in self.groups}
        everyone = self.judged[0].patient.size
        for weights in multiplicities(self.judged[0].patient, self.scope.replicates, self.scope.seed):
            held: dict[str, Floats] = {}
            for key, one in chosen.items():
                name = key[0]
                if name not in held:
                    held = {name: weights if rows[name].size == everyone else weights[:, rows[name]]}
                replicates[key][done : done + len(weights)] = one(held[name])
            done += len(weights)
        return {key: Trial(one, float(one(np.ones((1, one.cases)))[0]), replicates[key]) for key, one in chosen.items()}

    def performance(self) -> list[Performance]:
        """One row for each learner, group and measure."""
        found = []
        for group in self.groups:
            for learner, judged in enumerate(self.judged):
                for number, measure in enumerate(self.measures):
                    found.append(self._row(group, learner, judged, number, measure))
        return found

    def _row(
        self, group: Group, learner: int, judged: Judged[Any, Any], number: int, measure: Measure[Any, Any]
    ) -> Performance:
        patients = int(np.unique(judged.patient[group.rows]).size)
        base = {
            "learner": judged.learner,
            "validation": self.scope.validation,
            "partition": self.scope.partition,
            "group": group.name,
            "measure": measure.name,
            "level": LEVEL,
            "cases": group.withheld or int(group.rows.size),
            "patients": group.withheld or patients,
        }
        nothing = {"value": None, "low": None, "high": None}
        if group.too_small:
            return Performance.model_validate({**base, **nothing, "reason": group.too_small})
        trial = self.trials[group.name, learner, number]
        if not np.isfinite(trial.value):
            return Performance.model_validate({**base, **nothing, "reason": _undefined(judged, group, trial.chosen)})
        try:
            low, high, method = self._interval(trial, judged, group)
        except StatisticsError as error:
            return Performance.model_validate(
                {**base, **nothing, "value": trial.value, "method": f"no interval: {error}"}
            )
        if trial.chosen.defined < trial.chosen.parts:
            method += f"; defined in {trial.chosen.defined} of {trial.chosen.parts} splits"
        if trial.chosen.absent:
            method += f"; mean without what no case shows: {_absent(trial.chosen)}"
        return Performance.model_validate({**base, "value": trial.value, "low": low, "high": high, "method": method})

    def _interval(self, trial: Trial, judged: Judged[Any, Any], group: Group) -> tuple[float, float, str]:
        measure, chosen = trial.chosen.measure, trial.chosen
        patients, fold = judged.patient[group.rows], judged.fold[group.rows]
        alone = np.unique(patients).size == patients.size
        one_row = chosen.case.size == chosen.cases
        if chosen.weights is not None:
            pass  # closed forms know no weights: the bootstrap takes their place
        elif alone and (measure.pooled or np.unique(fold).size == 1) and measure.interval is not None and one_row:
            closed = measure.interval(chosen.rows, LEVEL)
            if closed is not None:
                return closed.low, closed.high, closed.method
        elif measure.clustered_interval is not None and one_row:
            order = np.argsort(chosen.case)
            closed = measure.clustered_interval(chosen.rows[order], patients, fold, LEVEL)
            if closed is not None:
                return closed.low, closed.high, closed.method
        limits = percentile_interval(trial.replicates, LEVEL)
        averaged = ", mean of splits" if chosen.parts > 1 else ""
        weighted = WEIGHTED if chosen.weights is not None else ""
        return limits.low, limits.high, f"{limits.method}, {trial.replicates.size} replicates{averaged}{weighted}"

    def comparisons(self, primary: tuple[str, str, str] | None) -> list[Comparison]:
        """The model against each comparator in every measure that has a direction, in group "all".

        Args:
            primary: (model, comparator, measure) of the one pre-specified contrast, when it is in this validation.
        """
        found = []
        for other in range(1, len(self.judged)):
            for number, measure in enumerate(self.measures):
                if measure.higher_is_better is None:
                    continue
                is_primary = primary == (self.judged[0].learner, self.judged[other].learner, measure.name)
                found.append(self._contrast(other, number, measure, primary=is_primary))
        return found

    def _contrast(self, other: int, number: int, measure: Measure[Any, Any], *, primary: bool) -> Comparison:
        name = self.groups[0].name
        ours, theirs = self.trials[name, 0, number], self.trials[name, other, number]
        base = {
            "learner": self.judged[0].learner,
            "comparator": self.judged[other].learner,
            "validation": self.scope.validation,
            "partition": self.scope.partition,
            "measure": measure.name,
            "level": LEVEL,
            "primary": primary,
            "p_adjusted": None,
        }
        try:
            value, low, high, p, method = self._difference(ours, theirs)
        except StatisticsError as error:
            row = {**base, "difference": None, "low": None, "high": None, "p": None, "method": "", "reason": str(error)}
            return Comparison.model_validate(row)
        told = p if measure.tested else None
        return Comparison.model_validate(
            {**base, "difference": value, "low": low, "high": high, "p": told, "method": method}
        )

    def _difference(self, ours: Trial, theirs: Trial) -> tuple[float, float, float, float | None, str]:
        value = ours.value - theirs.value
        if not np.isfinite(value):
            msg = "the measure is not defined for both learners"
            raise StatisticsError(msg)
        one, measure = self.judged[0], ours.chosen.measure
        weighted = ours.chosen.weights is not None
        if weighted:
            pass  # closed forms know no weights: the bootstrap takes their place
        elif one.independent and measure.contrast is not None:
            closed = measure.contrast(ours.chosen.rows, theirs.chosen.rows, LEVEL)
            if closed is not None:
                return closed.value, closed.low, closed.high, closed.p, closed.method
        elif one.splits == 1 and measure.clustered_contrast is not None:
            mine, yours = (trial.chosen.rows[np.argsort(trial.chosen.case)] for trial in (ours, theirs))
            closed = measure.clustered_contrast(mine, yours, one.patient[self.groups[0].rows], LEVEL)
            if closed is not None:
                return closed.value, closed.low, closed.high, closed.p, closed.method
        if one.splits > 1 and not self.scope.by_split:
            return self._over_folds(ours, theirs)
        replicates = ours.replicates - theirs.replicates
        limits = percentile_interval(replicates, LEVEL)
        method = f"paired {limits.method}, {replicates.size} replicates{WEIGHTED if weighted else ''}"
        return value, limits.low, limits.high, two_sided_p(replicates), method

    def _over_folds(self, ours: Trial, theirs: Trial) -> tuple[float, float, float, float | None, str]:
        mine, yours = ours.chosen.by_fold()[0], theirs.chosen.by_fold()[0]
        differences = mine - yours
        differences = differences[np.isfinite(differences)]
        result = corrected_resampled_t(differences, *self.scope.train_test, level=LEVEL)
        method = f"{result.method}{WEIGHTED if ours.chosen.weights is not None else ''}"
        return result.value, result.low, result.high, result.p, method


def _undefined(judged: Judged[Any, Any], group: Group, chosen: Chosen) -> str:
    label = chosen.measure.label
    if chosen.absent:
        return f"{label} is not defined on these {group.rows.size} cases: nothing to judge of {_absent(chosen)}"
    outcomes = {repr(judged.outcomes[k]) for k in group.rows.tolist()}
    if len(outcomes) == 1:
        return f"{label} needs more than one outcome class; this group has one"
    return f"{label} is not defined on these {group.rows.size} cases"


def _absent(chosen: Chosen) -> str:
    """What the cases tell nothing of, and in how many splits where it is not in all."""
    parts = chosen.parts
    each = [
        name if count == parts else f"{name} (in {count} of {parts} splits)" for name, count in chosen.absent.items()
    ]
    return ", ".join(each)


def adjust(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Holm's adjustment over all contrasts but the primary one."""
    secondary = [k for k, row in enumerate(comparisons) if not row.primary and row.p is not None]
    adjusted: Mapping[int, float] = {}
    if secondary:
        values = holm(np.array([comparisons[k].p for k in secondary], dtype=np.float64))
        adjusted = {k: float(value) for k, value in zip(secondary, values, strict=True)}
    return tuple(
        row.model_copy(update={"p_adjusted": row.p if row.primary else adjusted.get(k)})
        for k, row in enumerate(comparisons)
    )


def groups_of(
    attributes: Sequence[Mapping[str, str]], subgroups: Sequence[str], *, patients: Integers, minimum: int
) -> list[Group]:
    """Everyone, then one group for each value of each declared attribute."""
    found = [Group("all", np.arange(len(attributes), dtype=np.int64))]
    for name in subgroups:
        values = np.array([found_in.get(name, "unknown") for found_in in attributes])
        for value in in_order(set(values.tolist())):
            rows = np.flatnonzero(values == value).astype(np.int64)
            people = int(np.unique(patients[rows]).size)
            reason = f"{people} patients, fewer than the declared minimum of {minimum}" if people < minimum else ""
            found.append(Group(f"{name}={value}", rows, reason))
    return found


def groups_by_period(times: Sequence[datetime | None], *, patients: Integers, minimum: int) -> list[Group]:
    """One group for each year of the index time, or quarter where they span less than two years; none without times."""
    known = [moment(time) for time in times if time is not None]
    if not known:
        return []
    quarters = (max(known) - min(known)).days < 2 * 365
    names = [_period(time, quarters=quarters) for time in times]
    if len(set(names)) < 2:
        return []
    return groups_of([{"period": name} for name in names], ("period",), patients=patients, minimum=minimum)[1:]


def _period(time: datetime | None, *, quarters: bool) -> str:
    if time is None:
        return "unknown"
    return f"{time.year} Q{(time.month + 2) // 3}" if quarters else str(time.year)


def groups_by_split(judged: Judged[Any, Any], names: Sequence[str], *, minimum: int) -> list[Group]:
    """One group for each split (a site, a period)."""
    found = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(judged.fold == number).astype(np.int64)
        people = int(np.unique(judged.patient[rows]).size)
        reason = f"{people} patients, fewer than the declared minimum of {minimum}" if people < minimum else ""
        found.append(Group(f"split={name}", rows, reason))
    return found

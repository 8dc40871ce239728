"""Small cells withheld at the source: what is not in the evidence can stand in no report, script or model card."""

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from bedside.endpoints.target import Question, Target
from bedside.evidence.count import WITHHELD, Count
from bedside.evidence.schema import Coverage, ExternalFlow, Finding, FlowStep, Partition, Performance, Sensitivity
from bedside.stats.disclosure import Sum, hidden_cells
from bedside.study.analysis import Group
from bedside.types import Integers

K = TypeVar("K", bound=Hashable)
Y = TypeVar("Y")
P = TypeVar("P")

SMALL_GROUP = "fewer patients than may be shown"
PROTECTS = "withheld, since a smaller group could be worked out from it"
FEW_OUTCOMES = "an outcome class has fewer patients than may be shown"

_NUMBER = re.compile(r"(?<![\w.,=])\d+(?![\w.,]*\d|[\w=])")


@dataclass(frozen=True)
class SmallCells:
    """The rule that a study declares: counts of 1 to `smallest - 1` patients are withheld; 0 withholds nothing."""

    smallest: int = 0

    @property
    def applies(self) -> bool:
        """Whether anything is withheld at all."""
        return self.smallest > 1

    @property
    def small(self) -> str:
        """What stands for a small count, `<11`."""
        return f"<{self.smallest}"

    @property
    def words(self) -> str:
        """The rule for the methods text; "" where nothing is withheld."""
        if not self.applies:
            return ""
        return (
            f"Small cells. Counts of 1 to {self.smallest - 1} patients are withheld (printed as {self.small}), and "
            "with each the next smallest counts that would give it away (printed as withheld). Groups with such a "
            "count, or with such a count of patients in an outcome class, have no estimates. Figures over all judged "
            "cases and the predictions beside the evidence are not subject to the rule."
        )

    def is_small(self, patients: int) -> bool:
        """Whether so many patients may not be shown."""
        return 0 < patients < self.smallest

    def alone(self, count: int, patients: int | None = None) -> Count:
        """A count that adds up to nothing else.

        Args:
            count: What is counted.
            patients: In how many patients; as many by default.
        """
        return self.small if self.is_small(count if patients is None else patients) else count

    def withheld(
        self,
        patients: Mapping[K, int],
        sums: Sequence[Sum[K]],
        *,
        also: Collection[K] = (),
        shown: Collection[K] = (),
    ) -> dict[K, str]:
        """What stands for each cell that is withheld; cells that may be shown are not named."""
        if not self.applies:
            return {}
        found = hidden_cells(patients, sums, self.smallest, also=also, shown=shown)
        return {key: self.small if key in found.small else WITHHELD for key in found.small | found.protecting}

    def flow(self, steps: Sequence[FlowStep]) -> tuple[FlowStep, ...]:
        """The flow diagram; who is included is shown, so that with one reason for exclusion who was read is not."""
        people = {k: step.records if step.patients is None else step.patients for k, step in enumerate(steps)}
        cells = {k: int(one) for k, one in people.items() if not isinstance(one, str)}
        whole = next((k for k, step in enumerate(steps) if step.kind == "read"), None)
        parts = tuple(k for k, step in enumerate(steps) if step.kind != "read")
        shown = [k for k, step in enumerate(steps) if step.kind == "included"]
        hidden = self.withheld(cells, [Sum(parts, whole)], shown=shown)
        return tuple(
            step.model_copy(update={"records": hidden[k], "patients": None if step.patients is None else hidden[k]})
            if k in hidden
            else step
            for k, step in enumerate(steps)
        )

    def external(self, flows: Sequence[ExternalFlow]) -> tuple[ExternalFlow, ...]:
        """Flow diagrams of other sources."""
        return tuple(one.model_copy(update={"steps": self.flow(one.steps)}) for one in flows)

    def findings(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """The audit; a small number of patients leaves the sentence too."""
        return tuple(self._finding(one) if one.counted == "patients" else one for one in found)

    def _finding(self, one: Finding) -> Finding:
        if not self.applies:
            return one
        text = _NUMBER.sub(lambda met: f"fewer than {self.smallest}" if self._small_word(met[0]) else met[0], one.text)
        count = one.count if isinstance(one.count, str) else self.alone(one.count)
        return one.model_copy(update={"text": text, "count": count})

    def _small_word(self, word: str) -> bool:
        return self.is_small(int(word))

    def groups(
        self,
        groups: Sequence[Group],
        patients: Integers,
        outcomes: Sequence[Integers],
        *,
        also: Collection[str] = (),
    ) -> list[Group]:
        """Groups whose size, or whose split of outcomes, may not be known are marked so that nothing is estimated.

        Args:
            groups: The first holds everyone; others are named attribute=value and make up everyone by attribute.
            patients: Code of each row's patient, shape (n,).
            outcomes: Class number of each row, shape (n,), for each question that the outcome answers; negative where
                the answer is not known.
            also: Names of groups that are withheld elsewhere in the evidence.
        """
        if not self.applies:
            return list(groups)
        people = {group.name: int(np.unique(patients[group.rows]).size) for group in groups[1:]}
        families: dict[str, list[str]] = {}
        for name in people:
            families.setdefault(name.partition("=")[0], []).append(name)
        hidden = self.withheld(people, [Sum(tuple(family)) for family in families.values()], also=also)
        return [groups[0], *(self._group(group, hidden, patients, outcomes) for group in groups[1:])]

    def _group(
        self, group: Group, hidden: Mapping[str, str], patients: Integers, outcomes: Sequence[Integers]
    ) -> Group:
        if group.name in hidden:
            reason = SMALL_GROUP if hidden[group.name] == self.small else PROTECTS
            return replace(group, too_small=reason, withheld=hidden[group.name])
        if group.too_small:
            return group
        people = [
            np.unique(patients[group.rows][told[group.rows] == k]).size
            for told in outcomes
            for k in np.unique(told[group.rows])
            if k >= 0
        ]
        return replace(group, too_small=FEW_OUTCOMES) if any(map(self.is_small, people)) else group

    def coverage(self, rows: Sequence[Coverage], by_class: Mapping[str, int]) -> tuple[Coverage, ...]:
        """Coverage of outcome classes with too few judged patients is left out of the evidence.

        Args:
            rows: As computed; groups that may not be known are not among them.
            by_class: Judged patients of each outcome class, by group name (`outcome=ill`).
        """
        hidden = self.withheld(by_class, [Sum(tuple(by_class))])
        nothing = {"coverage": None, "low": None, "high": None, "size": None}
        return tuple(
            row.model_copy(
                update={
                    **nothing,
                    "cases": hidden[row.group],
                    "reason": SMALL_GROUP if hidden[row.group] == self.small else PROTECTS,
                }
            )
            if row.group in hidden
            else row
            for row in rows
        )

    def apparent(self, rows: Sequence[Performance], sizes: Sequence[Partition]) -> list[Performance]:
        """Sizes of development and tuning rows, where a partition of a validation's only split is withheld."""
        known = [row for row in sizes if isinstance(row.cases, str)]
        hidden = {row.validation for row in known}
        return [
            row.model_copy(update={"cases": WITHHELD, "patients": WITHHELD})
            if row.partition in ("development", "tuning") and row.validation in hidden
            else row
            for row in rows
        ]

    def sensitivity(self, rows: Sequence[Sensitivity], flow: Sequence[FlowStep]) -> tuple[Sensitivity, ...]:
        """How many cases without an outcome were added tells an exclusion, so that it is withheld with the flow."""
        told = next((step.records for step in flow if isinstance(step.records, str)), None)
        if told is None:
            return tuple(rows)
        return tuple(
            row.model_copy(update={"cases_added": row.cases_added if isinstance(row.cases_added, str) else WITHHELD})
            for row in rows
        )


def answers(target: Target[Y, P], outcomes: Sequence[Y]) -> tuple[Integers, ...]:
    """Class number of each outcome, shape (n,), for each question; -1 where the answer is not known."""
    return tuple(_answers(question, outcomes) for question in target.questions)


def _answers(question: Question[Y, P], outcomes: Sequence[Y]) -> Integers:
    known = np.flatnonzero(question.known(outcomes))
    found = np.full(len(outcomes), -1, dtype=np.int64)
    found[known] = question.index([outcomes[k] for k in known.tolist()])
    return found

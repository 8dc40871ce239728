"""Evidence, looked up by learner, measure, group and validation."""

from collections.abc import Iterable

from bedside.evidence.schema import Comparison, Evidence, Learner, Measure, Performance, Validation
from bedside.report.look import Look, looks

POOLED = "pooled over splits"
"""The group that holds random-effects estimates over the splits of a validation by site or period."""


class Results:
    """An index over Evidence, in the order in which a report prints.

    Attributes:
        evidence: What is indexed.
        learners: The model, then the comparators.
        looks: How each learner is drawn, by name.
        validation: The primary validation.
        measure: The primary measure.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.learners = tuple(sorted(evidence.study.learners, key=lambda learner: learner.role != "model"))
        self.looks: dict[str, Look] = looks(self.learners)
        self.measures = {measure.name: measure for measure in evidence.measures}
        self.validations = tuple(sorted(evidence.validations, key=lambda validation: not validation.primary))
        self.validation = self.validations[0]
        self.measure = self.measure_of(evidence.study.primary_measure)
        self._labels = {learner.name: learner.label for learner in self.learners}
        self._rows: dict[tuple[str, str, str, str, str], Performance] = {
            (row.validation, row.partition, row.group, row.measure, row.learner): row for row in evidence.performance
        }

    @property
    def model(self) -> str:
        """Name of the model on trial."""
        return self.evidence.study.model

    def label(self, learner: str) -> str:
        """A learner as printed; its name where it is not declared."""
        return self._labels.get(learner, learner)

    def look(self, learner: str) -> Look:
        """How a learner is drawn."""
        return self.looks.get(learner, Look(len(self.looks)))

    def learner(self, name: str) -> Learner | None:
        """A learner by name."""
        return next((learner for learner in self.learners if learner.name == name), None)

    def measure_of(self, name: str) -> Measure:
        """A measure by name; one that is not declared is printed by its name."""
        return self.measures.get(name) or Measure(name=name, label=name, higher_is_better=None, bounds=(None, None))

    def row(
        self, learner: str, measure: str, group: str = "all", validation: Validation | None = None, partition: str = ""
    ) -> Performance | None:
        """One row of performance; the primary validation and its judged partition unless told otherwise."""
        validation = validation or self.validation
        return self._rows.get((validation.name, partition or validation.partition, group, measure, learner))

    def rows(self, validation: Validation) -> Iterable[Performance]:
        """All judged rows of one validation."""
        return (
            row
            for row in self.evidence.performance
            if row.validation == validation.name and row.partition == validation.partition
        )

    def groups(self, validation: Validation) -> tuple[str, ...]:
        """Subgroups of a validation (`sex=female`), in order of appearance, splits left out."""
        found = dict.fromkeys(row.group for row in self.rows(validation))
        return tuple(group for group in found if "=" in group and not group.startswith("split="))

    def splits(self, validation: Validation) -> tuple[str, ...]:
        """Groups that are single splits of a validation (`split=site=cleveland`), in order."""
        found = dict.fromkeys(row.group for row in self.rows(validation))
        return tuple(group for group in found if group.startswith("split="))

    def contrasts(self, validation: Validation, group: str = "all") -> tuple[Comparison, ...]:
        """Contrasts of a validation in one group: the primary one first, then the primary measure, then by measure."""
        order = list(self.measures)
        found = [row for row in self.evidence.comparisons if row.validation == validation.name and row.group == group]

        def place(row: Comparison) -> tuple[bool, bool, int]:
            known = order.index(row.measure) if row.measure in order else len(order)
            return (not row.primary, row.measure != self.measure.name, known)

        return tuple(sorted(found, key=place))

    @property
    def contrast(self) -> Comparison | None:
        """The one pre-specified contrast, if it was made."""
        return next((row for row in self.evidence.comparisons if row.primary), None)

"""What Evidence says, as the sentences that checklists and the model card quote."""

from collections.abc import Sequence
from functools import cached_property

from bedside.evidence.schema import Evidence, FlowStep
from bedside.report.number import count, interval, level, plural, share, shown
from bedside.report.results import Results
from bedside.report.sections import explanation, fairness, hazards, robustness, sensitivity, shift, size, uncertainty
from bedside.report.sections.conduct import plan
from bedside.report.sections.groups import pooled, split_words
from bedside.report.sections.summary import (
    contrast_words,
    judged_cases,
    outcomes,
    setting,
    validation_words,
    withheld_words,
)


class Facts:
    """Sentences about a run; each is "" where the evidence does not say it."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.results = Results(evidence)

    @cached_property
    def comparators(self) -> str:
        """The comparators' labels."""
        return ", ".join(each.label for each in self.results.learners if each.role == "comparator")

    @cached_property
    def model(self) -> str:
        """The model's label."""
        return self.results.label(self.results.model)

    @cached_property
    def learners(self) -> str:
        """Every learner with its description."""
        return " ".join(f"{each.label}: {each.description}" for each in self.results.learners)

    @cached_property
    def performance(self) -> str:
        """The primary measure of every learner, with its interval."""
        measure, said = self.results.measure, []
        for each in self.results.learners:
            row = self.results.row(each.name, measure.name)
            if row is not None and row.value is not None:
                said.append(f"{each.label} {interval(row.value, row.low, row.high)}")
        row = self.results.row(self.results.model, measure.name)
        if not said or row is None:
            return ""
        return f"{measure.label} ({level(row.level)} interval; {setting(self.results.validation)}): {'; '.join(said)}."

    @cached_property
    def contrast(self) -> str:
        """The primary contrast."""
        row = self.results.contrast
        return "" if row is None else contrast_words(self.results, row)

    @cached_property
    def flow(self) -> str:
        """Who was read, excluded with reasons, and included."""
        return _steps(self.evidence.flow)

    @cached_property
    def exclusions(self) -> str:
        """Exclusions with their reasons, and who is censored."""
        found = [step for step in self.evidence.flow if step.kind == "excluded"]
        text = "No record was excluded."
        if found:
            text = "Excluded: " + "; ".join(f"{step.text} ({count(step.records)})" for step in found) + "."
        away = [f" Censored: {count(one.records)}, {one.text}." for one in self.evidence.flow if one.kind == "censored"]
        return text + "".join(away)

    @cached_property
    def judged(self) -> str:
        """Cases and patients that the primary result rests on, with their outcomes."""
        row = self.results.row(self.results.model, self.results.measure.name)
        if row is None:
            return ""
        text = f"{plural(row.cases, 'case')} from {plural(row.patients, 'patient')} were judged"
        found = outcomes(self.results, self.results.validation)
        if len(found) < len(self.evidence.study.classes):
            return f"{text}; an outcome has too few to be shown."
        if self.evidence.study.classes and found:
            whole = judged_cases(self.results, self.results.validation) or sum(found.values())
            text += ": " + ", ".join(f"{word} {share(number, whole)}" for word, number in found.items())
        return text + "."

    @cached_property
    def partitions(self) -> str:
        """Sizes of the partitions of the primary validation."""
        name = self.results.validation.name
        parts = [part for part in self.evidence.partitions if part.validation == name]
        if not parts or len({part.split for part in parts}) > 1:
            number = len(self.results.validation.splits)
            return f"{plural(number, 'split')}; the size of every partition is tabled in the report." if parts else ""
        return "; ".join(f"{part.partition} {plural(part.cases, 'case')}" for part in parts) + "."

    @cached_property
    def validations(self) -> str:
        """What each validation does."""
        return " ".join(validation.description for validation in self.results.validations)

    @cached_property
    def clusters(self) -> str:
        """Performance by site, where a validation left sites out."""
        for validation in self.results.validations:
            sites = [group for group in self.results.splits(validation) if "site=" in group]
            said = []
            for group in sites:
                row = self.results.row(self.results.model, self.results.measure.name, group, validation)
                if row is not None and row.value is not None:
                    said.append(f"{split_words(group)} {interval(row.value, row.low, row.high)}")
            if said:
                text = f"{self.results.measure.label} of {self.model} by site: {'; '.join(said)}."
                return f"{text}{pooled(self.results, validation)}"
        return ""

    @cached_property
    def external(self) -> str:
        """External validations, with who was read, excluded and included there."""
        described = {each.name: each.description for each in self.results.validations}
        return " ".join(f"{described[each.validation]} {_steps(each.steps)}" for each in self.evidence.external_flows)

    @cached_property
    def missing(self) -> str:
        """Which variables have missing values, the worst first."""
        rows = {row.variable: row for row in self.evidence.characteristics if row.group == "all" and row.missing}
        worst = sorted(rows.values(), key=lambda row: -(shown(row.missing) or 0) / max(1, shown(row.cases) or 1))
        if not worst:
            return "No predictor has missing values." if self.evidence.characteristics else ""
        named = ", ".join(f"{row.variable} {share(row.missing, row.cases)}" for row in worst[:5])
        more = f" and {len(worst) - 5} more" if len(worst) > 5 else ""
        return f"Missing values in {plural(len(worst), 'variable')}: {named}{more}."

    @cached_property
    def predictors(self) -> str:
        """How many variables are described."""
        found = dict.fromkeys(row.variable for row in self.evidence.characteristics)
        return f"{plural(len(found), 'variable')}: {', '.join(list(found)[:40])}." if found else ""

    @cached_property
    def subgroups(self) -> str:
        """Attributes by which measures were broken down."""
        return ", ".join(name.replace("_", " ") for name in self.evidence.study.subgroups)

    @cached_property
    def fairness(self) -> str:
        """Gaps between groups."""
        said = fairness.words(self.results)
        return f"{said} A gap that is not significant is not equivalence." if said else ""

    @cached_property
    def robustness(self) -> str:
        """Performance with missing and noisy predictors."""
        return robustness.words(self.results)

    @cached_property
    def sensitivity(self) -> str:
        """How far missing outcomes could move the primary measure."""
        return sensitivity.words(self.results)

    @cached_property
    def shift(self) -> str:
        """Differences between the patients learned from and those judged."""
        return shift.words(self.results)

    @cached_property
    def explanation(self) -> str:
        """What the model relies on, and whether that was checked."""
        return explanation.words(self.results)

    @cached_property
    def hazards(self) -> str:
        """Whether hazards were proportional."""
        return hazards.words(self.results)

    @cached_property
    def uncertainty(self) -> str:
        """Coverage of prediction sets and what abstaining would buy."""
        said = (
            uncertainty.statement(self.results),
            uncertainty.words(self.results),
            uncertainty.selective_words(self.results),
        )
        return " ".join(text for text in said if text)

    @cached_property
    def sample_size(self) -> str:
        """Criteria of sample size."""
        return size.words(self.results)

    @cached_property
    def agreement(self) -> str:
        """Agreement between readers."""
        rows = [row for row in self.evidence.agreement if row.value is not None]
        said = [
            f"{row.first} and {row.second}, {row.measure} {interval(row.value or 0.0, row.low, row.high)}"
            for row in rows
        ]
        return f"Agreement: {'; '.join(said[:10])}." if said else ""

    @cached_property
    def measures(self) -> str:
        """Measures that were estimated."""
        return ", ".join(measure.label for measure in self.evidence.measures)

    @cached_property
    def figures(self) -> str:
        """Figures that were drawn."""
        return ", ".join(figure.title.lower() for figure in self.evidence.figures)

    @cached_property
    def interval_methods(self) -> str:
        """How intervals were made."""
        return "; ".join(dict.fromkeys(row.method for row in self.evidence.performance if row.method))

    @cached_property
    def operating(self) -> str:
        """The rule by which operating points were chosen."""
        rules = dict.fromkeys(point.rule for point in self.evidence.operating_points)
        return f"Operating points were chosen on tuning data by the rule: {'; '.join(rules)}." if rules else ""

    @cached_property
    def plan(self) -> str:
        """Whether an analysis plan was frozen and followed."""
        return " ".join((plan(self.results), *self.evidence.plan.departures))

    @cached_property
    def ledger(self) -> str:
        """How often the test data were evaluated."""
        most: dict[str, int] = {}
        for row in self.evidence.ledger:
            most[row.validation] = max(row.evaluations, most.get(row.validation, 0))
        said = [f"{validation_words(name)} {plural(times, 'time')}" for name, times in most.items()]
        return f"Judged data were evaluated, this run included: {', '.join(said)}." if said else ""

    @cached_property
    def audit(self) -> str:
        """What the audit found."""
        if not self.evidence.audit:
            return "The audit for leakage and duplicates found nothing."
        return "Audit: " + " ".join(f"{finding.text} ({finding.severity})." for finding in self.evidence.audit)

    @cached_property
    def serious(self) -> int:
        """How many serious findings the audit has."""
        return sum(finding.severity == "serious" for finding in self.evidence.audit)

    @cached_property
    def environment(self) -> str:
        """Versions of software."""
        versions = ", ".join(f"{name} {version}" for name, version in self.evidence.provenance.environment.items())
        return f"bedside {self.evidence.provenance.bedside_version}" + (f"; {versions}" if versions else "") + "."

    @cached_property
    def limits(self) -> str:
        """Declared limits, and that small counts are withheld."""
        return f"{' '.join(self.evidence.study.limits)}{withheld_words(self.results)}".strip()

    @cached_property
    def sections(self) -> frozenset[str]:
        """Kinds of figures there are ("calibration", "utility" ...)."""
        return frozenset(figure.section for figure in self.evidence.figures)


def _steps(steps: Sequence[FlowStep]) -> str:
    """A flow as a sentence."""
    said = []
    for step in steps:
        size = plural(step.records, "record")
        size += f" of {plural(step.patients, 'patient')}" if step.patients is not None else ""
        said.append(f"{step.kind.capitalize()}: {size} ({step.text})")
    return "; ".join(said) + "." if said else ""

"""Gates between evidence and a release: each looks at the evidence of one learner and answers passed or not.

They are declared in the study, before the run. All must pass; nothing overrides one that does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bedside.errors import StudyError
from bedside.evidence.release import GateResult
from bedside.evidence.schema import Comparison, Evidence, Gap, Measure, Performance


class Gate(Protocol):
    """A frozen object that judges the evidence of one learner; its fields are what the study declares."""

    @property
    def name(self) -> str:
        """snake_case."""
        ...

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Whether that learner may be released, with what was required and what was found."""
        ...


@dataclass(frozen=True)
class LowerBound:
    """The primary measure is surely good enough: the limit of its interval on the worse side reaches a value.

    Attributes:
        reaches: The value, an upper one where lower is better. None stands half-way between the worst and the best
            possible value, which is chance for measures of discrimination and agreement; a measure without such
            bounds needs a declared value.
        measure: Another measure than the primary one, by name.
    """

    reaches: float | None = None
    measure: str = ""
    name: str = field(default="lower_bound", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the worse limit of the interval in the primary validation."""
        measure = _measure(evidence, self.measure or evidence.study.primary_measure)
        asked = self.reaches if self.reaches is not None else _middle(measure)
        if asked is None:
            text = f"{measure.label} has no natural least value; declare LowerBound(reaches=...) in the study"
            return _result(self, text, passed=False)
        row = _performance(evidence, learner, measure.name)
        worse = None if row is None else row.high if measure.higher_is_better is False else row.low
        side = "upper" if measure.higher_is_better is False else "lower"
        required = f"the {side} limit of {measure.label} must reach {asked:g}"
        if row is None or worse is None:
            return _result(self, f"{required}; it cannot be estimated{_because(row)}", passed=False)
        passed = worse <= asked if measure.higher_is_better is False else worse >= asked
        return _result(self, f"{required}; it is {worse:.3f}, of {row.value:.3f}", passed=passed)


@dataclass(frozen=True)
class Calibrated:
    """What is predicted is, on average, what comes.

    Measures that have a target are looked at: one whose target is 1 (a calibration slope, observed to expected) lies
    in `ratio`; one whose target is 0 (calibration in the large, bias) is at most `away` from it, or has it within its
    interval. An outcome without such measures (a mask) has none to look at, which the sentence says.

    Attributes:
        ratio: Lowest and highest value of measures whose target is 1.
        away: Largest distance of measures whose target is 0.
        bands: Lowest and highest value of single measures, by name, in place of these.
    """

    ratio: tuple[float, float] = (0.8, 1.25)
    away: float = 0.3
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    name: str = field(default="calibration", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge every measure that has a target."""
        unknown = sorted(set(self.bands) - {measure.name for measure in evidence.measures})
        if unknown:
            return _result(self, f"no measure is called {', '.join(unknown)}", passed=False)
        asked = [measure for measure in evidence.measures if measure.target is not None or measure.name in self.bands]
        if not asked:
            return _result(self, "the outcome has no measure of calibration", passed=True)
        found = [self._one(evidence, learner, measure) for measure in asked]
        wrong = [text for right, text in found if not right]
        return _result(self, "; ".join(wrong or [text for _, text in found]), passed=not wrong)

    def _one(self, evidence: Evidence, learner: str, measure: Measure) -> tuple[bool, str]:
        row = _performance(evidence, learner, measure.name)
        if row is None or row.value is None:
            return False, f"{measure.label} cannot be estimated{_because(row)}"
        low, high = self.bands.get(measure.name) or (self.ratio if measure.target == 1 else (-self.away, self.away))
        inside = low <= row.value <= high
        text = f"{measure.label} {row.value:.2f}, allowed {low:g} to {high:g}"
        if measure.name in self.bands or measure.target == 1 or inside or row.low is None or row.high is None:
            return inside, text
        return row.low <= 0 <= row.high, f"{text}, or 0 within {row.low:.2f} to {row.high:.2f}"


@dataclass(frozen=True)
class GroupsEquivalent:
    """In groups of patients the primary measure is the same within a margin, by two one-sided tests.

    A difference that is not significant is not equality. Groups with fewer events than are needed to say anything
    (`bedside.study.gaps.MINIMUM_EVENTS`, or fewer patients than the study's smallest group) are named in the sentence.

    Attributes:
        strict: Whether every pair of groups with enough events must be shown to be equivalent; False refuses only
            where a gap is shown to be larger than the margin.
        few: Whether groups with too few events refuse too.
    """

    strict: bool = True
    few: bool = False
    name: str = field(default="subgroup_equivalence", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge every gap in the primary measure."""
        study = evidence.study
        if not study.subgroups:
            return _result(self, "the study declares no subgroups", passed=True)
        gaps = [
            gap
            for gap in evidence.gaps
            if (gap.learner, gap.validation, gap.measure) == (learner, study.primary_validation, study.primary_measure)
        ]
        told = {gap.attribute for gap in gaps if gap.equivalent is not None}
        silent = [name for name in study.subgroups if name not in told]
        unknown = [_pair(gap) for gap in gaps if gap.equivalent is None]
        wrong = [_pair(gap) for gap in gaps if gap.equivalent is False and (self.strict or _beyond(gap))]
        untold = "; too few events to say: " + ", ".join([*silent, *unknown]) if silent or unknown else ""
        margin = f" within {gaps[0].margin:g}" if gaps else ""
        if wrong:
            shown = "not shown to be equivalent" if self.strict else "shown to differ by more than the margin"
            return _result(self, f"{shown}{margin}: {', '.join(wrong)}{untold}", passed=False)
        passed = not (self.few and untold)
        right = sum(gap.equivalent is not None for gap in gaps)
        return _result(self, f"{right} pairs of groups compared and none refused{margin}{untold}", passed=passed)


@dataclass(frozen=True)
class NotInferior:
    """The learner is not worse than the primary comparator by more than a margin; the comparator itself passes.

    Attributes:
        margin: In the primary measure; the study's when None. 0 asks that it is not worse at all.
    """

    margin: float | None = None
    name: str = field(default="not_inferior", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the worse limit of the difference."""
        margin = self.margin if self.margin is not None else evidence.study.margin
        return _against(self, evidence, learner, -margin, f"not inferior by more than {margin:g}")


@dataclass(frozen=True)
class Superior:
    """The learner is better than the primary comparator by more than a margin; the comparator itself does not pass.

    Attributes:
        margin: In the primary measure.
    """

    margin: float = 0.0
    name: str = field(default="superior", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the worse limit of the difference."""
        if learner == evidence.study.primary_comparator:
            return _result(
                self, f"required is superiority, and {learner} is the primary comparator itself", passed=False
            )
        return _against(self, evidence, learner, self.margin, f"superior by more than {self.margin:g}")


@dataclass(frozen=True)
class LeakageAudit:
    """The audit found nothing serious."""

    name: str = field(default="leakage_audit", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the findings; they hold for every learner."""
        del learner
        serious = [finding.text for finding in evidence.audit if finding.severity == "serious"]
        if not evidence.audit:
            return _result(self, "the evidence holds no audit", passed=False)
        return _result(self, "; ".join(serious) or "the audit found nothing serious", passed=not serious)


@dataclass(frozen=True)
class PlanFollowed:
    """An analysis plan was frozen before the run, and followed.

    Attributes:
        required: Whether a run without a plan is refused too.
    """

    required: bool = True
    name: str = field(default="plan_followed", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the plan; it holds for every learner."""
        del learner
        plan = evidence.plan
        if not plan.frozen:
            text = "no plan was frozen before the run; freeze one with `bedside plan` in a new folder, then run there"
            return _result(self, text, passed=not self.required)
        text = "; ".join(plan.departures) or f"the plan frozen at {plan.frozen_at} was followed"
        return _result(self, text, passed=plan.followed is True)


@dataclass(frozen=True)
class NotSimulated:
    """The data are of patients."""

    name: str = field(default="not_simulated", init=False)

    def __call__(self, evidence: Evidence, learner: str) -> GateResult:
        """Judge the study's data; they are the same for every learner."""
        del learner
        simulated = evidence.study.simulated
        return _result(
            self, "the data are simulated" if simulated else "the data are of patients", passed=not simulated
        )


DEFAULT: tuple[Gate, ...] = (
    NotSimulated(),
    LeakageAudit(),
    PlanFollowed(),
    LowerBound(),
    Calibrated(),
    NotInferior(),
    GroupsEquivalent(),
)
"""Of a study that declares none."""


def judge(gates: tuple[Gate, ...], evidence: Evidence, learner: str) -> tuple[GateResult, ...]:
    """What every gate says of a learner: the default ones where none are declared; simulated data never pass."""
    asked = gates or DEFAULT
    always = () if any(isinstance(gate, NotSimulated) for gate in asked) else (NotSimulated(),)
    return tuple(gate(evidence, learner) for gate in (*always, *asked))


def _result(gate: Gate, text: str, *, passed: bool) -> GateResult:
    sentence = text[:1].upper() + text[1:]
    return GateResult(name=gate.name, passed=passed, text=sentence if sentence.endswith(".") else f"{sentence}.")


def _against(gate: Gate, evidence: Evidence, learner: str, least: float, words: str) -> GateResult:
    """Whether the worse limit of learner minus primary comparator, so that more is better, exceeds `least`."""
    study = evidence.study
    other = study.primary_comparator
    required = f"required is {words} to {other} in {study.primary_measure}"
    if learner == other:
        return _result(gate, f"{learner} is the primary comparator itself", passed=True)
    better = -1.0 if _measure(evidence, study.primary_measure).higher_is_better is False else 1.0
    row = _contrast(evidence, learner, other)
    if row is not None:
        limits = [better * limit for limit in (row.low, row.high) if limit is not None]
        if not limits or row.difference is None:
            return _result(gate, f"{required}; the difference cannot be estimated ({row.reason})", passed=False)
        worse = min(limits)
        found = f"the difference is {row.difference:+.3f}, limits {row.low:+.3f} to {row.high:+.3f}"
        return _result(gate, f"{required}; {found}", passed=worse > least)
    ours = _performance(evidence, learner, study.primary_measure)
    theirs = _performance(evidence, other, study.primary_measure)
    if ours is None or theirs is None or ours.low is None or ours.high is None or theirs.value is None:
        return _result(gate, f"{required}; the evidence holds no estimate of both", passed=False)
    worse = min(better * (ours.low - theirs.value), better * (ours.high - theirs.value))
    found = f"the worse limit of {learner} is {worse:+.3f} away from the value of {other}, the two not being paired"
    return _result(gate, f"{required}; {found}", passed=worse > least)


def _contrast(evidence: Evidence, learner: str, other: str) -> Comparison | None:
    study = evidence.study
    wanted = (learner, other, study.primary_measure, study.primary_validation, "all")
    return next(
        (
            row
            for row in evidence.comparisons
            if (row.learner, row.comparator, row.measure, row.validation, row.group) == wanted
        ),
        None,
    )


def _performance(evidence: Evidence, learner: str, measure: str) -> Performance | None:
    wanted = (learner, evidence.study.primary_validation, "all", measure)
    return next(
        (
            row
            for row in evidence.performance
            if row.partition in ("test", "out_of_fold")
            and (row.learner, row.validation, row.group, row.measure) == wanted
        ),
        None,
    )


def _measure(evidence: Evidence, name: str) -> Measure:
    found = next((measure for measure in evidence.measures if measure.name == name), None)
    if found is None:
        msg = f"a gate asks for the measure {name!r}; there are {', '.join(one.name for one in evidence.measures)}"
        raise StudyError(msg)
    return found


def _middle(measure: Measure) -> float | None:
    low, high = measure.bounds
    return None if low is None or high is None else (low + high) / 2


def _because(row: Performance | None) -> str:
    return f" ({row.reason})" if row is not None and row.reason else ""


def _pair(gap: Gap) -> str:
    limits = (
        "" if gap.low is None or gap.high is None else f" ({gap.difference:+.3f}, {gap.low:+.3f} to {gap.high:+.3f})"
    )
    return f"{gap.attribute} {gap.group} against {gap.reference}{limits}"


def _beyond(gap: Gap) -> bool:
    """Whether the whole interval lies beyond the margin."""
    return gap.low is not None and gap.high is not None and (gap.low > gap.margin or gap.high < -gap.margin)

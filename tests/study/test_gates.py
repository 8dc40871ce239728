"""Every gate, both ways, over evidence that real runs could have written."""

from typing import Any

import pytest
from tests.report import evidence_examples

from bedside.errors import StudyError
from bedside.evidence.release import GateResult
from bedside.evidence.schema import Evidence, Finding, Gap, Plan
from bedside.study.gates import (
    DEFAULT,
    Calibrated,
    Gate,
    GroupsEquivalent,
    LeakageAudit,
    LowerBound,
    NotInferior,
    NotSimulated,
    PlanFollowed,
    Superior,
    judge,
)

EVIDENCE = evidence_examples.binary()
MODEL = EVIDENCE.study.model
COMPARATOR = EVIDENCE.study.primary_comparator
THIRD = next(name for name in EVIDENCE.study.comparators if name != COMPARATOR)


def changed(evidence: Evidence, table: str, changes: dict[str, Any], **where: object) -> Evidence:
    """The evidence with some rows of a table changed; there must be some."""
    rows = getattr(evidence, table)
    meant = [all(getattr(row, name) == value for name, value in where.items()) for row in rows]
    assert any(meant), (table, where)
    made = tuple(row.model_copy(update=changes) if this else row for row, this in zip(rows, meant, strict=True))
    return evidence.model_copy(update={table: made})


def judged(measure: str, learner: str = MODEL, evidence: Evidence = EVIDENCE, **changes: Any) -> Evidence:
    """The evidence with another value of a measure in the primary validation."""
    base = {"value": 0.9, "low": 0.8, "high": 0.95, "reason": ""} | changes
    where = {"learner": learner, "measure": measure, "group": "all", "validation": evidence.study.primary_validation}
    partition = next(one.partition for one in evidence.validations if one.primary)
    return changed(evidence, "performance", base, partition=partition, **where)


def contrast(difference: float | None, low: float | None, high: float | None) -> Evidence:
    base = {"difference": difference, "low": low, "high": high, "reason": "" if low is not None else "too few"}
    study = EVIDENCE.study
    where = {"learner": MODEL, "comparator": COMPARATOR, "measure": study.primary_measure}
    return changed(EVIDENCE, "comparisons", base, validation=study.primary_validation, **where)


def passes(gate: Gate, evidence: Evidence, learner: str = MODEL) -> bool:
    found = gate(evidence, learner)
    assert found.name == gate.name
    assert found.text.endswith(".")
    return found.passed


PRIMARY = EVIDENCE.study.primary_measure


def test_the_lower_limit_reaches_what_was_declared() -> None:
    evidence = judged(PRIMARY, value=0.9, low=0.84, high=0.94)
    assert passes(LowerBound(0.84), evidence)
    assert not passes(LowerBound(0.841), evidence)
    assert passes(LowerBound(), evidence)
    assert not passes(LowerBound(), judged(PRIMARY, low=0.49))
    assert not passes(LowerBound(), judged(PRIMARY, value=None, low=None, high=None, reason="one class"))


def test_where_lower_is_better_the_upper_limit_counts() -> None:
    evidence = judged("brier", value=0.1, low=0.08, high=0.12)
    assert passes(LowerBound(0.12, measure="brier"), evidence)
    assert not passes(LowerBound(0.11, measure="brier"), evidence)


def test_a_measure_without_bounds_needs_a_declared_value() -> None:
    unbounded = changed(EVIDENCE, "measures", {"bounds": (None, 1.0)}, name=PRIMARY)
    found = LowerBound()(unbounded, MODEL)
    assert not found.passed
    assert "declare LowerBound(reaches=...)" in found.text
    assert passes(LowerBound(0.5), unbounded)


def test_a_gate_on_an_unknown_measure_is_a_fault_of_the_study() -> None:
    with pytest.raises(StudyError, match="no_such"):
        LowerBound(measure="no_such")(EVIDENCE, MODEL)


CALIBRATED = judged(
    "calibration_intercept",
    evidence=judged("calibration_slope", value=1.0, low=0.9, high=1.1),
    value=0.0,
    low=-0.1,
    high=0.1,
)


@pytest.mark.parametrize(
    ("measure", "value", "low", "high", "passed"),
    [
        ("calibration_slope", 0.8, 0.7, 0.9, True),
        ("calibration_slope", 0.79, 0.6, 1.2, False),
        ("calibration_slope", 1.26, 0.9, 1.5, False),
        ("calibration_intercept", 0.3, 0.2, 0.4, True),
        ("calibration_intercept", -0.5, -0.7, -0.3, False),
        ("calibration_intercept", -0.5, -1.1, 0.1, True),
        ("calibration_intercept", None, None, None, False),
    ],
)
def test_calibration(measure: str, value: float | None, low: float | None, high: float | None, *, passed: bool) -> None:
    assert passes(Calibrated(), CALIBRATED)
    assert passes(Calibrated(), judged(measure, evidence=CALIBRATED, value=value, low=low, high=high)) is passed


def test_calibration_as_declared() -> None:
    band = Calibrated(bands={"calibration_slope": (0.95, 1.05)})
    assert passes(band, CALIBRATED)
    assert not passes(band, judged("calibration_slope", evidence=CALIBRATED, value=0.9))
    assert not passes(Calibrated(bands={"no_such": (0, 1)}), CALIBRATED)


def test_an_outcome_without_calibration_has_none_to_look_at() -> None:
    evidence = EVIDENCE.model_copy(
        update={"measures": tuple(measure.model_copy(update={"target": None}) for measure in EVIDENCE.measures)}
    )
    assert "no measure of calibration" in Calibrated()(evidence, MODEL).text
    assert passes(Calibrated(), evidence)


def gaps(*rows: tuple[bool | None, float, float]) -> Evidence:
    """Evidence with one gap of sex a row: whether it is equivalent, and its limits; the margin is 0.05."""
    made = tuple(
        Gap(
            learner=MODEL,
            validation=EVIDENCE.study.primary_validation,
            attribute="sex",
            group=f"group {number}",
            reference="all others",
            measure=PRIMARY,
            difference=(low + high) / 2,
            low=low,
            high=high,
            p=0.5,
            margin=0.05,
            equivalent=equivalent,
        )
        for number, (equivalent, low, high) in enumerate(rows)
    )
    study = EVIDENCE.study.model_copy(update={"subgroups": ("sex",)})
    return EVIDENCE.model_copy(update={"study": study, "gaps": made})


def test_groups_are_shown_to_be_equivalent() -> None:
    same, unsure, other = (True, -0.02, 0.03), (False, -0.04, 0.09), (False, 0.06, 0.2)
    few = (None, -0.3, 0.3)
    assert passes(GroupsEquivalent(), gaps(same))
    assert not passes(GroupsEquivalent(), gaps(same, unsure))
    assert passes(GroupsEquivalent(strict=False), gaps(same, unsure))
    assert not passes(GroupsEquivalent(strict=False), gaps(same, other))
    assert passes(GroupsEquivalent(), gaps(same, few))
    assert not passes(GroupsEquivalent(few=True), gaps(same, few))
    assert "too few events to say: sex group 1" in GroupsEquivalent()(gaps(same, few), MODEL).text
    assert "too few events to say: sex" in GroupsEquivalent()(gaps(), MODEL).text
    none = EVIDENCE.model_copy(update={"study": EVIDENCE.study.model_copy(update={"subgroups": ()})})
    assert passes(GroupsEquivalent(few=True), none)


def test_gaps_of_other_learners_do_not_count() -> None:
    evidence = gaps((False, 0.06, 0.2))
    assert not passes(GroupsEquivalent(), evidence)
    assert passes(GroupsEquivalent(), evidence, COMPARATOR)


@pytest.mark.parametrize(
    ("low", "not_inferior", "superior"), [(0.001, True, True), (-0.004, True, False), (-0.006, False, False)]
)
def test_against_the_primary_comparator(low: float, *, not_inferior: bool, superior: bool) -> None:
    evidence = contrast(0.02, low, 0.05)
    assert passes(NotInferior(0.005), evidence) is not_inferior
    assert passes(Superior(), evidence) is superior


def test_the_margin_is_the_study_s_unless_declared() -> None:
    margin = EVIDENCE.study.margin
    assert passes(NotInferior(), contrast(0.0, -0.9 * margin, 0.1))
    assert not passes(NotInferior(), contrast(0.0, -1.1 * margin, 0.1))


def test_where_lower_is_better_a_lower_value_is_superior() -> None:
    turned = changed(contrast(-0.02, -0.04, -0.001), "measures", {"higher_is_better": False}, name=PRIMARY)
    assert passes(Superior(), turned)
    assert not passes(
        Superior(), changed(contrast(0.02, 0.001, 0.04), "measures", {"higher_is_better": False}, name=PRIMARY)
    )


def test_a_difference_that_cannot_be_estimated_does_not_pass() -> None:
    assert not passes(NotInferior(0.5), contrast(None, None, None))


def test_the_comparator_is_not_inferior_to_itself_and_not_superior() -> None:
    assert passes(NotInferior(), EVIDENCE, COMPARATOR)
    assert not passes(Superior(), EVIDENCE, COMPARATOR)


def test_another_comparator_is_held_to_its_own_limits() -> None:
    there = judged(PRIMARY, COMPARATOR, value=0.8, low=0.7, high=0.9)
    assert passes(NotInferior(0.0), judged(PRIMARY, THIRD, there, low=0.801), THIRD)
    assert not passes(NotInferior(0.0), judged(PRIMARY, THIRD, there, low=0.799), THIRD)
    assert "not being paired" in NotInferior()(there, THIRD).text


def test_the_audit() -> None:
    clean = EVIDENCE.model_copy(update={"audit": (Finding(kind="copies", severity="warning", text="some", count=2),)})
    assert passes(LeakageAudit(), clean)
    serious = Finding(kind="disguised_outcome", severity="serious", text="x gives it away", count=1)
    assert not passes(LeakageAudit(), EVIDENCE.model_copy(update={"audit": (*clean.audit, serious)}))
    assert not passes(LeakageAudit(), EVIDENCE.model_copy(update={"audit": ()}))


def test_the_plan() -> None:
    plan = Plan(frozen=True, followed=True, plan_hash="0", frozen_at="then")
    without = Plan(frozen=False, followed=None, plan_hash=None, frozen_at=None)
    left = plan.model_copy(update={"followed": False, "departures": ("margin: planned 0.01, run 0.5",)})
    told = {one: EVIDENCE.model_copy(update={"plan": one}) for one in (plan, without, left)}
    assert passes(PlanFollowed(), told[plan])
    assert not passes(PlanFollowed(), told[without])
    assert passes(PlanFollowed(required=False), told[without])
    assert not passes(PlanFollowed(required=False), told[left])
    assert "argin: planned 0.01, run 0.5." in PlanFollowed()(told[left], MODEL).text


def test_simulated_data_never_pass() -> None:
    simulated = evidence_examples.simulated()
    assert passes(NotSimulated(), EVIDENCE)
    assert not passes(NotSimulated(), simulated)
    assert [gate.name for gate in judge((LeakageAudit(),), simulated, MODEL)] == ["not_simulated", "leakage_audit"]
    assert not judge((LeakageAudit(),), simulated, MODEL)[0].passed


def test_a_study_that_declares_none_has_the_default_ones() -> None:
    found = judge((), EVIDENCE, MODEL)
    assert [gate.name for gate in found] == [gate.name for gate in DEFAULT]
    assert all(isinstance(gate, GateResult) for gate in found)


@pytest.mark.parametrize(
    "make",
    [
        evidence_examples.continuous,
        evidence_examples.multiclass,
        evidence_examples.sites,
        evidence_examples.survival,
        evidence_examples.bare,
        evidence_examples.many_groups,
    ],
)
def test_gates_answer_for_every_kind_of_evidence(make: Any) -> None:
    evidence = make()
    for learner in evidence.study.learners:
        for gate in judge((), evidence, learner.name):
            assert gate.text


def test_declared_gates_are_part_of_the_plan_and_of_nothing_else() -> None:
    from dataclasses import replace

    from tests.study.tiny import TINY

    from bedside.study.hashes import declaration, study_hash

    assert "gates" not in declaration(TINY)
    one = replace(TINY, gates=(LowerBound(0.8), Superior()))
    assert declaration(one)["gates"] == [
        {"gate": "LowerBound", "name": "lower_bound", "reaches": 0.8, "measure": ""},
        {"gate": "Superior", "name": "superior", "margin": 0.0},
    ]
    assert study_hash(one) != study_hash(TINY)
    assert study_hash(replace(TINY, gates=(LowerBound(0.7), Superior()))) != study_hash(one)

"""The frozen record of a run: what `run` writes and report, release and serve read.

Versioned; `bedside.evidence.schema.json_schema()` gives the published JSON schema. Tables are flat rows so
that a script can query them without knowing the endpoint; the rows stand in the files beside this one, by noun.
"""

from bedside.evidence.agreement import Agreement
from bedside.evidence.declared import Learner, Measure, Plan, Study, Validation
from bedside.evidence.explained import Coverage, Explanation, ExplanationCheck, Selective
from bedside.evidence.figure import Figure, Frozen
from bedside.evidence.groups import Gap, JointTest
from bedside.evidence.hazards import HazardRatio, Proportionality
from bedside.evidence.participants import (
    Censoring,
    Characteristic,
    ExternalFlow,
    Finding,
    FlowStep,
    Partition,
    SampleSize,
)
from bedside.evidence.performance import Comparison, OperatingPoint, Performance, Tuning
from bedside.evidence.pictures import Picture
from bedside.evidence.provenance import Ledger, LoadedWeights, Provenance
from bedside.evidence.stress import Robustness, Sensitivity, Shift

__all__ = [
    "SCHEMA_VERSION",
    "Agreement",
    "Censoring",
    "Characteristic",
    "Comparison",
    "Coverage",
    "Evidence",
    "Explanation",
    "ExplanationCheck",
    "ExternalFlow",
    "Finding",
    "FlowStep",
    "Gap",
    "HazardRatio",
    "JointTest",
    "Learner",
    "Ledger",
    "LoadedWeights",
    "Measure",
    "OperatingPoint",
    "Partition",
    "Performance",
    "Picture",
    "Plan",
    "Proportionality",
    "Provenance",
    "Robustness",
    "SampleSize",
    "Selective",
    "Sensitivity",
    "Shift",
    "Study",
    "Tuning",
    "Validation",
    "json_schema",
]

SCHEMA_VERSION = "1.3"
"""1.1: counts may be withheld ("<11"); joint tests over groups. 1.2: weights of
censored outcomes. 1.3: counts below figures, vertical reference lines, fine
lines; hazard ratios. Evidence of an earlier version is read as it is: what it does not say is empty."""


class Evidence(Frozen):
    """Everything a report, a release or a service may say about a run."""

    schema_version: str = SCHEMA_VERSION
    verdict: str
    """The first sentence of the report, in plain words, whichever way it fell."""
    doubts: tuple[str, ...] = ()
    study: Study
    measures: tuple[Measure, ...]
    validations: tuple[Validation, ...]
    flow: tuple[FlowStep, ...]
    external_flows: tuple[ExternalFlow, ...] = ()
    """One for each validation on another source; `flow` is that of the source that was learned from."""
    partitions: tuple[Partition, ...]
    characteristics: tuple[Characteristic, ...]
    censoring: tuple[Censoring, ...] = ()
    """Empty where no outcome is weighed for others."""
    performance: tuple[Performance, ...]
    comparisons: tuple[Comparison, ...]
    operating_points: tuple[OperatingPoint, ...]
    tuning: tuple[Tuning, ...]
    audit: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    """Paragraphs of methods text, ready to paste."""
    gaps: tuple[Gap, ...] = ()
    joint_tests: tuple[JointTest, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    shift: tuple[Shift, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    explanation_checks: tuple[ExplanationCheck, ...] = ()
    hazard_ratios: tuple[HazardRatio, ...] = ()
    proportionality: tuple[Proportionality, ...] = ()
    """One a learner and cause of `hazard_ratios`."""
    pictures: tuple[Picture, ...] = ()
    """Of judged cases and what moved the model in them, where the study allows them to be shown."""
    coverage: tuple[Coverage, ...] = ()
    selective: tuple[Selective, ...] = ()
    sample_size: tuple[SampleSize, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    ledger: tuple[Ledger, ...]
    plan: Plan
    provenance: Provenance
    released: str | None = None
    """The learner that the release rule chose, by name."""


def json_schema() -> dict[str, object]:
    """The JSON schema of evidence.json, as published with each version."""
    return Evidence.model_json_schema()

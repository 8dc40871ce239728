"""The frozen record of a run: what `run` writes and report, release and serve read.

Versioned; `bedside.evidence.schema.json_schema()` gives the published JSON schema. Tables are flat rows so
that a script can query them without knowing the endpoint.
"""

from typing import Literal

from pydantic import Field

from bedside.evidence.figure import Figure, Frozen

SCHEMA_VERSION = "1.0"


class Learner(Frozen):
    """A learner of the study; `name` is what rows refer to."""

    name: str
    label: str
    description: str
    role: Literal["model", "comparator"]


class Study(Frozen):
    """What was asked, as declared before the run."""

    name: str
    title: str
    question: str
    intended_use: str
    modality: str
    endpoint: str
    classes: tuple[str, ...] = ()
    unit: str = ""
    eligibility: str
    outcome: str
    horizon: str
    source: str
    licence: str
    citation: str
    model: str
    comparators: tuple[str, ...]
    learners: tuple[Learner, ...]
    primary_measure: str
    primary_comparator: str
    primary_validation: str
    release_rule: str
    subgroups: tuple[str, ...] = ()
    minimum_group: int
    margin: float
    trials: int
    simulated: bool = False
    card: str = ""
    """The text of card.md without its front matter."""
    limits: tuple[str, ...] = ()
    identity: str = "by patient"
    """How repeated patients are recognised, or that they cannot be."""


class Measure(Frozen):
    """How a measure is printed and read."""

    name: str
    label: str
    higher_is_better: bool | None
    target: float | None = None
    operating: bool = False
    bounds: tuple[float | None, float | None] = (0.0, 1.0)


class FlowStep(Frozen):
    """One box of the flow diagram: `kind` "read", "excluded" (with reason) or "included"."""

    kind: Literal["read", "excluded", "included"]
    text: str
    records: int
    patients: int | None = None


class ExternalFlow(Frozen):
    """Where everyone of another source went, who was judged in an external validation and never learned from."""

    validation: str
    source: str
    licence: str
    citation: str
    steps: tuple[FlowStep, ...]


class Partition(Frozen):
    """Size and outcome of one partition of one split."""

    validation: str
    split: str
    partition: Literal["development", "selection", "calibration", "test"]
    cases: int
    patients: int
    outcome: dict[str, float]
    """Cases by outcome word; for a number: mean, sd, median, low quartile, high quartile."""


class Characteristic(Frozen):
    """One row of table 1: a predictor or attribute by partition and outcome.

    `group` is "all", a partition ("development") or an outcome ("outcome=malignant"). Numbers are median and
    quartiles; categories are counts.
    """

    variable: str
    category: str | None = None
    group: str
    cases: int
    missing: int
    count: int | None = None
    median: float | None = None
    low_quartile: float | None = None
    high_quartile: float | None = None
    unit: str = ""


class Validation(Frozen):
    """A validation that was done; `primary` marks the one the verdict rests on."""

    name: str
    description: str
    partition: Literal["test", "out_of_fold"]
    splits: tuple[str, ...]
    primary: bool


class Performance(Frozen):
    """One measure of one learner in one group.

    Exactly one of `value` and `reason` is set: what cannot be estimated says why.

    Attributes:
        validation: Which validation ("holdout").
        partition: "development", "tuning", "test" or "out_of_fold".
        group: "all", "sex=female", or "split=site=cleveland" for one split of a validation.
    """

    learner: str
    validation: str
    partition: Literal["development", "tuning", "test", "out_of_fold"]
    group: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    cases: int
    patients: int
    method: str = ""
    reason: str = ""


class Comparison(Frozen):
    """A paired contrast: learner minus comparator. `primary` marks the one pre-specified contrast."""

    learner: str
    comparator: str
    validation: str
    partition: Literal["test", "out_of_fold"]
    group: str = "all"
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p: float | None
    p_adjusted: float | None
    """Holm-adjusted over the secondary contrasts; equal to p for the primary one."""
    method: str
    primary: bool = False
    reason: str = ""


class OperatingPoint(Frozen):
    """What was fixed on tuning data before the test partition was opened, by split."""

    learner: str
    validation: str
    split: str
    rule: str
    settings: dict[str, float]


class Finding(Frozen):
    """One result of the audits: leakage, duplicates, impossible dates."""

    kind: str
    severity: Literal["info", "warning", "serious"]
    text: str
    count: int = 0


class Tuning(Frozen):
    """How one learner was tuned in one split."""

    learner: str
    validation: str
    split: str
    trials: int
    best_loss: float | None
    settings: dict[str, float | int | str | bool]
    notes: dict[str, float | int | str | bool | None] = Field(default_factory=dict)


class Gap(Frozen):
    """The difference in a measure between two groups of patients, the smaller (group) minus the larger (reference).

    A gap that is not significant is not equivalence: `equivalent` is True only where two one-sided tests put it
    within the margin, None where there are too few events to say.
    """

    learner: str
    validation: str
    attribute: str
    group: str
    reference: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p: float | None
    p_adjusted: float | None = None
    margin: float
    equivalent: bool | None
    method: str = ""
    reason: str = ""


class Robustness(Frozen):
    """The primary measure when test predictors are made worse; `change` is against the untouched predictors."""

    learner: str
    validation: str
    name: str
    family: Literal["missing_at_random", "missing_column", "noise", "permuted"]
    variable: str
    strength: float
    measure: str
    value: float | None
    change: float | None
    low: float | None
    """Limits of the change."""
    high: float | None
    level: float = 0.95
    method: str = ""
    reason: str = ""


class Sensitivity(Frozen):
    """The primary measure if eligible cases whose outcome nobody knows were judged too, under an assumption.

    `change` is against the judged cases alone. `scenario` is "all ill" (a class), "missing at random" or
    "prediction + 1 residual SD".
    """

    learner: str
    validation: str
    scenario: str
    measure: str
    value: float | None
    change: float | None
    cases_added: int
    text: str
    """What was assumed, in a sentence; why there is no value, where there is none."""


class Shift(Frozen):
    """How far a variable, or the outcome, differs between what was learned from and what was judged.

    `statistic` is "standardised mean difference" (numbers), "total variation" (categories), "missing share" or
    "outcome share".
    """

    validation: str
    split: str
    variable: str
    statistic: Literal["standardised mean difference", "total variation", "missing share", "outcome share"]
    value: float


class Explanation(Frozen):
    """What a learner relies on, by one method; larger is more important."""

    learner: str
    method: str
    variable: str
    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95


class ExplanationCheck(Frozen):
    """A test whether an explanation is about the model; one that fails is shown as failed."""

    learner: str
    method: str
    check: str
    passed: bool | None
    value: float | None
    text: str


class Coverage(Frozen):
    """Prediction sets or intervals: how often they hold the outcome, across patients and not for this patient."""

    learner: str
    validation: str
    method: str
    nominal: float
    group: str
    coverage: float | None
    low: float | None
    high: float | None
    size: float | None
    """Mean number of classes in a set, or mean width of an interval."""
    cases: int
    reason: str = ""


class Selective(Frozen):
    """What abstaining would buy: the learner answers only above a confidence chosen on tuning data.

    The threshold aims at half the error of answering everyone; `error` is what it came to on the judged cases.
    """

    learner: str
    validation: str
    answered: float | None
    """Share of the judged cases that are answered."""
    error: float | None
    low: float | None
    high: float | None
    error_of_all: float
    level: float = 0.95
    reason: str = ""


class SampleSize(Frozen):
    """One criterion of sample size: what it asks for and what there was."""

    criterion: str
    needed: float | None
    available: float
    met: bool | None
    text: str


class Agreement(Frozen):
    """Agreement between readers, or between a reader and the reference standard."""

    first: str
    second: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    cases: int
    method: str = ""
    reason: str = ""


class Ledger(Frozen):
    """How often this test partition has been evaluated on this machine, this run included."""

    validation: str
    test_hash: str
    evaluations: int
    distinct_code: int


class Plan(Frozen):
    """Whether an analysis plan was frozen before the run, and whether it was followed."""

    frozen: bool
    followed: bool | None
    plan_hash: str | None
    frozen_at: str | None
    departures: tuple[str, ...] = ()


class Provenance(Frozen):
    """Hashes, seeds and environment; `timings` and `environment` are outside the byte-equality promise."""

    bedside_version: str
    seed: int
    data_hash: str
    code_hash: str
    study_hash: str
    command: str
    environment: dict[str, str]
    timings: dict[str, float]
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 of predictions.parquet, contribution tables and artefacts, by relative path."""


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
    performance: tuple[Performance, ...]
    comparisons: tuple[Comparison, ...]
    operating_points: tuple[OperatingPoint, ...]
    tuning: tuple[Tuning, ...]
    audit: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    """Paragraphs of methods text, ready to paste."""
    gaps: tuple[Gap, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    shift: tuple[Shift, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    explanation_checks: tuple[ExplanationCheck, ...] = ()
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

"""Who was studied: flow, partitions, table 1 and what the audit found."""

from typing import Literal

from bedside.evidence.count import Count, Withheld
from bedside.evidence.figure import Frozen


class FlowStep(Frozen):
    """One box of the flow diagram: `kind` "read", "excluded" (with reason), "censored" or "included"."""

    kind: Literal["read", "excluded", "censored", "included"]
    text: str
    records: Count
    patients: Count | None = None


class ExternalFlow(Frozen):
    """Where everyone of another source went, who was judged in an external validation and never learned from."""

    validation: str
    source: str
    licence: str
    citation: str
    steps: tuple[FlowStep, ...]


class Follow(Frozen):
    """How long cases were watched for something that comes at some time, or does not while they are watched.

    Attributes:
        what: What they were watched for ("death").
        events: To how many cases it came, whenever.
        median: Median time of watching in `unit`, by the reverse Kaplan-Meier curve; None where fewer than half of
            the watches ended without the event.
    """

    what: str
    events: Count
    median: float | None
    unit: str = ""


class Partition(Frozen):
    """Size and outcome of one partition of one split."""

    validation: str
    split: str
    partition: Literal["development", "selection", "calibration", "test"]
    cases: Count
    patients: Count
    outcome: dict[str, float | Withheld]
    """Cases by outcome word; for a number: mean, sd, median, low quartile, high quartile, nothing in a small cell."""
    watched: Follow | None = None
    """Where cases are watched for the outcome."""


class Censoring(Frozen):
    """How known outcomes stand for censored ones in one partition of one split.

    Attributes:
        known: Cases whose outcome is known; they alone are learned from, tuned on or judged.
        censored: Cases whose watch ended before; they tell the censoring curve and nothing else.
        smallest, largest: Weights of the known.
        truncated: How many weights were cut off at the declared largest.
        effective: Unweighted cases that would be worth as much (Kish 1965).
    """

    validation: str
    split: str
    partition: Literal["development", "selection", "calibration", "test"]
    known: Count
    censored: Count
    smallest: float
    largest: float
    truncated: Count
    effective: float | Withheld


class Characteristic(Frozen):
    """One row of table 1: a predictor or attribute by partition and outcome.

    `group` is "all", a partition ("development") or an outcome ("outcome=malignant"). Numbers are median and
    quartiles; categories are counts.
    """

    variable: str
    category: str | None = None
    group: str
    cases: Count
    missing: Count
    count: Count | None = None
    median: float | None = None
    low_quartile: float | None = None
    high_quartile: float | None = None
    unit: str = ""
    reason: str = ""
    """Why a number has no quartiles, where they are withheld."""


class Finding(Frozen):
    """One result of the audits: leakage, duplicates, impossible dates.

    Attributes:
        counted: What `count` counts; of patients (and their cases) a small number may be withheld.
    """

    kind: str
    severity: Literal["info", "warning", "serious"]
    text: str
    count: Count = 0
    counted: Literal["patients", "predictors"] = "patients"


class SampleSize(Frozen):
    """One criterion of sample size: what it asks for and what there was."""

    criterion: str
    needed: float | None
    available: float | Withheld
    met: bool | None
    text: str

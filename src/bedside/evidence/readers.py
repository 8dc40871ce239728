"""The frozen record of a reader study: what `judge_readings` finds and the readers' page shows."""

from typing import Literal

from pydantic import Field

from bedside.evidence.figure import Frozen
from bedside.evidence.schema import Agreement

READERS_VERSION = "1.1"


class JudgedPerformance(Frozen):
    """One measure of a reader, the panel or the model in one arm.

    Exactly one of `value` and `reason` is set: what cannot be estimated says why.

    Attributes:
        category: Of a study of categories, the one that sensitivity and specificity are about, against all others.
    """

    judge: str
    kind: Literal["reader", "panel", "model"]
    arm: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    cases: int
    patients: int
    method: str = ""
    reason: str = ""
    category: str = ""


class Confusion(Frozen):
    """What one judge said of the cases of each category of the reference standard.

    Attributes:
        truth: Categories of the rows.
        said: Categories of the columns, with "no majority" as the last where ties may arise.
        counts: Numbers of cases, a row a category of the reference standard.
    """

    judge: str
    kind: Literal["reader", "panel", "model"]
    arm: str
    truth: tuple[str, ...]
    said: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class JudgedContrast(Frozen):
    """A paired difference, first minus second; the model minus a reader, or an arm minus another.

    Attributes:
        holds_for: "these readers" (cases are random, readers are not) or "readers like these" (both are random).
        primary: The one contrast that was declared; it is not adjusted, all others are, together, by Holm's method.
    """

    first: str
    second: str
    arm: str
    measure: str
    difference: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    p: float | None
    p_adjusted: float | None = None
    cases: int
    holds_for: Literal["these readers", "readers like these"]
    primary: bool = False
    method: str = ""
    reason: str = ""


class ArmAverage(Frozen):
    """The average reader of one arm, for the population of readers and cases."""

    arm: str
    value: float
    low: float
    high: float


class MultiReader(Frozen):
    """One multi-reader multi-case analysis, or the reason why there is none.

    Attributes:
        measure: "auroc", "sensitivity", "specificity" or, of categories, "accuracy".
        f, df1, df2, p: The test that all arms are equal; None with one arm. df2 is None where it is infinite.
        error: Standard error of a difference between arms.
        covariances: Cov1 (same reader, other arm), Cov2 (other reader, same arm), Cov3 (both differ).
    """

    measure: str
    arms: tuple[ArmAverage, ...] = ()
    f: float | None = None
    df1: float | None = None
    df2: float | None = None
    p: float | None = None
    error: float | None = None
    covariances: tuple[float, float, float] | None = None
    level: float = 0.95
    method: str = ""
    reason: str = ""


class ReaderProvenance(Frozen):
    """What the evidence stands on, as hashes; the same input and seed give the same bytes."""

    bedside_version: str
    seed: int
    replicates: int
    readings_hash: str
    """Hash of arms, readers, cases, readings, reference standard and patients."""
    predictions_hash: str | None = None
    run_data_hash: str | None = None
    """`provenance.data_hash` of the run whose model was judged; None without a run."""
    run_code_hash: str | None = None


class ReaderEvidence(Frozen):
    """Everything a page may say of a reader study."""

    schema_version: str = READERS_VERSION
    title: str
    verdict: str
    """The first sentence of the page, in plain words, whichever way it fell."""
    scale: str
    reference: str
    """How the reference standard was made; "" where that was not described, which the page says."""
    readers: tuple[str, ...]
    arms: tuple[str, ...]
    model: str | None
    cases: int
    patients: int
    positives: int | None
    """Cases with the condition; None where readings are categories."""
    crossed: bool
    limits: tuple[str, ...]
    """What a reader of the results must know: incorporation, pooled people, cases that were not read by all."""
    performance: tuple[JudgedPerformance, ...]
    contrasts: tuple[JudgedContrast, ...]
    agreement: tuple[Agreement, ...]
    multi_reader: tuple[MultiReader, ...]
    category_cases: dict[str, int] = Field(default_factory=dict)
    """Cases of each category by the reference standard; empty where readings are no categories."""
    confusion: tuple[Confusion, ...] = ()
    methods: tuple[str, ...]
    """Paragraphs of methods text, ready to paste."""
    provenance: ReaderProvenance


def json_schema() -> dict[str, object]:
    """The JSON schema of readers.json."""
    return ReaderEvidence.model_json_schema()

"""What the evidence stands on: how often data were judged, hashes, seeds and environment."""

from pydantic import Field

from bedside.evidence.figure import Frozen


class Ledger(Frozen):
    """How often this test partition has been evaluated on this machine, this run included."""

    validation: str
    test_hash: str
    evaluations: int
    distinct_code: int


class LoadedWeights(Frozen):
    """Weights from elsewhere that a learner begins from."""

    learner: str
    origin: str
    sha256: str


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
    weights: tuple[LoadedWeights, ...] = ()
    """Of learners that begin from weights of an earlier run or of a file; the file itself is not kept."""

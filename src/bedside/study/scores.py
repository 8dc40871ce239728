"""What a learner predicted for the judged cases of a finished run, as later analyses of the run need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bedside.errors import RunMismatch, StudyError
from bedside.evidence.schema import Evidence
from bedside.study.folder import RunFolder
from bedside.types import Booleans, Floats, Integers

_CASE = ("sample", "split", "patient", "outcome.outcome")
_BINARY = "prediction.probability"


@dataclass(frozen=True)
class Scores:
    """One learner's judged cases in one validation with a binary outcome.

    Attributes:
        learner: Its name.
        validation: Its name.
        score: Probability of the positive class, shape (n,).
        label: Whether the outcome is there, shape (n,).
        patient: Patient code of each case, shape (n,).
        threshold: The operating point of each case's split, fixed on tuning data, shape (n,); NaN where it has none.
        splits: By how many models, one a split, the cases were scored.
    """

    learner: str
    validation: str
    score: Floats
    label: Booleans
    patient: Integers
    threshold: Floats
    splits: int


def scores(folder: Path, evidence: Evidence, learner: str = "", validation: str = "", *, purpose: str) -> Scores:
    """Read a learner's scores from a finished run.

    Args:
        folder: Of the run.
        evidence: Of the run.
        learner: By name; the model on trial when empty.
        validation: By name; the primary one when empty.
        purpose: What needs them, for messages ("a worklist").

    Raises:
        RunMismatch: The predictions are missing, or the endpoint is not binary.
        StudyError: The run has no such learner or validation.
    """
    name = known(learner or evidence.study.model, [each.name for each in evidence.study.learners], "learner", folder)
    chosen = known(
        validation or evidence.study.primary_validation,
        [each.name for each in evidence.validations],
        "validation",
        folder,
    )
    rows = judged_rows(folder, evidence, name, chosen, purpose=purpose)
    cut = {
        row.split: row.settings["threshold"]
        for row in evidence.operating_points
        if (row.learner, row.validation) == (name, chosen) and "threshold" in row.settings
    }
    return Scores(
        learner=name,
        validation=chosen,
        score=np.array([row["prediction.probability"] for row in rows], dtype=np.float64),
        label=np.array([bool(row["outcome.outcome"]) for row in rows], dtype=np.bool_),
        patient=np.array([row["patient"] for row in rows], dtype=np.int64),
        threshold=np.array([cut.get(row["split"], np.nan) for row in rows], dtype=np.float64),
        splits=len({row["split"] for row in rows}),
    )


def known(name: str, names: Sequence[str], what: str, folder: Path) -> str:
    """The name, when the run has it; raises StudyError with the names that it has."""
    if name not in names:
        msg = f"{folder} has no {what} {name!r}; it has {', '.join(names)}"
        raise StudyError(msg)
    return name


def judged_rows(
    folder: Path, evidence: Evidence, learner: str, validation: str, *, purpose: str
) -> list[dict[str, Any]]:
    """Rows of predictions.parquet of one learner in one validation.

    Raises:
        RunMismatch: The predictions are missing, the endpoint is not binary, or cases stand for censored ones.
    """
    return _rows(folder, evidence, (learner, validation), (_BINARY,), f"{purpose} needs a binary one")


def category_rows(
    folder: Path, evidence: Evidence, learner: str, validation: str, *, purpose: str
) -> list[dict[str, Any]]:
    """As `judged_rows`, of an outcome in categories: `prediction.probability_0` ... in the order of the classes.

    Raises:
        RunMismatch: The predictions are missing, or there is no probability for each of several classes.
    """
    columns = tuple(f"{_BINARY}_{k}" for k in range(len(evidence.study.classes)))
    need = f"{purpose} needs one of several classes"
    return _rows(folder, evidence, (learner, validation), columns or (f"{_BINARY}_0",), need)


def _rows(
    folder: Path, evidence: Evidence, which: tuple[str, str], columns: Sequence[str], need: str
) -> list[dict[str, Any]]:
    path = RunFolder(folder).predictions
    if not path.is_file():
        msg = f"{folder} lacks predictions.parquet; run the study again"
        raise RunMismatch(msg)
    mine = (pc.field("learner") == which[0]) & (pc.field("validation") == which[1])
    table = pq.read_table(path, filters=mine)
    wanted = [*_CASE, *columns]
    if not set(wanted) <= set(table.column_names):
        msg = f"{folder} predicts an outcome that is {evidence.study.endpoint}; {need}"
        raise RunMismatch(msg)
    if evidence.censoring:
        msg = f"{folder} judged cases that stand for censored ones by their weights, and {need} without weights"
        raise RunMismatch(msg)
    rows: list[dict[str, Any]] = table.select(wanted).to_pylist()
    return rows

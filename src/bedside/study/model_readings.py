"""What a model said of the cases that readers read: from a file of predictions, or from a finished run."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bedside.data.readings import Reference
from bedside.data.rows import read_lines
from bedside.errors import StudyError, TableProblem
from bedside.evidence.schema import Evidence
from bedside.study.scores import judged_rows, known


@dataclass(frozen=True)
class ModelReadings:
    """A model's predictions by case.

    Attributes:
        name: What it is called in rows.
        score: Probability of the condition by case; empty where the model only made calls.
        call: 0 or 1 by case; empty where no threshold is known.
        words: Where the predictions and the threshold come from, for the methods section.
        reference: Truth and patients as the run has them; None for a file.
        run: Data hash and code hash of the run; None for a file.
        folds: Whether several models made the predictions, one a fold; they then have no common score.
        notes: What must be known before the model is compared.
    """

    name: str
    score: Mapping[str, float]
    call: Mapping[str, float]
    words: str
    reference: Reference | None = None
    run: tuple[str, str] | None = None
    folds: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def cases(self) -> frozenset[str]:
        """Identifiers of the cases that it judged."""
        return frozenset(self.score) | frozenset(self.call)


def from_file(path: Path, *, name: str = "model", threshold: float | None = None) -> ModelReadings:
    """Predictions from a CSV of case and prediction, a probability or a call of 0 or 1.

    Args:
        path: The file.
        name: What the model is called.
        threshold: A prediction at or above it is a positive call; needed unless all predictions are 0 or 1.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a case named twice, a prediction outside [0, 1].
        StudyError: The threshold is not inside (0, 1].
    """
    if threshold is not None and not 0.0 < threshold <= 1.0:
        msg = f"threshold of the model is {threshold:g}; give a probability above 0 and up to 1"
        raise StudyError(msg)
    found: dict[str, float] = {}
    for line in read_lines(path, ("case", "prediction")):
        case, text = line.require("case"), line.require("prediction")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0.0 <= value <= 1.0:
            msg = f"{line.place}: prediction is no number from 0 to 1; give a probability, or a call of 0 or 1"
            raise TableProblem(msg)
        if case in found:
            msg = f"{line.place}: this case has a prediction already; give each case once"
            raise TableProblem(msg)
        found[case] = value
    if all(value in (0.0, 1.0) for value in found.values()):
        return ModelReadings(name, {}, found, "The model's calls were read from a file.")
    if threshold is None:
        return ModelReadings(name, found, {}, "The model's probabilities were read from a file; no call was made.")
    words = f"The model's probabilities were read from a file and called positive from {threshold:g}."
    return ModelReadings(name, found, {case: float(p >= threshold) for case, p in found.items()}, words)


def from_run(folder: Path, evidence: Evidence, learner: str = "", validation: str = "") -> ModelReadings:
    """A learner's judged predictions in one validation of a finished run, by sample.

    The run's own operating point of each split makes the calls. Over folds several models predict, whose probabilities
    have no common ranking: their calls are kept, their probabilities are not, and where repeated folds judged a case
    several times the majority calls, a tie being positive.

    Args:
        folder: Of the run.
        evidence: Of the run.
        learner: By name; the model on trial when empty.
        validation: By name; the primary one when empty.

    Raises:
        RunMismatch: The predictions are missing, or the endpoint is not binary.
        StudyError: The run has no such learner or validation.
    """
    name = known(learner or evidence.study.model, [each.name for each in evidence.study.learners], "learner", folder)
    chosen = known(
        validation or evidence.study.primary_validation, [v.name for v in evidence.validations], "validation", folder
    )
    judged = judged_rows(folder, evidence, name, chosen, purpose="a reader study")
    cut = {
        row.split: row.settings["threshold"]
        for row in evidence.operating_points
        if row.learner == name and row.validation == chosen and "threshold" in row.settings
    }
    calls: dict[str, list[bool]] = defaultdict(list)
    for row in judged:
        if row["split"] in cut:
            calls[row["sample"]].append(row["prediction.probability"] >= cut[row["split"]])
    splits = {row["split"] for row in judged}
    folds = len(splits) > 1
    label = next(each.label for each in evidence.study.learners if each.name == name)
    where = f"of {len(splits)} splits, each on cases that it had not seen," if folds else "on the test partition"
    notes = ["The study behind the model ran on simulated data."] if evidence.study.simulated else []
    if folds:
        notes.append(
            f"The model's calls are those of {len(splits)} models, one a split: its ranking is not compared, tests "
            "take the fitted models as given, and nothing generalises to readers. A holdout has one model."
        )
    return ModelReadings(
        name=label,
        score={} if folds else {row["sample"]: row["prediction.probability"] for row in judged},
        call={case: float(2 * sum(values) >= len(values)) for case, values in calls.items()},
        words=f"The model's predictions {where} and its operating points come from a run of {evidence.study.name}.",
        reference=Reference(
            {row["sample"]: bool(row["outcome.outcome"]) for row in judged},
            {row["sample"]: str(row["patient"]) for row in judged},
        ),
        run=(evidence.provenance.data_hash, evidence.provenance.code_hash),
        folds=folds,
        notes=tuple(notes),
    )

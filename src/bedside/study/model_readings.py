"""What a model said of the cases that readers read: from a file of predictions, or from a finished run."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from bedside.data.readings import Reference
from bedside.data.rows import read_lines
from bedside.errors import RunMismatch, StudyError, TableProblem
from bedside.evidence.schema import Evidence
from bedside.study.folder import RunFolder


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
    """

    name: str
    score: Mapping[str, float]
    call: Mapping[str, float]
    words: str
    reference: Reference | None = None
    run: tuple[str, str] | None = None
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


def from_run(folder: Path, evidence: Evidence, learner: str = "") -> ModelReadings:
    """A learner's judged predictions in the primary validation of a finished run, by sample.

    The run's own operating point of each split makes the calls. Where repeated folds judged a case several times, its
    probability is the mean and its call the majority, a tie being positive.

    Raises:
        RunMismatch: The predictions are missing, or the endpoint is not binary.
        StudyError: The run has no such learner.
    """
    name = learner or evidence.study.model
    known = [each.name for each in evidence.study.learners]
    if name not in known:
        msg = f"{folder} has no learner {name!r}; it has {', '.join(known)}"
        raise StudyError(msg)
    path = RunFolder(folder).predictions
    if not path.is_file():
        msg = f"{folder} lacks predictions.parquet; run the study again"
        raise RunMismatch(msg)
    validation = next(each for each in evidence.validations if each.primary)
    mine = (pc.field("validation") == validation.name) & (pc.field("learner") == name)
    table = pq.read_table(path, filters=mine)
    if not {"prediction.probability", "outcome.outcome"} <= set(table.column_names):
        msg = f"{folder} predicts {evidence.study.endpoint}; readers can be compared with binary predictions only"
        raise RunMismatch(msg)
    cut = {
        row.split: row.settings["threshold"]
        for row in evidence.operating_points
        if row.learner == name and row.validation == validation.name and "threshold" in row.settings
    }
    scores, calls = defaultdict(list), defaultdict(list)
    truth: dict[str, bool] = {}
    patient: dict[str, str] = {}
    columns = ("sample", "split", "prediction.probability", "outcome.outcome", "patient")
    for sample, split, probability, outcome, who in zip(*(table.column(c).to_pylist() for c in columns), strict=True):
        scores[sample].append(probability)
        if split in cut:
            calls[sample].append(probability >= cut[split])
        truth[sample], patient[sample] = bool(outcome), str(who)
    where = "out-of-fold" if validation.partition == "out_of_fold" else "test"
    label = next(each.label for each in evidence.study.learners if each.name == name)
    repeats = max(map(len, scores.values()), default=1)
    averaged = f" Each case was judged up to {repeats} times; probabilities were averaged." if repeats > 1 else ""
    return ModelReadings(
        name=label,
        score={case: sum(values) / len(values) for case, values in scores.items()},
        call={case: float(2 * sum(values) >= len(values)) for case, values in calls.items()},
        words=f"The model's {where} predictions and calls come from a run of {evidence.study.name}.{averaged}",
        reference=Reference(truth, patient),
        run=(evidence.provenance.data_hash, evidence.provenance.code_hash),
        notes=("The study behind the model ran on simulated data.",) if evidence.study.simulated else (),
    )

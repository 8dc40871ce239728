"""Scoring new cases with a finished run: the fitted models that were evaluated, pooled."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from bedside.errors import ModelError, RunMismatch, StudyError
from bedside.evidence.schema import Evidence
from bedside.study.declare import Study
from bedside.study.fits import MODEL
from bedside.study.folder import RunFolder
from bedside.training.learner import Fitted

X = TypeVar("X")
P = TypeVar("P")


@dataclass(frozen=True)
class Predictor(Generic[X, P]):
    """The models of one learner in the primary validation: one a split.

    Attributes:
        learner: Its name.
        evidence: What is known about it.
    """

    learner: str
    evidence: Evidence
    study: Study[Any, X, Any, P]
    members: tuple[Fitted[X, P], ...]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case: the endpoint's pool over the models of all splits."""
        return self.study.endpoint.pool([member.predict(predictors) for member in self.members])


def load(study: Study[Any, X, Any, P], folder: Path, learner: str = "") -> Predictor[X, P]:
    """Load a finished run.

    Args:
        study: The study that was run, declared as it was then.
        folder: The run's folder.
        learner: Which learner; the model on trial when empty.

    Raises:
        RunMismatch: When the folder holds no finished run of this study.
        StudyError: When the study has no such learner.
        ModelError: When a stored model is damaged.
    """
    run = RunFolder(folder)
    if not run.evidence.exists():
        msg = f"{folder} holds no finished run; run the study first, or run the same command again to resume it"
        raise RunMismatch(msg)
    evidence = Evidence.model_validate_json(run.evidence.read_text("utf-8"))
    if evidence.study.name != study.name:
        msg = f"{folder} holds a run of {evidence.study.name!r}, not of {study.name!r}"
        raise RunMismatch(msg)
    name = learner or study.model.name
    found = next((one for one in study.learners if one.name == name), None)
    if found is None:
        msg = f"no learner {name!r} in {study.name!r}; there are {[one.name for one in study.learners]}"
        raise StudyError(msg)
    primary = next(validation for validation in evidence.validations if validation.primary)
    members = []
    for split in primary.splits:
        where = run.fit(primary.name, split, name) / MODEL
        if not where.is_dir():
            msg = f"the model of {name!r} for {split!r} is missing from {folder}; run the study again"
            raise ModelError(msg)
        members.append(found.load(where))
    return Predictor(name, evidence, study, tuple(members))

"""The fit of an earlier run that another model may begin from."""

from pathlib import Path

from bedside.errors import ModelError, RunMismatch, StudyError
from bedside.evidence.schema import Evidence
from bedside.study import lineage
from bedside.study.fits import MODEL
from bedside.study.folder import RunFolder
from bedside.training.elsewhere import EarlierFit


def earlier(run: Path, learner: str = "") -> EarlierFit:
    """The fit of one learner on the first split of a run's primary validation.

    Args:
        run: The folder of a finished run.
        learner: Name of a learner of that run; its model when empty.

    Raises:
        RunMismatch: The folder holds no finished run.
        StudyError: The run has no such learner.
        ModelError: The fit is missing.
    """
    folder = RunFolder(run)
    if not folder.evidence.is_file():
        msg = f"{run} holds no finished run to begin from; give the folder of one, or finish it with the same command"
        raise RunMismatch(msg)
    evidence = Evidence.model_validate_json(folder.evidence.read_text("utf-8"))
    name = learner or evidence.study.model
    names = [one.name for one in evidence.study.learners]
    if name not in names:
        msg = f"the run in {run} has no learner {name!r}; it has {', '.join(names)}"
        raise StudyError(msg)
    primary = next(validation for validation in evidence.validations if validation.primary)
    split = primary.splits[0]
    fitted = folder.fit(primary.name, split, name) / MODEL
    if not fitted.is_dir():
        msg = f"the model of {name!r} for {split!r} is missing from {run}; run that study again"
        raise ModelError(msg)
    contents = lineage.read(folder, split, name)
    return EarlierFit(fitted, evidence.study.name, name, split, contents, simulated=evidence.study.simulated)

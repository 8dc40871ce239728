"""Fitting every learner on every split: resumable tasks whose results are files."""

import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.lib.format import write_array
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.data.split import Split, Tuning
from bedside.endpoints.columns import from_arrays, to_arrays
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import RunMismatch
from bedside.explain.explainer import Subject
from bedside.modalities.modality import Modality
from bedside.study import explaining
from bedside.study.explaining import Explained, Explaining
from bedside.study.folder import RunFolder, canonical, read_json
from bedside.study.progress import Progress
from bedside.study.under_way import Bulletin, watched
from bedside.study.weighing import SplitWeights, weighed
from bedside.tasks.local import Local
from bedside.tasks.runner import Runner
from bedside.training.learner import Fit, Fitted, Learner, OfRecord
from bedside.training.workplace import Workplace, at
from bedside.types import Json

X = TypeVar("X")
Y = TypeVar("Y")
P = TypeVar("P")

DONE = "done.json"
PREDICTIONS = "predictions.npz"
MODEL = "model"
STRESS = "stress:"
UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class Task(Generic[X, Y, P]):
    """One learner on one split.

    Attributes:
        key: Hash of all that decides the result; a stored fit with another key is made anew.
        seed: Seed of this task alone, so that the order of tasks decides nothing.
        modality: Tells the perturbations to try on test predictors; None for none.
        explaining: Which judged cases are explained, and how; None for none.
        unlabelled: Predictors of eligible cases whose outcome nobody knows.
        weights: How many cases each stands for where others are censored; None where each stands for itself.
    """

    validation: str
    split: Split
    learner: Learner[X, Y, P]
    key: str
    seed: int
    modality: Modality[X] | None = None
    explaining: Explaining[X] | None = None
    unlabelled: Sequence[X] = ()
    weights: SplitWeights | None = None


@dataclass(frozen=True)
class Judgement(Generic[P]):
    """What one task predicted: on test, on tuning (by models that did not see the case), on development."""

    test: Sequence[P]
    reference: Sequence[P]
    development: Sequence[P]
    record: Mapping[str, Json]
    stressed: Mapping[str, Sequence[P]] = field(default_factory=dict)
    """Predictions for the test cases under each perturbation, by its name."""
    explained: Explained | None = None
    unlabelled: Sequence[P] = ()
    """Predictions for the task's unlabelled cases."""


def fit_all(
    tasks: Sequence[Task[X, Y, P]],
    samples: Sequence[Sequence[Sample[X, Y]]],
    endpoint: Endpoint[Y, P],
    folder: RunFolder,
    *,
    jobs: int | None,
    runner: Runner | None = None,
    progress: Progress,
) -> None:
    """Do every task that is not done yet.

    Args:
        tasks: What to fit.
        samples: The samples that each task's split indexes, one sequence a task.
        endpoint: Tells how predictions are stored.
        folder: Where results are written.
        jobs: How many tasks at once; all processors when None.
        runner: Where they run; in processes of this machine when None.
        progress: Is told of each task.
    """
    progress.begin("Fitting", len(tasks))
    # Workers outlive a run and keep the working directory they were started in.
    place = folder.path.absolute()
    waiting = []
    for task, cohort in zip(tasks, samples, strict=True):
        if is_done(task, folder):
            progress.step(f"{task.learner.label}, {task.split.name} (done before)")
        else:
            waiting.append(partial(fit_one, task, cohort, endpoint, place))
    with watched(RunFolder(place).unfinished, progress):
        for text in (runner or Local()).run(waiting, jobs=jobs, folders=(place,), in_order=False):
            progress.step(text)
    shutil.rmtree(RunFolder(place).unfinished, ignore_errors=True)


def is_done(task: Task[X, Y, P], folder: RunFolder) -> bool:
    """Whether a stored result belongs to exactly this task."""
    found = read_json(folder.fit(task.validation, task.split.name, task.learner.name) / DONE)
    return isinstance(found, dict) and found.get("key") == task.key


def fit_one(task: Task[X, Y, P], samples: Sequence[Sample[X, Y]], endpoint: Endpoint[Y, P], path: Path) -> str:
    """Fit, predict and store; returns what was done, in words. Test outcomes are not looked at."""
    split = task.split
    development, selection, calibration = (
        _part(task, name, samples) for name in ("development", "selection", "calibration")
    )
    tuning = Tuning(selection=selection, calibration=calibration, folds=split.folds)
    label = f"{task.learner.label}, {split.name}"
    work = RunFolder(path).workplace(task.validation, split.name, task.learner.name)
    # Checkpoints of other data or code lie beside, and are never looked at.
    with at(Workplace(work / task.key[:16], tell=Bulletin(work, label))):
        fit = task.learner.fit(development, tuning, seed=task.seed)
    explained = None
    if task.explaining is not None:
        subject = Subject(task.learner, fit, endpoint, development, (*tuning.selection, *tuning.calibration))
        explained = explaining.explain(task.explaining, subject, samples, task.seed)
    _store(task, fit, _parts(task, fit, samples, endpoint), explained, RunFolder(path))
    shutil.rmtree(work, ignore_errors=True)
    return label


def read(task: Task[X, Y, P], endpoint: Endpoint[Y, P], folder: RunFolder) -> Judgement[P]:
    """Read a stored result back; raises RunMismatch when it is not there whole."""
    where = folder.fit(task.validation, task.split.name, task.learner.name)
    found = read_json(where / DONE)
    if not isinstance(found, dict) or found.get("key") != task.key:
        msg = f"the fit in {where} is missing or not of this run; run the same command again"
        raise RunMismatch(msg)
    with np.load(where / PREDICTIONS, allow_pickle=False) as stored:
        cells: dict[str, dict[str, NDArray[Any]]] = {}
        for name in stored:
            part, cell = name.rsplit(".", 1)
            cells.setdefault(part, {})[cell] = stored[name]
    predictions = {part: endpoint.restore(from_arrays(columns)) for part, columns in cells.items()}
    return Judgement(
        test=predictions["test"],
        reference=predictions["reference"],
        development=predictions["development"],
        record=found["record"],
        stressed={part.removeprefix(STRESS): p for part, p in predictions.items() if part.startswith(STRESS)},
        explained=explaining.read(where),
        unlabelled=predictions.get(UNLABELLED, ()),
    )


def _part(task: Task[X, Y, P], name: str, samples: Sequence[Sample[X, Y]]) -> list[Sample[X, Y]]:
    """The samples of a partition, each standing for as many cases as its weight says."""
    part = [samples[k] for k in getattr(task.split, name).tolist()]
    return part if task.weights is None else weighed(part, task.weights.of(name))


def _parts(
    task: Task[X, Y, P], fit: Fit[X, P], samples: Sequence[Sample[X, Y]], endpoint: Endpoint[Y, P]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Cells of predictions, one part after the other, so that no two are held at once."""
    fitted, split = fit.fitted, task.split
    yield _cells("reference", endpoint, fit.reference)
    yield _cells("test", endpoint, fitted.predict([samples[k].predictors for k in split.test.tolist()]))
    yield _cells("development", endpoint, fitted.predict([samples[k].predictors for k in split.development.tolist()]))
    yield from _stressed(task, fitted, samples, endpoint)
    if task.unlabelled:
        yield _cells(UNLABELLED, endpoint, fitted.predict(task.unlabelled))


def _stressed(
    task: Task[X, Y, P], fitted: Fitted[X, P], samples: Sequence[Sample[X, Y]], endpoint: Endpoint[Y, P]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Predictions for perturbed test predictors, the same ones for every learner of a split; none from a record.

    What moves cases is not tried where outcomes lie in them: a model that follows would be judged by the old places.
    """
    if task.modality is None or task.modality.perturbations is None:
        return
    if isinstance(task.learner, OfRecord) and task.learner.recorded:
        return
    development = [samples[k].predictors for k in task.split.development.tolist()]
    test = [samples[k].predictors for k in task.split.test.tolist()]
    for perturbation in task.modality.perturbations(development):
        if perturbation.moves and endpoint.lies_in_cases:
            continue
        rng = np.random.default_rng([task.seed, *perturbation.name.encode()])
        yield _cells(f"{STRESS}{perturbation.name}", endpoint, fitted.predict(perturbation.apply(test, rng)))


def _cells(part: str, endpoint: Endpoint[Y, P], predictions: Sequence[P]) -> dict[str, NDArray[Any]]:
    return {f"{part}.{name}": array for name, array in to_arrays(endpoint.cells(predictions)).items()}


def _write(parts: Iterable[Mapping[str, NDArray[Any]]], path: Path) -> None:
    """A file as `numpy.savez` writes it, part by part; parts with arrays of several axes are compressed."""
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for part in parts:
            several = any(array.ndim > 1 for array in part.values())
            for name, array in part.items():
                entry = zipfile.ZipInfo(f"{name}.npy")
                entry.compress_type = zipfile.ZIP_DEFLATED if several else zipfile.ZIP_STORED
                with archive.open(entry, "w", force_zip64=True) as file:
                    write_array(file, array, allow_pickle=False)


def _store(
    task: Task[X, Y, P],
    fit: Fit[X, P],
    parts: Iterable[Mapping[str, NDArray[Any]]],
    explained: Explained | None,
    folder: RunFolder,
) -> None:
    def write(where: Path) -> None:
        (where / MODEL).mkdir()
        fit.fitted.save(where / MODEL)
        _write(parts, where / PREDICTIONS)
        if explained is not None:
            explaining.write(explained, where)
        content = {"key": task.key, "learner": task.learner.name, "split": task.split.name, "record": dict(fit.record)}
        (where / DONE).write_text(canonical(content), "utf-8")

    folder.fill(folder.fit(task.validation, task.split.name, task.learner.name), write)

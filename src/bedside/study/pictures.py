"""Pictures of judged cases and of what moved the model in them, written beside the evidence where that is allowed."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.endpoints.examples import Example, examples
from bedside.endpoints.target import classes_by_case
from bedside.evidence.pictures import FOLDER, Picture
from bedside.study.album import Album, Drawn
from bedside.study.drawn_cases import drawn_cases
from bedside.study.hashes import sha256
from bedside.study.job import Job
from bedside.study.record import Read
from bedside.study.suppression import SMALL_GROUP
from bedside.types import Integers

FEWEST = 5
"""Patients from which a mean map says something of a group."""


@dataclass(frozen=True, eq=False)
class Told:
    """The explained cases of the model in the primary validation.

    Attributes:
        positions: Of the samples.
        predictions: As judged, same order.
        maps: By name of the explainer, shape (cases, *grid).
    """

    positions: Integers
    predictions: Sequence[Any]
    maps: Mapping[str, NDArray[np.float32]]


def pictures(job: Job, stored: Read) -> Drawn:
    """Predictions drawn over cases, examples and mean maps of the model in the primary validation.

    Empty where cases cannot or may not be shown, or are neither drawn nor explained by maps; pictures of an earlier
    run are removed.

    Args:
        job: The run.
        stored: What was judged and explained in the primary validation.

    Raises:
        FileProblem: An image cannot be read any more.
        OutputProblem: The pictures cannot be written.
    """
    folder = job.folder.path / FOLDER
    draw, album, rows = job.study.modality.picture, Album(), list[Picture]()
    if draw is not None and job.study.show_cases:
        rows += drawn_cases(job, stored, draw, album)
        told = _told(job, stored)
        if told is not None:
            gallery = _Gallery(job, stored, told, draw, album)
            rows += [*gallery.examples(), *gallery.means()]
    if not rows:
        shutil.rmtree(folder, ignore_errors=True)
        return Drawn()
    files = album.files

    def write(where: Path) -> None:
        for path, content in files.items():
            (where / Path(path).name).write_bytes(content)

    job.folder.fill(folder, write)
    return Drawn(tuple(rows), {path: sha256(content) for path, content in files.items()})


def _told(job: Job, stored: Read) -> Told | None:
    positions: list[Integers] = []
    predictions: list[Any] = []
    maps: dict[str, list[NDArray[np.float32]]] = {}
    judgements = stored.by_learner[job.study.model.name]
    for split, judgement in zip(stored.division.splits, judgements, strict=True):
        if judgement.explained is None:
            continue
        drawn = {name: each.maps for name, each in judgement.explained.attributions.items() if each.maps is not None}
        if not drawn:
            continue
        place = {int(k): row for row, k in enumerate(split.test.tolist())}
        positions.append(judgement.explained.cases)
        predictions += [judgement.test[place[k]] for k in judgement.explained.cases.tolist()]
        for name, values in drawn.items():
            maps.setdefault(name, []).append(values)
    if not positions:
        return None
    return Told(np.concatenate(positions), predictions, {name: np.concatenate(each) for name, each in maps.items()})


@dataclass(frozen=True, eq=False)
class _Gallery:
    job: Job
    stored: Read
    told: Told
    draw: Callable[..., bytes]
    album: Album

    @property
    def samples(self) -> list[Any]:
        return [self.stored.division.samples[k] for k in self.told.positions.tolist()]

    @property
    def labels(self) -> dict[str, str]:
        """Methods that drew maps, by name, as printed."""
        return {one.name: one.label for one in self.job.study.explainers if one.name in self.told.maps}

    def examples(self) -> list[Picture]:
        """The case as it is and a map by each method, for every example."""
        target = self.job.study.endpoint.target
        found = examples(target, [sample.outcome for sample in self.samples], self.told.predictions)
        return [row for number, one in enumerate(found, start=1) for row in self._example(one, number)]

    def means(self) -> list[Picture]:
        """The mean map of all explained cases with each outcome, each case with the same weight."""
        outcomes = [sample.outcome for sample in self.samples]
        groups = classes_by_case(self.job.study.endpoint.target, outcomes)
        groups = groups or {"all cases": np.ones(len(outcomes), dtype=np.bool_)}
        fewest = max(FEWEST, self.job.study.smallest_cell)
        found: list[Picture] = []
        for number, (group, belongs) in enumerate(groups.items(), start=1):
            cases = np.flatnonzero(belongs)
            for name, label in self.labels.items():
                row = Picture(
                    learner=self.job.study.model.name,
                    kind="mean",
                    group=group,
                    number=number,
                    method=label,
                    caption=f"Mean map of explained cases with the outcome {group}."
                    if len(groups) > 1
                    else f"Mean map of {group}.",
                )
                if self._patients(cases) < fewest:
                    found.append(row.model_copy(update={"reason": f"fewer than {fewest} patients were explained"}))
                    continue
                png = self.draw(None, _mean(self.told.maps[name][cases]))
                alt = f"Mean {label} map, {group}."
                found.append(self.album.add(row, f"mean-{number:02d}-{name}", png, alt))
        return found

    def _example(self, one: Example, number: int) -> list[Picture]:
        row = Picture(
            learner=self.job.study.model.name,
            kind="example",
            group=one.group,
            number=number,
            caption=one.caption,
            right=one.right,
        )
        if self._patients(one.members) < self.job.study.smallest_cell:
            return [row.model_copy(update={"caption": "", "reason": SMALL_GROUP})]
        case = self.samples[one.case].predictors
        rows = [self.album.add(row, f"example-{number:02d}", self.draw(case), f"Case {number}: {one.group}.")]
        for name, label in self.labels.items():
            png = self.draw(case, self.told.maps[name][one.case])
            of_method = row.model_copy(update={"method": label})
            rows.append(
                self.album.add(of_method, f"example-{number:02d}-{name}", png, f"{label} map over case {number}.")
            )
        return rows

    def _patients(self, cases: Integers) -> int:
        samples = self.samples
        return len({samples[k].patient for k in cases.tolist()})


def _mean(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of maps, shape (cases, *grid), that each add up to 1; those that say nothing count as nothing."""
    totals = maps.sum(axis=tuple(range(1, maps.ndim)), keepdims=True)
    shares = np.divide(maps, totals, out=np.zeros_like(maps), where=totals > 0)
    return np.asarray(shares.mean(axis=0), dtype=np.float32)

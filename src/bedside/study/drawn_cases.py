"""Cases with what was predicted in them drawn over their picture: the worst, the median and the best."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from bedside.data.marks import Drawing
from bedside.evidence.pictures import Picture
from bedside.modalities.modality import Drawing as Draws
from bedside.study.album import Album
from bedside.study.job import Job
from bedside.study.record import Read
from bedside.study.suppression import SMALL_GROUP
from bedside.types import Integers

EACH = 2
"""Cases of each group."""


def drawn_cases(job: Job, stored: Read, draw: "Draws[Any]", album: Album) -> Iterator[Picture]:
    """Pictures of judged cases of the model in the primary validation; none where predictions are not drawn.

    Args:
        job: The run.
        stored: What was judged in the primary validation.
        draw: How the modality draws a case.
        album: Takes the pictures.
    """
    says = job.study.endpoint.drawing
    if says is None:
        return
    positions, predictions = _judged(job, stored)
    samples = [stored.division.samples[k] for k in positions.tolist()]
    losses = job.study.endpoint.target.losses([sample.outcome for sample in samples], predictions)
    enough = len({sample.patient for sample in samples}) >= job.study.smallest_cell
    for number, (group, k) in enumerate(_ranked(np.argsort(losses, kind="stable").astype(np.int64)), start=1):
        row = Picture(learner=job.study.model.name, kind="drawn", group=group, number=number, caption="")
        if not enough:
            yield row.model_copy(update={"reason": SMALL_GROUP})
            continue
        drawing: Drawing = says(samples[k].outcome, predictions[k])
        row = row.model_copy(update={"caption": drawing.caption})
        case = samples[k].predictors
        yield album.add(row, f"drawn-{number:02d}", draw(case, large=True), f"Case {number}: {group}.")
        for layer in drawing.layers:
            png = draw(case, layer.places, marks=layer.marks)
            of_layer = row.model_copy(update={"method": layer.label})
            name = f"drawn-{number:02d}-{layer.label.replace(' ', '-')}"
            yield album.add(of_layer, name, png, f"{layer.label.capitalize()} over case {number}.")


def _judged(job: Job, stored: Read) -> tuple[Integers, list[Any]]:
    """Positions of judged samples, each once, and what the model predicted."""
    once = [
        (split.test, judgement.test)
        for split, judgement in zip(stored.division.splits, stored.by_learner[job.study.model.name], strict=True)
        if split.repeat == 0
    ]
    return np.concatenate([test for test, _ in once]), [one for _, told in once for one in told]


def _ranked(order: Integers) -> Iterator[tuple[str, int]]:
    """Positions from worst to best, by groups; every case is shown once."""
    shown: set[int] = set()
    middle = max(0, len(order) // 2 - EACH // 2)
    groups = {
        "largest loss": order[::-1][:EACH],
        "median loss": order[middle : middle + EACH],
        "smallest loss": order[:EACH],
    }
    for group, chosen in groups.items():
        for k in chosen.tolist():
            if k not in shown:
                shown.add(k)
                yield group, k

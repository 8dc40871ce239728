"""Faithfulness by deletion: without the places that an explanation calls important, a model must predict worse.

Samek et al., IEEE Transactions on Neural Networks and Learning Systems 2017, 28:2660. Compared is the same patch moved
elsewhere at random, which takes away as much, in the same shape, from a picture that is then as unusual.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.explain.excess import NAME, judged_excess
from bedside.explain.explainer import Check, Subject
from bedside.explain.images.hidden import hiding
from bedside.explain.images.score import BLANK
from bedside.modalities.imaging.image import Readable
from bedside.training.seeds import derive
from bedside.types import Booleans, Floats

SHARE = 0.2
"""Of the places of an image, how many are removed."""

SETS = 8
"""Times that every patch is moved elsewhere."""

_FEWEST = 10


def deletion(
    subject: Subject[Readable, Any],
    maps: NDArray[np.float32],
    samples: Sequence[Sample[Readable, Any]],
    seed: int,
) -> Check:
    """Whether hiding the most important places raises the loss more than hiding the same patch elsewhere.

    Args:
        subject: The model that was explained.
        maps: Of these cases, on the plan's grid, shape (cases, *size).
        samples: Cases whose outcomes may be looked at; no test cases.
        seed: Of where patches are moved, and of the bootstrap by patient.
    """
    if len(samples) < _FEWEST:
        return Check(NAME, None, None, f"not done: {len(samples)} cases are too few, {_FEWEST} are needed.")
    rng = np.random.default_rng(derive(seed, "deletion"))
    cases, outcomes = [sample.predictors for sample in samples], [sample.outcome for sample in samples]

    def loss(hidden: Booleans) -> Floats:
        return subject.endpoint.target.losses(outcomes, hiding(subject.fit.fitted, hidden).predict(cases))

    top = most_important(maps)
    excess = loss(top) - np.mean([loss(moved(top, rng)) for _ in range(SETS)], axis=0)
    return judged_excess(
        excess,
        samples,
        seed,
        without=f"the {SHARE:.0%} of each image called most important, set to {BLANK},",
        rather_than=f"the same patches at {SETS} random places",
    )


def most_important(maps: NDArray[np.float32]) -> Booleans:
    """The `SHARE` of the places of each case that are largest; of equal ones the first."""
    flat = maps.reshape(len(maps), -1)
    count = max(1, round(SHARE * flat.shape[1]))
    chosen = np.argsort(-flat, axis=1, kind="stable")[:, :count]
    found = np.zeros(flat.shape, dtype=np.bool_)
    np.put_along_axis(found, chosen, values=True, axis=1)
    return found.reshape(maps.shape)


def moved(patches: Booleans, rng: np.random.Generator) -> Booleans:
    """Each patch moved by a random distance along each axis; what leaves an image on one side enters on the other."""
    size = patches.shape[1:]
    shifts = rng.integers(0, size, (len(patches), len(size)))
    axes = tuple(range(len(size)))
    return np.stack([np.roll(one, shift, axes) for one, shift in zip(patches, shifts.tolist(), strict=True)])

"""Models that have lost what they learned, with which an explanation must change.

Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018: an explanation that stays the same when the model's
parameters, or the outcomes it learned from, are random is not about the model.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from bedside.errors import ModelError
from bedside.explain.explainer import Subject, X
from bedside.training.learner import Fitted
from bedside.training.seeds import derive
from bedside.training.tuned import Tuned, subsample

CASES = 1_000
"""Development cases on which a model is fitted anew, at most."""

_SELECTION = 4
"""One patient in so many stops training, where a model needs that."""


def refitted_on_permuted_outcomes(subject: Subject[X, Any], seed: int) -> Fitted[X, Any]:
    """A model of the same kind and settings, fitted where outcomes belong to nobody.

    Raises:
        ModelError: The learner has no recipe to fit again, or it cannot be fitted on these outcomes.
    """
    learner, recorded = subject.learner, subject.fit.record.get("settings")
    if not isinstance(learner, Tuned) or not isinstance(recorded, dict):
        msg = f"{subject.learner.name} has no recipe with settings that could be fitted again"
        raise ModelError(msg)
    settings = {name: value for name, value in recorded.items() if isinstance(value, bool | int | float | str)}
    samples = subsample(subject.development, CASES, seed)
    rng = np.random.default_rng(derive(seed, "permuted outcomes"))
    order = rng.permutation(len(samples)).tolist()
    permuted = [replace(one, outcome=samples[k].outcome) for one, k in zip(samples, order, strict=True)]
    patients = sorted({sample.patient for sample in samples})
    held = {patients[k] for k in rng.permutation(len(patients))[: len(patients) // _SELECTION].tolist()}
    fitted, _ = learner.recipe.fit(
        settings,
        [sample for sample in permuted if sample.patient not in held],
        [sample for sample in permuted if sample.patient in held],
        seed=derive(seed, "refit"),
    )
    return fitted

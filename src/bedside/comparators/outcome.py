"""Outcomes of development as conventional models need them, checked."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric
from bedside.errors import ModelError, StatisticsError
from bedside.types import Floats, Integers

P = TypeVar("P")


def conventional(endpoint: Endpoint[Any, P], learner: str) -> "Categorical[Any, P] | Numeric[Any, P]":
    """The endpoint's target, when it is one of several classes or a number.

    Raises:
        ModelError: It is neither.
    """
    target = endpoint.target
    if isinstance(target, Categorical | Numeric):
        return target
    msg = (
        f"{learner} predicts one of several classes or a number, not a {endpoint.name} outcome; wrap its recipe in "
        "OneByOne where the outcome answers several questions"
    )
    raise ModelError(msg)


def class_numbers(target: Categorical[Any, P], samples: Sequence[Sample[Any, Any]], learner: str) -> Integers:
    """Class numbers of the samples, shape (n,).

    Raises:
        ModelError: All are of one class, so that nothing can be learned.
    """
    index = target.index([sample.outcome for sample in samples])
    present = np.unique(index)
    if len(present) < 2:
        found = f"all {len(index)} are {target.classes[present[0]]!r}" if len(present) else "there are none"
        msg = (
            f"{learner} cannot be fitted: of the development outcomes {found}; at least two of the classes "
            f"{list(target.classes)} are needed. Use a larger cohort, fewer folds or a stratified validation"
        )
        raise ModelError(msg)
    return index


def numbers(target: Numeric[Any, P], samples: Sequence[Sample[Any, Any]], learner: str) -> Floats:
    """Numbers of the samples, shape (n,).

    Raises:
        ModelError: There are fewer than two samples, or a number is not finite.
    """
    try:
        values = target.values([sample.outcome for sample in samples])
    except StatisticsError as error:
        msg = f"{learner} cannot be fitted: {error}; exclude samples of unknown outcome with a reason"
        raise ModelError(msg) from error
    if len(values) < 2:
        msg = f"{learner} cannot be fitted on {len(values)} development sample(s); at least 2 are needed"
        raise ModelError(msg)
    return values


def spread(probabilities: Floats, present: Integers, classes: int) -> Floats:
    """Probabilities of the classes that were present, shape (n, m), as those of all, shape (n, k)."""
    full = np.zeros((len(probabilities), classes))
    full[:, present] = probabilities
    return full

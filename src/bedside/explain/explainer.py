"""What an explainer is, and what it says: how much each predictor moved each prediction, and whether to believe it.

Free of torch: the spine imports this file and no other of this floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.training.learner import Fit, Learner
from bedside.types import Floats, Integers

X = TypeVar("X")
P = TypeVar("P")
X_contra = TypeVar("X_contra", contravariant=True)


@dataclass(frozen=True)
class Subject(Generic[X, P]):
    """A fitted learner that is to be explained, and the cases whose outcomes may be looked at.

    Attributes:
        learner: Fitted anew on permuted outcomes, to see whether the explanation changes.
        fit: The model that is judged, and the settings it was fitted with.
        endpoint: What is predicted.
        development: What the model was fitted on.
        tuning: Cases it was not fitted on and that are no test cases; empty when cross-fitted.
    """

    learner: Learner[X, Any, P]
    fit: Fit[X, P]
    endpoint: Endpoint[Any, P]
    development: Sequence[Sample[X, Any]]
    tuning: Sequence[Sample[X, Any]] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One test whether an explanation is about the model.

    Attributes:
        check: Its name ("parameter randomisation").
        passed: None where it could not be decided; the text says why.
        value: What was measured.
        text: What was done and found, in a sentence.
    """

    check: str
    passed: "bool | None"
    value: "float | None"
    text: str


@dataclass(frozen=True, eq=False)
class Course:
    """What moved the score of one case, when: parts of a case that have a time, in its order.

    Attributes:
        hours: Before the prediction, never negative, shape (parts,).
        variables: Position of each part's predictor among the attribution's, shape (parts,).
        values: Signed, how far each part moved the score, shape (parts,).
    """

    hours: Floats
    variables: Integers
    values: Floats


@dataclass(frozen=True, eq=False)
class Attribution:
    """What moved the predictions of some cases.

    Attributes:
        variables: Names of the declared predictors.
        values: Signed, shape (cases, variables): how far each predictor moved the model's score of each case.
        checks: Whether to believe it; empty when tests were not asked for.
        maps: How far each place of a case moved the score, never negative, shape (cases, *grid): over the whole of
            each case, from end to end of its own axes. None where places mean nothing; without predictors,
            `variables` is empty.
        courses: Of each case, what moved the score at which time; None where parts of a case have no time.
    """

    variables: tuple[str, ...]
    values: Floats
    checks: tuple[Check, ...] = ()
    maps: "NDArray[np.float32] | None" = None
    courses: "tuple[Course, ...] | None" = None


class Explainer(Protocol[X]):
    """A method of explanation, together with the tests of its own explanations.

    Attributes:
        name: snake_case, unique in a study.
        label: As printed; evidence rows name the method so.
        description: One or two sentences for the methods section: what is attributed, on which scale, against what.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described in the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102

    def explain(
        self, subject: Subject[X, Any], cases: Sequence[X], *, seed: int, tests: bool = True
    ) -> "Attribution | None":
        """Attribute the predictions of some cases; None where the method does not apply to this kind of model.

        Args:
            subject: The fitted learner.
            cases: Predictors only: no outcome of a case that is explained can be looked at.
            seed: Same seed, same bytes.
            tests: Whether to test the explanation, which costs some refits.
        """
        ...

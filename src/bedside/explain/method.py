"""What the methods for tables have in common: contributions of predictors to scores, and how they are summed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bedside.endpoints.endpoint import Endpoint
from bedside.explain.explainer import Subject
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Fitted
from bedside.types import Floats, Integers


@dataclass(frozen=True, eq=False)
class Contributions:
    """How far each predictor moved the score of each case.

    Attributes:
        variables: Names of the declared predictors.
        values: Shape (cases, variables).
        gap: Share of the scores' change that the values do not add up to; None where they do by construction.
    """

    variables: tuple[str, ...]
    values: Floats
    gap: "float | None" = None


class Method(Protocol):
    """A way to attribute the score of one kind of fitted model.

    Attributes:
        name: snake_case.
        label: As printed.
        description: For the methods section.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described in the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102

    def contributions(
        self,
        members: Sequence[Fitted[Record, Any]],
        background: Sequence[Record],
        cases: Sequence[Record],
        chosen: Integers,
    ) -> "Contributions | None":
        """Contributions to the pooled score; None where the members are of another kind.

        Args:
            members: Models that are pooled into one prediction.
            background: Development cases, in random order, that say what is usual.
            cases: To be explained, at least one.
            chosen: Class whose score is explained, one a case.
        """
        ...

    def randomised(self, subject: Subject[Record, Any], seed: int) -> Fitted[Record, Any]:
        """The same model after it has lost what it learned.

        Raises:
            ModelError: It cannot be made.
        """
        ...


def summed(columns: Floats, owner: Integers, variables: int) -> Floats:
    """Contributions of matrix columns, shape (n, p, s), summed to those of predictors, shape (n, variables, s).

    Args:
        columns: Contribution of every column: words of one category, indicators of missingness.
        owner: Which predictor each column belongs to, shape (p,).
        variables: How many predictors there are.
    """
    belongs = (owner[:, None] == np.arange(variables)).astype(np.float64)
    return np.asarray(np.einsum("nps,pv->nvs", columns, belongs, optimize=True))


def towards(contributions: Floats, chosen: Integers) -> Floats:
    """Contributions to several scores, shape (n, variables, s), as those to one, shape (n, variables).

    A single score (log-odds of the second class, a number) is taken as it is. Of several classes it is the chosen
    one against the mean of all: only differences between class scores move a prediction.
    """
    if contributions.shape[2] == 1:
        return contributions[:, :, 0]
    centred = contributions - contributions.mean(axis=2, keepdims=True)
    return np.take_along_axis(centred, chosen[:, None, None], axis=2)[:, :, 0]


def chosen_classes(endpoint: Endpoint[Any, Any], predictions: Sequence[Any]) -> Integers:
    """Whose score is explained: the second of two classes, the most probable of more, 0 for a number."""
    questions = endpoint.target.questions
    if len(questions) != 1:
        return np.zeros(len(predictions), dtype=np.int64)
    if len(questions[0].classes) == 2:
        return np.ones(len(predictions), dtype=np.int64)
    return np.asarray(questions[0].probabilities(predictions).argmax(axis=1), dtype=np.int64)

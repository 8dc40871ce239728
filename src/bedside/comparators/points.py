"""A published score, whose points are mapped to predictions on development data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from bedside.comparators.decoding import from_scores
from bedside.comparators.regression import unpenalised
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Categorical, Endpoint
from bedside.errors import ModelError
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Floats, Json

X = TypeVar("X")
P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class RecalibratedScore(Generic[X, P]):
    """A score and the regression of the outcome on its points.

    Attributes:
        endpoint: How regression scores become predictions.
        points: The published rule.
        median: Points given to cases for which the rule has no answer.
        slope: Shape (2, s): for points, and for the indicator of no answer.
        intercept: Shape (s,).
    """

    endpoint: Endpoint[Any, P]
    points: Callable[[X], "float | None"]
    median: float
    slope: Floats
    intercept: Floats

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        matrix = with_median([self.points(one) for one in predictors], self.median)
        return from_scores(self.endpoint, np.einsum("np,ps->ns", matrix, self.slope) + self.intercept)

    def save(self, folder: Path) -> None:
        """Write the regression as JSON; the rule itself is code."""
        content: dict[str, Json] = {
            "median": self.median,
            "slope": self.slope.tolist(),
            "intercept": self.intercept.tolist(),
        }
        write_json(folder / "score.json", content)


@dataclass(frozen=True)
class PointsScore(Generic[X, P]):
    """Recipe without settings: a published score, recalibrated by logistic or linear regression.

    Attributes:
        name: snake_case ("lace").
        label: As printed ("LACE, without emergency visits").
        endpoint: What is predicted.
        points: The rule; None where it has no answer for a case, which then counts as the median, marked.
        description: One sentence with the source, for the methods section.
        recorded: Whether the rule repeats what was recorded of a case, so that changes of a case tell nothing about it.
    """

    name: str
    label: str
    endpoint: Endpoint[Any, P]
    points: Callable[[X], "float | None"]
    description: str
    recorded: bool = False
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {}

    @property
    def weighs(self) -> bool:
        """Classes are learned from weighted cases; numbers are not."""
        return isinstance(self.endpoint.target, Categorical)

    def propose(self, trial: Trial) -> Settings:  # noqa: ARG002 - there is nothing to propose
        """No settings."""
        return {}

    def fit(
        self,
        settings: Settings,  # noqa: ARG002 - there are none
        development: Sequence[Sample[X, Any]],
        selection: Sequence[Sample[X, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[RecalibratedScore[X, P], Mapping[str, Json]]:
        """Map points to predictions.

        Raises:
            ModelError: Development holds one class only, or the rule answers for no case.
        """
        points = [self.points(sample.predictors) for sample in development]
        answered = [value for value in points if value is not None]
        if not answered:
            msg = f"the score {self.name!r} has no answer for any development sample; check the columns it reads"
            raise ModelError(msg)
        median = float(np.median(answered))
        slope, intercept = unpenalised(self.endpoint, with_median(points, median), development, self.name)
        unanswered = len(points) - len(answered)
        return RecalibratedScore(self.endpoint, self.points, median, slope, intercept), {"without_answer": unanswered}

    def load(self, folder: Path) -> RecalibratedScore[X, P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "score.json"
        content = read_json(path)
        try:
            median = float(np.float64(content["median"]))  # type: ignore[arg-type]  # TypeError is caught
            slope, intercept = np.array(content["slope"], dtype=float), np.array(content["intercept"], dtype=float)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error
        if slope.shape != (2, *intercept.shape) or intercept.ndim != 1:
            raise damaged(path, f"slopes of shape {slope.shape} do not fit intercepts of shape {intercept.shape}")
        return RecalibratedScore(self.endpoint, self.points, median, slope, intercept)


def with_median(points: "Sequence[float | None]", median: float) -> Floats:
    """Points, the median where there are none, and a mark of that, shape (n, 2)."""
    values = np.array([median if value is None else value for value in points], dtype=float)
    return np.column_stack([values, [float(value is None) for value in points]])

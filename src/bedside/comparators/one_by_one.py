"""A conventional model for each finding by itself: how recipes of one outcome predict several that may coexist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Question
from bedside.errors import ModelError
from bedside.training.learner import Fitted, Recipe, Settings, Trial
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")

_CLASSES = 2


@dataclass(frozen=True, eq=False)
class Separate(Generic[X, P]):
    """Fitted models, one a question, in the endpoint's order."""

    endpoint: Endpoint[Any, P]
    models: tuple[Fitted[X, float], ...]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case, made of each model's."""
        if len(predictors) == 0:
            return []
        positive = [np.asarray(model.predict(predictors), dtype=np.float64) for model in self.models]
        target = self.endpoint.target
        # All are replaced: the numbers that stood there before do not matter.
        nothing = cast("list[P]", [None] * len(predictors))
        return target.replaced(nothing, [np.column_stack([1.0 - one, one]) for one in positive], ())

    def save(self, folder: Path) -> None:
        """Write each model into a folder of its own."""
        for number, model in enumerate(self.models):
            model.save(folder / _place(number))


@dataclass(frozen=True)
class OneByOne(Generic[X, P]):
    """Recipe: one model for each question that the outcome answers, all with the same settings.

    A case takes part in the models of those questions whose answer is known for it. Settings are tried as often as
    those of any other learner, and chosen by the loss of all questions together.

    Attributes:
        endpoint: Answers several questions with two classes each.
        maker: A binary endpoint to the recipe for it (`lambda endpoint: Boosting(endpoint, schema)`).
    """

    endpoint: Endpoint[Any, P]
    maker: Callable[[Endpoint[bool, float]], Recipe[X, bool, float]]

    def __post_init__(self) -> None:
        self._recipes()  # an endpoint of another kind is reported here, where it is declared

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self._first.name

    @property
    def label(self) -> str:
        """The recipe's label."""
        return f"{self._first.label}, one a finding"

    @property
    def description(self) -> str:
        """The recipe's description and that there are several."""
        count = len(self.endpoint.target.questions)
        return (
            f"{self._first.description} One such model was fitted for each of {count} findings, with the same "
            "settings, on the cases in which that finding was read."
        )

    @property
    def defaults(self) -> Settings:
        """The recipe's defaults."""
        return self._first.defaults

    @property
    def members(self) -> int:
        """The recipe's members."""
        return self._first.members

    def propose(self, trial: Trial) -> Settings:
        """The recipe's proposal, shared by all models."""
        return self._first.propose(trial)

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[X, Any]],
        selection: Sequence[Sample[X, Any]],
        *,
        seed: int,
    ) -> tuple[Separate[X, P], Mapping[str, Json]]:
        """Fit one model a question; the record holds what each fit noted, behind the name of its question.

        Raises:
            ModelError: A question has one answer only in development; it is named.
        """
        models: list[Fitted[X, float]] = []
        records: dict[str, Json] = {}
        for question, recipe in zip(self.endpoint.target.questions, self._recipes(), strict=True):
            parts = _answered(question, development), _answered(question, selection)
            try:
                model, record = recipe.fit(settings, *parts, seed=seed)
            except ModelError as error:
                msg = f"the model of {question.name!r}: {error}; or leave this finding out"
                raise ModelError(msg) from error
            models.append(model)
            records |= {f"{question.name}: {name}": value for name, value in record.items()}
        return Separate(self.endpoint, tuple(models)), {"models": len(models), **records}

    def load(self, folder: Path) -> Separate[X, P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        models = tuple(recipe.load(folder / _place(number)) for number, recipe in enumerate(self._recipes()))
        return Separate(self.endpoint, models)

    @property
    def _first(self) -> Recipe[X, bool, float]:
        return self._recipes()[0]

    def _recipes(self) -> tuple[Recipe[X, bool, float], ...]:
        target = self.endpoint.target
        if not target.questions or target.quantities or any(len(one.classes) != _CLASSES for one in target.questions):
            msg = (
                f"OneByOne needs an outcome that answers questions with two classes each, not a {self.endpoint.name} "
                "one; give the recipe itself where the outcome is one of several classes or a number"
            )
            raise ModelError(msg)
        return tuple(self.maker(binary(negative=one.classes[0], positive=one.classes[1])) for one in target.questions)


def _answered(question: Question[Any, Any], samples: Sequence[Sample[X, Any]]) -> list[Sample[X, bool]]:
    """The samples whose answer is known, with that answer as their outcome."""
    kept = np.flatnonzero(question.known([sample.outcome for sample in samples])).tolist()
    if not kept:
        return []
    index = question.index([samples[k].outcome for k in kept])
    return [replace(samples[k], outcome=bool(answer)) for k, answer in zip(kept, index, strict=True)]


def _place(number: int) -> str:
    return f"finding-{number}"

"""A conventional model on what a fixed rule derives from each case: textures of an image, findings of an expert."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from bedside.data.sample import Sample, seen_as
from bedside.training.learner import Fitted, Recipe, Settings, Trial, weighs
from bedside.types import Json

X = TypeVar("X")
Z = TypeVar("Z")
P = TypeVar("P")


@dataclass(frozen=True, eq=False)
class Derivation(Generic[X, Z]):
    """A rule from a case to what a model sees, which nothing is fitted to; each case is derived once and remembered.

    Attributes:
        rule: Cases to what is derived of each, in order.
        description: What is derived, as half a sentence for the methods section.
    """

    rule: Callable[[Sequence[X]], Sequence[Z]]
    description: str
    _known: "WeakKeyDictionary[Any, Z]" = field(default_factory=WeakKeyDictionary, init=False, repr=False)

    def __call__(self, cases: Sequence[X]) -> list[Z]:
        """What is derived of each case, in order."""
        unknown = [case for case in cases if case not in self._known]
        if unknown:
            for case, found in zip(unknown, self.rule(unknown), strict=True):
                self._known[case] = found
        return [self._known[case] for case in cases]

    def __getstate__(self) -> dict[str, Any]:
        # What was derived stays behind: a rule travels to workers, and they derive what they need.
        return {"rule": self.rule, "description": self.description}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in {**state, "_known": WeakKeyDictionary()}.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class DerivedModel(Generic[X, Z, P]):
    """A fitted model and the rule in front of it."""

    model: Fitted[Z, P]
    derivation: Derivation[X, Z]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case."""
        return list(self.model.predict(self.derivation(predictors))) if len(predictors) else []

    def save(self, folder: Path) -> None:
        """Write the model; the rule itself is code."""
        self.model.save(folder)


@dataclass(frozen=True)
class Derived(Generic[X, Z, P]):
    """Recipe: another recipe on something derived from each case.

    Attributes:
        recipe: The conventional model.
        derivation: What it sees of a case.
        name: snake_case, unique in a study.
        label: As printed.
    """

    recipe: Recipe[Z, Any, P]
    derivation: Derivation[X, Z]
    name: str
    label: str

    @property
    def description(self) -> str:
        """What is derived, and the recipe's own description."""
        return f"From each case, by a fixed rule: {self.derivation.description}. {self.recipe.description}"

    @property
    def defaults(self) -> Settings:
        """Settings of the first trial."""
        return self.recipe.defaults

    @property
    def members(self) -> int:
        """Seeds that are averaged."""
        return self.recipe.members

    @property
    def weighs(self) -> bool:
        """Whether the recipe takes account of weights of cases."""
        return weighs(self.recipe)

    def propose(self, trial: Trial) -> Settings:
        """The recipe's own settings."""
        return self.recipe.propose(trial)

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[X, Any]],
        selection: Sequence[Sample[X, Any]],
        *,
        seed: int,
    ) -> tuple[DerivedModel[X, Z, P], Mapping[str, Json]]:
        """Fit the recipe on what is derived; raises what the recipe raises."""
        fitted, record = self.recipe.fit(settings, self._seen(development), self._seen(selection), seed=seed)
        return DerivedModel(fitted, self.derivation), record

    def load(self, folder: Path) -> DerivedModel[X, Z, P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        return DerivedModel(self.recipe.load(folder), self.derivation)

    def _seen(self, samples: Sequence[Sample[X, Any]]) -> list[Sample[Z, Any]]:
        derived = self.derivation([sample.predictors for sample in samples])
        return [seen_as(sample, one) for sample, one in zip(samples, derived, strict=True)]

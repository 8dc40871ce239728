"""A conventional model on summaries of the observation window of records over time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from bedside.data.sample import Sample, seen_as
from bedside.modalities.records.history import History
from bedside.modalities.records.summaries import Summaries
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.training.learner import Fitted, Recipe, Settings, Trial, weighs
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Json

P = TypeVar("P")

_KNOWN: "WeakKeyDictionary[History, tuple[Any, Record]]" = WeakKeyDictionary()
"""Rows of histories under the summaries they were last made with: every trial of a tuning asks for the same."""


@dataclass(frozen=True, eq=False)
class SummarisedModel(Generic[P]):
    """A fitted model and the summaries in front of it."""

    model: Fitted[Record, P]
    summaries: Summaries

    def predict(self, predictors: Sequence[History]) -> list[P]:
        """One prediction a case."""
        return list(self.model.predict(rows(self.summaries, predictors))) if len(predictors) else []

    def save(self, folder: Path) -> None:
        """Write the summaries' columns as JSON, and the model."""
        write_json(folder / "summaries.json", {"summaries": self.summaries.state()})
        self.model.save(folder)


@dataclass(frozen=True)
class WindowSummaries(Generic[P]):
    """Recipe: another recipe on counts, first, last, lowest, highest, mean value and slope of what was recorded.

    Attributes:
        recipe: Makes the conventional model for the columns that development gives.
        name: snake_case, unique in a study.
        label: As printed.
        least: Development histories that must hold a kind of event for it to be summed up.
    """

    recipe: Callable[[Schema], Recipe[Record, Any, P]]
    name: str
    label: str
    least: int = 10

    @property
    def description(self) -> str:
        """What is summed up, and the recipe's own description."""
        return (
            "From each history: of every measurement that at least "
            f"{self.least} development histories hold the count, first, last, lowest, highest and mean value and the "
            "slope per day, of every other event its count, and facts without a time; what was not measured is "
            "missing. "
            f"{self._some.description}"
        )

    @property
    def defaults(self) -> Settings:
        """Settings of the first trial."""
        return self._some.defaults

    @property
    def members(self) -> int:
        """Seeds that are averaged."""
        return self._some.members

    @property
    def _some(self) -> Recipe[Record, Any, P]:
        """The recipe for any columns: what it says of itself does not depend on them."""
        return self.recipe(Schema((Column("events", "number"),)))

    @property
    def weighs(self) -> bool:
        """Whether the recipe takes account of weights of cases."""
        return weighs(self._some)

    def propose(self, trial: Trial) -> Settings:
        """The recipe's own settings."""
        return self._some.propose(trial)

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[History, Any]],
        selection: Sequence[Sample[History, Any]],
        *,
        seed: int,
    ) -> tuple[SummarisedModel[P], Mapping[str, Json]]:
        """Fit the columns on development, then the recipe; raises what the recipe raises."""
        summaries = Summaries.fit([sample.predictors for sample in development], least=self.least)
        recipe = self.recipe(schema(summaries))
        fitted, record = recipe.fit(settings, _seen(summaries, development), _seen(summaries, selection), seed=seed)
        return SummarisedModel(fitted, summaries), {**record, "columns": len(summaries.names)}

    def load(self, folder: Path) -> SummarisedModel[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "summaries.json"
        try:
            summaries = Summaries.from_state(read_json(path)["summaries"])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error
        return SummarisedModel(self.recipe(schema(summaries)).load(folder), summaries)


def schema(summaries: Summaries) -> Schema:
    """One number a column."""
    return Schema(tuple(Column(name, "number") for name in summaries.names))


def rows(summaries: Summaries, histories: Sequence[History]) -> list[Record]:
    """Histories as records of `schema`, each made once for the same summaries."""
    unknown = [one for one in histories if one not in _KNOWN or _KNOWN[one][0] != summaries]
    if unknown:
        for one, record in zip(unknown, records(Table(summaries.table(unknown))), strict=True):
            _KNOWN[one] = (summaries, record)
    return [_KNOWN[one][1] for one in histories]


def _seen(summaries: Summaries, samples: Sequence[Sample[History, Any]]) -> list[Sample[Record, Any]]:
    seen = rows(summaries, [sample.predictors for sample in samples])
    return [seen_as(sample, row) for sample, row in zip(samples, seen, strict=True)]

"""The way from a recipe to a learner: the same search, pooling and calibration for every family of models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar, cast

import numpy as np

from bedside.data.sample import Sample, weights_of
from bedside.data.split import Tuning
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.evidence.hazards import Associations
from bedside.training.calibration import (
    REWEIGHTED,
    Calibration,
    Calibrator,
    for_training,
    restore,
    selection_loss,
    takes_weights,
    temperature,
)
from bedside.training.elsewhere import Elsewhere, HasSeen
from bedside.training.export import Graphed, NoGraph, graphed
from bedside.training.graph_ensemble import GraphEnsemble
from bedside.training.learner import CURVE, CURVES, Fit, Fitted, OfRecord, Recipe, Settings, associations, weighs
from bedside.training.pruning import Pruning
from bedside.training.search import Chosen, search
from bedside.training.seeds import derive
from bedside.training.storage import damaged, read_json, seal, verify, write_json
from bedside.training.workplace import here
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")
T = TypeVar("T")

Member: TypeAlias = tuple[Fitted[X, P], Mapping[str, Json]]
"""One fitted model and its record."""

_FILE = "tuned.json"


@dataclass(frozen=True)
class Ensemble(Generic[X, P]):
    """Members that predict together, then are calibrated: what is judged, saved and released.

    Attributes:
        endpoint: Pools the members' predictions.
        recipe: Name of the recipe, checked on loading.
        members: Fitted models.
        calibrator: Applied to pooled predictions.
    """

    endpoint: Endpoint[Any, P]
    recipe: str
    members: tuple[Fitted[X, P], ...]
    calibrator: Calibrator[P]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One calibrated prediction a case, in order."""
        if len(predictors) == 0:
            return []
        return self.calibrator(pooled(self.endpoint, self.members, predictors))

    def graphed(self) -> "Graphed[X, P] | NoGraph":
        """The members as ONNX graphs, pooled and calibrated in NumPy; or why there are none."""
        parts = [graphed(member) for member in self.members]
        members = tuple(part for part in parts if not isinstance(part, NoGraph))
        if len(members) < len(parts):
            return next(part for part in parts if isinstance(part, NoGraph))
        return GraphEnsemble(self.endpoint, members, self.calibrator)

    def save(self, folder: Path) -> None:
        """Write members, calibration and a manifest of checksums."""
        for number, member in enumerate(self.members):
            member.save(folder / _member(number))
        content: dict[str, Json] = {
            "recipe": self.recipe,
            "endpoint": self.endpoint.name,
            "members": len(self.members),
            "calibration": self.calibrator.state(),
        }
        write_json(folder / _FILE, content)
        seal(folder)


@dataclass(frozen=True)
class Tuned(Generic[X, P]):
    """A recipe as a Learner: settings searched, members pooled, probabilities calibrated.

    With a held-out tuning partition each trial is fitted on development and judged on selection by the
    endpoint's loss; the best settings give `recipe.members` models of different seeds; the calibrator is fitted
    on the calibration half. Cross-fitted, each trial is fitted on every inner fold and judged on the held-out
    parts; the models of the best trial's folds are the members, and the calibrator is fitted on their held-out
    predictions. The first trial is always the recipe's defaults.

    Attributes:
        recipe: The family of models.
        endpoint: Its loss chooses, equally for every recipe.
        trials: Settings tried; the same for all learners of a study.
        limit: Largest development sample that trials are fitted on; larger ones are subsampled by patient.
        calibration: How predictions are recalibrated on cases that the members were not fitted on. Where they were
            trained with a focal loss or weights of classes, Platt's recalibration takes the place of a temperature,
            which cannot bring probabilities back to the prevalence.
        pruning: When a trial is given up early, for recipes that are fitted in epochs; None for never.
    """

    recipe: Recipe[X, Any, P]
    endpoint: Endpoint[Any, P]
    trials: int = 10
    limit: int = 20_000
    calibration: Calibration[P] = temperature
    pruning: Pruning | None = None

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.recipe.name

    @property
    def label(self) -> str:
        """The recipe's label."""
        return self.recipe.label

    @property
    def description(self) -> str:
        """The recipe's description and how it was tuned."""
        if not self.recipe.defaults:
            return self.recipe.description
        pruned = f" {self.pruning.description}" if self.pruning is not None else ""
        return (
            f"{self.recipe.description} Settings were chosen from {self.trials} trials (tree-structured Parzen "
            f"estimator, first trial the defaults) by the loss on data the trial was not fitted on.{pruned}"
        )

    @property
    def elsewhere(self) -> Elsewhere | None:
        """What the recipe has seen besides the cases that it is given."""
        return self.recipe.elsewhere if isinstance(self.recipe, HasSeen) else None

    @property
    def recorded(self) -> bool:
        """Whether the recipe repeats what was recorded."""
        return isinstance(self.recipe, OfRecord) and self.recipe.recorded

    @property
    def weighs(self) -> bool:
        """Whether the recipe and the calibration take account of weights of cases."""
        return weighs(self.recipe) and takes_weights(self.calibration)

    def associations(self, development: Sequence[Sample[X, Any]]) -> Associations:
        """What the recipe tells of hazard ratios in these cases."""
        return associations(self.recipe, development)

    def fit(self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], *, seed: int) -> Fit[X, P]:
        """Fit on development, select and calibrate on tuning; same seed, same bytes.

        Raises:
            ModelError: There is nothing to fit on, no trial could be fitted, or cases have weights that the recipe or
                the calibration takes no account of.
        """
        if len(development) == 0:
            msg = f"{self.name} was given no development samples; it needs at least one of each outcome"
            raise ModelError(msg)
        if not self.weighs and weights_of((*development, *tuning.selection, *tuning.calibration)) is not None:
            msg = f"{self.name} cannot learn from weighted cases; leave it out where outcomes are censored"
            raise ModelError(msg)
        if tuning.folds:
            return self._cross_fitted(development, tuning, seed)
        if len(tuning.selection) == 0:
            msg = f"{self.name} was given neither a selection half nor inner folds; a split must provide one of them"
            raise ModelError(msg)
        return self._held_out(development, tuning, seed)

    def load(self, folder: Path) -> Ensemble[X, P]:
        """Read back a saved ensemble; raises ModelError when it is damaged or of another learner."""
        verify(folder)
        content = read_json(folder / _FILE)
        count, calibration = content.get("members"), content.get("calibration")
        if not isinstance(count, int) or not isinstance(calibration, dict):
            raise damaged(folder / _FILE, "members or calibration are missing")
        if (content.get("recipe"), content.get("endpoint")) != (self.name, self.endpoint.name):
            msg = (
                f"the saved model is a {content.get('recipe')} for a {content.get('endpoint')} endpoint, "
                f"not a {self.name} for a {self.endpoint.name} one; load it with the learner that saved it"
            )
            raise ModelError(msg)
        members = tuple(self.recipe.load(folder / _member(number)) for number in range(count))
        return Ensemble(self.endpoint, self.name, members, restore(self.endpoint, calibration))

    def _held_out(self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], seed: int) -> Fit[X, P]:
        sampled = subsample(development, self.limit, seed)
        outcomes = [sample.outcome for sample in tuning.selection]
        predictors = [sample.predictors for sample in tuning.selection]
        stand = weights_of(tuning.selection)

        def attempt(settings: Settings) -> tuple[float, Member[X, P]]:
            fitted, record = self.recipe.fit(settings, sampled, tuning.selection, seed=derive(seed, "member", 0))
            told, reweighted = fitted.predict(predictors), bool(record.get(REWEIGHTED))
            loss = selection_loss(self.endpoint, outcomes, told, reweighted=reweighted, weights=stand)
            return loss, (fitted, record)

        chosen = self._search(attempt, seed)
        members = [chosen.result] if len(sampled) == len(development) else []
        count = max(1, self.recipe.members)
        for number in range(len(members), count):
            here().tell("member", number + 1, count)
            member_seed = derive(seed, "member", number)
            members.append(self.recipe.fit(chosen.settings, development, tuning.selection, seed=member_seed))
        fitted_members = tuple(fitted for fitted, _ in members)
        held_out = [sample.predictors for sample in tuning.calibration]
        raw = pooled(self.endpoint, fitted_members, held_out) if held_out else []
        return self._finish(chosen, members, len(sampled), tuning.calibration, raw)

    def _cross_fitted(self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], seed: int) -> Fit[X, P]:
        parts = [([development[i] for i in fold.fit], [development[i] for i in fold.held_out]) for fold in tuning.folds]

        def fold_models(settings: Settings, limit: int) -> list[Member[X, P]]:
            return [
                self.recipe.fit(settings, subsample(fit, limit, seed), held_out, seed=derive(seed, "fold", number))
                for number, (fit, held_out) in enumerate(parts)
            ]

        def attempt(settings: Settings) -> tuple[float, list[Member[X, P]]]:
            models = fold_models(settings, self.limit)
            losses = [
                selection_loss(
                    self.endpoint,
                    [sample.outcome for sample in held_out],
                    fitted.predict([sample.predictors for sample in held_out]),
                    reweighted=bool(record.get(REWEIGHTED)),
                    weights=weights_of(held_out),
                )
                for (fitted, record), (_, held_out) in zip(models, parts, strict=True)
            ]
            return float(np.mean(losses)), models

        chosen = self._search(attempt, seed)
        largest = max(len(fit) for fit, _ in parts)
        models = chosen.result if largest <= self.limit else fold_models(chosen.settings, len(development))
        out_of_fold = self._out_of_fold(development, tuning, [fitted for fitted, _ in models])
        return self._finish(chosen, models, min(largest, self.limit), development, out_of_fold)

    def _out_of_fold(
        self, development: Sequence[Sample[X, Any]], tuning: Tuning[X, Any], models: Sequence[Fitted[X, P]]
    ) -> list[P]:
        # A case that several folds hold out (repeated inner folds) gets the pool of their predictions.
        told: list[list[P]] = [[] for _ in development]
        for fold, model in zip(tuning.folds, models, strict=True):
            predictions = model.predict([development[i].predictors for i in fold.held_out])
            for position, prediction in zip(fold.held_out, predictions, strict=True):
                told[position].append(prediction)
        if not all(told):
            missed = sum(not one for one in told)
            msg = f"{missed} development samples are held out by no inner fold; the folds must cover all of them"
            raise ModelError(msg)
        return [one[0] if len(one) == 1 else self.endpoint.pool([[p] for p in one])[0] for one in told]

    def _search(self, attempt: Callable[[Settings], tuple[float, T]], seed: int) -> Chosen[T]:
        return search(self.recipe, attempt, trials=self.trials, seed=derive(seed, "search"), pruning=self.pruning)

    def _finish(
        self,
        chosen: Chosen[Any],
        members: Sequence[Member[X, P]],
        fitted_on: int,
        known: Sequence[Sample[X, Any]],
        raw: Sequence[P],
    ) -> Fit[X, P]:
        reweighted = any(record.get(REWEIGHTED) for _, record in members)
        if reweighted and len(raw) == 0:
            msg = (
                f"{self.name} was trained with a loss that moves probabilities off the prevalence, and there are no "
                "tuning cases to recalibrate it on; give it some, or train with the plain log loss"
            )
            raise ModelError(msg)
        outcomes, stand = [sample.outcome for sample in known], weights_of(known)
        calibrator = for_training(self.calibration, reweighted=reweighted)(self.endpoint, outcomes, raw, stand)
        ensemble = Ensemble(self.endpoint, self.name, tuple(fitted for fitted, _ in members), calibrator)
        notes = _notes([record for _, record in members]) | {
            "members": len(members),
            "samples_per_trial": fitted_on,
            "failed_trials": chosen.failed,
            **{f"calibration_{name}": value for name, value in calibrator.state().items() if _is_plain(value)},
        }
        if self.pruning is not None:
            notes["pruned_trials"] = chosen.pruned
        curves = [record[CURVE] for _, record in members if CURVE in record]
        record: dict[str, Json] = {
            "settings": dict(chosen.settings),
            "trials": chosen.trials,
            "best_loss": chosen.loss,
            "notes": notes,
        }
        if curves:
            record[CURVES] = curves
        return Fit(ensemble, calibrator(raw) if len(raw) else [], record)


def pooled(endpoint: Endpoint[Any, P], members: Sequence[Fitted[X, P]], predictors: Sequence[X]) -> list[P]:
    """The members' pooled predictions."""
    predictions = [member.predict(predictors) for member in members]
    return list(predictions[0]) if len(predictions) == 1 else endpoint.pool(predictions)


def subsample(samples: Sequence[Sample[X, Any]], limit: int, seed: int) -> Sequence[Sample[X, Any]]:
    """At most `limit` samples, whole patients drawn at random, in their original order."""
    if len(samples) <= limit:
        return samples
    patients = sorted({sample.patient for sample in samples})
    order = np.random.default_rng(derive(seed, "subsample")).permutation(len(patients))
    rank = {patients[place]: position for position, place in enumerate(order)}
    counts = np.bincount([rank[sample.patient] for sample in samples], minlength=len(patients))
    kept = int(np.searchsorted(np.cumsum(counts), limit, side="right"))
    return [sample for sample in samples if rank[sample.patient] < max(1, kept)]


def _is_plain(value: Json) -> bool:
    return isinstance(value, bool | int | float | str)


def _member(number: int) -> str:
    return f"member-{number}"


def _notes(records: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    # Numbers are averaged over members; words and flags are kept where all members agree.
    notes: dict[str, Json] = {}
    for name in records[0]:
        if name == CURVE:
            continue
        values = [record.get(name) for record in records]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            notes[name] = round(float(np.mean(cast("list[float]", values))), 6)
        elif all(value == values[0] for value in values):
            notes[name] = values[0]
    return notes

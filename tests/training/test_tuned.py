"""Tuning: the defaults first, the best kept, failures told apart, no case judged by models that saw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.training.cohorts import SCHEMA, cohort, endpoint, folds

from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.data.sample import Sample
from bedside.data.split import Fold, Tuning
from bedside.errors import ModelError
from bedside.training.learner import Settings, Trial
from bedside.training.tuned import Tuned, subsample
from bedside.types import Json, PatientId, SampleId


@dataclass(frozen=True)
class Constant:
    """Predicts one probability and remembers whom it has seen."""

    value: float
    seen: frozenset[str]

    def predict(self, predictors: Sequence[str]) -> list[float]:
        return [self.value] * len(predictors)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Guess:
    """A recipe whose loss is known: it predicts its setting."""

    fits: list[tuple[Settings, int, int]] = field(default_factory=list)
    failing: float = 2.0
    members: int = 1
    name: str = "guess"
    label: str = "Guess"
    description: str = "Predicts its setting."
    defaults: Settings = field(default_factory=lambda: {"value": 0.9})

    def propose(self, trial: Trial) -> Settings:
        return {"value": trial.suggest_float("value", 0.05, 0.95)}

    def fit(
        self, settings: Settings, development: Sequence[Any], selection: Sequence[Any], *, seed: int
    ) -> tuple[Constant, Mapping[str, Json]]:
        self.fits.append((settings, len(development), seed))
        assert not {one.key for one in development} & {one.key for one in selection}
        value = float(settings.get("value", 0.5))
        if value > self.failing:
            msg = "this setting cannot be fitted"
            raise ModelError(msg)
        return Constant(value, frozenset(one.key for one in development)), {"loss_of_member": 0.5}

    def load(self, folder: Path) -> Constant:
        raise NotImplementedError


def samples(n: int, *, prevalence: float = 0.25) -> list[Sample[str, bool]]:
    return [Sample(SampleId(str(k)), PatientId(f"p{k // 2}"), str(k), k % round(1 / prevalence) == 0) for k in range(n)]


def halves(count: int) -> Tuning[Any, Any]:
    later = [Sample(SampleId(f"t{k}"), PatientId(f"t{k}"), str(k), k % 4 == 0) for k in range(count)]
    return Tuning(selection=later[: count // 2], calibration=later[count // 2 :])


def test_defaults_come_first_and_the_best_is_kept() -> None:
    recipe = Guess()
    fit = Tuned(recipe, endpoint("binary"), trials=12).fit(samples(40), halves(40), seed=1)
    assert recipe.fits[0][0] == {"value": 0.9}
    assert len(recipe.fits) == 12
    assert len({one[2] for one in recipe.fits}) == 1, "trials differ in settings, not in luck"
    losses = {one[0]["value"]: abs(float(one[0]["value"]) - 0.25) for one in recipe.fits}
    assert fit.record["settings"] == {"value": min(losses, key=lambda value: losses[value])}
    assert fit.record["trials"] == 12


def test_search_is_guided_and_repeats() -> None:
    one, two = Guess(), Guess()
    for recipe in (one, two):
        Tuned(recipe, endpoint("binary"), trials=30).fit(samples(40), halves(40), seed=4)
    assert one.fits == two.fits
    distance = [abs(float(settings["value"]) - 0.25) for settings, _, _ in one.fits]
    assert np.mean(distance[15:]) < np.mean(distance[:10])


def test_failed_trials_are_counted_and_left_out() -> None:
    recipe = Guess(failing=0.6)
    fit = Tuned(recipe, endpoint("binary"), trials=8).fit(samples(40), halves(40), seed=1)
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert notes["failed_trials"] == sum(float(one[0]["value"]) > 0.6 for one in recipe.fits) > 0


def test_all_failing_is_the_first_failure() -> None:
    with pytest.raises(ModelError, match="this setting cannot be fitted"):
        Tuned(Guess(failing=0.0), endpoint("binary"), trials=3).fit(samples(40), halves(40), seed=1)


def test_members_have_seeds_of_their_own() -> None:
    recipe = Guess(members=3)
    Tuned(recipe, endpoint("binary"), trials=1).fit(samples(40), halves(40), seed=1)
    assert len(recipe.fits) == 3, "the best trial is the first member"
    assert len({seed for _, _, seed in recipe.fits}) == 3


def test_large_development_is_subsampled_by_patient_while_tuning() -> None:
    recipe = Guess()
    fit = Tuned(recipe, endpoint("binary"), trials=3, limit=20).fit(samples(100), halves(40), seed=1)
    assert [size for _, size, _ in recipe.fits] == [20, 20, 20, 100]
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert notes["samples_per_trial"] == 20
    kept = subsample(samples(100), 21, 3)
    assert len(kept) == 20, "patients have two samples each and stay whole"
    assert [int(one.key) for one in kept] == sorted(int(one.key) for one in kept)


def test_recipe_without_settings_is_fitted_once() -> None:
    recipe = Guess(defaults={})
    fit = Tuned(recipe, endpoint("binary"), trials=10).fit(samples(40), halves(40), seed=1)
    assert len(recipe.fits) == 1
    assert (fit.record["trials"], fit.record["best_loss"]) == (0, None)


def test_cross_fitting_keeps_the_fold_models() -> None:
    recipe = Guess()
    development = samples(60)
    fit = Tuned(recipe, endpoint("binary"), trials=2).fit(development, folds(development, 3), seed=1)
    assert [size for _, size, _ in recipe.fits] == [40] * 6
    assert len(fit.reference) == 60
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert notes["members"] == 3


def test_folds_must_cover_development() -> None:
    partial: Tuning[Any, Any] = Tuning(folds=(Fold(np.arange(20), np.arange(20, 30)),))
    with pytest.raises(ModelError, match="30 development samples are held out by no inner fold"):
        Tuned(Guess(), endpoint("binary"), trials=1).fit(samples(60)[:40], partial, seed=1)


@pytest.mark.parametrize("trials", [0, -3])
def test_no_trials_are_refused(trials: int) -> None:
    with pytest.raises(ModelError, match="at least 1 is needed"):
        Tuned(Guess(), endpoint("binary"), trials=trials).fit(samples(40), halves(40), seed=1)


def test_a_model_of_another_learner_is_refused(tmp_path: Path) -> None:
    simulated = cohort("binary", 80)
    fit = Tuned(ElasticNet(simulated.endpoint, SCHEMA), simulated.endpoint, trials=1).fit(
        simulated.samples, folds(simulated.samples, 2), seed=1
    )
    fit.fitted.save(tmp_path)
    with pytest.raises(ModelError, match="is a elastic_net for a binary endpoint, not a random_forest"):
        Tuned(Forest(simulated.endpoint, SCHEMA), simulated.endpoint).load(tmp_path)

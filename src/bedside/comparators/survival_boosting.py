"""Gradient-boosted trees that rank cases by hazard."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, cast

import lightgbm
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.boosting import PATIENCE, ROUNDS, parameters
from bedside.comparators.event_times import FEWEST, event_times
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.stats.cox import AtRisk, Hazard
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Floats, Json

UNSTOPPED = 100
"""Rounds for a cause of which the selection data hold too few events to stop by."""

Objective: TypeAlias = Callable[[Floats, lightgbm.Dataset], tuple[Floats, Floats]]
Judge: TypeAlias = Callable[[Floats, lightgbm.Dataset], tuple[str, float, bool]]


@dataclass(frozen=True, eq=False)
class BoostedHazards:
    """Trees of each cause, and the baseline hazards.

    Attributes:
        features: Fitted on development.
        boosters: LightGBM's models, whose sums are log relative hazards, one a cause.
        baseline: Of a case of score 0.
    """

    features: Features
    boosters: tuple[lightgbm.Booster, ...]
    baseline: BaselineHazard

    @property
    def booster(self) -> lightgbm.Booster:
        """Trees of the cause of interest: what is explained."""
        return self.boosters[0]

    def predict(self, predictors: Sequence[Record]) -> list[Incidence]:
        """One matrix of cumulative incidences a case."""
        if len(predictors) == 0:
            return []
        return self.baseline.predictions(_scores(self.boosters, self.features.transform(predictors)))

    def save(self, folder: Path) -> None:
        """Write features as JSON, trees as LightGBM's own text, the baseline as safetensors."""
        write_json(folder / "features.json", {"features": self.features.state()})
        for number, booster in enumerate(self.boosters, start=1):
            text = booster.model_to_string(num_iteration=booster.current_iteration())
            (folder / _trees(number)).write_text(text, encoding="utf-8")
        save_file({"baseline": np.ascontiguousarray(self.baseline.increments)}, folder / "baseline.safetensors")


@dataclass(frozen=True)
class SurvivalBoosting:
    """Recipe: LightGBM with Cox's partial likelihood, stopped early by that of the selection data, one a cause.

    A case that came late is at risk from its entry on. Where the selection data hold fewer than two events of a cause,
    its trees are not stopped early but grown for `UNSTOPPED` rounds, and the record says so.

    Attributes:
        endpoint: A time to an event.
        schema: The predictors; categories and missing numbers are handled by the trees themselves.

    Raises:
        ModelError: The endpoint is another.
    """

    endpoint: Endpoint[Followed, Incidence]
    schema: Schema
    name: ClassVar[str] = "survival_boosting"
    label: ClassVar[str] = "Gradient boosting for survival (LightGBM)"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {
        "learning_rate": 0.05,
        "leaves": 7,
        "leaf_cases": 20,
        "feature_fraction": 0.8,
        "ridge": 1.0,
    }

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        several = len(self._target.causes) > 1
        causes = "; one model of the cause-specific hazard of each cause, put together to cumulative incidences"
        return (
            "Gradient-boosted trees (LightGBM) that maximise Cox's partial likelihood, with missing values and "
            f"categories handled by the trees, at most {ROUNDS:,} rounds, stopped when {PATIENCE} rounds did not "
            "improve the partial likelihood of the selection data, Breslow's baseline "
            f"hazard{causes if several else ''}."
        )

    def propose(self, trial: Trial) -> Settings:
        """Size of trees and their regularisation."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
            "leaves": trial.suggest_int("leaves", 2, 31, log=True),
            "leaf_cases": trial.suggest_int("leaf_cases", 5, 100, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
            "ridge": trial.suggest_float("ridge", 0.01, 30.0, log=True),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Followed]],
        selection: Sequence[Sample[Record, Followed]],
        *,
        seed: int,
    ) -> tuple[BoostedHazards, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: A cause has fewer than two events in development, or no predictor differs there.
        """
        target = self._target
        times = event_times(target, development, self.name)
        judged = times_of([sample.outcome for sample in selection])
        predictors = [sample.predictors for sample in development]
        features = Features.fit(self.schema, predictors, encode="codes", impute=False)
        table = features.transform(predictors)
        if not _varies(table):
            msg = (
                f"{self.name} cannot be fitted: every predictor is the same in all {len(table)} development cases; "
                "give predictors that differ, or use the recipe Marginal"
            )
            raise ModelError(msg)
        held = features.transform([sample.predictors for sample in selection])
        boosters, record = [], dict[str, Json]()
        for number, cause in enumerate(target.causes, start=1):
            stops = np.count_nonzero(judged.event == number) >= FEWEST
            booster = _grown(
                {**parameters(settings, len(development), seed), "objective": _objective(AtRisk.of(times, number))},
                (table, held),
                np.flatnonzero(features.categorical).tolist(),
                _judge(AtRisk.of(judged, number)) if stops else None,
            )
            boosters.append(booster)
            suffix = f" ({cause})" if len(target.causes) > 1 else ""
            record |= {f"rounds{suffix}": booster.current_iteration(), f"stopped_by_selection{suffix}": bool(stops)}
        kept = tuple(boosters)
        return BoostedHazards(features, kept, BaselineHazard.fit(target, times, _scores(kept, table))), record

    def load(self, folder: Path) -> BoostedHazards:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "baseline.safetensors"
        causes, times = len(self._target.causes), len(self._target.grid)
        try:
            features = Features.from_state(read_json(folder / "features.json")["features"])
            texts = [(folder / _trees(number)).read_text(encoding="utf-8") for number in range(1, causes + 1)]
            boosters = tuple(lightgbm.Booster(model_str=text) for text in texts)
            increments = load_file(path)["baseline"]
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, lightgbm.basic.LightGBMError) as error:
            raise damaged(path, str(error)) from error
        if increments.shape != (causes, times):
            raise damaged(path, f"a baseline of {increments.shape} does not fit {causes} cause(s) and {times} times")
        return BoostedHazards(features, boosters, BaselineHazard(self._target, increments))

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)


def _grown(
    parameters: Mapping[str, Any], tables: tuple[Floats, Floats], categorical: list[int], judge: Judge | None
) -> lightgbm.Booster:
    """Trees of one cause, cut after their best round."""
    # Columns that no leaf may divide are kept: with an objective of its own LightGBM refuses to train on none.
    parameters = {**parameters, "feature_pre_filter": False}
    train = lightgbm.Dataset(tables[0], np.zeros(len(tables[0])), categorical_feature=categorical)
    if judge is None:
        return _read_back(lightgbm.train(parameters, train, num_boost_round=UNSTOPPED), UNSTOPPED)
    held = lightgbm.Dataset(tables[1], np.zeros(len(tables[1])), reference=train)
    booster = lightgbm.train(
        {**parameters, "metric": "none"},
        train,
        num_boost_round=ROUNDS,
        valid_sets=[held],
        feval=judge,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return _read_back(booster, booster.best_iteration)


def _read_back(booster: lightgbm.Booster, rounds: int) -> lightgbm.Booster:
    # What was grown after the best round is cut off, so that memory, file and prediction agree.
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=rounds))


def _objective(risk: AtRisk) -> Objective:
    """First and second derivatives of minus the log partial likelihood."""
    had = risk.events.astype(np.float64)

    def derivatives(scores: Floats, _: lightgbm.Dataset) -> tuple[Floats, Floats]:
        hazard = Hazard.of(risk, np.asarray(scores, dtype=np.float64))
        return hazard.expected - had, np.maximum(hazard.curvature, 1e-6)

    return derivatives


def _judge(risk: AtRisk) -> Judge:
    """Minus the log partial likelihood an event."""

    def loss(scores: Floats, _: lightgbm.Dataset) -> tuple[str, float, bool]:
        hazard = Hazard.of(risk, np.asarray(scores, dtype=np.float64))
        return "partial_likelihood", -hazard.log_likelihood / risk.case.size, False

    return loss


def _scores(boosters: Sequence[lightgbm.Booster], table: Floats) -> Floats:
    """Log relative hazards, shape (n, causes)."""
    each = [cast("Floats", booster.predict(table, num_threads=1, raw_score=True)) for booster in boosters]
    return np.column_stack(each)


def _varies(table: Floats) -> bool:
    """Whether any column holds more than one value; not known is one."""
    return bool((~((table == table[0]) | (np.isnan(table) & np.isnan(table[0])))).any())


def _trees(number: int) -> str:
    return f"trees_{number}.txt"

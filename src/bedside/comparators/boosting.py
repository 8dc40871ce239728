"""Gradient-boosted trees: the strongest conventional model on most tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import lightgbm
import numpy as np

from bedside.comparators.decoding import Scores
from bedside.comparators.outcome import class_numbers, conventional, numbers
from bedside.data.sample import Sample, weights_of
from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.training.export import NoGraph
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Floats, Json

if TYPE_CHECKING:
    from bedside.training.graph_model import GraphModel

P = TypeVar("P")

ROUNDS = 1_000
PATIENCE = 50
CHUNK = 4096
"""Cases at a time in a graph."""


@dataclass(frozen=True, eq=False)
class BoostedTrees(Generic[P]):
    """Fitted trees.

    Attributes:
        endpoint: How scores become predictions.
        features: Fitted on development.
        booster: LightGBM's model.
    """

    endpoint: Endpoint[Any, P]
    features: Features
    booster: lightgbm.Booster

    def predict(self, predictors: Sequence[Record]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        raw = cast("Floats", self.booster.predict(self.features.transform(predictors), num_threads=1))
        target = conventional(self.endpoint, "boosting")
        if isinstance(target, Numeric):
            return target.predictions(raw)
        return target.predictions(raw if raw.ndim == 2 else np.column_stack([1 - raw, raw]))

    def graphed(self) -> "GraphModel[Record, P] | NoGraph":
        """The same trees as an ONNX graph that compares and adds in double precision, as LightGBM does."""
        from bedside.comparators.boosted_nodes import NOTHING, boosted_nodes  # noqa: PLC0415 - needed for a release only
        from bedside.comparators.graph import trees_graph  # noqa: PLC0415
        from bedside.training.graph_model import GraphModel  # noqa: PLC0415

        nodes = boosted_nodes(self.booster)
        if isinstance(nodes, NoGraph):
            return nodes
        graph = trees_graph(nodes, len(self.features.names), nothing=NOTHING)
        return GraphModel(self.endpoint, self.features, graph, Scores(self.endpoint), CHUNK)

    def save(self, folder: Path) -> None:
        """Write features as JSON and trees as LightGBM's own text."""
        write_json(folder / "features.json", {"features": self.features.state()})
        text = self.booster.model_to_string(num_iteration=self.booster.current_iteration())
        (folder / "trees.txt").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Boosting(Generic[P]):
    """Recipe: LightGBM, stopped early on the selection data (Ke et al., NeurIPS 2017).

    Attributes:
        endpoint: Categorical gives log loss, numeric squared error.
        schema: The predictors; categories and missing numbers are handled by the trees themselves.
    """

    endpoint: Endpoint[Any, P]
    schema: Schema
    name: ClassVar[str] = "boosting"
    label: ClassVar[str] = "Gradient boosting (LightGBM)"
    description: ClassVar[str] = (
        "Gradient-boosted trees (LightGBM) with missing values and categories handled by the trees, at most "
        f"{ROUNDS:,} rounds, stopped when {PATIENCE} rounds did not improve the loss on the selection data."
    )
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {
        "learning_rate": 0.05,
        "leaves": 15,
        "leaf_cases": 20,
        "feature_fraction": 0.8,
        "ridge": 1.0,
    }

    @property
    def weighs(self) -> bool:
        """Classes are learned from weighted cases; numbers are not."""
        return isinstance(self.endpoint.target, Categorical)

    def propose(self, trial: Trial) -> Settings:
        """Size of trees and their regularisation."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "leaves": trial.suggest_int("leaves", 3, 63, log=True),
            "leaf_cases": trial.suggest_int("leaf_cases", 5, 100, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "ridge": trial.suggest_float("ridge", 0.01, 30.0, log=True),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Any]],
        selection: Sequence[Sample[Record, Any]],
        *,
        seed: int,
    ) -> tuple[BoostedTrees[P], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: Development holds one class only, or a number is not finite.
        """
        predictors = [sample.predictors for sample in development]
        features = Features.fit(self.schema, predictors, encode="codes", impute=False)
        categorical = np.flatnonzero(features.categorical).tolist()
        target, objective = self._target(development)
        train = lightgbm.Dataset(
            features.transform(predictors), target, weight=weights_of(development), categorical_feature=categorical
        )
        judged = lightgbm.Dataset(
            features.transform([sample.predictors for sample in selection]),
            self._labels(selection),
            weight=weights_of(selection),
            reference=train,
        )
        booster = lightgbm.train(
            {**objective, **parameters(settings, len(development), seed)},
            train,
            num_boost_round=ROUNDS,
            valid_sets=[judged],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        # What was grown after the best round is cut off, so that memory, file and prediction agree.
        best = booster.best_iteration
        kept = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=best))
        return BoostedTrees(self.endpoint, features, kept), {"rounds": best}

    def load(self, folder: Path) -> BoostedTrees[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "trees.txt"
        try:
            features = Features.from_state(read_json(folder / "features.json")["features"])
            booster = lightgbm.Booster(model_str=path.read_text(encoding="utf-8"))
        except (OSError, KeyError, TypeError, ValueError, lightgbm.basic.LightGBMError) as error:
            raise damaged(path, str(error)) from error
        return BoostedTrees(self.endpoint, features, booster)

    def _target(self, development: Sequence[Sample[Record, Any]]) -> tuple[Floats, dict[str, Any]]:
        target = conventional(self.endpoint, "boosting")
        if isinstance(target, Numeric):
            return numbers(target, development, self.name), {"objective": "regression", "metric": "l2"}
        index = class_numbers(target, development, self.name).astype(np.float64)
        if len(target.classes) == 2:
            return index, {"objective": "binary", "metric": "binary_logloss"}
        return index, {"objective": "multiclass", "metric": "multi_logloss", "num_class": len(target.classes)}

    def _labels(self, samples: Sequence[Sample[Record, Any]]) -> Floats:
        target, outcomes = conventional(self.endpoint, self.name), [sample.outcome for sample in samples]
        return target.values(outcomes) if isinstance(target, Numeric) else target.index(outcomes).astype(np.float64)


def parameters(settings: Settings, cases: int, seed: int) -> dict[str, Any]:
    """What LightGBM is told besides its objective; the same bytes for the same seed."""
    return {
        "learning_rate": float(settings["learning_rate"]),
        "num_leaves": int(settings["leaves"]),
        # A leaf of 20 is too coarse for a few dozen cases: every tree would be a stump or none.
        "min_data_in_leaf": max(1, min(int(settings["leaf_cases"]), cases // 10)),
        "feature_fraction": float(settings["feature_fraction"]),
        "lambda_l2": float(settings["ridge"]),
        # One word against the rest: divisions of many words at once chase chance where words are many and rare.
        "max_cat_to_onehot": 10_000,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed,
        "verbosity": -1,
    }

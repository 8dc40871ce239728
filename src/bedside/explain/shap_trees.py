"""SHAP values of boosted trees and random forests.

Lundberg et al., From local explanations to global understanding with explainable AI for trees, Nature Machine
Intelligence 2020, 2:56.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast, runtime_checkable

import lightgbm
import numpy as np

from bedside.explain.columns import Design, owners_of_design
from bedside.explain.explainer import Subject
from bedside.explain.method import Contributions, summed, towards
from bedside.explain.randomised import refitted_on_permuted_outcomes
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Fitted
from bedside.types import Floats, Integers

BACKGROUND = 50
"""Development cases that stand for what is usual when a forest is explained: its cost grows with them."""


@runtime_checkable
class BoostedModel(Protocol):
    """A LightGBM model and its matrix."""

    features: Features
    booster: lightgbm.Booster


class TreeArrays(Protocol):
    """All trees of a forest in one set of arrays; a leaf's children are itself."""

    roots: Integers
    children: Integers
    feature: Integers
    threshold: Floats
    value: Floats


@runtime_checkable
class ForestModel(Protocol):
    """Trees over a design; `present` are the classes that the columns of the trees' values stand for."""

    design: Design
    trees: TreeArrays
    present: Integers


@dataclass(frozen=True)
class ShapTrees:
    """SHAP values: LightGBM's own for boosted trees, the shap library's for forests."""

    name: ClassVar[str] = "shap"
    label: ClassVar[str] = "SHAP values"
    description: ClassVar[str] = (
        "SHAP values of the trees (Lundberg et al., 2020), those of models that are pooled averaged: for boosted trees "
        "path-dependent, on the scale of the score before calibration (log-odds, log hazard, or the unit); for the "
        f"random forest interventional against {BACKGROUND} random development cases, on the scale of the share of "
        "votes (or the unit). Words of a category and indicators of missingness are added to their predictor."
    )

    def contributions(
        self,
        members: Sequence[Fitted[Record, Any]],
        background: Sequence[Record],
        cases: Sequence[Record],
        chosen: Integers,
    ) -> "Contributions | None":
        """Mean over members of their SHAP values; None for anything but trees."""
        boosted = [member for member in members if isinstance(member, BoostedModel)]
        forests = [member for member in members if isinstance(member, ForestModel)]
        if boosted and len(boosted) == len(members):
            variables = boosted[0].features.schema.names
            values = [towards(_of_boosted(model, cases), chosen) for model in boosted]
        elif forests and len(forests) == len(members):
            variables = forests[0].design.features.schema.names
            values = [towards(_of_forest(model, background[:BACKGROUND], cases, chosen), chosen) for model in forests]
        else:
            return None
        return Contributions(variables, np.mean(values, axis=0))

    def randomised(self, subject: Subject[Record, Any], seed: int) -> Fitted[Record, Any]:
        """Fitted on permuted outcomes; raises ModelError where that cannot be done."""
        return refitted_on_permuted_outcomes(subject, seed)


def _of_boosted(model: BoostedModel, cases: Sequence[Record]) -> Floats:
    matrix = model.features.transform(cases)
    # One row of p contributions and a constant for each class, side by side.
    told = cast("Floats", model.booster.predict(matrix, pred_contrib=True, num_threads=1))
    scores = told.reshape(len(matrix), -1, matrix.shape[1] + 1)[:, :, :-1]
    return summed(scores.transpose(0, 2, 1), model.features.owners, len(model.features.schema.names))


def _of_forest(model: ForestModel, background: Sequence[Record], cases: Sequence[Record], chosen: Integers) -> Floats:
    with warnings.catch_warnings():
        # The import of shap warns of what other libraries will change; nobody here can act on it.
        warnings.simplefilter("ignore")
        import shap  # noqa: PLC0415 - seconds of imports that only a run with a forest needs
    matrices = [model.design.matrix(rows).toarray().astype(np.float32) for rows in (background, cases)]
    explainer = shap.TreeExplainer(
        {"trees": _separate(model.trees), "internal_dtype": np.float64, "input_dtype": np.float32},
        data=matrices[0],
        feature_perturbation="interventional",
    )
    told = np.asarray(explainer.shap_values(matrices[1], check_additivity=False), dtype=np.float64)
    values = told.reshape(*matrices[1].shape, -1)
    predictors = summed(values, owners_of_design(model.design), len(model.design.features.schema.names))
    if predictors.shape[2] == 1:
        return predictors
    # Classes that development did not hold have no votes to explain.
    every = np.zeros((*predictors.shape[:2], 1 + max(int(model.present.max()), int(chosen.max()))))
    every[:, :, model.present] = predictors
    return every


def _separate(trees: TreeArrays) -> list[dict[str, Any]]:
    """Each tree by itself, as shap reads it: leaves have children -1, values are shares of the forest's mean."""
    ends = [*trees.roots[1:].tolist(), len(trees.feature)]
    found = []
    for root, end in zip(trees.roots.tolist(), ends, strict=True):
        nodes = slice(root, end)
        children = trees.children[nodes] - root
        leaf = children[:, 0] == np.arange(end - root)
        left, right = (np.where(leaf, -1, children[:, side]) for side in (0, 1))
        found.append(
            {
                "children_left": left,
                "children_right": right,
                "children_default": left,
                "features": np.where(leaf, -1, trees.feature[nodes]),
                "thresholds": trees.threshold[nodes],
                "values": trees.value[nodes] / len(trees.roots),
                # Interventional values do not weigh nodes by how many cases passed them.
                "node_sample_weight": np.ones(end - root),
            }
        )
    return found

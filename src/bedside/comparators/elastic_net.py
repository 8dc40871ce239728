"""Logistic or linear regression with an elastic-net penalty: what a statistician would try first."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import ConvergenceWarning

from bedside.comparators.decoding import Scores, from_scores
from bedside.comparators.design import Design
from bedside.comparators.outcome import class_numbers, conventional, numbers
from bedside.comparators.regression import linear, logistic
from bedside.data.sample import Sample, weights_of
from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Json

if TYPE_CHECKING:
    from bedside.training.graph_model import GraphModel

P = TypeVar("P")

CHUNK = 256
"""Cases at a time in a graph, which takes every column of each."""

RAREST = 2
"""A category word seen once has nothing to teach."""


@dataclass(frozen=True, eq=False)
class LinearPredictor(Generic[P]):
    """Design, coefficients and the way to a prediction.

    Attributes:
        endpoint: How scores become predictions.
        design: Fitted on development.
        coefficients: Shape (p, s); s scores a case: one for two classes or a number, k for k > 2 classes.
        intercepts: Shape (s,).
    """

    endpoint: Endpoint[Any, P]
    design: Design
    coefficients: Floats
    intercepts: Floats

    def predict(self, predictors: Sequence[Record]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        # A sparse product sums each row by itself: a dense one may round differently alone and in company.
        return from_scores(self.endpoint, self.design.matrix(predictors) @ self.coefficients + self.intercepts)

    def graphed(self) -> "GraphModel[Record, P]":
        """The same sums as an ONNX graph, in double precision."""
        from bedside.comparators.graph import linear_graph  # noqa: PLC0415 - heavy, and needed for a release only
        from bedside.training.graph_model import GraphModel  # noqa: PLC0415

        graph = linear_graph(self.coefficients, self.intercepts)
        return GraphModel(self.endpoint, self.design, graph, Scores(self.endpoint), CHUNK)

    def save(self, folder: Path) -> None:
        """Write the design as JSON, coefficients as safetensors."""
        write_json(folder / "design.json", self.design.state())
        save_file(
            {"coefficients": np.ascontiguousarray(self.coefficients), "intercepts": self.intercepts},
            folder / "coefficients.safetensors",
        )


@dataclass(frozen=True)
class ElasticNet(Generic[P]):
    """Recipe: penalised regression on imputed, one-hot encoded, standardised predictors.

    The settings are `penalty`, per case as glmnet's lambda, and `mixing`, the share of the absolute-value
    penalty (0 ridge, 1 lasso; Zou and Hastie, 2005).

    Attributes:
        endpoint: Categorical gives logistic, multinomial for more than two classes; numeric gives linear regression.
        schema: The predictors.
    """

    endpoint: Endpoint[Any, P]
    schema: Schema
    name: ClassVar[str] = "elastic_net"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"penalty": 0.01, "mixing": 0.5}

    @property
    def label(self) -> str:
        """As printed."""
        kind = "Linear" if isinstance(self.endpoint.target, Numeric) else "Logistic"
        return f"{kind} regression (elastic net)"

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return (
            f"{self.label} on standardised predictors, categories one-hot encoded, missing numbers replaced by the "
            "development median and marked by an indicator (scikit-learn)."
        )

    @property
    def weighs(self) -> bool:
        """Classes are learned from weighted cases; numbers are not."""
        return isinstance(self.endpoint.target, Categorical)

    def propose(self, trial: Trial) -> Settings:
        """Strength of the penalty per case, and its mixing."""
        return {
            "penalty": trial.suggest_float("penalty", 1e-4, 1.0, log=True),
            "mixing": trial.suggest_float("mixing", 0.0, 1.0),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Any]],
        selection: Sequence[Sample[Record, Any]],  # noqa: ARG002 - a convex problem needs no early stopping
        *,
        seed: int,
    ) -> tuple[LinearPredictor[P], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: Development holds one class only, or a number is not finite.
        """
        target = conventional(self.endpoint, self.name)
        predictors = [sample.predictors for sample in development]
        design = Design.fit(self.schema, predictors, rarest=RAREST)
        matrix = design.matrix(predictors)
        penalty, mixing = float(settings["penalty"]), float(settings["mixing"])
        with single_thread(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            if isinstance(target, Numeric):
                values = numbers(target, development, self.name)
                coefficients, intercepts = linear(matrix, values, penalty, mixing, seed)
            else:
                index = class_numbers(target, development, self.name)
                coefficients, intercepts = logistic(
                    matrix, index, len(target.classes), penalty, mixing, seed, weights=weights_of(development)
                )
        converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        record = {"nonzero": int((coefficients != 0).any(axis=1).sum()), "converged": converged}
        return LinearPredictor(self.endpoint, design, coefficients, intercepts), record

    def load(self, folder: Path) -> LinearPredictor[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        return load_linear(self.endpoint, folder)


def load_linear(endpoint: Endpoint[Any, P], folder: Path) -> LinearPredictor[P]:
    """Read a linear predictor; raises ModelError when it is damaged."""
    path = folder / "coefficients.safetensors"
    try:
        design = Design.from_state(read_json(folder / "design.json"))
        arrays = load_file(path)
        coefficients, intercepts = arrays["coefficients"], arrays["intercepts"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, str(error)) from error
    if coefficients.shape != (design.width, len(intercepts)):
        raise damaged(path, f"{coefficients.shape} coefficients do not fit {design.width} columns")
    return LinearPredictor(endpoint, design, coefficients, intercepts)

"""One predictor alone: what a clinician reads off without any model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from bedside.comparators.design import Design
from bedside.comparators.elastic_net import LinearPredictor, load_linear
from bedside.comparators.regression import unpenalised
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Categorical, Endpoint
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Settings, Trial
from bedside.types import Json

P = TypeVar("P")


@dataclass(frozen=True)
class SinglePredictor(Generic[P]):
    """Recipe without settings: logistic or linear regression on one predictor.

    Attributes:
        endpoint: Categorical gives logistic, numeric linear regression.
        schema: The predictors of the study.
        column: The one that is used.
    """

    endpoint: Endpoint[Any, P]
    schema: Schema
    column: str
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {}

    def __post_init__(self) -> None:
        self.schema[self.column]  # a name that does not exist is reported here, where it is declared

    @property
    def name(self) -> str:
        """The column in snake_case after "single_"."""
        return "single_" + re.sub(r"\W+", "_", self.column.strip().lower()).strip("_")

    @property
    def label(self) -> str:
        """As printed."""
        return f"{self.column} alone"

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return f"Regression on {self.column} alone, missing values replaced by the development median and marked."

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
        development: Sequence[Sample[Record, Any]],
        selection: Sequence[Sample[Record, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[LinearPredictor[P], Mapping[str, Json]]:
        """Fit; raises ModelError where development holds one class only or a number is not finite."""
        schema = Schema((self.schema[self.column],))
        predictors = [sample.predictors for sample in development]
        design = Design.fit(schema, predictors, rarest=1)
        fitted = unpenalised(self.endpoint, design.matrix(predictors).toarray(), development, self.name)
        return LinearPredictor(self.endpoint, design, *fitted), {}

    def load(self, folder: Path) -> LinearPredictor[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        return load_linear(self.endpoint, folder)

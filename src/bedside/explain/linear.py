"""Exact contributions of predictors to a linear score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from bedside.explain.columns import Design, owners_of_design
from bedside.explain.explainer import Subject
from bedside.explain.method import Contributions, summed, towards
from bedside.explain.randomised import refitted_on_permuted_outcomes
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Fitted
from bedside.types import Floats, Integers


@runtime_checkable
class LinearModel(Protocol):
    """Anything with a design and coefficients, shape (columns, scores)."""

    design: Design
    coefficients: Floats


@runtime_checkable
class OneOfSeveral(Protocol):
    """A model with several linear scores of which one is explained."""

    @property
    def explained(self) -> Floats:
        """The coefficients of that score, shape (columns, 1)."""
        ...


@dataclass(frozen=True)
class LinearContributions:
    """Coefficient times distance from the development mean."""

    name: ClassVar[str] = "linear_contributions"
    label: ClassVar[str] = "linear contributions"
    description: ClassVar[str] = (
        "Regression coefficients times the distance of the predictor from its development mean, on the scale of the "
        "linear score (log-odds, log hazard, or the unit of the outcome) before calibration; for it these are the "
        "exact Shapley values. Words of a category and indicators of missingness are added to their predictor."
    )

    def contributions(
        self,
        members: Sequence[Fitted[Record, Any]],
        background: Sequence[Record],
        cases: Sequence[Record],
        chosen: Integers,
    ) -> "Contributions | None":
        """Mean over members of their exact contributions; None for anything but linear models of several predictors."""
        models = [member for member in members if isinstance(member, LinearModel)]
        if not models or len(models) < len(members):
            return None
        variables = models[0].design.features.schema.names
        if len(variables) < 2:
            return None
        values = [towards(_of_one(model, background, cases, len(variables)), chosen) for model in models]
        return Contributions(variables, np.mean(values, axis=0))

    def randomised(self, subject: Subject[Record, Any], seed: int) -> Fitted[Record, Any]:
        """Fitted on permuted outcomes; raises ModelError where that cannot be done."""
        return refitted_on_permuted_outcomes(subject, seed)


def _of_one(model: LinearModel, background: Sequence[Record], cases: Sequence[Record], variables: int) -> Floats:
    usual = np.asarray(model.design.matrix(background).mean(axis=0)).ravel()
    coefficients = model.explained if isinstance(model, OneOfSeveral) else model.coefficients
    distance = model.design.matrix(cases).toarray() - usual
    return summed(distance[:, :, None] * coefficients, owners_of_design(model.design), variables)

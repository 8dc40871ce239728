"""The explainers of tabular studies: a method of attribution and the two tests of what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from bedside.errors import ModelError
from bedside.explain.completeness import complete
from bedside.explain.deletion import deletion
from bedside.explain.explainer import Attribution, Check, Explainer, Subject, X
from bedside.explain.integrated_gradients import IntegratedGradients
from bedside.explain.linear import LinearContributions
from bedside.explain.method import Contributions, Method, chosen_classes
from bedside.explain.shap_trees import ShapTrees
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Fitted
from bedside.training.seeds import derive
from bedside.training.tuned import Ensemble, subsample
from bedside.types import Floats, Integers

LIMIT = 0.5
"""Rank correlation with the explanation of a randomised model that an explanation must stay below."""

REPEATS = 3
"""Randomised models that are explained."""

_BACKGROUND = 1_000
_RANDOMISED_CASES = 50
_DELETED_CASES = 2_000


@dataclass(frozen=True)
class TabularExplainer:
    """A method for one kind of model on a table, with its tests.

    Attributes:
        method: How scores are attributed.
    """

    method: Method

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def label(self) -> str:
        """The method's label."""
        return self.method.label

    @property
    def description(self) -> str:
        """The method's description."""
        return self.method.description

    def explain(
        self, subject: Subject[Record, Any], cases: Sequence[Record], *, seed: int, tests: bool = True
    ) -> "Attribution | None":
        """Attribute the predictions of some cases.

        None where the method does not apply to this kind of model, or where there is no one score to attribute: the
        outcome answers several questions, or none.
        """
        target = subject.endpoint.target
        if len(cases) == 0 or len(target.questions) + len(target.quantities) != 1:
            return None
        fitted = subject.fit.fitted
        background = [sample.predictors for sample in subsample(subject.development, _BACKGROUND, seed)]
        order = np.random.default_rng(derive(seed, "background")).permutation(len(background)).tolist()
        background = [background[k] for k in order]
        chosen = chosen_classes(subject.endpoint, fitted.predict(cases))
        found = self.method.contributions(members(fitted), background, cases, chosen)
        if found is None:
            return None
        checks = []
        if tests and found.gap is not None:
            checks.append(complete(found.gap))
        if tests:
            few = slice(_RANDOMISED_CASES)
            checks.append(self._randomisation(subject, found, background, cases[few], chosen[few], seed))
            checks.append(_faithful(subject, found, seed))
        return Attribution(found.variables, found.values, tuple(checks))

    def _randomisation(
        self,
        subject: Subject[Record, Any],
        found: Contributions,
        background: Sequence[Record],
        cases: Sequence[Record],
        chosen: Integers,
        seed: int,
    ) -> Check:
        name = "parameter randomisation"
        try:
            models = [self.method.randomised(subject, derive(seed, "randomised", k)) for k in range(REPEATS)]
        except ModelError as error:
            return Check(name, None, None, f"Could not be done: {error}.")
        told = [self.method.contributions(members(model), background, cases, chosen) for model in models]
        alike = [correlation(found.values[: len(cases)], one.values) for one in told if one is not None]
        if len(alike) < REPEATS:
            return Check(name, None, None, "Could not be done: the randomised model is of another kind.")
        value = float(np.mean(alike))
        outcome = "the explanation depends on what was learned" if value < LIMIT else "it does not depend on the model"
        return Check(
            name,
            value < LIMIT,
            value,
            f"Attributions of {REPEATS} models that had lost what they learned had a rank correlation of {value:.2f} "
            f"with those of the model, over {len(cases)} cases; below {LIMIT:g} was asked for: {outcome}.",
        )


EXPLAINERS: tuple[Explainer[Record], ...] = (
    TabularExplainer(LinearContributions()),
    TabularExplainer(ShapTrees()),
    TabularExplainer(IntegratedGradients()),
)
"""For every tabular study; each explains the learners that it applies to."""


def members(fitted: Fitted[X, Any]) -> tuple[Fitted[X, Any], ...]:
    """The models that are pooled into one prediction; the model itself where nothing is pooled."""
    return fitted.members if isinstance(fitted, Ensemble) else (fitted,)


def correlation(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation over all cases and predictors; 0 where either says the same everywhere."""
    ranks = [rankdata(values.ravel()) for values in (one, other)]
    if any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _faithful(subject: Subject[Record, Any], found: Contributions, seed: int) -> Check:
    samples = subsample(subject.tuning or subject.development, _DELETED_CASES, seed)
    importance = np.abs(found.values).mean(axis=0)
    return deletion(subject.fit.fitted, subject.endpoint, found.variables, importance, samples, seed)

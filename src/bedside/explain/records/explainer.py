"""The explainers of studies on records: a method that attributes scores to events, and the tests of what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.errors import ModelError
from bedside.explain.completeness import complete
from bedside.explain.explainer import Attribution, Check, Course, Explainer, Subject
from bedside.explain.linear import LinearContributions
from bedside.explain.method import chosen_classes
from bedside.explain.records.deletion import deletion
from bedside.explain.records.events import EventContributions
from bedside.explain.records.gradients import EventGradients
from bedside.explain.records.method import OTHERS, RecordMethod, Told, code_names
from bedside.explain.records.retain import RetainContributions
from bedside.explain.records.summarised import SummaryContributions
from bedside.explain.shap_trees import ShapTrees
from bedside.explain.tabular import LIMIT, REPEATS, correlation, members
from bedside.modalities.records.history import History
from bedside.training.seeds import derive
from bedside.training.tuned import subsample
from bedside.types import Floats

LONGEST = 400
"""Events of one case whose times are told: those that moved its score most."""

_BACKGROUND = 1_000
_RANDOMISED_CASES = 20
_DELETED_CASES = 200


@dataclass(frozen=True)
class RecordExplainer:
    """A method for one kind of model on records, with its tests.

    Attributes:
        method: How scores are attributed.
    """

    method: RecordMethod

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
        self, subject: Subject[History, Any], cases: Sequence[History], *, seed: int, tests: bool = True
    ) -> "Attribution | None":
        """Attribute the predictions of some histories to their codes and, where the method can, to single events.

        None where the method does not apply to this kind of model, or where there is no one score to attribute: the
        outcome answers several questions, or none.
        """
        target = subject.endpoint.target
        if len(cases) == 0 or len(target.questions) + len(target.quantities) != 1:
            return None
        background = _background(subject, seed)
        found = self._told(subject, background, cases)
        if found is None:
            return None
        checks = list[Check]()
        if tests:
            checks += [complete(found.gap)] if found.gap is not None else []
            checks.append(self._randomisation(subject, found, background, cases, seed))
            checks.append(self._faithful(subject, background, seed))
        courses = None
        if found.by_event:
            courses = tuple(_course(case, one, found) for case, one in zip(cases, found.rows, strict=True))
        return Attribution(found.codes, found.values, tuple(checks), courses=courses)

    def _told(
        self, subject: Subject[History, Any], background: Sequence[History], cases: Sequence[History]
    ) -> "Told | None":
        fitted = subject.fit.fitted
        chosen = chosen_classes(subject.endpoint, fitted.predict(cases))
        return self.method.told(members(fitted), background, cases, chosen)

    def _randomisation(
        self,
        subject: Subject[History, Any],
        found: Told,
        background: Sequence[History],
        cases: Sequence[History],
        seed: int,
    ) -> Check:
        name = "parameter randomisation"
        few = cases[:_RANDOMISED_CASES]
        own = np.concatenate(found.rows[: len(few)])
        if not own.size or np.ptp(own) == 0:
            return Check(name, passed=False, value=None, text="Every event has the same value: it explains nothing.")
        chosen = chosen_classes(subject.endpoint, subject.fit.fitted.predict(few))
        alike = list[float]()
        for k in range(REPEATS):
            try:
                model = self.method.randomised(subject, derive(seed, "randomised", k))
            except ModelError as error:
                return Check(name, None, None, f"Could not be done: {error}.")
            other = self.method.told(members(model), background, few, chosen)
            if other is None:
                return Check(name, None, None, "Could not be done: the randomised model is of another kind.")
            alike.append(correlation(own, np.concatenate(other.rows)))
        value = float(np.mean(alike))
        outcome = "the explanation depends on what was learned" if value < LIMIT else "it does not depend on the model"
        return Check(
            name,
            value < LIMIT,
            value,
            f"Attributions of {REPEATS} models that had lost what they learned had a rank correlation of {value:.2f} "
            f"with those of the model, over the {len(own)} events and facts of {len(few)} cases; below {LIMIT:g} was "
            f"asked for: {outcome}.",
        )

    def _faithful(self, subject: Subject[History, Any], background: Sequence[History], seed: int) -> Check:
        samples = subsample(subject.tuning or subject.development, _DELETED_CASES, seed)
        found = self._told(subject, background, [sample.predictors for sample in samples])
        return deletion(subject, () if found is None else found.rows, () if found is None else samples, seed)


RECORD_EXPLAINERS: tuple[Explainer[History], ...] = (
    RecordExplainer(EventContributions(EventGradients())),
    RecordExplainer(EventContributions(RetainContributions())),
    RecordExplainer(SummaryContributions(LinearContributions())),
    RecordExplainer(SummaryContributions(ShapTrees())),
)
"""For every study of records; each explains the learners that it applies to."""


def _background(subject: Subject[History, Any], seed: int) -> list[History]:
    some = [sample.predictors for sample in subsample(subject.development, _BACKGROUND, seed)]
    order = np.random.default_rng(derive(seed, "background")).permutation(len(some))
    return [some[k] for k in order.tolist()]


def _course(case: History, rows: Floats, found: Told) -> Course:
    """The events of a case that moved its score most, in the order of time; births and other facts are left out."""
    place = {code: k for k, code in enumerate(found.codes)}
    others = place.get(OTHERS, 0)
    positions = case.positions()
    timed = np.flatnonzero(~case.events.lasting(positions))
    if len(timed) > LONGEST:
        timed = np.sort(timed[np.argsort(-np.abs(rows[timed]), kind="stable")[:LONGEST]])
    names = code_names(case)
    hours = np.concatenate([np.zeros(len(positions) - len(case)), case.hours])
    variables = np.array([place.get(names[k], others) for k in timed.tolist()], dtype=np.int64)
    return Course(hours[timed], variables, rows[timed])

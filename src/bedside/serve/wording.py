"""From predictions to answers: whole people, what was observed in judged patients, and reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Question
from bedside.evidence.release import CalibrationTable, Conformal
from bedside.serve.answer import Answer, Outcome
from bedside.serve.fitness import Development, Fitness, fitness
from bedside.serve.reasons import in_words, reasons
from bedside.study.reference import event_of
from bedside.training.conformal import PredictionIntervals, PredictionSets
from bedside.training.learner import Fitted
from bedside.types import Booleans, Floats

LEAST = 0.01
"""Changes of risk below 1 in 100 are no reason."""


@dataclass(frozen=True)
class Wording:
    """All that is needed to put predictions of one release into words.

    Attributes:
        endpoint: What is predicted.
        members: The models, one a split.
        beside: Those of the comparator, with its label; none where that is what is served.
        label: Of the comparator.
        calibration, conformal: Of the release.
        threshold: From which risk a case is flagged; None where none was declared.
        development: What is known of the predictors; None where they are no table.
    """

    endpoint: Endpoint[Any, Any]
    members: Sequence[Fitted[Any, Any]]
    beside: Sequence[Fitted[Any, Any]]
    label: str
    calibration: CalibrationTable
    conformal: Conformal
    threshold: float | None
    development: Development | None

    def answers(self, cases: Sequence[Any]) -> list[Answer]:
        """An answer a case, in order; nothing is said of a case whose needed values are not known."""
        checked = fitness(self.development, cases)
        usable = [one for one in checked if not one.why]
        told = iter(self._answered(usable) if usable else [])
        return [
            next(told)
            if not one.why
            else Answer(Outcome.ABSTAINED, missing=one.missing, implausible=one.implausible, why=one.why)
            for one in checked
        ]

    def _answered(self, cases: Sequence[Fitness]) -> list[Answer]:
        predictors = [case.record for case in cases]
        by_member = [member.predict(predictors) for member in self.members]
        pooled = self.endpoint.pool(by_member)
        question, amount = event_of(self.endpoint), bool(self.endpoint.target.quantities)
        statements = self._statements(by_member, pooled)
        if question is None and not amount:
            return [self._plain(case, text) for case, text in zip(cases, statements, strict=True)]
        numbers = self._numbers(pooled)
        limits = self._intervals(by_member) if amount else [self._observed(risk) for risk in numbers.tolist()]
        why = self._reasons(predictors)
        others = self._comparator(predictors)
        unit = self.endpoint.target.quantities[0].unit if amount else ""
        return [
            Answer(
                Outcome.ANSWERED,
                event=question.classes[-1] if question is not None else "",
                risk=None if amount else float(numbers[k]),
                flagged=None if amount or self.threshold is None else bool(numbers[k] >= self.threshold),
                value=float(numbers[k]) if amount else None,
                unit=unit,
                low=limits[k][0],
                high=limits[k][1],
                statement=statements[k],
                reasons=why[k],
                missing=case.missing,
                implausible=case.implausible,
                comparator=others[k],
            )
            for k, case in enumerate(cases)
        ]

    def _plain(self, case: Fitness, statement: str) -> Answer:
        if not statement:
            return Answer(Outcome.ABSTAINED, why="what this release predicts cannot be told as a risk or an amount")
        return Answer(Outcome.ANSWERED, statement=statement, missing=case.missing, implausible=case.implausible)

    def _numbers(self, predictions: Sequence[Any]) -> Floats:
        """Risks of the one event, or amounts, shape (n,)."""
        quantities = self.endpoint.target.quantities
        if quantities:
            return quantities[0].estimates(predictions)
        return self.endpoint.target.questions[0].probabilities(predictions)[:, -1]

    def _pool(self, members: Sequence[Fitted[Any, Any]]) -> Callable[[Sequence[Any]], Floats]:
        return lambda predictors: self._numbers(self.endpoint.pool([one.predict(predictors) for one in members]))

    def _observed(self, risk: float) -> tuple[float | None, float | None]:
        """Limits of the share of judged patients with a risk like this in whom the event came."""
        groups = self.calibration.groups
        inside = [group for group in groups if group.low <= risk and (risk < group.high or group is groups[-1])]
        return (inside[-1].share_low, inside[-1].share_high) if inside else (None, None)

    def _intervals(self, by_member: Sequence[Sequence[Any]]) -> list[tuple[float | None, float | None]]:
        if self.conformal.kind != "intervals":
            return [(None, None)] * len(by_member[0])
        quantity = self.endpoint.target.quantities[0]
        each = [
            PredictionIntervals.from_state(quantity, state)(predictions)
            for state, predictions in zip(self.conformal.members, by_member, strict=True)
        ]
        low, high = (np.median([limits[side] for limits in each], axis=0) for side in (0, 1))
        return [
            (a, b) if np.isfinite(a) and np.isfinite(b) else (None, None)
            for a, b in zip(low.tolist(), high.tolist(), strict=True)
        ]

    def _statements(self, by_member: Sequence[Sequence[Any]], pooled: Sequence[Any]) -> list[str]:
        """What holds of groups of patients like this one; "" where nothing was calibrated."""
        seen = self.conformal
        if not seen.kind or seen.coverage is None:
            return [""] * len(pooled)
        people = f"Of 100 patients like the {seen.cases} that were judged, about {100 * seen.coverage:.0f}"
        if seen.kind == "intervals":
            return [f"{people} had a value within limits made this way; it is no promise for one patient."] * len(
                pooled
            )
        question = self.endpoint.target.questions[0]
        inside = self._sets(question, by_member)
        return [
            f"{people} had an outcome within a set made this way; here it is {_named(question, row)}." for row in inside
        ]

    def _sets(self, question: Question[Any, Any], by_member: Sequence[Sequence[Any]]) -> Booleans:
        """Classes that are in at least half of the members' sets, shape (n, k)."""
        each = [
            PredictionSets.from_state(question, state)(predictions)
            for state, predictions in zip(self.conformal.members, by_member, strict=True)
        ]
        return np.asarray(np.mean(each, axis=0) >= 0.5)

    def _reasons(self, predictors: Sequence[Any]) -> list[tuple[str, ...]]:
        if self.development is None:
            return [()] * len(predictors)
        quantities = self.endpoint.target.quantities
        unit = in_words(quantities[0].unit) if quantities else ""
        told: Callable[[float], str] = (
            (lambda change: f"{change:.3g}{unit}") if quantities else (lambda change: f"risk {100 * change:.0f} in 100")
        )
        least = 0.0 if quantities else LEAST
        return reasons(self.development, predictors, self._pool(self.members), least=least, told=told)

    def _comparator(self, predictors: Sequence[Any]) -> list[str]:
        if not self.beside:
            return [""] * len(predictors)
        quantities = self.endpoint.target.quantities
        numbers = self._pool(self.beside)(predictors).tolist()
        if quantities:
            return [f"{self.label} puts it at {number:.3g}{in_words(quantities[0].unit)}." for number in numbers]
        return [f"{self.label} puts the risk at {_whole(number)} in 100." for number in numbers]


def _whole(risk: float) -> str:
    """People in 100; never none and never all, which no model can know."""
    return "less than 1" if risk < 0.005 else "more than 99" if risk >= 0.995 else f"{100 * risk:.0f}"


def _named(question: Question[Any, Any], inside: Booleans) -> str:
    words = [word for word, there in zip(question.classes, inside.tolist(), strict=True) if there]
    if not words:
        return "empty: this case is unlike those that were judged"
    if len(words) == len(question.classes):
        return f"{' or '.join(words)}, which tells nothing"
    return " or ".join(words)

"""What a time to an event answers: whether the event came by the horizon, where that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Quantity, Question, Watched
from bedside.endpoints.time_to_event.bounds import LowerBounds
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.errors import ModelError, OutcomeProblem, StatisticsError
from bedside.stats.brier_over_time import brier_losses
from bedside.stats.incidence import curve
from bedside.stats.times import CENSORED
from bedside.types import Booleans, Floats, Integers

P = TypeVar("P")

_ROUNDING = 1e-5
"""Incidences in single precision may pass 0 and 1 by this much."""

_SURE = 1e-7
"""Risks are held at least this far from 0 and 1 where one is made into another."""


@dataclass(frozen=True)
class ByHorizon:
    """The question whether the cause of interest came by the horizon.

    A case that was censored before the horizon holds no answer; one that had a competing event before it holds "no".
    Cases that hold an answer are not like those that hold none: measures use weights or pseudo-values instead, and
    this question serves to explain, to audit and to describe.

    Attributes:
        cause: Word of the cause of interest.
        horizon: In the endpoint's unit.
        unit: Of times.
        place: Where the horizon stands in the grid.
    """

    cause: str
    horizon: float
    unit: str
    place: int
    name: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """No event and event, in words."""
        when = f"by {self.horizon:g} {self.unit}".rstrip()
        return (f"no {self.cause} {when}", f"{self.cause} {when}")

    @property
    def unanswered(self) -> str:
        """Watched free of events, and not until the horizon."""
        return f"censored before {self.horizon:g} {self.unit}".rstrip()

    def known(self, outcomes: Sequence[Followed]) -> Booleans:
        """Which were watched up to the horizon or to an event before it, shape (n,)."""
        times = times_of(outcomes)
        answered: Booleans = (times.time >= self.horizon) | (times.event > 0)
        return answered

    def index(self, outcomes: Sequence[Followed]) -> Integers:
        """1 where the cause of interest came by the horizon, shape (n,)."""
        times = times_of(outcomes)
        came: Integers = ((times.event == 1) & (times.time <= self.horizon)).astype(np.int64)
        return came

    def probabilities(self, predictions: Sequence[Incidence]) -> Floats:
        """Without and with the event, shape (n, 2)."""
        risk = np.array([one[0, self.place] for one in predictions], dtype=np.float64)
        return np.column_stack([1.0 - risk, risk])


@dataclass(frozen=True, eq=False)
class Timed:
    """The target of a time to an event, and what learners need to know of it.

    Attributes:
        causes: Words of the causes; the first is the one of interest, the others compete with it.
        unit: Of times ("months").
        horizons: Times at which predictions are judged, rising; in the endpoint's unit.
        primary: The horizon of the primary measure, one of `horizons`.
        grid: Times at which cumulative incidences are predicted, rising, above 0, shape (times,); holds every horizon
            and ends at the last time that is judged.
    """

    causes: tuple[str, ...]
    unit: str
    horizons: tuple[float, ...]
    primary: float
    grid: Floats

    @property
    def name(self) -> str:
        """The outcome answers no other question."""
        return ""

    @property
    def until(self) -> float:
        """The last time that is predicted and judged."""
        return float(self.grid[-1])

    @cached_property
    def question(self) -> ByHorizon:
        """Whether the cause of interest came by the primary horizon."""
        return ByHorizon(self.causes[0], self.primary, self.unit, self.place(self.primary))

    @property
    def questions(self) -> tuple[Question[Followed, Incidence], ...]:
        """One."""
        return (self.question,)

    @property
    def quantities(self) -> tuple[Quantity[Followed, Incidence], ...]:
        """None: a time that is censored is no number."""
        return ()

    def watched(self, outcomes: Sequence[Followed]) -> Watched:
        """How long each case was watched for the cause of interest; other causes end the watch."""
        times = times_of(outcomes)
        watched, came, free = times.time - times.entry, times.event == 1, times.event == CENSORED
        return Watched(self.causes[0], watched, came, free, self.primary, self.unit)

    @property
    def bounding(self) -> LowerBounds:
        """Times until which so many patients in a hundred are free of the cause of interest."""
        return LowerBounds(self.causes[0], self.unit, self.grid)

    def place(self, time: float) -> int:
        """Where a time of the grid stands in it."""
        return int(np.searchsorted(self.grid, time))

    def curves(self, predictions: Sequence[Incidence]) -> Floats:
        """Predictions as one array, shape (n, causes, times)."""
        return np.array(predictions, dtype=np.float64).reshape(len(predictions), len(self.causes), len(self.grid))

    def predictions(self, curves: Floats) -> list[Incidence]:
        """Cumulative incidences, shape (n, causes, times), as predictions."""
        return list(np.asarray(curves, dtype=np.float64))

    def checked_curves(self, predictions: Sequence[Incidence]) -> Floats:
        """Predictions as one array, shape (n, causes, times), between 0 and 1.

        Raises:
            StatisticsError: An incidence is NaN or outside [0, 1], or causes together exceed 1.
        """
        curves = self.curves(predictions)
        if curves.size and not (curves.min() >= -_ROUNDING and curves.sum(axis=1).max() <= 1.0 + _ROUNDING):
            msg = (
                "predicted incidences are not numbers, below 0 or together above 1; allowed are cumulative incidences "
                "from 0 to 1 of each cause, with a sum of at most 1"
            )
            raise StatisticsError(msg)
        return np.clip(curves, 0.0, 1.0)

    def uninformed(self, outcomes: Sequence[Followed]) -> list[Incidence]:
        """The incidences of all these cases (Aalen and Johansen), for each of them.

        After the last time at which somebody is watched they stay what they were.
        """
        times = times_of(outcomes)
        each = np.array([curve(times, k, None, self.grid)[0] for k in range(1, len(self.causes) + 1)])
        held = np.maximum.accumulate(np.where(np.isnan(each), 0.0, each), axis=1)
        return [held.copy() for _ in outcomes]

    def replaced(
        self, predictions: Sequence[Incidence], answers: Sequence[Floats], numbers: Sequence[Floats]
    ) -> list[Incidence]:
        """Predictions with other probabilities (n, 2) of the event by the primary horizon.

        The cumulative hazard of the cause of interest is multiplied (that of its incidence where causes compete), so
        that the curve passes through the probability; other causes are held to what is left.

        Raises:
            ModelError: There are no predictions to begin with: a probability alone gives no curve.
        """
        del numbers
        if any(one is None for one in predictions):
            msg = (
                "a probability by the horizon alone gives no incidence over time; choose a learner of times to events "
                "(Cox, Weibull, boosting of survival, a forest of survival)"
            )
            raise ModelError(msg)
        curves = self.curves(predictions)
        before, wanted = curves[:, 0, self.place(self.primary)], np.asarray(answers[0])[:, 1]
        hazard, other = (-np.log1p(-np.clip(one, _SURE, 1.0 - _SURE)) for one in (before, wanted))
        times = np.where(before == wanted, 1.0, other / hazard)[:, None]
        first = np.where(
            times == 1.0, curves[:, 0], -np.expm1(times * np.log1p(-np.clip(curves[:, 0], 0.0, 1.0 - _SURE)))
        )
        return self.predictions(
            np.concatenate([first[:, None], np.minimum(curves[:, 1:], 1.0 - first[:, None])], axis=1)
        )

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Followed]:
        """An event at the primary horizon, or none by then and no longer watched."""
        del numbers
        return [Followed(self.primary, int(answer)) for answer in answers[0].tolist()]

    def losses(self, outcomes: Sequence[Followed], predictions: Sequence[Incidence]) -> Floats:
        """What each case adds to the integrated Brier score of all causes, shape (n,); see `brier_losses`."""
        self.checked(outcomes)
        return brier_losses(times_of(outcomes), self.checked_curves(predictions), self.grid)

    def checked(self, outcomes: Sequence[Followed]) -> None:
        """Refuse events that are none of the causes.

        Raises:
            OutcomeProblem: An event has the number of no cause.
        """
        highest = max((one.event for one in outcomes), default=0)
        if highest > len(self.causes):
            named = ", ".join(f"{k} ({word})" for k, word in enumerate(self.causes, start=1))
            msg = f"an event has the code {highest}; allowed are 0 (censored) and {named}"
            raise OutcomeProblem(msg)


def timed(endpoint: Endpoint[Any, Any], learner: str) -> Timed:
    """The endpoint's target, when it is a time to an event.

    Raises:
        ModelError: It is not.
    """
    if isinstance(endpoint.target, Timed):
        return endpoint.target
    msg = f"{learner} predicts times to events, not a {endpoint.name} outcome; choose a learner for that outcome"
    raise ModelError(msg)

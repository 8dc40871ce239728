"""Weibull regression: predictors make times longer or shorter, hazards rise or fall as a power of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.design import Design
from bedside.comparators.event_times import event_times
from bedside.comparators.linear_hazard import RAREST, LinearHazard, load_linear_hazard
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.stats.times import Times
from bedside.training.learner import Settings, Trial
from bedside.training.threads import single_thread
from bedside.types import Floats, Json

_FLATTEST = 1e-3
"""Smallest power of time."""

_LIMIT = 50.0
"""Log cumulative hazards above this cost as much as this: an early step of the search must not leave all numbers."""


@dataclass(frozen=True, eq=False)
class Weibull:
    """Cumulative hazard exp(level + power * log time + x @ coefficients), at any time.

    An accelerated failure time: log times are moved by -coefficients / power, and spread by 1 / power.

    Attributes:
        level: At time 1 and x = 0, on the log scale.
        power: Of time; above 1 the hazard rises, below 1 it falls.
        coefficients: Log hazard ratios, shape (p,).
        converged: Whether the search for them ended.
    """

    level: float
    power: float
    coefficients: Floats
    converged: bool

    @classmethod
    def fit(cls, times: Times, cause: int, x: Floats, penalty: float) -> "Weibull":
        """Maximum likelihood, given that a case was free of events at its entry, with a ridge penalty a case.

        The problem is concave but for late entries (Kalbfleisch and Prentice, 2002, chapter 3).

        Args:
            times: Of n cases.
            cause: Whose events count; others end a watch.
            x: Predictors, shape (n, p).
            penalty: On half the sum of squared coefficients, against the log likelihood a case.
        """
        had = times.event == cause
        middle = float(np.log(times.time[had]).mean())
        last = np.column_stack([np.ones(len(times)), np.log(times.time) - middle, x])
        late = times.entry > 0
        first = np.column_stack([np.ones(late.sum()), np.log(times.entry[late]) - middle, x[late]])
        shrunk = np.concatenate([[0.0, 0.0], np.full(x.shape[1], penalty)])
        gone = had @ last / len(times)

        def loss(told: Floats) -> tuple[float, Floats]:
            after, before = (np.exp(np.minimum(one @ told, _LIMIT)) for one in (last, first))
            lost = (after.sum() - before.sum() - had.sum() * np.log(told[1])) / len(times) - float(gone @ told)
            slope = (after @ last - before @ first) / len(times) - gone + shrunk * told
            slope[1] -= had.sum() / len(times) / told[1]
            return float(lost + 0.5 * (shrunk * told**2).sum()), slope

        start = np.concatenate([[np.log(had.sum() / (times.time / np.exp(middle)).sum()), 1.0], np.zeros(x.shape[1])])
        bounds = [(None, None), (_FLATTEST, None), *([(None, None)] * x.shape[1])]
        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 5_000, "maxfun": 20_000, "ftol": 1e-14, "gtol": 1e-8},
        )
        level, power = float(found.x[0] - found.x[1] * middle), float(found.x[1])
        return cls(level, power, np.asarray(found.x[2:], dtype=np.float64), bool(found.success))

    def baseline(self, at: Floats) -> Floats:
        """Cumulative hazard where x = 0, same shape."""
        return np.exp(self.level + self.power * np.log(at))


@dataclass(frozen=True)
class WeibullAft:
    """Recipe: Weibull regression on imputed, one-hot encoded, standardised predictors, one a cause.

    The setting is `penalty`, on half the sum of squared coefficients, against the log likelihood a case.

    Attributes:
        endpoint: A time to an event.
        schema: The predictors.

    Raises:
        ModelError: The endpoint is another.
    """

    endpoint: Endpoint[Followed, Incidence]
    schema: Schema
    name: ClassVar[str] = "weibull"
    label: ClassVar[str] = "Weibull regression (ridge)"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"penalty": 0.001}

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        several = len(self._target.causes) > 1
        causes = "; one model of the cause-specific hazard of each cause, put together to cumulative incidences"
        return (
            "Weibull regression (an accelerated failure time) with a ridge penalty on standardised predictors, "
            "categories one-hot encoded, missing numbers replaced by the development median and marked by an "
            f"indicator{causes if several else ''}."
        )

    def propose(self, trial: Trial) -> Settings:
        """Strength of the penalty per case."""
        return {"penalty": trial.suggest_float("penalty", 1e-5, 1.0, log=True)}

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Followed]],
        selection: Sequence[Sample[Record, Followed]],  # noqa: ARG002 - a smooth problem needs no early stopping
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[LinearHazard, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: A cause has fewer than two events in development.
        """
        target = self._target
        times = event_times(target, development, self.name)
        predictors = [sample.predictors for sample in development]
        design = Design.fit(self.schema, predictors, rarest=RAREST)
        with single_thread():
            table = design.matrix(predictors).toarray()
            found = [
                Weibull.fit(times, number, table, float(settings["penalty"]))
                for number in range(1, len(target.causes) + 1)
            ]
        cumulative = np.stack([one.baseline(target.grid) for one in found])
        baseline = BaselineHazard(target, np.diff(cumulative, axis=1, prepend=0.0))
        record: dict[str, Json] = {"converged": all(one.converged for one in found)}
        for cause, one in zip(target.causes, found, strict=True):
            record[f"power of time ({cause})"] = round(one.power, 6)
        return LinearHazard(design, np.column_stack([one.coefficients for one in found]), baseline), record

    def load(self, folder: Path) -> LinearHazard:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        return load_linear_hazard(self._target, folder)

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)

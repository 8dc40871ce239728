"""A published score, whose points are mapped to curves by one hazard ratio a point and a baseline hazard."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.event_times import event_times
from bedside.comparators.points import with_median
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.errors import ModelError
from bedside.stats.cox import AtRisk, regression
from bedside.stats.times import Times
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged
from bedside.training.threads import single_thread
from bedside.types import Floats, Json

X = TypeVar("X")

_PLAIN = 1e-6
"""Penalty per case of a regression that is not meant to be penalised: perfect separation must not end in infinity."""

_LEAST = 1e-3
"""Log hazard ratio of the cause of interest, a standard deviation of the points, below which it does not go."""


@dataclass(frozen=True, eq=False)
class ScoreCurves(Generic[X]):
    """A score, log hazard ratios of its points, and the baseline hazards.

    Attributes:
        points: The published rule.
        median: Points given to cases for which the rule has no answer.
        slope: Log hazard ratios, shape (2, causes): a point, and no answer.
        baseline: Of a case of no points.
    """

    points: Callable[[X], "float | None"]
    median: float
    slope: Floats
    baseline: BaselineHazard

    def predict(self, predictors: Sequence[X]) -> list[Incidence]:
        """One matrix of cumulative incidences a case."""
        if len(predictors) == 0:
            return []
        matrix = with_median([self.points(one) for one in predictors], self.median)
        return self.baseline.predictions(np.einsum("np,pc->nc", matrix, self.slope))

    def save(self, folder: Path) -> None:
        """Write the regression as safetensors; the rule itself is code."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"median": np.array([self.median]), "slope": self.slope, "baseline": self.baseline.increments}
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, folder / "score.safetensors")


@dataclass(frozen=True)
class ScoreHazard(Generic[X]):
    """Recipe without settings: a published score, as curves.

    The order of cases is the score's: of the cause of interest the hazard ratio is not let fall to 1 or below, whatever
    development says. Where causes compete, the incidence of a cause may still follow another order late, when the
    others have taken most cases of many points.

    Attributes:
        name: snake_case ("mayo").
        label: As printed.
        endpoint: A time to an event.
        points: The rule, higher is worse; None where it has no answer for a case, which then counts as the median,
            marked.
        description: One sentence with the source, for the methods section.
        recorded: Whether the rule repeats what was recorded of a case, so that changes of a case tell nothing about it.

    Raises:
        ModelError: The endpoint is another.
    """

    name: str
    label: str
    endpoint: Endpoint[Followed, Incidence]
    points: Callable[[X], "float | None"]
    description: str
    recorded: bool = False
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {}

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    def propose(self, trial: Trial) -> Settings:  # noqa: ARG002 - there is nothing to propose
        """No settings."""
        return {}

    def fit(
        self,
        settings: Settings,  # noqa: ARG002 - there are none
        development: Sequence[Sample[X, Followed]],
        selection: Sequence[Sample[X, Followed]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[ScoreCurves[X], Mapping[str, Json]]:
        """Map points to curves.

        Raises:
            ModelError: A cause has fewer than two events in development, or the rule answers for no case.
        """
        target = self._target
        times = event_times(target, development, self.name)
        points = [self.points(sample.predictors) for sample in development]
        answered = [value for value in points if value is not None]
        if not answered:
            msg = f"the score {self.name!r} has no answer for any development sample; check the columns it reads"
            raise ModelError(msg)
        median = float(np.median(answered))
        matrix = with_median(points, median)
        slope = np.column_stack([_slope(times, number, matrix) for number in range(1, len(target.causes) + 1)])
        baseline = BaselineHazard.fit(target, times, np.einsum("np,pc->nc", matrix, slope))
        record: dict[str, Json] = {
            "without_answer": len(points) - len(answered),
            "hazard_ratio_of_a_point": round(float(np.exp(slope[0, 0])), 6),
        }
        return ScoreCurves(self.points, median, slope, baseline), record

    def load(self, folder: Path) -> ScoreCurves[X]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "score.safetensors"
        try:
            arrays = load_file(path)
            median, slope, increments = arrays["median"], arrays["slope"], arrays["baseline"]
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise damaged(path, str(error)) from error
        causes, times = len(self._target.causes), len(self._target.grid)
        if (median.shape, slope.shape, increments.shape) != ((1,), (2, causes), (causes, times)):
            told = f"slopes of {slope.shape} and a baseline of {increments.shape}"
            raise damaged(path, f"{told} do not fit {causes} cause(s) and {times} times")
        return ScoreCurves(self.points, float(median[0]), slope, BaselineHazard(self._target, increments))

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)


def _slope(times: Times, cause: int, matrix: Floats) -> Floats:
    """Log hazard ratios of one cause, shape (2,)."""
    spread = matrix.std(axis=0)
    scale: Floats = np.where(spread > 0, spread, 1.0)
    with single_thread():
        told = regression(AtRisk.of(times, cause), matrix / scale, ridge=_PLAIN * len(times)).coefficients
    if cause == 1:
        told[0] = max(told[0], _LEAST)
    return told / scale

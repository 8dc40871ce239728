"""Lower bounds on the time of an event: so many patients in a hundred are free of it until then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.reading import at_own_times, times_reached
from bedside.stats.bootstrap import multiplicities
from bedside.stats.reached import Band, Reached, band, kept_share, level_kept
from bedside.types import Floats, Weights

_WATCHED = 10
"""So many calibration cases at least are watched until the last time that is looked at."""


@dataclass(frozen=True, eq=False)
class LowerBounds:
    """A time a patient until which so many in a hundred patients do not have the event of interest.

    It is the time at which the patient's predicted incidence reaches a level that is the same for all, chosen on
    calibration cases as `stats.reached` says; at most the last time that is predicted, or until which some calibration
    cases were watched. Competing events keep a patient free of the event of interest for good.

    Attributes:
        cause: Word of the cause of interest.
        unit: Of times.
        grid: Times of predictions, shape (times,).
    """

    cause: str
    unit: str
    grid: Floats

    @property
    def what(self) -> str:
        """What is bounded."""
        return ", ".join(part for part in (f"time to {self.cause}", self.unit) if part)

    @property
    def method(self) -> str:
        """How, in a few words."""
        return "conformal lower bounds weighted for censoring"

    def promise(self, level: float) -> str:
        """What is promised, as a sentence."""
        last = f"{self.grid[-1]:g} {self.unit}".rstrip()
        return (
            f"Every patient was given a time, {last} or the end of watching at most, until which {level:.0%} of "
            f"patients are free of {self.cause}: the time at which the predicted incidence reaches a level chosen on "
            "tuning data with one case a patient, each event weighted for those whose watch had ended before it "
            "(Candes, Lei and Ren 2023; Gui et al. 2024). That holds across patients like these, not for one patient, "
            "where censoring has nothing "
            "to do with predictors, and with no claim for another hospital; how many were free of it until then was "
            "estimated on judged cases in the same way."
        )

    def bounds(
        self, outcomes: Sequence[Followed], predictions: Sequence[Incidence], *, level: float
    ) -> Callable[[Sequence[Incidence]], Floats]:
        """Calibrate; from predictions to a time each, shape (n,).

        Raises:
            StatisticsError: Too few cases.
        """
        last = self._last(outcomes)
        found = level_kept(self._reached(outcomes, predictions, last), len(outcomes), level)
        return lambda told: np.minimum(times_reached(self.grid, self._curves(told), found), last)

    def held(self, outcomes: Sequence[Followed], bounds: Floats) -> Callable[[Weights], Floats]:
        """Share of judged cases free of the event until their bounds, estimated under censoring."""
        times = times_of(outcomes)
        return lambda weights: kept_share(times, 1, bounds, weights)

    def band(
        self,
        outcomes: Sequence[Followed],
        predictions: Sequence[Incidence],
        *,
        confidence: float = 0.95,
        replicates: int = 500,
        seed: int = 0,
    ) -> Band:
        """A band around predicted incidences of the cause of interest; `stats.reached.Band` says what it promises.

        It holds for incidences at times until which some calibration cases were watched.

        Args:
            outcomes: Of the calibration cases, one a patient.
            predictions: By models that were not fitted on them.
            confidence: That the band holds at all levels at once.
            replicates: Of the bootstrap.
            seed: Of its random stream.

        Raises:
            StatisticsError: Too few events.
        """
        count = len(outcomes)
        drawn = multiplicities(np.arange(count), replicates, seed)
        return band(self._reached(outcomes, predictions, self._last(outcomes)), count, drawn, confidence)

    def _last(self, outcomes: Sequence[Followed]) -> float:
        """The last time that is looked at."""
        watched = np.sort(times_of(outcomes).time)[-_WATCHED:]
        return float(min(self.grid[-1], watched[0])) if watched.size else float(self.grid[-1])

    def _reached(self, outcomes: Sequence[Followed], predictions: Sequence[Incidence], last: float) -> Reached:
        times = times_of(outcomes)
        transform = np.clip(at_own_times(self.grid, self._curves(predictions), times.time), 0.0, 1.0)
        return Reached(times, 1, transform, last)

    def _curves(self, predictions: Sequence[Incidence]) -> Floats:
        """Incidences of the cause of interest, shape (n, times)."""
        return np.array([one[0] for one in predictions], dtype=np.float64).reshape(len(predictions), self.grid.size)

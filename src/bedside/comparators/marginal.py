"""The same curve for everybody: what is known of a case of which nothing is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.event_times import event_times
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.stats.incidence import curve
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged
from bedside.types import Floats, Json

X = TypeVar("X")


@dataclass(frozen=True, eq=False)
class MarginalCurves(Generic[X]):
    """Curves of the development cases, shape (causes, times)."""

    target: Timed
    curves: Floats

    def predict(self, predictors: Sequence[X]) -> list[Incidence]:
        """The same curves for each case."""
        return self.target.predictions(np.tile(self.curves, (len(predictors), 1, 1)))

    def save(self, folder: Path) -> None:
        """Write the curves as safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"curves": np.ascontiguousarray(self.curves)}, folder / "curves.safetensors")


@dataclass(frozen=True)
class Marginal(Generic[X]):
    """Recipe without settings and predictors: the cumulative incidence of all development cases.

    One minus Kaplan and Meier's survival, with competing causes Aalen and Johansen's. It ranks nobody, and shows what a
    Brier score is worth.

    Attributes:
        endpoint: A time to an event.

    Raises:
        ModelError: The endpoint is another.
    """

    endpoint: Endpoint[Followed, Incidence]
    name: ClassVar[str] = "marginal"
    label: ClassVar[str] = "Same curve for everybody"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {}

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        whose = "Kaplan and Meier" if len(self._target.causes) == 1 else "Aalen and Johansen"
        return f"The cumulative incidence of all development cases ({whose}), predicted for every case alike."

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
    ) -> tuple[MarginalCurves[X], Mapping[str, Json]]:
        """Estimate the curves; where nobody was watched any more they stay as they were.

        Raises:
            ModelError: A cause has fewer than two events in development.
        """
        target = self._target
        times = event_times(target, development, self.name)
        found = np.concatenate([curve(times, number, None, target.grid) for number in range(1, len(target.causes) + 1)])
        known = np.isfinite(found)
        curves = np.maximum.accumulate(np.where(known, found, 0.0), axis=1)
        return MarginalCurves(target, curves), {"known_to_the_end": bool(known[:, -1].all())}

    def load(self, folder: Path) -> MarginalCurves[X]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "curves.safetensors"
        try:
            curves = load_file(path)["curves"]
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise damaged(path, str(error)) from error
        expected = (len(self._target.causes), len(self._target.grid))
        if curves.shape != expected:
            told = f"curves of shape {curves.shape} do not fit {expected[0]} cause(s) and {expected[1]} times"
            raise damaged(path, told)
        return MarginalCurves(self._target, curves)

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)

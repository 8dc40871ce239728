"""Cox regression with an elastic-net penalty: what prognosis is developed with today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.cox_penalty import penalised
from bedside.comparators.design import Design
from bedside.comparators.event_times import event_times
from bedside.comparators.hazard_ratios import hazard_ratios
from bedside.comparators.linear_hazard import RAREST, LinearHazard, load_linear_hazard
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.evidence.hazards import Associations
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.stats.cox import AtRisk
from bedside.training.learner import Settings, Trial
from bedside.training.threads import single_thread
from bedside.types import Json


@dataclass(frozen=True)
class CoxElasticNet:
    """Recipe: penalised Cox regression on imputed, one-hot encoded, standardised predictors, one a cause.

    The settings are `penalty`, per case as glmnet's lambda, and `mixing`, the share of the absolute-value penalty (0
    ridge, 1 lasso; Simon et al., 2011). Ties are Breslow's; a case that came late is at risk from its entry on.

    Attributes:
        endpoint: A time to an event.
        schema: The predictors.

    Raises:
        ModelError: The endpoint is another.
    """

    endpoint: Endpoint[Followed, Incidence]
    schema: Schema
    name: ClassVar[str] = "cox"
    label: ClassVar[str] = "Cox regression (elastic net)"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"penalty": 0.01, "mixing": 0.5}

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        several = len(self._target.causes) > 1
        causes = "; one model of the cause-specific hazard of each cause, put together to cumulative incidences"
        return (
            "Cox regression with an elastic-net penalty on standardised predictors, categories one-hot encoded, "
            "missing numbers replaced by the development median and marked by an indicator, Breslow's baseline "
            f"hazard{causes if several else ''}."
        )

    def propose(self, trial: Trial) -> Settings:
        """Strength of the penalty per case, and its mixing."""
        return {
            "penalty": trial.suggest_float("penalty", 1e-4, 0.3, log=True),
            "mixing": trial.suggest_float("mixing", 0.0, 1.0),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Followed]],
        selection: Sequence[Sample[Record, Followed]],  # noqa: ARG002 - a convex problem needs no early stopping
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[LinearHazard, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: A cause has fewer than two events in development.
        """
        times = event_times(self._target, development, self.name)
        predictors = [sample.predictors for sample in development]
        design = Design.fit(self.schema, predictors, rarest=RAREST)
        matrix = design.matrix(predictors)
        penalty, mixing = float(settings["penalty"]), float(settings["mixing"])
        with single_thread():
            table = matrix.toarray()
            found = [
                penalised(AtRisk.of(times, number), table, penalty, mixing)
                for number in range(1, len(self._target.causes) + 1)
            ]
        coefficients = np.column_stack([one.coefficients for one in found])
        baseline = BaselineHazard.fit(self._target, times, matrix @ coefficients)
        record: dict[str, Json] = {
            "nonzero": int((coefficients != 0).any(axis=1).sum()),
            "converged": all(one.converged for one in found),
        }
        return LinearHazard(design, coefficients, baseline), record

    def associations(self, development: Sequence[Sample[Record, Followed]]) -> Associations:
        """Hazard ratios by a Cox regression without a penalty."""
        return hazard_ratios(self.name, self._target, self.schema, development)

    def load(self, folder: Path) -> LinearHazard:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        return load_linear_hazard(self._target, folder)

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)

"""Log relative hazards that are sums over predictors, with a baseline hazard: what regressions of times come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.design import Design
from bedside.endpoints.time_to_event.outcome import Incidence
from bedside.endpoints.time_to_event.target import Timed
from bedside.modalities.tabular.table import Record
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Floats

RAREST = 2
"""A category word seen once has nothing to teach."""


@dataclass(frozen=True, eq=False)
class LinearHazard:
    """Design, coefficients of each cause, and the baseline hazards.

    Attributes:
        design: Fitted on development.
        coefficients: Log hazard ratios, shape (p, causes).
        baseline: Of a case whose columns are all 0.
    """

    design: Design
    coefficients: Floats
    baseline: BaselineHazard

    @property
    def explained(self) -> Floats:
        """Log hazard ratios of the cause of interest, shape (p, 1)."""
        return self.coefficients[:, :1]

    def predict(self, predictors: Sequence[Record]) -> list[Incidence]:
        """One matrix of cumulative incidences a case."""
        if len(predictors) == 0:
            return []
        # A sparse product sums each row by itself: a dense one may round differently alone and in company.
        return self.baseline.predictions(self.design.matrix(predictors) @ self.coefficients)

    def save(self, folder: Path) -> None:
        """Write the design as JSON, coefficients and baseline as safetensors."""
        write_json(folder / "design.json", self.design.state())
        arrays = {"coefficients": self.coefficients, "baseline": self.baseline.increments}
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, folder / "hazard.safetensors")


def load_linear_hazard(target: Timed, folder: Path) -> LinearHazard:
    """Read what `LinearHazard.save` wrote; raises ModelError when it is damaged."""
    path = folder / "hazard.safetensors"
    try:
        design = Design.from_state(read_json(folder / "design.json"))
        arrays = load_file(path)
        coefficients, increments = arrays["coefficients"], arrays["baseline"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, str(error)) from error
    causes, times = len(target.causes), len(target.grid)
    if coefficients.shape != (design.width, causes) or increments.shape != (causes, times):
        told = f"{coefficients.shape} coefficients and a baseline of {increments.shape}"
        raise damaged(path, f"{told} do not fit {design.width} columns, {causes} cause(s) and {times} times")
    return LinearHazard(design, coefficients, BaselineHazard(target, increments))

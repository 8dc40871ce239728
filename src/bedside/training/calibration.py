"""Recalibration of predictions, fitted on cases that the model was not fitted on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from scipy.optimize import minimize_scalar

from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric
from bedside.errors import ModelError
from bedside.types import Floats, Integers, Json

P = TypeVar("P")

SMALLEST = 1e-7
"""Probabilities are kept in [SMALLEST, 1 - SMALLEST], which float32 can tell from 0 and 1."""

_LOG_RANGE = (-3.0, 3.0)
_PRIOR_SD = 0.5
"""Prior standard deviation of the log temperature. A calibration half that is separated perfectly would otherwise
ask for temperature 0, that is for certainty learned from a few dozen cases."""


class Calibrator(Protocol[P]):
    """A map from predictions to predictions."""

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """Recalibrated predictions, in order, as float32 values."""
        ...

    def state(self) -> Mapping[str, Json]:
        """What `restore` needs."""
        ...


@dataclass(frozen=True)
class Temperature(Generic[P]):
    """Probabilities p to p**(1 / temperature), normalised (Guo et al., ICML 2017).

    Attributes:
        target: How the endpoint's predictions are probabilities.
        temperature: Above 1 softens, below 1 sharpens.
    """

    target: Categorical[Any, P]
    temperature: float

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """Recalibrated predictions."""
        probabilities = tempered(self.target.probabilities(predictions), self.temperature)
        return self.target.predictions(single_precision(probabilities))

    def state(self) -> Mapping[str, Json]:
        """The temperature."""
        return {"kind": "temperature", "temperature": self.temperature}


@dataclass(frozen=True)
class Unchanged(Generic[P]):
    """Numbers need no temperature; they are only rounded to float32, as all recorded predictions are."""

    target: Numeric[Any, P]

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """The same predictions in single precision."""
        return self.target.predictions(single_precision(self.target.estimates(predictions)))

    def state(self) -> Mapping[str, Json]:
        """Nothing was learned."""
        return {"kind": "unchanged"}


def calibrate(endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P]) -> Calibrator[P]:
    """Fit the calibrator that belongs to the endpoint's target on cases unseen in fitting."""
    target = endpoint.target
    if isinstance(target, Numeric):
        return Unchanged(target)
    return Temperature(target, fit_temperature(target.probabilities(predictions), target.index(outcomes)))


def restore(endpoint: Endpoint[Any, P], state: Mapping[str, Json]) -> Calibrator[P]:
    """The calibrator from its state.

    Raises:
        ModelError: The state is not one that fits the endpoint.
    """
    target = endpoint.target
    kind, temperature = state.get("kind"), state.get("temperature")
    if isinstance(target, Numeric) and kind == "unchanged":
        return Unchanged(target)
    if isinstance(target, Categorical) and kind == "temperature" and isinstance(temperature, float):
        return Temperature(target, temperature)
    msg = f"the saved calibration {kind!r} does not belong to a {endpoint.name} endpoint; fit the model again"
    raise ModelError(msg)


def fit_temperature(probabilities: Floats, index: Integers) -> float:
    """The temperature that minimises log loss on the given cases, under a weak prior around 1.

    Args:
        probabilities: Shape (n, k).
        index: Class numbers, shape (n,).
    """
    if len(index) == 0:
        return 1.0
    rows = np.arange(len(index))

    def objective(log_temperature: float) -> float:
        chosen = tempered(probabilities, float(np.exp(log_temperature)))[rows, index]
        return float(-np.log(chosen).sum() + 0.5 * (log_temperature / _PRIOR_SD) ** 2)

    return float(np.exp(minimize(objective, _LOG_RANGE)))


def minimize(objective: Callable[[float], float], bounds: tuple[float, float]) -> float:
    """The place of the minimum of a smooth function of one number."""
    return float(minimize_scalar(objective, bounds=bounds, method="bounded", options={"xatol": 1e-5}).x)


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Probabilities (n, k) at another temperature, rows summing to 1."""
    logits = np.log(np.clip(probabilities, SMALLEST, 1.0)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return bounded(powers / powers.sum(axis=1, keepdims=True))


def bounded(probabilities: Floats) -> Floats:
    """Probabilities kept away from 0 and 1, so that no log loss is infinite."""
    return np.clip(probabilities, SMALLEST, 1.0 - SMALLEST)


def single_precision(values: Floats) -> Floats:
    """Values rounded to float32, in float64 storage: what is recorded is what is served."""
    return values.astype(np.float32).astype(np.float64)

"""Recalibration of predictions, fitted on cases that the model was not fitted on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric
from bedside.errors import ModelError
from bedside.training.isotonic import Isotonic
from bedside.training.platt import Platt
from bedside.training.probability import single_precision
from bedside.training.temperature import Temperature
from bedside.training.venn_abers import VennAbers
from bedside.types import Floats, Integers, Json

P = TypeVar("P")


class Calibrator(Protocol[P]):
    """A map from predictions to predictions."""

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """Recalibrated predictions, in order, as float32 values."""
        ...

    def state(self) -> dict[str, Json]:
        """What `restore` needs."""
        ...


Calibration: TypeAlias = Callable[[Endpoint[Any, P], Sequence[Any], Sequence[P]], Calibrator[P]]
"""Fits a calibrator to outcomes and to predictions by models that had not seen them."""


class Map(Protocol):
    """A map from class probabilities (n, k) to class probabilities, with a JSON state."""

    def __call__(self, probabilities: Floats) -> Floats:
        """Recalibrated probabilities, shape (n, k)."""
        ...

    def state(self) -> dict[str, Json]:
        """What `from_state` of the same class needs."""
        ...


@dataclass(frozen=True)
class Recalibrated(Generic[P]):
    """A map of probabilities as a map of the endpoint's predictions.

    Attributes:
        target: How predictions are probabilities.
        kind: Name of the map.
        map: From probabilities to probabilities.
    """

    target: Categorical[Any, P]
    kind: str
    map: Map

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """Recalibrated predictions."""
        if len(predictions) == 0:
            return []
        return self.target.predictions(single_precision(self.map(self.target.probabilities(predictions))))

    def state(self) -> dict[str, Json]:
        """The map's name and state."""
        return {"kind": self.kind, **self.map.state()}


@dataclass(frozen=True)
class Unchanged(Generic[P]):
    """Numbers are only rounded to float32, as all recorded predictions are."""

    target: Numeric[Any, P]

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """The same predictions in single precision."""
        return self.target.predictions(single_precision(self.target.estimates(predictions)))

    def state(self) -> dict[str, Json]:
        """Nothing was learned."""
        return {"kind": "unchanged"}


def temperature(endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P]) -> Calibrator[P]:
    """One number: sharper or softer (Guo et al., ICML 2017). Safe on few cases; the default."""
    return _fitted(endpoint, outcomes, predictions, "temperature", Temperature.fit)


def platt(endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P]) -> Calibrator[P]:
    """A slope and an intercept (Platt, 1999); for more than two classes an intercept a class."""
    return _fitted(endpoint, outcomes, predictions, "platt", Platt.fit)


def isotonic(endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P]) -> Calibrator[P]:
    """Any rising curve (Zadrozny and Elkan, KDD 2002); needs about 1,000 cases."""
    return _fitted(endpoint, outcomes, predictions, "isotonic", Isotonic.fit)


def venn_abers(endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P]) -> Calibrator[P]:
    """A pair of isotonic curves, one of which is calibrated by construction (Vovk and Petej, UAI 2014); two classes."""
    return _fitted(endpoint, outcomes, predictions, "venn_abers", VennAbers.fit)


def restore(endpoint: Endpoint[Any, P], state: Mapping[str, Json]) -> Calibrator[P]:
    """The calibrator from its state.

    Raises:
        ModelError: The state is not one that fits the endpoint.
    """
    target, kind = endpoint.target, state.get("kind")
    if isinstance(target, Numeric):
        if kind == "unchanged":
            return Unchanged(target)
    elif isinstance(kind, str) and kind in _MAPS:
        try:
            return Recalibrated(target, kind, _MAPS[kind](state))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"the saved calibration {kind!r} is damaged: {error}; fit the model again"
            raise ModelError(msg) from error
    msg = f"the saved calibration {kind!r} does not belong to a {endpoint.name} endpoint; fit the model again"
    raise ModelError(msg)


_MAPS: dict[str, Callable[[Mapping[str, Json]], Map]] = {
    "temperature": Temperature.from_state,
    "platt": Platt.from_state,
    "isotonic": Isotonic.from_state,
    "venn_abers": VennAbers.from_state,
}


def _fitted(
    endpoint: Endpoint[Any, P],
    outcomes: Sequence[Any],
    predictions: Sequence[P],
    kind: str,
    fit: Callable[[Floats, Integers], Map],
) -> Calibrator[P]:
    target = endpoint.target
    if isinstance(target, Numeric):
        return Unchanged(target)
    if len(predictions) == 0:
        return Recalibrated(target, "temperature", Temperature(1.0))
    return Recalibrated(target, kind, fit(target.probabilities(predictions), target.index(outcomes)))

"""Recalibration of predictions, fitted on cases that the model was not fitted on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Target
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


REWEIGHTED = "reweighted"
"""In the record of a member whose training loss moved probabilities off the prevalence."""


class Calibration(Protocol[P]):
    """Fits a calibrator to outcomes and to predictions by models that had not seen them."""

    def __call__(
        self,
        endpoint: Endpoint[Any, P],
        outcomes: Sequence[Any],
        predictions: Sequence[P],
        weights: Floats | None = None,
        /,
    ) -> Calibrator[P]:
        """The calibrator; weights (n,) say how many cases each stands for, None that each stands for itself."""
        ...


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
    """Maps of probabilities, one a question that the outcome answers, as a map of the endpoint's predictions.

    Attributes:
        target: How predictions are probabilities.
        kinds: Names of the maps.
        maps: From probabilities to probabilities.
    """

    target: Target[Any, P]
    kinds: tuple[str, ...]
    maps: tuple[Map, ...]

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """Recalibrated predictions; numbers are only rounded."""
        if len(predictions) == 0:
            return []
        pairs = zip(self.target.questions, self.maps, strict=True)
        answers = [single_precision(of(question.probabilities(predictions))) for question, of in pairs]
        numbers = [single_precision(quantity.estimates(predictions)) for quantity in self.target.quantities]
        return self.target.replaced(predictions, answers, numbers)

    def state(self) -> dict[str, Json]:
        """The map's name and state; of several questions, those of each by its name."""
        states: list[dict[str, Json]] = [
            {"kind": kind, **each.state()} for kind, each in zip(self.kinds, self.maps, strict=True)
        ]
        if len(states) == 1:
            return states[0]
        names = [question.name for question in self.target.questions]
        kinds = sorted(set(self.kinds))
        return {"kind": " and ".join(kinds), "questions": dict(zip(names, states, strict=True))}


@dataclass(frozen=True)
class Unchanged(Generic[P]):
    """Predictions without probabilities: numbers are rounded to float32, as all recorded predictions are."""

    target: Target[Any, P]

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """The same predictions in single precision."""
        if len(predictions) == 0:
            return []
        numbers = [single_precision(quantity.estimates(predictions)) for quantity in self.target.quantities]
        return self.target.replaced(predictions, (), numbers)

    def state(self) -> dict[str, Json]:
        """Nothing was learned."""
        return {"kind": "unchanged"}


def temperature(
    endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P], weights: Floats | None = None, /
) -> Calibrator[P]:
    """One number: sharper or softer (Guo et al., ICML 2017). Safe on few cases; the default."""
    return _fitted(endpoint, outcomes, predictions, weights, kind="temperature", fit=Temperature.fit)


def platt(
    endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P], weights: Floats | None = None, /
) -> Calibrator[P]:
    """A slope and an intercept (Platt, 1999); for more than two classes an intercept a class."""
    return _fitted(endpoint, outcomes, predictions, weights, kind="platt", fit=Platt.fit)


def isotonic(
    endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P], weights: Floats | None = None, /
) -> Calibrator[P]:
    """Any rising curve (Zadrozny and Elkan, KDD 2002); needs about 1,000 cases."""
    return _fitted(endpoint, outcomes, predictions, weights, kind="isotonic", fit=Isotonic.fit)


def venn_abers(
    endpoint: Endpoint[Any, P], outcomes: Sequence[Any], predictions: Sequence[P], weights: Floats | None = None, /
) -> Calibrator[P]:
    """A pair of isotonic curves, one of which is calibrated by construction (Vovk and Petej, UAI 2014); two classes."""
    return _fitted(endpoint, outcomes, predictions, weights, kind="venn_abers", fit=VennAbers.fit)


def takes_weights(calibration: Calibration[Any]) -> bool:
    """Whether a calibration holds for weighted cases: Venn and Abers' pair of curves rests on cases counted alike."""
    return any(calibration is one for one in (temperature, platt, isotonic))


def for_training(calibration: Calibration[P], *, reweighted: bool) -> Calibration[P]:
    """The calibration that members need: one with an intercept where their loss moved them off the prevalence.

    A temperature makes probabilities sharper or softer and cannot mend calibration in the large, so Platt's
    recalibration takes its place.

    Args:
        calibration: As declared.
        reweighted: Whether members were trained with a focal loss or weights of classes.
    """
    return platt if reweighted and calibration is temperature else calibration


def selection_loss(
    endpoint: Endpoint[Any, P],
    outcomes: Sequence[Any],
    predictions: Sequence[P],
    *,
    reweighted: bool,
    weights: Floats | None = None,
) -> float:
    """The endpoint's loss by which epochs and settings are chosen.

    Where the training loss moved probabilities off the prevalence they are recalibrated on these same cases first:
    the raw loss would prefer models that have learned less. With weights it is the weighted mean of the loss of each
    case.
    """
    told = platt(endpoint, outcomes, predictions, weights)(predictions) if reweighted else predictions
    if weights is None:
        return endpoint.loss(outcomes, told)
    return float(np.average(endpoint.target.losses(outcomes, told), weights=weights))


def restore(endpoint: Endpoint[Any, P], state: Mapping[str, Json]) -> Calibrator[P]:
    """The calibrator from its state.

    Raises:
        ModelError: The state is not one that fits the endpoint.
    """
    target, kind = endpoint.target, state.get("kind")
    if endpoint.finishing is not None:
        return endpoint.finishing.restore(state)
    if not target.questions and kind == "unchanged":
        return Unchanged(target)
    asked = [question.name for question in target.questions]
    several = state.get("questions")
    if len(asked) == 1:
        states: list[Mapping[str, Json]] = [state]
    elif isinstance(several, dict) and set(several) == set(asked):
        states = [each for each in (several[name] for name in asked) if isinstance(each, dict)]
    else:
        states = []
    kinds = tuple(str(each.get("kind")) for each in states)
    if asked and len(kinds) == len(asked) and set(kinds) <= set(_MAPS):
        try:
            maps = tuple(_MAPS[one](each) for one, each in zip(kinds, states, strict=True))
            return Recalibrated(target, kinds, maps)
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
    weights: Floats | None,
    *,
    kind: str,
    fit: Callable[[Floats, Integers, Floats | None], Map],
) -> Calibrator[P]:
    target = endpoint.target
    if endpoint.finishing is not None:
        return endpoint.finishing.fit(outcomes, predictions)
    if not target.questions:
        return Unchanged(target)
    kinds: list[str] = []
    maps: list[Map] = []
    for question in target.questions:
        told = np.flatnonzero(question.known(outcomes)).tolist() if len(predictions) else []
        if told:
            chances = question.probabilities([predictions[k] for k in told])
            stand = None if weights is None else weights[told]
            maps.append(fit(chances, question.index([outcomes[k] for k in told]), stand))
        else:
            maps.append(Temperature(1.0))
        kinds.append(kind if told else "temperature")
    return Recalibrated(target, tuple(kinds), tuple(maps))

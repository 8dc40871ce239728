"""The learners that a study.toml can name."""

from collections.abc import Callable
from typing import Any, TypeAlias

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.errors import StudyError
from bedside.modalities.tabular.column import Schema, nearest_name
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Recipe
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

Make: TypeAlias = Callable[[Endpoint[Any, Any], Schema], Recipe[Record, Any, Any]]

_HEADS: dict[str, HeadMaker[Any]] = {
    "binary": BinaryHead,
    "multiclass": MulticlassHead,
    "continuous": ContinuousHead,
}


def _network(endpoint: Endpoint[Any, Any], schema: Schema) -> Recipe[Record, Any, Any]:
    return Network(endpoint=endpoint, trunk=TabularTrunk(schema), head=_HEADS[endpoint.name])


MODEL = "tabular_network"
COMPARATORS = ("elastic_net", "random_forest", "boosting")
"""From simple to complex: the release rule reads the order."""

_MAKERS: dict[str, Make] = {
    MODEL: _network,
    "elastic_net": ElasticNet,
    "random_forest": Forest,
    "boosting": Boosting,
}


def learner(name: str, endpoint: Endpoint[Any, Any], schema: Schema, *, trials: int) -> Tuned[Record, Any]:
    """The tuned learner of this name; raises StudyError with the nearest name when there is none."""
    if name not in _MAKERS:
        msg = f"there is no learner {name!r}; {nearest_name(name, _MAKERS)}"
        raise StudyError(msg)
    return Tuned(_MAKERS[name](endpoint, schema), endpoint, trials=trials)
